"""Where the patterns of the crisis lists could begin (rules K1): looked up by their first three characters.

This keeps the usual mail cheap, and 200 kB of hostile repetition linear.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
            for key in {begin[:2] for begin in pattern.begins}:  # "": it may begin with anything
                table[key] = (*table.get(key, ()), pattern)
        return cls(every, begins)


class Begin:
    """Patterns that begin with the same characters, by entry."""

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


class Pair:
    """The patterns that begin with the same two characters, by the third."""

    __slots__ = ("_of", "_others")

    def __init__(self, who: Mapping[str, Sequence[tuple[int, Pattern]]]) -> None:
        anything = tuple(who.get("", ()))
        self._of = {third: Begin((*anything, *some)) for third, some in who.items() if third}
        self._others = Begin(anything) if anything else None

    def at(self, third: str) -> Begin | None:
        """What may begin here, when this character follows the two."""
        return self._of.get(third, self._others)


@dataclass(frozen=True, slots=True)
class Starts:
    """The beginnings of all patterns of one form."""

    pairs: Mapping[str, Pair] = field(repr=False)
    codes: Mapping[int, Pair] = field(repr=False)  # the same, two characters as one number
    singles: Mapping[str, Begin] = field(repr=False)  # of one character
    single: re.Pattern[str] = field(repr=False)


def starts_of(table: Mapping[str, list[tuple[int, Pattern]]]) -> Starts:
    """From beginnings of one to three characters, and who begins so."""
    thirds: dict[str, dict[str, list[tuple[int, Pattern]]]] = {}
    for key, who in table.items():
        if len(key) > 1:
            thirds.setdefault(key[:2], {}).setdefault(key[2:], []).extend(who)
    pairs = {key: Pair(who) for key, who in thirds.items()}
    codes = {code: pair for key, pair in pairs.items() if (code := _code(key)) is not None}
    singles = {key: Begin(who) for key, who in table.items() if len(key) == 1}
    return Starts(pairs, codes, singles, re.compile(f"[{re.escape(''.join(singles))}]" if singles else r"(?!)"))


def _code(pair: str) -> int | None:
    units = pair.encode("utf-16-le", "surrogatepass")
    return int.from_bytes(units, sys.byteorder) if len(units) == 4 else None


def _pairs(text: str, starts: Starts) -> Iterator[tuple[int, int, Pair]]:
    """Where two characters stand that something begins with, and where the third is."""
    units = memoryview(text.encode("utf-16-le", "surrogatepass"))
    if len(units) == 2 * len(text):  # looked up as numbers: no string is made of any two characters
        codes = starts.codes
        for odd in (0, 1):
            usable = max(len(units) - 2 * odd, 0) // 4 * 4
            here = units[2 * odd : 2 * odd + usable].cast("I").tolist()
            for number in [number for number, code in enumerate(here) if code in codes]:
                at = 2 * number + odd
                yield at, at + 2, codes[here[number]]
    else:
        for at in range(len(text) - 1):
            if pair := starts.pairs.get(text[at : at + 2]):
                yield at, at + 2, pair
    stop = text.find("。", 1)
    while stop > 0:
        if pair := starts.pairs.get(text[stop - 1] + text[stop + 1 : stop + 2]):
            yield stop - 1, stop + 2, pair
        stop = text.find("。", stop + 1)


def places_of(text: str, starts: Starts, *, words: bool) -> Iterator[tuple[int, Begin]]:
    """Every place where a pattern may begin: whose first characters, a 。 between them left out, stand there."""
    if words:
        for word in _WORD.finditer(text):
            at = word.start()
            if (pair := starts.pairs.get(text[at : at + 2])) and (begin := pair.at(text[at + 2 : at + 3])):
                yield at, begin
            if begin := starts.singles.get(text[at]):
                yield at, begin
        return
    for at, after, pair in _pairs(text, starts):
        third = text[after : after + 1]
        begin = pair.at(third)
        if begin:
            yield at, begin
        if third == "。":  # the end of a sentence may be what a pattern asks for (限界。), or be stepped over
            over = pair.at(text[after + 1 : after + 2])
            if over and over is not begin:
                yield at, over
    for found in starts.single.finditer(text):
        yield found.start(), starts.singles[found[0]]
