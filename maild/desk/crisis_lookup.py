"""Where the patterns of the crisis lists could begin (rules K1): looked up by their first three characters.

This keeps the usual mail cheap, and 200 kB of hostile repetition linear. Patterns of both Japanese forms are looked up
at once, by their kana: what stands in the script of a text stands in its kana at the same place.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import compress, count

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


class Begin:
    """Patterns of one form that begin with the same characters, by entry."""

    __slots__ = ("_any", "_each", "form", "patterns")

    def __init__(self, patterns: Iterable[Who]) -> None:
        self.patterns = tuple(patterns)
        self.form = self.patterns[0][1].form
        # made when first met, as most never are
        self._any: Match | None = None  # one expression for all of them
        self._each: tuple[tuple[int, Pattern, Match], ...] | None = None

    def stand(self, text: str, at: int) -> Sequence[tuple[int, Pattern, re.Match[str]]]:
        """The patterns that stand at this place."""
        if self._each is None:
            self._each = tuple((number, pattern, pattern.compiled.match) for number, pattern in self.patterns)
            if len(self.patterns) > 2:
                self._any = re.compile("|".join(f"(?:{pattern.expression})" for _, pattern in self.patterns)).match
        if self._any is not None and self._any(text, at) is None:
            return ()
        return [(number, pattern, found) for number, pattern, match in self._each if (found := match(text, at))]


Begins = tuple[Begin, ...]


class _Known:
    """The same patterns are the beginning of many places: one :class:`Begin` for all of them."""

    def __init__(self) -> None:
        self._of: dict[tuple[int, ...], Begin] = {}

    def begins(self, who: Iterable[Who]) -> Begins:
        by_form: dict[str, dict[int, Who]] = {}
        for one in who:
            by_form.setdefault(one[1].form, {})[id(one)] = one
        return tuple(self._of.setdefault(tuple(some), Begin(some.values())) for some in by_form.values())


class Pair:
    """The patterns that begin with the same two characters, by the third."""

    __slots__ = ("of", "others")

    def __init__(self, who: Mapping[str, Sequence[Who]], known: _Known) -> None:
        anything = tuple(who.get("", ()))
        self.of = {third: known.begins((*anything, *some)) for third, some in who.items() if third}
        self.others = known.begins(anything)

    def at(self, third: str) -> Begins:
        """What may begin here, when this character follows the two."""
        return self.of.get(third, self.others)


@dataclass(frozen=True, slots=True)
class Starts:
    """The beginnings of all patterns."""

    pairs: Mapping[str, Pair] = field(repr=False)
    codes: Mapping[int, Pair] = field(repr=False)  # the same, two characters as one number
    singles: Mapping[str, Begins] = field(repr=False)  # of one character
    single: re.Pattern[str] = field(repr=False)


def starts_of(patterns: Iterable[Who]) -> Starts:
    """The beginnings, of one to three characters, of patterns in Japanese, or of patterns in words."""
    thirds: dict[str, dict[str, list[Who]]] = {}
    single: dict[str, list[Who]] = {}
    for one in patterns:
        for begin in one[1].begins:
            key = HIRAGANA(begin) if one[1].form == "script" else begin
            if len(key) > 1:
                thirds.setdefault(key[:2], {}).setdefault(key[2:], []).append(one)
            elif key:
                single.setdefault(key, []).append(one)
    known = _Known()
    pairs = {key: Pair(who, known) for key, who in thirds.items()}
    codes = {code: pair for key, pair in pairs.items() if (code := _code(key)) is not None}
    singles = {key: known.begins(who) for key, who in single.items()}
    return Starts(pairs, codes, singles, re.compile(f"[{re.escape(''.join(sorted(singles)))}]" if singles else r"(?!)"))


def _code(pair: str) -> int | None:
    units = pair.encode("utf-16-le", "surrogatepass")
    return int.from_bytes(units, sys.byteorder) if len(units) == 4 else None


def places_of(kana: str, starts: Starts) -> list[tuple[int, Begin]]:
    """Every place where a pattern may begin: whose first characters, a 。 between them left out, stand there."""
    found: list[tuple[int, Begins]] = []
    units = memoryview(kana.encode("utf-16-le", "surrogatepass"))
    if len(units) == 2 * len(kana):  # looked up as numbers: no string is made of any two characters
        codes = starts.codes
        for odd in (0, 1):
            usable = max(len(units) - 2 * odd, 0) // 4 * 4
            here = units[2 * odd : 2 * odd + usable].cast("I").tolist()
            for number in compress(count(), map(codes.__contains__, here)):
                at = 2 * number + odd
                known = codes[here[number]]
                if begins := known.of.get(kana[at + 2 : at + 3], known.others):
                    found.append((at, begins))
    else:
        for at in range(len(kana) - 1):
            if pair := starts.pairs.get(kana[at : at + 2]):
                found.append((at, pair.at(kana[at + 2 : at + 3])))
    # the end of a sentence may be what a pattern asks for (限界。), or be stepped over
    pairs = starts.pairs
    stop = kana.find("。", 1)
    while stop > 0:
        before = kana[stop - 1]
        if pair := pairs.get(before + kana[stop + 1 : stop + 2]):
            third = kana[stop + 2 : stop + 3]
            found.append((stop - 1, pair.at(third)))
            if third == "。":
                found.append((stop - 1, pair.at(kana[stop + 3 : stop + 4])))
        if stop > 1 and (pair := pairs.get(kana[stop - 2] + before)):
            found.append((stop - 2, pair.at(kana[stop + 1 : stop + 2])))
        stop = kana.find("。", stop + 1)
    found += [(one.start(), starts.singles[one[0]]) for one in starts.single.finditer(kana)]
    return [(at, begin) for at, begins in found for begin in begins]


def words_of(words: str, starts: Starts) -> Iterator[tuple[int, Begin]]:
    """The same for a text of words apart by one space."""
    for word in _WORD.finditer(words):
        at = word.start()
        if pair := starts.pairs.get(words[at : at + 2]):
            for begin in pair.at(words[at + 2 : at + 3]):
                yield at, begin
        for begin in starts.singles.get(words[at], ()):
            yield at, begin
