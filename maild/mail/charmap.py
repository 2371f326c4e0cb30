"""``str.translate`` for texts that hold few of the characters to be changed, as nearly all do.

``str.translate`` asks its table for every character of a text that is not ASCII: some 100 µs a thousand characters, and
a mail is folded a dozen times. A search for the class of characters that change runs at the speed of C, and
``str.replace`` of one character nearly at that of memory.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_FEW = 24  # distinct characters: beyond, the table is asked for each character after all


class Charmap:
    """Replaces characters by the table of ``str.translate``: a code point, a text, or None (the character goes).

    Texts that stand for a character may hold no character that is replaced in turn; ValueError where one does.
    """

    __slots__ = ("_class", "_of", "_table")

    def __init__(self, table: Mapping[int, int | str | None]) -> None:
        self._table = dict(table)
        self._of = {chr(code): _text(into) for code, into in table.items()}
        self._class = re.compile(_class(sorted(table)))
        if self._class.search("".join(self._of.values())):
            raise ValueError("a character is replaced by one that is replaced in turn")

    def __call__(self, text: str) -> str:
        present = set(self._class.findall(text))
        if len(present) > _FEW:
            return text.translate(self._table)
        for character in present:
            text = text.replace(character, self._of[character])
        return text


def _class(codes: Sequence[int]) -> str:
    """These characters as a class of few ranges: of thousands of single ones each is tried at every place."""
    ranges: list[list[int]] = []
    for code in codes:
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "[" + "".join(f"{re.escape(chr(first))}-{re.escape(chr(last))}" for first, last in ranges) + "]"


def _text(into: int | str | None) -> str:
    return chr(into) if isinstance(into, int) else into or ""


#: Full-width ASCII and the ideographic space in their usual width.
NARROW = Charmap({code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " "})
#: Katakana as hiragana, index by index.
HIRAGANA = Charmap({code: code - 0x60 for code in range(ord("ァ"), ord("ヶ") + 1)})
