"""Whether what was confided stands in clear anywhere (rules S1, S2), in any form that a program may use."""

from __future__ import annotations

import base64
import quopri
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote


def forms(word: str) -> set[bytes]:
    """The bytes of a word in clear: in every charset of mail, and in the encodings that wrap it."""
    plain: set[bytes] = set()
    for charset in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "cp932", "euc_jp"):
        plain.add(word.encode(charset))
    jis = word.encode("iso-2022-jp")
    plain.add(jis.removeprefix(b"\x1b$B").removesuffix(b"\x1b(B"))  # the escapes stand further out in a longer text
    found = set(plain)
    for data in plain:
        found.add(data.hex().encode())
        found.add(data.hex().upper().encode())
        for shift in range(3):  # where the word begins within the groups of three octets is not known
            coded = base64.b64encode(bytes(shift) + data).rstrip(b"=")
            found.add(coded[(0, 2, 3)[shift] : -1])
    found.add(word.encode("unicode_escape"))
    found.add(repr(word.encode())[2:-1].encode())
    found.add(quote(word).encode())
    found.add(quopri.encodestring(word.encode()).replace(b"=\n", b""))
    return {one for one in found if len(one) >= 6}


def in_clear(words: Iterable[str], places: Iterable[Path]) -> list[str]:
    """``word in file`` for every word found in a file, or in a file below a directory."""
    wanted = [(word, form) for word in words for form in forms(word)]
    found = set()
    for place in places:
        for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if file.is_file():
                content = file.read_bytes()
                found |= {f"{word} in {file.name}" for word, form in wanted if form in content}
    return sorted(found)
