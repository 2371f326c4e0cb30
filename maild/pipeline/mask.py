"""What counselors never see: the client's registered address and its local part (rules P1a)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache

MASK = "＊＊＊"
_LOOSE = re.compile("[\uff01-\uff5e\u0130\u0131\u017f\u212a]")  # what matches an ASCII character without being it


def masked(text: str, addresses: Collection[str]) -> str:
    """``text`` with every address and every local part replaced, in half- or full-width, in any case."""
    for address in addresses:
        if text and not _lacks(text, address):
            for pattern in _patterns(address):
                text = pattern.sub(MASK, text)
    return text


def _lacks(text: str, address: str) -> bool:
    """Whether the address surely stands nowhere in the text: nearly always, and then nothing has to be compiled."""
    local = address.rpartition("@")[0].strip('"') or address
    return address.isascii() and local.lower() not in text.lower() and not _LOOSE.search(text)


@lru_cache(maxsize=512)
def _patterns(address: str) -> tuple[re.Pattern[str], ...]:
    local = address.rpartition("@")[0].strip('"')
    found = [re.compile(_loose(address), re.IGNORECASE)]
    if local:
        word = "A-Za-z0-9Ａ-Ｚａ-ｚ０-９_"
        found.append(re.compile(f"(?<![{word}]){_loose(local)}(?![{word}])", re.IGNORECASE))
    return tuple(found)


def _loose(literal: str) -> str:
    """A pattern for the same characters in either width."""
    return "".join(_either_width(character) for character in unicodedata.normalize("NFKC", literal))


def _either_width(character: str) -> str:
    if "!" <= character <= "~":
        wide = chr(ord(character) + 0xFEE0)
        return f"[{re.escape(character)}{wide}]"
    return re.escape(character)
