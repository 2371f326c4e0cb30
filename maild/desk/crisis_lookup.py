"""Where the patterns of the crisis lists could begin (rules K1): looked up by their first two characters.

This keeps the usual mail cheap, and 200 kB of hostile repetition linear.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

_WORD = re.compile(r"[a-z0-9]+")


@cache
def compiled(expression: str) -> re.Pattern[str]:
    """Compiled when first met: most patterns never are, and a command line must start fast."""
    return re.compile(expression)


@dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern, and the form of the text that it reads: kana, script or words."""

    form: str
    expression: str = field(repr=False)
    begins: frozenset[str] = field(default=frozenset(), repr=False)
    spelled: str = field(default="", repr=False)

    @property
    def compiled(self) -> re.Pattern[str]:
        return compiled(self.expression)


@dataclass(frozen=True, slots=True)
class Exempt:
    """What is no sign: its patterns, and by form which of them begin with the same one or two characters."""

    patterns: tuple[Pattern, ...] = field(repr=False)
    begins: Mapping[str, Mapping[str, tuple[Pattern, ...]]] = field(repr=False)

    @classmethod
    def of(cls, patterns: Iterable[Pattern]) -> Exempt:
        every = tuple(patterns)
        begins: dict[str, dict[str, tuple[Pattern, ...]]] = {}
        for pattern in every:
            table = begins.setdefault(pattern.form, {})
            for key in pattern.begins:  # "": it may begin with anything
                table[key] = (*table.get(key, ()), pattern)
        return cls(every, begins)


class Begin:
    """The patterns that begin with the same one or two characters, by entry."""

    __slots__ = ("_any", "patterns")

    def __init__(self, patterns: Iterable[tuple[int, Pattern]]) -> None:
        self.patterns = tuple(patterns)
        self._any: re.Pattern[str] | None = None

    def may_stand(self, text: str, at: int) -> bool:
        """Whether any of the patterns stands there. One expression for all of them, made when it is first met."""
        if len(self.patterns) < 3:
            return True
        if self._any is None:
            self._any = re.compile("|".join(f"(?:{pattern.expression})" for _, pattern in self.patterns))
        return self._any.match(text, at) is not None


@dataclass(frozen=True, slots=True)
class Starts:
    """The beginnings of all patterns of one form."""

    of: Mapping[str, Begin] = field(repr=False)
    codes: Mapping[int, tuple[str, ...]] = field(repr=False)  # of two characters, as ``_codes`` has them
    others: tuple[str, ...] = field(repr=False)  # of one character


def starts_of(table: Mapping[str, list[tuple[int, Pattern]]]) -> Starts:
    of = {key: Begin(who) for key, who in table.items()}
    codes: dict[int, tuple[str, ...]] = {}
    for key in of:
        if len(key) == 2:
            for code in _codes(key):  # several, where a character lies beyond the basic plane
                codes[code] = (*codes.get(code, ()), key)
    return Starts(of, codes, tuple(key for key in of if len(key) == 1))


def _codes(text: str) -> set[int]:
    """Every two characters that stand side by side, as numbers: sets of numbers are compared at the speed of C."""
    units = memoryview(text.encode("utf-16-le", "surrogatepass"))
    even, odd = len(units) // 4 * 4, (len(units) - 2) // 4 * 4 + 2
    return set(units[:even].cast("I")).union(units[2 : max(odd, 2)].cast("I"))


def _places(text: str, piece: str) -> list[int]:
    found, at = [], text.find(piece)
    while at >= 0:
        found.append(at)
        at = text.find(piece, at + 1)
    return found


def places_of(text: str, starts: Starts, *, words: bool) -> Iterator[tuple[int, Begin]]:
    """Every place where a pattern may begin: whose first two characters, a 。 between them left out, or whose first one
    stand there."""
    if words:
        for word in _WORD.finditer(text):
            at = word.start()
            for key in {text[at : at + 2], text[at]}:
                if begin := starts.of.get(key):
                    yield at, begin
        return
    codes = _codes(text.replace("。", "") if "。" in text else text)
    for key in {key for code in codes & starts.codes.keys() for key in starts.codes[code]}:
        for piece in (key, f"{key[0]}。{key[1]}"):
            for at in _places(text, piece):
                yield at, starts.of[key]
    for key in starts.others:
        for at in _places(text, key):
            yield at, starts.of[key]
