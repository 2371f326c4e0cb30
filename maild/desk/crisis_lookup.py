"""Where the patterns of the crisis lists could begin (rules K1): looked for by their first three characters.

This keeps the usual mail cheap, and 200 kB of hostile repetition linear. Patterns of both Japanese forms are looked for
at once, by their kana: what stands in the script of a text stands in its kana at the same place.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate

from ahocorasick_rs import AhoCorasick, Implementation

from maild.desk.crisis_pattern import REACH
from maild.mail.charmap import HIRAGANA

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
    begins: tuple[str, ...] = field(default=(), repr=False)
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


Match = Callable[[str, int], "re.Match[str] | None"]
Who = tuple[int, Pattern]  # a pattern, and the number of its entry
Stand = tuple[int, Pattern, "re.Match[str]"]


class Begin:
    """Patterns of one form that begin with the same characters, by entry."""

    __slots__ = ("_each", "form", "may", "patterns")

    def __init__(self, patterns: Iterable[Who]) -> None:
        self.patterns = tuple(patterns)
        self.form = self.patterns[0][1].form
        #: Whether one of them stands at this place: one expression for all, made when first met, as most never are.
        self.may: Match = self._made
        self._each: tuple[tuple[int, Pattern, Match], ...] = ()

    def _made(self, text: str, at: int) -> re.Match[str] | None:
        self._each = tuple((number, pattern, pattern.compiled.match) for number, pattern in self.patterns)
        self.may = self._each[0][2]
        if len(self.patterns) > 1:
            self.may = re.compile("|".join(f"(?:{pattern.expression})" for _, pattern in self.patterns)).match
        return self.may(text, at)

    def stand(self, text: str, at: int) -> list[Stand]:
        """The patterns that stand at this place, where one ``may``."""
        return [(number, pattern, found) for number, pattern, match in self._each if (found := match(text, at))]


class Starts:
    """The beginnings of all patterns: one to three characters, without the 。 that may stand between any two."""

    __slots__ = ("_after_mark", "_automaton", "_begins", "_of")

    def __init__(self, patterns: Iterable[Who]) -> None:
        of: dict[str, dict[int, Who]] = {}
        for one in patterns:
            for begin in one[1].begins:
                of.setdefault(HIRAGANA(begin) if one[1].form == "script" else begin, {})[id(one)] = one
        same: dict[tuple[int, ...], tuple[Begin, ...]] = {}  # most begin the same patterns as others do
        by = {key: same.setdefault(tuple(who), _begins(who.values())) for key, who in of.items() if key}
        self._of = {key: begins for key, begins in by.items() if key[0] != "。"}
        #: Begins by number: of each key in turn, and then of those that begin with 。, which every 。 is a place of.
        self._begins: list[tuple[Begin, ...]] = list(self._of.values())
        self._after_mark: int | None = None
        if after := tuple(begin for key in by if key[0] == "。" for begin in by[key]):
            self._after_mark = len(self._begins)
            self._begins.append(after)
        self._automaton: AhoCorasick | None = None  # made when first met: a command line must start fast

    def standing(self, kana: str, script: str) -> Iterator[Stand]:
        """Every pattern of a text in its two forms, and where it stands."""
        each = self._begins
        for place, number in self._places(kana):
            for begin in each[number]:  # a mail has dozens of places, and nearly none of them is one: no detour
                text = kana if begin.form == "kana" else script
                if begin.may(text, place):
                    yield from begin.stand(text, place)

    def spoken(self, words: str) -> Iterator[Stand]:
        """The same for a text of words apart by one space."""
        for word in _WORD.finditer(words):
            at = word.start()
            for end in range(at + 1, at + 1 + REACH):
                for begin in self._of.get(words[at:end], ()):
                    if begin.may(words, at):
                        yield from begin.stand(words, at)

    def _places(self, kana: str) -> Iterable[tuple[int, int]]:
        """Every place of a text where a pattern may begin, and which ones: whose first characters stand there, a 。
        between them left out. An automaton finds all of them in one run."""
        if self._automaton is None:
            self._automaton = AhoCorasick(
                [key.replace("。", "") for key in self._of],
                store_patterns=False,
                implementation=Implementation.ContiguousNFA,
            )
        pieces = kana.split("。")
        found = self._automaton.find_matches_as_indexes("".join(pieces), overlapping=True)
        if len(pieces) == 1:
            return [(at, number) for number, at, _ in found]
        marks = list(accumulate(map(len, pieces[:-1])))  # where each 。 would stand in the text without any
        places = [(at + bisect_right(marks, at), number) for number, at, _ in found]
        if self._after_mark is not None:  # those that begin with the 。 itself
            places += [(mark + before, self._after_mark) for before, mark in enumerate(marks)]
        return places


def _begins(who: Iterable[Who]) -> tuple[Begin, ...]:
    by_form: dict[str, list[Who]] = {}
    for one in who:
        by_form.setdefault(one[1].form, []).append(one)
    return tuple(Begin(some) for some in by_form.values())
