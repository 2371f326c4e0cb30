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
from maild.desk.folded import KANJI, LATIN, Folded, fold_word, line_breaks, line_of, spaced_out
from maild.desk.readings import Name, Part, latin_pattern, surnames, take_apart

_ROLE = (
    r"(?:御?担当(?:者|相談員|職員|カウンセラー)?|相談員|相談担当|カウンセラー|臨床心理士|公認心理師|心理士|心理師|精神保健福祉士|社会福祉士|保健師"
    r"|看護師|医師|職員|スタッフ|窓口|室長|所長|主任|課長|係長|係|センター|文責|記入者|返信者|回答者|差出人|署名|名前|氏名|わたくし|わたし|私|当方|こちらは"
    r"|counsell?or|from|by|name|regards|sincerely|yours|thanks|i am|i'm|this is|my name is|signed)"
)
_ROLE_FOLDED = "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in _ROLE)
_MARKS = r"[\s\u3000\-–—―ー~〜=*・･、。,.:;/|()\[\]{}<>「」『』【】〔〕♪☆★…!?]{0,20}"
_LEAD = re.compile(rf"{_MARKS}(?:[^\n。、]{{0,20}}?{_ROLE_FOLDED}(?:の|は|:|より)?{_MARKS}){{0,2}}\Z")
_TAIL = re.compile(
    rf"{_MARKS}(?:拝|記|より|です|と申します|ともうします|先生|{_ROLE_FOLDED})?{_MARKS}(?:[({{\[][^\n]{{0,20}})?\Z"
)
_ROLE_BEFORE = re.compile(rf"{_ROLE_FOLDED}(?:の|は|を務める|をしている|をしております)?[\s\u3000:、,・（(「]{{0,2}}\Z")
_SENTENCE_BEFORE = re.compile(r"(?:\A|[\n。、!?:()「」『』・,.♪…])[\s\u3000]{0,4}\Z")
_INTRODUCED = re.compile(
    r"(?:です(?!が|け|か|ね)|でございます|でした|と申|ともうし|といい(?:ます|まして)|と言い(?:ます|まして)|が(?:お?返事|お?返信|お?答え|回答|承|うけたまわ|担当|対応|お受け"
    r"|お話|拝見|読み|書)|がたんとう|が、?(?:今回|引き続き|今後|次回)|という者|という名|という相談員)"
)
_AT_WORK = re.compile(
    r"が、?(?:引き続き|ひきつづき)?(?:担当|たんとう|承り|うけたまわ|お受けし|対応(?:いた|致|し)|お返事(?:いた|致|し|を))"
)
_STRONG = re.compile(
    r"(?:です|でございます|でした|と申|ともうし|と(?:いい|言い)(?:ます|まして)|より(?![もか])|が(?:担当|承|お|対応|回答|拝見|返)|がたんとう|さん(?![ざじずぜぞ])|先生"
    r"|せんせい|拝|はい$|に(?:お電話|ご連絡|お伝え|代わ|かわ|お尋ね|聞))"
)
_ADDRESSED = re.compile(
    r"[\s\u3000]{0,1}(?:さん(?![かご]い|ざ|ぽ)|先生|せんせい|氏(?![名])|様(?![子々式])|さま(?!ざま|よ)|ちゃん(?!と)|くん|君(?!臨))"
)
_EVERYBODY = frozenset({"みな", "たく", "おく", "まご", "奥", "孫", "娘", "皆"})  # みなさん, たくさん, 奥さん
_GIVEN_OUT = re.compile(
    r"[\s\u3000]{0,1}(?:の(?:ご?相談|ケース|けーす|件|メール|めーる)|からの(?:ご?相談|メール|めーる))"
)
_PARTICLES = frozenset("はがのもをにとへや")
_GOES_ON = re.compile(ordinary_words.PLACE_GOES_ON.replace("センター", "せんたー"))
_TITLE_KANJI = re.compile(r"(?:担当者?|相談員|職員|師|士|長|係|課|部|室|任|員|私|方|責|名|氏|者|署|拝|上|医|会)\Z")
_LETTERS = re.compile(r"[a-z]")


@dataclass(frozen=True, slots=True)
class Trace:
    """Where in the folded text something stands; ``signed`` where it stands for the writer of the reply."""

    start: int
    end: int
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A folded text with what looking around in it needs."""

    folded: Folded
    breaks: list[int] = field(repr=False)
    last: int  # where what is written ends

    @classmethod
    def of(cls, folded: Folded) -> Page:
        return cls(folded, line_breaks(folded), len(folded.text.rstrip()))

    def kind(self, place: int) -> str:
        return self.folded.kinds[place] if 0 <= place < len(self.folded.kinds) else ""

    def before(self, place: int, size: int = 40) -> str:
        return self.folded.text[max(0, place - size) : place]

    def after(self, place: int, size: int = 40) -> str:
        return self.folded.text[place : place + size]

    def own_line(self, start: int, end: int) -> bool:
        """Whether a line holds nothing else but roles and ornaments."""
        begin, stop = line_of(self.folded, self.breaks, start)
        if stop - begin > 120 or end > stop:
            return False
        text = self.folded.text
        return bool(_LEAD.match(text[begin:start]) and _TAIL.match(text[end:stop]))

    def at_end(self, start: int, end: int) -> bool:
        """Whether the text ends with it, apart from what comes before on the line."""
        rest = self.folded.text[end : self.last]
        if len(rest) > 6 or rest.strip("。.)）」』】]♪☆★*-~〜拝"):
            return False
        before = self.before(start, 1)
        return (
            not before or before in " \t\n\u3000・:/|-―ー~〜*(（「【[" or bool(_ROLE_BEFORE.search(self.before(start)))
        )

    def signed(self, start: int, end: int) -> bool:
        """Whether it stands for the writer: a signature, an introduction."""
        if self.own_line(start, end) and (self.folded.text[:start].strip() or not self.folded.text[end:].strip()):
            return True
        return self.at_end(start, end) or self.introduced(start, end)

    def introduced(self, start: int, end: int) -> bool:
        before, after = self.before(start), self.after(end)
        if _AT_WORK.match(after):
            return True
        if _ROLE_BEFORE.search(before) and not re.match(r"さん|様|さま|先生", after):
            return not _hiragana_runs_on(after)
        if not _SENTENCE_BEFORE.search(before):
            return False
        return bool(_INTRODUCED.match(after) or re.match(r"より[\s\u3000。]{0,3}(?:\n|\Z)", after))

    def addressed(self, start: int, end: int, *, given_out: bool = False) -> bool:
        """Whether it stands as a name: さん behind it and no word before it."""
        if (
            start
            and self.folded.text[start - 1] not in _PARTICLES
            and self.kind(start - 1) == self.kind(start) != LATIN
        ):
            return False
        after = self.after(end)
        if self.folded.text[start:end] in _EVERYBODY:
            return False
        return bool(_ADDRESSED.match(after) or (given_out and _GIVEN_OUT.match(after)))


def _hiragana_runs_on(after: str) -> bool:
    return bool(re.match(r"[ぁ-ゖー]", after)) and not re.match(
        r"(?:です|でし|でござ|と|が|は|より|に|の|も|まで|へ|か)", after
    )


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
    for part in (*families, *givens):
        _sort(part, kanji, strict, kana, latin, latin_strict)
    if not families and not givens and len(fold_word(name)) >= 3:
        strict[fold_word(name)] = None
    if len(apart.whole) == 2 and families and givens:
        strict |= dict.fromkeys(
            (fold_word(apart.whole), *(f"{apart.whole[0]}{gap}{apart.whole[1]}" for gap in " \u3000"))
        )
    for one in people:
        short = [(a, b) for f in one.families for g in one.givens for a in f.readings for b in g.readings]
        strict |= dict.fromkeys(a + gap + b for a, b in short if len(a) + len(b) < 5 for gap in ("", " ", "\u3000"))
    whole = [one for one in (*_pairs(people), *_squeezed_whole(apart)) if one]
    return Sought(
        tuple(sorted(kanji, key=len, reverse=True)), tuple(strict), tuple(kana),
        _any(whole), _latin(latin), _latin(latin_strict),
    )  # fmt: skip


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
            yield Trace(hit.start(), hit.end(), page.signed(hit.start(), hit.end()))
    for name in who.kanji:
        yield from _kanji(page, name)
    for reading in who.kana:
        for start in _places(text, reading):
            if _kana_stands(page, start, start + len(reading)):
                yield Trace(start, start + len(reading), page.signed(start, start + len(reading)))
    for name in who.strict:
        for start in _places(text, name):
            end = start + len(name)
            if _alone(page, start, end) and (signed := page.signed(start, end)) | page.addressed(start, end):
                yield Trace(start, end, signed)
    if who.latin is not None:
        for hit in who.latin.finditer(text):
            yield Trace(hit.start(), hit.end(), page.signed(hit.start(), hit.end()))
    if who.latin_strict is not None:
        for hit in who.latin_strict.finditer(text):
            start, end = hit.span()
            capital = page.folded.written(start, end)[:1].isupper()
            if (signed := page.signed(start, end) and (capital or len(text) < 40 or page.own_line(start, end))) or (
                page.addressed(start, end)
            ):
                yield Trace(start, end, signed)
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


def _kanji(page: Page, name: str) -> Iterator[Trace]:
    text = page.folded.text
    for hit in re.finditer(r"[ \t\u3000]{0,2}".join(re.escape(one) for one in name), text):
        start, end = hit.span()
        signed = page.signed(start, end)
        if not signed and not page.addressed(start, end):
            left, right = text[start - 1 : start] + text[start], text[end - 1] + text[end : end + 1]
            if page.kind(start - 1) == KANJI and (left in surnames() or left in ordinary_words.WORD_BEGINS):
                continue
            if page.kind(end) == KANJI and right in ordinary_words.WORD_BEGINS:
                continue
            if name in ordinary_words.PLACES and _GOES_ON.match(text[end : end + 24]):
                continue
            if any(character in " \t\u3000" for character in hit.group()) and page.kind(start - 1) == KANJI:
                continue
        elif name in ordinary_words.PLACES and re.match(r"[県市区町村駅府]", text[end : end + 1]):
            continue
        yield Trace(start, end, signed)


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
        return after != "H" or bool(_STRONG.match(rest)) or bool(re.match(r"[はがのもをにとへまかでよや]", rest))
    if _STRONG.match(rest):
        return True
    return text[start - 1] in _PARTICLES and after != "H" and page.kind(start - 2) not in ("H", "")


def _spaced_letters(page: Page, who: Sought) -> Iterator[Trace]:
    for run in spaced_out(page.folded):
        for pattern in (who.whole, who.latin):
            hit = pattern.search(run.text) if pattern is not None else None
            if hit is not None:
                yield Trace(run.places[hit.start()], run.places[hit.end() - 1] + 1, True)
        for word in (*who.kanji, *who.kana):
            at = run.text.find(word)
            if at >= 0:
                yield Trace(run.places[at], run.places[at + len(word) - 1] + 1, True)


# -- names other clients chose -----------------------------------------------------------------------------------------

_NOBODY = re.compile(
    r"匿名.{0,4}|名無し.{0,4}|ななし.{0,4}|なし|無し|相談者.{0,2}|本人|ひみつ|秘密|未記入|同上|無記名|母|父|妻|夫|主婦|学生|会社員|名前|不明|特になし|"
    r"anonymous|none|no ?name|n/?a|test|テスト|てすと|[a-z]"
)


def find_chosen(page: Page, chosen: str) -> Iterator[Trace]:
    """Traces of another client: the name they chose, which may be any word."""
    name = fold_word(chosen)
    bare = re.sub(r"[\s\u3000]+", "", name)
    if len(bare) < 2 or len(bare) > 100 or _NOBODY.fullmatch(bare):
        return
    apart = take_apart(chosen)
    for written in dict.fromkeys((name, bare)):
        for start in _places(page.folded.text, written):
            end = start + len(written)
            clear = _is_plain(bare) or page.addressed(start, end, given_out=True)
            if clear and _latin_ends(page, start, end):
                yield Trace(start, end)
    for part in (*apart.families, *apart.givens):
        word = fold_word(part.written)
        if len(word) >= 2 and word != bare:
            for start in _places(page.folded.text, word):
                if page.addressed(start, start + len(word), given_out=True) and _latin_ends(
                    page, start, start + len(word)
                ):
                    yield Trace(start, start + len(word))


def _is_plain(name: str) -> bool:
    """Whether a chosen name is no word: then it is a trace wherever it stands."""
    if name in ordinary_words.WORDS or name in ordinary_words.PLACES or name in ordinary_words.LATIN:
        return False
    if re.fullmatch(r"[ぁ-ゖー]+", name):
        return False
    if name.isascii():
        return len(name) >= 4 and bool(_LETTERS.search(name))
    apart = take_apart(name)
    return len(name) >= 3 and bool(apart.families) and (apart.families[0].readings != () or len(name) >= 4)


def _latin_ends(page: Page, start: int, end: int) -> bool:
    text = page.folded.text
    if page.kind(start) in (LATIN, "D") and text[start - 1 : start].isascii() and text[start - 1 : start].isalnum():
        return False
    return not (page.kind(end - 1) in (LATIN, "D") and text[end : end + 1].isascii() and text[end : end + 1].isalnum())
