"""Crisis triage (rules K0, K1): which phrases of the desk's lists stand in a client's words.

Phrase lists are data (the shipped crisis_*.toml and an operator's own file); docs/crisis.md
explains them. Every place where a pattern could begin is found in one run (``crisis_lookup``), so that the
usual mail costs little and 200 kB of hostile repetition stays linear.
"""

# Patterns and word lists are read whole, and ruff counts a kanji as two columns.
from __future__ import annotations

import bisect
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from itertools import chain
from pathlib import Path
from typing import Any

from maild.desk.crisis_lookup import Exempt, Pattern, Starts, compiled
from maild.desk.crisis_pattern import PhraseError, Sequence, beginnings, parse, regex
from maild.desk.crisis_tone import ALONE, LABEL, Table, alarming, shipped, tone
from maild.desk.textfold import Folded, folded

__all__ = ["PhraseError", "Phrases", "builtin", "heard", "hits"]

_LISTS = ("ja", "oblique", "en", "more")  # every list is always read: a client's language is not the desk's
_REACH = 80  # characters: how far before a place an exception may begin
_FEW = 40  # places of one entry that are looked at one by one; a hostile text has more
_SHORT = 6  # letters: what is shorter (od, dv) stands inside too many words that are spelled out


@dataclass(frozen=True, slots=True)
class Phrase:
    """One entry of a list: its canonical form, what it is a sign of, and when it is none."""

    phrase: str
    category: str
    why: str
    patterns: tuple[Pattern, ...] = field(repr=False)
    exceptions: Exempt = field(repr=False)
    denial: Pattern | None = field(repr=False)
    family: str = ""  # what is no sign for one of a family is none for the others
    sign: bool = False  # counts only where another sign stands in the same mail
    doubt: bool = False  # counts only where the sentence that holds it does not sound calm


@dataclass(frozen=True, slots=True)
class Phrases:
    """The lists as one value: made once at start, cheap to ask."""

    entries: tuple[Phrase, ...] = field(repr=False)
    exceptions: Exempt = field(repr=False)
    japanese: Starts = field(repr=False)
    words: Starts = field(repr=False)
    by_tone: bool = False  # whether the mail as a whole is heard too: with the shipped lists

    @classmethod
    def load(cls, paths: Iterable[Path], *, language: str | None = "ja") -> Phrases:
        """The shipped lists and an operator's files; ``language=None`` leaves the shipped ones out.

        Raises :class:`PhraseError` that names file, entry and what is allowed, and OSError as ``open`` does.
        """
        own = [(path.name, path.read_text("utf-8")) for path in paths]
        if language is None:
            return cls.parse(own)
        return replace(cls.parse([*map(_shipped, _LISTS), *own]), by_tone=True) if own else builtin()

    @classmethod
    def parse(cls, texts: Iterable[tuple[str, str]]) -> Phrases:
        """Lists from (name, TOML text) pairs; words and denials of one hold in the next."""
        words: dict[str, str] = {}
        denials: list[str] = []
        entries: list[Phrase] = []
        exceptions: list[Pattern] = []
        for source, text in texts:
            data = _table(source, text)
            words |= data.get("words", {})
            denials += data.get("denials", [])
            for number, raw in enumerate(data.get("phrase", []), 1):
                where = f"{source}: phrase {number}"
                entries.append(_phrase(_check(raw, where), words, denials, where))
            for number, raw in enumerate(data.get("exception", []), 1):
                where = f"{source}: exception {number}"
                entry = _check({"phrase": "-", "category": "-", **raw} if isinstance(raw, dict) else raw, where)
                exceptions += [_pattern(p, _form(p, "kana"), words, where) for p in entry["match"]]
        entries = _pooled(entries)
        every = [(number, pattern) for number, phrase in enumerate(entries) for pattern in phrase.patterns]
        japanese = Starts(one for one in every if one[1].form != "words")
        english = Starts(one for one in every if one[1].form == "words")
        return cls(tuple(entries), Exempt.of(exceptions), japanese, english)


def _shipped(name: str) -> tuple[str, str]:
    file = f"crisis_{name}.toml"
    return file, resources.files("maild.desk").joinpath(file).read_text("utf-8")


@cache  # half a second to make, and the same for every desk
def builtin(language: str = "ja") -> Phrases:
    """The shipped lists. All of them whatever the language: a client's is not the desk's."""
    return replace(Phrases.parse(map(_shipped, _LISTS)), by_tone=True)


def _table(source: str, text: str) -> dict[str, Any]:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PhraseError(f"{source}: {error}") from None
    allowed = {"words": dict, "denials": list, "phrase": list, "exception": list}
    for key, value in data.items():
        if key not in allowed or not isinstance(value, allowed[key]):
            raise PhraseError(f"{source}: {key}: allowed are [words], denials = [...], [[phrase]], [[exception]]")
    texts = [*data.get("words", {}).values(), *data.get("denials", [])]
    if not all(isinstance(value, str) for value in texts):
        raise PhraseError(f"{source}: words and denials must be texts")
    return data


def _check(entry: object, where: str) -> Mapping[str, Any]:
    if not isinstance(entry, dict):
        raise PhraseError(f"{where}: must be a table")
    known = {"phrase", "category", "why", "match", "except", "deny", "kana", "sign", "family", "doubt"}
    if unknown := set(entry) - known:
        raise PhraseError(f"{where}: unknown key {sorted(unknown)[0]}; allowed: {', '.join(sorted(known))}")
    for key in ("phrase", "category", "why"):
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            raise PhraseError(f"{where}: {key} must be a text")
    if not isinstance(entry.get("family", ""), str):
        raise PhraseError(f"{where}: family must be a text")
    for key in ("match", "except"):
        value = entry.get(key, [] if key == "except" else None)
        if (
            not isinstance(value, list)
            or not all(isinstance(v, str) and v for v in value)
            or (key == "match" and not value)
        ):
            raise PhraseError(f"{where}: {key} must be a list of patterns")
    if not all(isinstance(entry.get(key, False), bool) for key in ("deny", "sign", "doubt")):
        raise PhraseError(f"{where}: deny, sign and doubt must be true or false")
    if entry.get("kana", "exact") != "exact":
        raise PhraseError(f'{where}: kana may only be "exact"')
    return entry


def _form(pattern: str, kana: str) -> str:
    return "words" if pattern.replace("…", "").isascii() else kana


def _tree(pattern: str, words: Mapping[str, str], where: str) -> Sequence:
    try:
        return parse(pattern, words)
    except PhraseError as error:
        raise PhraseError(f"{where}: {pattern}: {error}") from None


def _pattern(pattern: str, form: str, words: Mapping[str, str], where: str, itself: str = "") -> Pattern:
    tree = _tree(pattern, words, where)
    expression = regex(tree, form, itself)
    if form != "words":
        return Pattern(form, expression, tuple(beginnings(tree, form)))
    spelled = "" if "…" in pattern or len(re.findall("[a-z]", pattern)) < _SHORT else expression.replace(" ", "")
    bounded = f"(?<![a-z0-9])(?:{expression})(?![a-z0-9])"  # od is not in method
    return Pattern(form, bounded, tuple(beginnings(tree, form)), spelled)


def _phrase(entry: Mapping[str, Any], words: Mapping[str, str], denials: list[str], where: str) -> Phrase:
    kana = "script" if entry.get("kana") == "exact" else "kana"
    patterns = tuple(_pattern(p, _form(p, kana), words, where) for p in entry["match"])
    itself: dict[str, str] = {}
    for pattern in patterns:
        itself[pattern.form] = "|".join(filter(None, (itself.get(pattern.form), pattern.expression)))
    exceptions = []
    for text in entry.get("except", ()):
        for form in sorted({*itself} if "@" in text else {*itself, _form(text, kana)}):
            exceptions.append(_pattern(text, form, words, where, itself.get(form, "")))
    denial = None
    if entry.get("deny", False) and denials:
        denial = Pattern(kana, "|".join(regex(_tree(d, words, where), kana) for d in denials))
    told = (entry["phrase"], entry["category"], entry["why"])
    kind = (entry.get("family", ""), entry.get("sign", False), entry.get("doubt", False))
    return Phrase(*told, patterns, Exempt.of(exceptions), denial, *kind)


def _pooled(entries: list[Phrase]) -> list[Phrase]:
    pools: dict[str, tuple[Pattern, ...]] = {}
    for entry in entries:
        pools[entry.family] = (*pools.get(entry.family, ()), *entry.exceptions.patterns)
    exempt = {family: Exempt.of(pool) for family, pool in pools.items() if family}
    return [replace(entry, exceptions=exempt.get(entry.family, entry.exceptions)) for entry in entries]


class _Spans:
    """Stretches of text that are no sign of anything, asked in O(log n).

    A place is excepted where it begins within one (蚊に刺さ|れて).
    """

    def __init__(self, spans: list[tuple[int, int]]) -> None:
        spans.sort()
        self.starts = [start for start, _ in spans]
        self.ends: list[int] = []
        for _, end in spans:
            self.ends.append(max(end, self.ends[-1]) if self.ends else end)

    def cover(self, start: int) -> bool:
        upto = bisect.bisect_right(self.starts, start)
        return upto > 0 and self.ends[upto - 1] > start


def _spans(patterns: Iterable[Pattern], form: str, forms: Folded) -> list[tuple[int, int]]:
    """Kana and script are the same length index by index, so what one covers the other covers."""
    return [
        m.span() for p in patterns if p.form in _same(form) for m in p.compiled.finditer(str(getattr(forms, p.form)))
    ]


def _matches(forms: Folded, phrases: Phrases) -> dict[int, list[tuple[Pattern, int, int]]]:
    """Every place where a pattern stands, by entry, exceptions not yet looked at."""
    found: dict[int, list[tuple[Pattern, int, int]]] = {}
    standing = phrases.japanese.standing(forms.kana, forms.script)
    for number, pattern, match in chain(standing, phrases.words.spoken(forms.words)) if forms.words else standing:
        at = match.start()
        # a sentence mark taken along at the end is no part of what an exception must cover
        found.setdefault(number, []).append((pattern, at, at + len(match[0].rstrip("。"))))
    if forms.spelled:
        for number, entry in enumerate(phrases.entries):
            for pattern in entry.patterns:
                if pattern.spelled and compiled(pattern.spelled).search(forms.spelled):
                    found.setdefault(number, []).append((pattern, -1, -1))
    return found


def _same(form: str) -> tuple[str, ...]:
    return ("words",) if form == "words" else ("kana", "script")


def _exempt(what: Exempt, form: str, forms: Folded, start: int) -> bool:
    """Does the place lie inside something that is no sign: looked up backwards from it, as far as anything reaches."""
    for same in _same(form):
        table = what.begins.get(same)
        if not table:
            continue
        text: str = getattr(forms, same)
        first = max(0, start - _REACH)
        for pattern in table.get("", ()):
            for match in pattern.compiled.finditer(text, first, start + _REACH):
                if match.start() <= start < match.end():
                    return True
        for at in range(first, min(start + 1, len(text))):
            one, two = text[at], text[at + 1 : at + 2]
            if two == "。":
                two = text[at + 2 : at + 3]
            for key in (one, one + two):
                for pattern in table.get(key, ()):
                    if (found := pattern.compiled.match(text, at)) and found.end() > start:
                        return True
    return False


def _counts(entry: Phrase, places: list[tuple[Pattern, int, int]], forms: Folded, general: Exempt) -> bool:
    """Is one of the places neither denied nor part of an idiom."""
    excepted: dict[str, _Spans] = {}
    for pattern, start, end in places:
        if start < 0:
            return True
        text: str = getattr(forms, pattern.form)
        if entry.denial and pattern.form == entry.denial.form and entry.denial.compiled.match(text, end):
            continue
        if len(places) <= _FEW:
            if not any(_exempt(what, pattern.form, forms, start) for what in (entry.exceptions, general)):
                return True
            continue
        if pattern.form not in excepted:
            every = (*entry.exceptions.patterns, *general.patterns)
            excepted[pattern.form] = _Spans(_spans(every, pattern.form, forms))
        if not excepted[pattern.form].cover(start):
            return True
    return False


def _found(forms: Folded, phrases: Phrases) -> list[tuple[Phrase, list[tuple[Pattern, int, int]]]]:
    """The entries that stand in the text and are neither denied nor excepted, and where."""
    return _standing(_matches(forms, phrases), forms, phrases)


def _standing(
    found: dict[int, list[tuple[Pattern, int, int]]], forms: Folded, phrases: Phrases
) -> list[tuple[Phrase, list[tuple[Pattern, int, int]]]]:
    if len({phrases.entries[number].phrase for number in found if phrases.entries[number].sign}) < 2:
        found = {number: places for number, places in found.items() if not phrases.entries[number].sign}
    entries = [
        (entry, found[number])
        for number in sorted(found)
        if _counts(entry := phrases.entries[number], found[number], forms, phrases.exceptions)
    ]
    if len({entry.phrase for entry, _ in entries if entry.sign}) < 2:
        entries = [(entry, places) for entry, places in entries if not entry.sign]
    return entries


def heard(forms: Folded, phrases: Phrases) -> list[Phrase]:
    """The entries of the lists that stand in the text, however it sounds."""
    return [entry for entry, _ in _found(forms, phrases)]


def _meant(places: list[tuple[Pattern, int, int]], forms: Folded, table: Table) -> bool:
    """Whether a doubtful phrase is meant: the sentence that holds it does not sound calm. Only that one: a cry for help
    among calm lines is still one."""
    if len(places) > _FEW:
        return True
    return any(
        start < 0 or pattern.form == "words" or alarming(_sentence(forms.kana, start, end), table)
        for pattern, start, end in places
    )


def _sentence(text: str, start: int, end: int) -> str:
    first = max(0, start - _REACH)
    begin = text.rfind("。", first, start) + 1 or first
    stop = text.find("。", end, end + _REACH)
    return text[begin : stop if stop >= 0 else end + _REACH]


def hits(text: str, phrases: Phrases, table: Table | None = None, *, subject: str | None = None) -> tuple[str, ...]:
    """The canonical forms of the phrases that stand in the text, in the order of the lists (rules K1).

    ``text`` is the client's whole own text, ``subject`` read before it; time is linear in its length. A doubtful phrase
    counts where its sentence does not sound calm; where no phrase counts, a mail that sounds like one is heard all the
    same, as :data:`~maild.desk.crisis_tone.LABEL`. ``table``: another than the shipped one, to measure it.
    """
    table = table or shipped()
    forms = folded(text, subject)
    matches = _matches(forms, phrases)
    meant = _heard(_standing(matches, forms, phrases), forms, phrases, table)
    if len(meant) < len(matches) and (subject or "\n" in text.strip()):
        # on a phone a line is a sentence, and nobody writes its 。: the line above must not silence this one, nor must
        # the subject
        lines = folded(text.replace("\n", "。\n"), f"{subject}。" if subject else subject)
        again = _heard(_found(lines, phrases), lines, phrases, table)
        meant = [entry for entry in phrases.entries if any(entry is one for one in (*meant, *again))]
    if meant or not phrases.by_tone:
        return tuple(dict.fromkeys(entry.phrase for entry in meant))
    return (LABEL,) if tone(forms.kana, table) > ALONE else ()


def _heard(
    found: list[tuple[Phrase, list[tuple[Pattern, int, int]]]], forms: Folded, phrases: Phrases, table: Table
) -> list[Phrase]:
    return [entry for entry, places in found if not (entry.doubt and phrases.by_tone) or _meant(places, forms, table)]
