"""Names of people in a reply (rule P5): where a name, its reading or a part of it stands for a person.

A name that is no word is a trace wherever it stands. Readings, short names, words and places are traces where the text
around them says so: a line of their own, an introduction, a form of address, the end of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from maild.desk import ordinary_words
from maild.desk.folded import KANJI, fold_word
from maild.desk.name_context import Page, Trace
from maild.desk.readings import (
    Name,
    Part,
    foreign_latin,
    given_names,
    latin_pattern,
    plain_latin,
    surnames,
    take_apart,
    written_as,
)

_PARTICLES = frozenset("はがのもをにとへや")
_GOES_ON = re.compile(ordinary_words.PLACE_GOES_ON.replace("センター", "せんたー"))
_TITLE_KANJI = re.compile(r"(?:担当者?|相談員|職員|師|士|長|係|課|部|室|任|員|私|方|責|名|氏|者|署|拝|上|医|会)\Z")
_HAS_KANJI = re.compile(r"[\u3400-\u9fff]")
_GAP = r"[ \t\u3000]{0,2}"
_ODD_GAP = r"[ \t\u3000]?[.・･\-–—_/|*\n]?[ \t\u3000]?"  # 佐・藤, 佐<end of line>藤: only where it stands for a person


# -- what to look for --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sought:
    """One person's name as patterns."""

    kanji: tuple[str, ...] = field(default=(), repr=False)
    strict: tuple[str, ...] = field(default=(), repr=False)  # any script: only as a person
    kana: tuple[str, ...] = field(default=(), repr=False)
    whole: re.Pattern[str] | None = field(default=None, repr=False)  # family and given name together
    latin: re.Pattern[str] | None = field(default=None, repr=False)
    latin_strict: re.Pattern[str] | None = field(default=None, repr=False)
    initials: re.Pattern[str] | None = field(default=None, repr=False)  # H.S.: only as a signature
    families: frozenset[str] = field(default=frozenset(), repr=False)
    givens: frozenset[str] = field(default=frozenset(), repr=False)  # empty: the config has the family name alone


@lru_cache(maxsize=1024)
def sought(name: str, readings: tuple[str, ...] = ()) -> Sought:
    """Everything a person of this name may be called; ``readings`` are the config's own."""
    apart = take_apart(name)
    people = [apart, *(take_apart(reading) for reading in readings)]
    families = [part for one in people for part in one.families]
    givens = [part for one in people for part in one.givens]
    kanji: dict[str, None] = {}
    strict: dict[str, None] = {}
    kana: dict[str, None] = {}
    latin: list[str] = []
    latin_strict: list[str] = []
    latin_whole: list[str] = []
    for part in (*families, *givens):
        _sort(part, kanji, strict, kana, latin, latin_strict)
    for one in people:
        strict |= dict.fromkeys(_in_characters(one))
    if not families and not givens and len(fold_word(name)) >= 3:
        strict[fold_word(name)] = None
    if len(apart.whole) == 2 and families and givens:
        strict |= dict.fromkeys(
            (fold_word(apart.whole), *(f"{apart.whole[0]}{gap}{apart.whole[1]}" for gap in " \u3000"))
        )
    for one in people:
        short = [(a, b) for f in one.families for g in one.givens for a in f.readings for b in g.readings]
        strict |= dict.fromkeys(a + gap + b for a, b in short if len(a) + len(b) < 5 for gap in ("", " ", "\u3000"))
    for one in people:
        latin_whole += _whole_in_characters(one)
    whole = [one for one in (*_pairs(people), *_squeezed_whole(apart), *latin_whole) if one]
    return Sought(
        tuple(sorted(kanji, key=len, reverse=True)), tuple(strict), tuple(kana),
        _any(whole), _latin(latin), _latin(latin_strict), _initials(people),
        frozenset(fold_word(part.written) for part in families), frozenset(fold_word(part.written) for part in givens),
    )  # fmt: skip


def _whole_in_characters(one: Name) -> Iterator[str]:
    """Family and given name in the kanji they may have, where the config has none."""
    kanji = [
        {name for part in parts if not _HAS_KANJI.search(part.written) for reading in part.readings[:3]
         for name in written_as(reading, family=family)}
        for parts, family in ((one.families, True), (one.givens, False))
    ]  # fmt: skip
    if all(kanji):
        first, second = (f"(?:{'|'.join(sorted(names))})" for names in kanji)
        yield rf"{first}[\s\u3000・]{{0,3}}{second}|{second}[\s\u3000]{{0,3}}{first}"


def _in_characters(one: Name) -> Iterator[str]:
    """Kanji of a name that the config has in kana or in Latin letters alone."""
    for parts, family in ((one.families, True), (one.givens, False)):
        for part in parts:
            if not _HAS_KANJI.search(part.written):
                for reading in part.readings[:3]:
                    yield from written_as(reading, family=family)


def _initials(people: Iterable[Name]) -> re.Pattern[str] | None:
    """H.S., S・H, (H. S.): first letters of both names, as people sign with them."""
    pairs: dict[tuple[str, str], None] = {}
    for one in people:
        for a, b in ((a, b) for f in one.families for g in one.givens for a in _letters(f) for b in _letters(g)):
            pairs |= {(a, b): None, (b, a): None}
    ways = "|".join(rf"{a}[.・\s]{{1,2}}{b}\.?" for a, b in pairs)
    return re.compile(rf"(?<![a-z0-9.])(?:{ways})(?![a-z0-9])") if ways else None


def _letters(part: Part) -> dict[str, None]:
    spelt = [plain_latin(reading) for reading in part.readings] + [part.written]
    return dict.fromkeys(one[0] for one in spelt if one[:1].isascii() and one[:1].isalpha())


def _sort(
    part: Part,
    kanji: dict[str, None],
    strict: dict[str, None],
    kana: dict[str, None],
    latin: list[str],
    latin_strict: list[str],
) -> None:
    written = fold_word(part.written)
    if written.isascii():
        if len(written) >= 2:
            (latin_strict if len(written) < 4 or written in ordinary_words.LATIN else latin).append(re.escape(written))
    elif not re.fullmatch(r"[ぁ-ゖー]+", written):
        (strict if len(written) < 2 or written in ordinary_words.WORDS else kanji)[written] = None
    for reading in part.readings:
        for spelling in foreign_latin(reading):
            (latin_strict if len(spelling) < 5 or spelling in ordinary_words.LATIN else latin).append(spelling)
        if len(reading) < 2:
            continue  # 李 is い, and い is everywhere
        (strict if len(reading) < 3 or reading in ordinary_words.KANA else kana)[reading] = None
        if reading.endswith(("う", "お")) and len(reading) >= 3:
            kana.setdefault(reading[:-1] + "ー", None)
        plain = re.sub(r"\(\?:u\|o\|h\|-\)\?|h\?$", "", latin_pattern(reading))
        probe = re.sub(r"\(\?:([a-z]+)[^)]*\)|\[(.)[^\]]*\]|\??", r"\1\2", plain)
        loose = len(probe) >= 4 and probe not in ordinary_words.LATIN and len(reading) >= 3
        (latin if loose or (len(probe) >= 6) else latin_strict).append(latin_pattern(reading))


def _pairs(people: Iterable[Name]) -> Iterator[str]:
    """Family and given name side by side, in one script, either way round in Latin letters."""
    for one in people:
        for family in one.families:
            for given in one.givens:
                first, second = fold_word(family.written), fold_word(given.written)
                if len(first) + len(second) >= 3 and not (first + second).isascii():
                    yield _spaced(first) + r"[\s\u3000・]{0,3}" + _spaced(second)
                for a in family.readings:
                    yield from (rf"{a}[\s\u3000・]{{0,3}}{b}" for b in given.readings if len(a) + len(b) >= 5)
                    yield from (rf"{re.escape(first)}[\s\u3000・]{{0,3}}{b}" for b in given.readings)
                    yield rf"{a}[\s\u3000・]{{0,3}}{re.escape(second)}"
                ways = [
                    [latin_pattern(reading) for reading in part.readings]
                    + [spelling for reading in part.readings for spelling in foreign_latin(reading)]
                    + ([re.escape(fold_word(part.written))] if part.written.isascii() else [])
                    for part in (family, given)
                ]
                for a in ways[0]:
                    for b in ways[1]:
                        yield rf"(?<![a-z])(?:{a}[\s._,\-]{{0,2}}{b}|{b}[\s._,\-]{{0,2}}{a})(?![a-z])"


def _squeezed_whole(apart: Name) -> list[str]:
    whole = fold_word(apart.whole)
    return [_spaced(whole)] if len(whole) >= 3 and not whole.isascii() and not re.fullmatch("[ぁ-ゖー]+", whole) else []


def _spaced(word: str) -> str:
    return r"[ \t\u3000]{0,2}".join(re.escape(one) for one in word)


def _any(patterns: list[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(dict.fromkeys(patterns))) if patterns else None


def _latin(patterns: list[str]) -> re.Pattern[str] | None:
    if not patterns:
        return None
    return re.compile(rf"(?<![a-z0-9])(?:{'|'.join(dict.fromkeys(patterns))})(?![a-z0-9])")


# -- looking -----------------------------------------------------------------------------------------------------------


def find(page: Page, who: Sought) -> Iterator[Trace]:
    """Every trace of one person in the text."""
    text = page.folded.text
    if who.whole is not None:
        for hit in who.whole.finditer(text):
            if page.kind(hit.end()) == KANJI == page.kind(hit.end() - 1) and not (
                _AFTER_A_NAME.match(text, hit.end()) or page.own_line(*hit.span())
            ):
                continue  # 松本清張, where ours is 松本清
            yield Trace(hit.start(), hit.end(), page.signed(hit.start(), hit.end()))
    for name in who.kanji:
        yield from _kanji(page, name, who)
    for reading in who.kana:
        for start in _places(text, reading):
            end = start + len(reading)
            if _kana_stands(page, start, end):
                signed = page.signed(start, end)
                if signed or not _somebody_elses_given(page, start, who):
                    yield Trace(start, end, signed)
    for name in who.strict:
        for start in _places(text, name):
            end = start + len(name)
            if _alone(page, start, end) and (signed := page.signed(start, end)) | page.addressed(start, end):
                if not signed and (is_thing(text, end) or _somebody_elses_given(page, start, who)):
                    continue
                yield Trace(start, end, signed)
    if who.latin is not None:
        for hit in who.latin.finditer(text):
            signed = page.signed(hit.start(), hit.end())
            if signed or not is_thing(text, hit.end()):
                yield Trace(hit.start(), hit.end(), signed)
    if who.latin_strict is not None:
        for hit in who.latin_strict.finditer(text):
            start, end = hit.span()
            capital = page.folded.written(start, end)[:1].isupper()
            if (signed := page.signed(start, end) and (capital or len(text) < 40 or page.own_line(start, end))) or (
                page.addressed(start, end)
            ):
                yield Trace(start, end, signed)
    if who.initials is not None:
        for hit in who.initials.finditer(text):
            if page.folded.written(*hit.span())[:1].isupper() and page.signed(*hit.span()):
                yield Trace(hit.start(), hit.end(), True)
    yield from _spaced_letters(page, who)


def _places(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)


def _alone(page: Page, start: int, end: int) -> bool:
    """Not a piece of a longer run of the same script; particles and です end one."""
    kind = page.kind(start)
    before, after = page.kind(start - 1), page.kind(end)
    if kind == KANJI:
        if before == KANJI and not _TITLE_KANJI.search(page.before(start)):
            return False
        return after != KANJI or bool(re.match(r"拝|記|様|氏|先生|担当|相談員|心理", page.after(end)))
    if before == kind and kind == "T":
        return False
    return not (after == kind == "T")


def _kanji(page: Page, name: str, who: Sought) -> Iterator[Trace]:
    for hit in re.finditer(_ODD_GAP.join(re.escape(one) for one in name), page.folded.text):
        start, end = hit.span()
        signed = page.signed(start, end)
        if signed or page.addressed(start, end):
            if name in ordinary_words.PLACES and re.match(r"[県市区町村駅府]", page.after(end, 1)):
                continue
        elif page.related(start, end) or not _stands(page, name, start, end, who):
            continue
        yield Trace(start, end, signed)


def _stands(page: Page, name: str, start: int, end: int, who: Sought) -> bool:
    """Whether kanji that no signature and no さん point out are this person's: no word, place, house or other name."""
    text = page.folded.text
    spaced = end - start > len(name)
    if spaced and not re.fullmatch(_GAP.join(re.escape(one) for one in name), text[start:end]):
        return False
    if page.kind(start - 1) == KANJI:
        left = text[start - 1] + text[start]
        if spaced or left in ordinary_words.WORD_BEGINS or left in surnames():
            return False
        if any(text[start - more : start] + name in table for more in (1, 2) for table in (surnames(), given_names())):
            return False
    if page.kind(end) == KANJI and not _AFTER_A_NAME.match(text, end):
        return any(_own_given(page, end, given) for given in who.givens) if name in who.families else False
    if name in ordinary_words.PLACES and _GOES_ON.match(text[end : end + 24]):
        return False
    return not (_HOUSE.match(text, end) or is_thing(text, end) or _somebody_else(page, name, end, who))


# Kanji that may follow a name at once. Any others make another word or name of it: 佐藤錦, 森鴎外, 長谷川式.
_AFTER_A_NAME = re.compile(
    r"担当|相談|心理|公認|臨床|主任|室長|所長|課長|係|職員|先生|様|氏|君|殿|拝|記|宛|本人|個人|自身|経由|不在|退|等|他|一同|以下|今|本日|前[回々]|次回|両[名方]"
)
_HOUSE = re.compile(
    r"(?:くりにっく|ぐりーん|すた(?:じお|いる)|びる|まんしょん|すーぱー|ふぁーむ|ほーむ|こーひー|いんたー|かっぷ|通り)"
)
_THING = re.compile(
    r"[」』]?[ ]?(?:と(?:いう|いった|呼ぶ|名付けた|名づけた)(?:お?名前の|名の)?"
    r"(?:犬|猫|いぬ|ねこ|ぺっと|うさぎ|鳥|小鳥|ぬいぐるみ|人形|お?店|喫茶店|かふぇ|れすとらん|町|村|街|駅|地名|場所|ところ|所|土地|地域|曲|歌|本|絵本|映画|小説|漫画|まんが|どらま|番組|作品|あにめ|げーむ"
    r"|薬|お薬|商品|会社|学校|お寺|花|植物|言葉|ことば|漢字|字|名字|苗字|姓|主人公|登場人物|役|俳優|女優|歌手|作家|芸能人|選手|あいどる|友だち|友達|同級生|上司|同僚|息子|娘)"
    r"|の(?:木|花|実|葉|苗|枝|香り|鳴き声|巣|お?車|ばいく)(?![村本田山下々])|(?:のよう|みたい)[にな])"
)


def is_thing(text: str, end: int) -> bool:
    """Whether what ends there is said to be a thing, a place, somebody in a story."""
    return bool(_THING.match(text, end))


def _own_given(page: Page, end: int, given: str) -> bool:
    """佐藤花子: the given name follows the family name, and nothing that would make it a longer one."""
    text, stop = page.folded.text, end + len(given)
    if text[end:stop] != given:
        return False
    return page.kind(stop) != KANJI or bool(_AFTER_A_NAME.match(text, stop))


def _somebody_else(page: Page, name: str, end: int, who: Sought) -> bool:
    """佐藤 in 佐藤 健 where ours is 佐藤花子: an actor, an author, a teacher. As a signature it may still be ours."""
    text = page.folded.text
    if name not in who.families or text[end : end + 1] not in (" ", "\u3000", "・"):
        return False
    at = end + 1
    given = re.match(r"[\u3400-\u9fff々]{1,4}", text[at : at + 4])
    if given is None or given[0] not in given_names() or given[0] in who.givens:
        return False
    return not page.signed(end - len(name), at + len(given[0]))


def _kana_stands(page: Page, start: int, end: int) -> bool:
    kind = page.kind(start)
    if page.folded.kinds[start:end].strip(kind):
        return False  # さトう is nobody's name
    before, after = page.kind(start - 1), page.kind(end)
    text = page.folded.text
    if kind == "T":
        return before != "T" and after != "T"
    rest = text[end : end + 12]
    if before != "H":
        particles = (
            r"[はがにとへも]" if text[start:end] in ordinary_words.SELDOM_KANA else r"[はがのもをにとへまかでよや]"
        )
        return after != "H" or page.strong(end) or bool(re.match(particles, rest) and not is_thing(text, end))
    if page.strong(end):
        return True
    return text[start - 1] in _PARTICLES and after != "H" and page.kind(start - 2) not in ("H", "")


def _somebody_elses_given(page: Page, start: int, who: Sought) -> bool:
    """美空ひばり: kanji before the reading that are neither ours nor a role."""
    if page.kind(start) == KANJI or page.kind(start - 1) != KANJI or _TITLE_KANJI.search(page.before(start)):
        return False
    return not page.before(start).endswith(tuple(who.families))


def _spaced_letters(page: Page, who: Sought) -> Iterator[Trace]:
    for run in page.spelled:
        for pattern in (who.whole, who.latin):
            hit = pattern.search(run.text) if pattern is not None else None
            if hit is not None:
                yield Trace(run.places[hit.start()], run.places[hit.end() - 1] + 1, True)
        for word in (*who.kanji, *(one for one in who.kana if len(one) >= 3)):
            at = run.text.find(word)
            if at >= 0:
                yield Trace(run.places[at], run.places[at + len(word) - 1] + 1, True)
