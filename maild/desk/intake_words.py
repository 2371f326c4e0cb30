"""The words of particulars (ages, grades, places) and how patterns over them are run (rules I2)."""

# ruff: noqa: E501
# Patterns and word lists are read whole, and ruff counts a kanji as two columns.
from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from operator import add

from maild.desk.places import JAPANESE

NUM = r"(?:[1-9]\d|[5-9](?!\d)|1[01]\d|[二三四五六七八九]?十[一二三四五六七八九]?|[二三四五六七八九][〇一二三四五六七八九])"
AGED = rf"(?:{NUM}[ ]?(?:歳|才|さい|サイ|ｻｲ|歲)|[1-9]0[ ]?代(?:前半|後半|半ば|なかば)?|(?:[二三四五六七八]?十)代(?:前半|後半|半ば)?|はたち|ハタチ|二十歳|アラ(?:サー|フォー|フィフ|カン|還|ハタ|セブ)|[三四五六]十路|(?:古希|喜寿|傘寿|米寿|卒寿|還暦)(?!祝|の?お?祝)|後期高齢者)"
GRADE = r"(?:(?<![大最])(?:小|中|高)[1-6一二三四五六](?:年生?)?(?![\d月日時分位%個人本])|(?:小学|中学|高校|高専)(?:校)?[ ]?[1-6一二三四五六]年生?|(?<![a-z])[JD][KC][1-3]?|中学生|高校生|小学生)"
BORN = r"(?:(?:昭和|平成|令和|[SHsh])[ ]?(?:\d{1,2}|[元一二三四五六七八九十]{1,3})年?[^。\n]{0,8}(?:生|うま)|(?:19|20)\d\d[ ]?年?[^。\n]{0,8}(?:生|うま))"
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
PLACE = rf"(?:(?:{_KNOWN})(?:都|府|圏|県(?!民)|けん|市|町|村|し(?=[ に])|区)?(?:内|外|北部|南部|中部)?(?:[一-龥ぁ-んァ-ヶ]{{1,5}}[市町村区郡](?![民役立場長内外]))?|津市|(?:[一-龥]{{1,4}}市|[一-龥]{{2,4}}[町村]|(?!地区|学区|校区|選挙区)[一-龥]{{1,4}}区)(?![民役立場長内外中会])|県内|県外|某県|某市|中部地方|地方都市|県南部|県北部|市内|市外|他県)"
Found = tuple[int, int]
Patterns = tuple[tuple[str, int], ...]


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compiled when first needed: a command line must start fast."""
    return re.compile(pattern, re.I | re.M)


_LETTER = re.compile("[A-Za-z]")
_PLACE_ENDS = re.compile("[市町村区県津堺柏呉光郡]")
_PLACE_PAIRS = frozenset(
    place[:2] for place in (*JAPANESE, "県内", "県外", "某県", "某市", "中部", "地方", "市内", "市外", "他県")
)


def place_possible(text: str) -> bool:
    """Whether a text may name a place: cheap, never wrongly no."""
    return _PLACE_ENDS.search(text) is not None or not _PLACE_PAIRS.isdisjoint(map(add, text, text[1:]))


def first(text: str, patterns: Patterns, good: Callable[[str, int, int], bool], *, place: bool = True) -> Found | None:
    """The first span that a pattern finds and ``good`` takes, in the order of the patterns.

    English is left out in a text without a letter, and what holds a place where ``place`` says that none is named.
    """
    latin = _LETTER.search(text) is not None
    for pattern, group in patterns:
        if (not latin and pattern.isascii()) or (not place and PLACE in pattern):
            continue
        for match in _compiled(pattern).finditer(text):
            start, end = match.span(group)
            if start < end and good(text, start, end):
                return start, end
    return None
