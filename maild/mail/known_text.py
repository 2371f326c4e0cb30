"""Finding text that stands in mails we know, even re-wrapped, re-spaced or without its quote prefix (rules K1, P2)."""

from __future__ import annotations

from collections.abc import Sequence

from maild.mail.quote_marks import find_mark, fold, lines_of, prefix

_GRAM = 8  # folded characters that locate a line in the known text
_PLACES = 8  # places kept per gram: bounds the work on repeated text
_SHORT = 20_000  # characters of known text up to which a line is searched for in it: dearer beyond than an index
_ENOUGH = 20  # folded characters that nobody writes by chance exactly as we did


class KnownText:
    """Known mails as one folded string, with an index to find where a line stands in it. Linear in all sizes."""

    __slots__ = ("_ends", "_grams", "_lines", "_text")

    def __init__(self, known: Sequence[str]) -> None:
        pieces: list[str] = []
        self._lines: dict[str, int] = {}  # a folded line -> where it ends
        self._ends: set[int] = {0}  # places where a line of the known text ends, or a mail begins
        length = 0
        for mail in known:
            for line in lines_of(mail):
                folded = fold(line)
                if folded:
                    pieces.append(folded)
                    length += len(folded)
                    self._lines.setdefault(folded, length)
                    self._ends.add(length)
            pieces.append("\n")  # no line spans two mails
            length += 1
            self._ends.add(length)
        self._text = "".join(pieces)
        self._grams: dict[str, list[int]] | None = None

    @property
    def _places(self) -> dict[str, list[int]]:
        """Where each gram stands; made when a line asks for them."""
        if self._grams is None:
            self._grams = {}
            for place in range(len(self._text) - _GRAM + 1):
                places = self._grams.setdefault(self._text[place : place + _GRAM], [])
                if len(places) < _PLACES:
                    places.append(place)
        return self._grams

    def find(self, folded: str, expected: int | None = None) -> int | None:
        """Where the folded line ends in the known text; ``expected`` (the end of the line before) is tried first."""
        if not folded:
            return None
        if expected is not None and self._text.startswith(folded, expected):
            return expected + len(folded)
        if folded in self._lines:
            return self._lines[folded]
        if len(folded) < _GRAM or (len(self._text) <= _SHORT and folded not in self._text):
            return None
        for place in self._places.get(folded[:_GRAM], ()):
            if self._text.startswith(folded, place):
                return place + len(folded)
        return None

    @property
    def last(self) -> int:
        """Where the last line of the last known mail ends."""
        return len(self._text) - 1

    def is_whole(self, folded: str, end: int) -> bool:
        """Whether the find covers whole known lines, from a line's beginning to a line's end."""
        return end in self._ends and end - len(folded) in self._ends

    def ends_line(self, end: int) -> bool:
        return end in self._ends

    def likeness(self, folded: str) -> float:
        """The share of the line's grams that stand somewhere in the known text, 0.0 to 1.0."""
        grams = len(folded) - _GRAM + 1
        if grams <= 0:
            return 0.0
        known = self._places
        return sum(folded[at : at + _GRAM] in known for at in range(grams)) / grams


def without_known(text: str, known: Sequence[str]) -> str:
    """The text without the lines that stand verbatim in mails that we sent (rules K1).

    A line with a quote prefix goes when it is known at all. A line without one goes when it is part of a run of known
    lines, or long enough not to be chance: a client who answers with the very words of a choice we offered wrote them.
    A line that holds one word more than ours stays whole.
    """
    if not known:
        return text
    index = KnownText(known)
    lines = lines_of(text)
    gone = [False] * len(lines)
    expected: int | None = None
    run: list[int] = []  # unprefixed known lines since the last unknown line
    size = 0
    quoting = False  # below an attribution or separator

    def end_run() -> None:
        nonlocal size
        if size >= _ENOUGH or (quoting and size >= _GRAM):
            for at in run:
                gone[at] = True
        run.clear()
        size = 0

    for at, line in enumerate(lines):
        folded = fold(line)
        if not folded:
            continue
        end = index.find(folded, expected)
        if end is None:
            end_run()
            quoting = quoting or find_mark(lines, at) is not None
        elif prefix(line):
            gone[at] = True
        else:
            run.append(at)
            size += len(folded)
        expected = end
    end_run()
    return "".join(line for at, line in enumerate(lines) if not gone[at])
