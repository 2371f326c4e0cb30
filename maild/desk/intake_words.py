"""The words of particulars (ages, grades, places) and how patterns over them are run (rules I2)."""

# ruff: noqa: E501
# Patterns and word lists are read whole, and ruff counts a kanji as two columns.
from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from operator import add

from maild.desk.places import JAPANESE

NUM = r"(?:[1-9]\d|[5-9](?!\d)|1[01]\d|[二三四五六七八九]?十[一二三四五六七八九]?|[二三四五六七八九][〇一二三四五六七八九])"
AGED = rf"(?:{NUM}[ ]?(?:歳|才|さい|サイ|ｻｲ|歲)|[1-9]0[ ]?代(?:前半|後半|半ば|なかば)?|(?:[二三四五六七八]?十)代(?:前半|後半|半ば)?|はたち|ハタチ|二十歳|アラ(?:サー|フォー|フィフ|カン|還|ハタ|セブ)|[三四五六]十路|(?:古希|喜寿|傘寿|米寿|卒寿|還暦)(?!祝|の?お?祝)|後期高齢者)"
GRADE = r"(?:(?<![大最])(?:小|中|高)[1-6一二三四五六](?:年生?)?(?![\d月日時分位%個人本])|(?:小学|中学|高校|高専)(?:校)?[ ]?[1-6一二三四五六]年生?|(?<![a-z])[JD][KC][1-3]?|中学生|高校生|小学生)"
BORN = r"(?:(?:昭和|平成|令和|[SHsh])[ ]?(?:\d{1,2}|[元一二三四五六七八九十]{1,3})年?[^。\n]{0,8}(?:生(?:まれ)?|うま(?:れ)?)|(?:19|20)\d\d[ ]?年?[^。\n]{0,8}(?:生(?:まれ)?|うま(?:れ)?)|(?<!\d)\d\d年生まれ)"
SELF = r"(?:私|わたし|わたくし|あたし|うち|僕|ぼく|ボク|俺|おれ|オレ|自分|当方|わし|ワシ)"


def _alternatives(words: Iterable[str]) -> str:
    """A list of words as an expression that looks at the first character first; the longest of them is tried first."""
    rests: dict[str, list[str]] = {}
    for word in sorted(words, key=len, reverse=True):
        rests.setdefault(word[0], []).append(re.escape(word[1:]))
    return (
        f"(?=[{''.join(rests)}])(?:" + "|".join(f"{first}(?:{'|'.join(rest)})" for first, rest in rests.items()) + ")"
    )


_KNOWN = _alternatives(JAPANESE)
PLACE_JA = rf"(?:{_KNOWN}|津|堺|柏|呉|光)"
PLACE = rf"(?:(?:{_KNOWN})(?:都|府|圏|県(?!民)|けん|市|町|村|し(?=[ に])|区)?(?:内|外|北部|南部|中部)?(?:[一-龥ぁ-んァ-ヶ]{{1,5}}[市町村区郡](?![民役立場長内外]))?|津市|(?=[一-龥]{{1,4}}[市町村区])(?:[一-龥]{{1,4}}市|[一-龥]{{2,4}}[町村]|(?!地区|学区|校区|選挙区)[一-龥]{{1,4}}区)(?![民役立場長内外中会])|県内|県外|某県|某市|中部地方|地方都市|県南部|県北部|市内|市外|他県)"
Found = tuple[int, int]
Patterns = tuple[tuple[str, int] | tuple[str, int, tuple[str, ...]], ...]


@dataclass(slots=True)
class _Ready:
    """One pattern and when it need not be run; compiled when first needed, since a command line must start fast."""

    pattern: str = field(repr=False)
    group: int
    words: tuple[str, ...] = ()
    latin: bool = False
    place: bool = False
    compiled: re.Pattern[str] | None = field(default=None, repr=False)


@cache
def _ready(patterns: Patterns) -> list[_Ready]:
    return [
        _Ready(pattern, group, tuple(words[0]) if words else (), pattern.isascii(), PLACE in pattern)
        for pattern, group, *words in patterns
    ]


_LETTER = re.compile("[A-Za-z]")
_PLACE_ENDS = re.compile("[市町村区県津堺柏呉光郡]")
_PLACE_PAIRS = frozenset(
    place[:2] for place in (*JAPANESE, "県内", "県外", "某県", "某市", "中部", "地方", "市内", "市外", "他県")
)


@lru_cache(maxsize=2)  # one text is asked about for regions and for names
def place_possible(text: str) -> bool:
    """Whether a text may name a place: cheap, never wrongly no."""
    return _PLACE_ENDS.search(text) is not None or not _PLACE_PAIRS.isdisjoint(map(add, text, text[1:]))


def first(text: str, patterns: Patterns, good: Callable[[str, int, int], bool], *, place: bool = True) -> Found | None:
    """The first span that a pattern finds and ``good`` takes, in the order of the patterns.

    English is left out in a text without a letter, what holds a place where ``place`` says that none is named, and a
    pattern with words behind it in a text that holds none of them.
    """
    latin = _LETTER.search(text) is not None
    for one in _ready(patterns):
        if (one.latin and not latin) or (one.place and not place):
            continue
        if one.words and not any(word in text for word in one.words):
            continue
        if one.compiled is None:
            one.compiled = re.compile(one.pattern, re.I | re.M)
        for match in one.compiled.finditer(text):
            start, end = match.span(one.group)
            if start < end and good(text, start, end):
                return start, end
    return None
