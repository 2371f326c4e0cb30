"""Labels before the items of a first mail, as people and web forms write them, and the values behind them (rules I1, I2)."""

# ruff: noqa: E501
# Patterns and word lists are read whole, and ruff counts a kanji as two columns.
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from maild.desk.intake_label_words import GLUED, OTHER, SYNONYMS, TALK, WA, WEAK
from maild.mail.charmap import Charmap

#: Full-width ASCII, the ideographic space and odd spaces, one character for one: offsets stay those of the raw text.
WIDTH = Charmap(
    {
        **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
        **dict.fromkeys(map(ord, "\u3000\xa0\u2002\u2003\u2009\t\v\f\u200b\ufeff"), " "),
        **{ord("｡"): "。", ord("､"): "、", ord("･"): "・", ord("﹕"): ":", ord("∶"): ":"},
        # emoji and what else decorates, as ♪: a bullet before a label, the end of a sentence in prose
        **dict.fromkeys((*range(0x1F300, 0x1FB00), *range(0x2700, 0x2713), *range(0x2715, 0x2768)), "♪"),
        **dict.fromkeys((0x2600, 0x2601, 0x263A, 0x2B50, 0xFE0F), "♪"),
    }
)

_BULLET = r"[ >|*♡♥■◆●○〇◯◎▼▽□◇・•※☆★♪#\-–—_]*(?:(?:\(?\d{1,2}\)?|[①-⑳]|[一二三四五六七八九十]|[QA]\d{0,2})(?:[.):、．](?!\d)|(?=[^\d歳才代%年月日時分]))[ ]*)?[【\[<〈《〔「『(*“\"'※■▼]*[ ]*"
_AFTER = r"(?:[ ]*[(（〔\[][^)）〕\]\n]{0,40}[)）〕\]])?[ ]*(?:[*※]|必須|任意)?[ ]*"
_CLOSE = r"[】\]>〉》〕」』)*”\"]"
_MARK = r"(?:[:;=/|→⇒➡▶︎▷~〜~>…‥♡♥☆★♪]|\.{2,}|--?>?)+"
# ニックネームを教えてください / 年齢は？, with the answer below
_ASKED = r"(?:(?:は|を|について)?[ ]?(?:何歳|どちら|どこ|何|なん)?(?:です|でしょう)?か?[?]|(?:は|を|について)[ ]?(?:お?教え|お?聞かせ|ご?記入|ご?入力|お?書き|お?選び|ご?選択)(?:て|し?て)?(?:ください|下さい|願います)[。.:?]*)[ ]*$"
# A1.松 below Q1.お名前
_ANSWER = re.compile(r"\s*(?:[Aa]\d{1,2}[.:)、 ]|(?:A|答え?|回答)[ ]?:)[ ]*")
_IN_BRACKETS = re.compile(r"[(（]([^()（）\n]+)[)）]\s*$")
_A_HINT = re.compile(
    r"可|任意|必須|OK|ください|下さい|でも|程度|など|なし|無し|例|以内|差し支え|わかる|入力|記入|選択|市[区町]|町村|都道府県|数字|半角|全角|カナ|かな|ひらがな|漢字|本名|実名|仮名|ネーム|匿名(?!希望)|必要|推奨|男.*女|女.*男|^(?:歳|才|代|満|男|性別|年齢|名前|県|市|県名|市町村|年代)$",
    re.I,
)


# 名前ケンジ性別男年齢47才住所新潟です: three labels or more in one line, no mark between
_RUN_LABEL = r"(?:お|ご)?(名前|性別|年齢|住所|居住地|地域|相談内容)(?:は|が)?[ :/=]*"
_RUN_TOGETHER = re.compile(_RUN_LABEL)
_RUN_OF_THREE = re.compile(
    rf"(?:{_RUN_LABEL}(?:(?!名前|性別|年齢|住所|地域)[^ と・、,やをのに。]){{1,10}}[/／、, ]?){{3}}"
)
_SHORT = frozenset(("name", "sex", "age", "region"))
_BAR = re.compile(r" [/|] ")
_BELOW_MAX = 16  # characters of a short value on the next line


@dataclass(frozen=True, slots=True)
class Labelled:
    """One label (or several sharing one value) and where its value stands in the text."""

    items: tuple[str, ...]
    start: int
    value_start: int
    value_end: int
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The labels of one desk, compiled."""

    item_of: Mapping[str, str] = field(repr=False)
    line: re.Pattern[str] = field(repr=False)
    inside: re.Pattern[str] = field(repr=False)
    begins: frozenset[str] = field(repr=False)  # the first two characters of each label; none: cannot be told
    heads: frozenset[str] = field(repr=False)  # the first of these
    ends: frozenset[str] = field(repr=False)  # the last two of each that は may follow
    tails: frozenset[str] = field(repr=False)  # the last of these
    one: re.Pattern[str] = field(repr=False)


def _spaced(label: str) -> str:
    """名 前: up to four spaces between the characters of a Japanese label; any case."""
    if label.isascii():
        return re.escape(label).replace("_", "[ _]?")
    return "[ ]{0,4}".join(map(re.escape, label))


@lru_cache(maxsize=64)  # pure: the labels of a desk are the same for every mail
def vocabulary(items: tuple[tuple[str, tuple[str, ...]], ...]) -> Vocabulary:
    """Built-in synonyms together with the labels a desk configures; a configured label wins."""
    table: dict[str, str] = {}
    apart: dict[str, str] = {}  # where the words of a label may stand apart: full name
    groups = [
        *((item, labels or (item,)) for item, labels in items),
        *SYNONYMS.items(),
        ("", OTHER),
    ]
    for item, labels in groups:
        for label in labels:
            table.setdefault(_key(label), item)
            apart.setdefault(_key(label), WIDTH(label).lower().strip().replace(" ", "_"))
    ordered = [apart[k] if k.isascii() else k for k in sorted((k for k in table if k), key=len, reverse=True)]
    weak = {_key(w) for w in WEAK}
    configured = {_key(label) for item, labels in items for label in labels if item not in SYNONYMS}
    all_ = "|".join(map(_spaced, ordered))
    strong = "|".join(_spaced(k) for k in ordered if _key(k) not in weak and len(k) > 1)
    glued = "|".join(map(_spaced, GLUED))
    more = rf"(?:[ ]*(?:[・/,、&＆と]|および|及び)?[ ]*(?:{all_}))"
    # at the start of a line: a mark, a closing bracket, the end of the line, は, or (for the plain words) two things apart
    line = (
        rf"^{_BULLET}(?P<label>(?:{all_}){more}{{0,5}}){_AFTER}"
        rf"(?:{_ASKED}|{_CLOSE}+[ ]*(?:{_MARK})?|[■◆●▼□◇○★*=\-]+[ ]*$|[■◆●▼□◇★]+[ ]*(?=\S)|[ ]*{_MARK}|[ ]*$|[ ]+(?=\S)|(?<=[名前年齢性別域所容談齢称号])(?:は|に関しては)[、 ]?)[ ]*"
        rf"|^{_BULLET}(?P<glued>{glued})(?=[^はのをがにでともやな制欄的・、。順義差上無未不\W]{{1,12}}$)"
    )
    begins = {_key(label)[:2].casefold() for label in (*ordered, *GLUED)}
    inside = (
        rf"[【\[<〔■▼◆](?P<box>(?:{all_}){more}{{0,5}}){_AFTER}{_CLOSE}+[ ]*(?:{_MARK})?[ ]*|"
        rf"(?:(?<=[ 、,/。・;|】\])」＞>　])|(?<=です)|(?<=です。))[【\[<(]?(?P<label>(?:{all_}){more}{{0,5}}){_AFTER}(?:{_CLOSE}*[ ]*{_MARK}|{_CLOSE}+)[ ]*"
        rf"|(?<= )(?P<spaced>{'|'.join(_spaced(k) for k in ordered if len(k) > 1)})[ ]+(?=\S)"
        rf"|(?<=[ 。、\n])(?P<wa>(?:お|ご)?(?:{'|'.join(WA)})|{'|'.join(map(_spaced, sorted(configured, key=len, reverse=True))) or strong})は[、 ]?"
    )
    ends = {_key(label)[-2:].casefold() for label in (*ordered, *WA)}
    return Vocabulary(
        table,
        re.compile(line, re.M | re.I),
        re.compile(inside, re.M | re.I),
        frozenset() if any(begin[0] in _BEFORE for begin in begins) else frozenset(begins),
        frozenset(begin[0] for begin in begins),
        frozenset(ends),
        frozenset(end[-1] for end in ends),
        re.compile(all_, re.I),
    )


def _key(label: str) -> str:
    return WIDTH(label).lower().replace(" ", "").replace("_", "")


def _items(words: Vocabulary, label: str) -> tuple[str, ...]:
    if (item := words.item_of.get(_key(label))) is not None:
        return (item,)
    found = [words.item_of.get(_key(m[0]), "") for m in words.one.finditer(label)]
    return tuple(dict.fromkeys(found))


# every character that may stand before a label at the start of a line, whatever is decided about it there
_BEFORE = " >|*♡♥■◆●○〇◯◎▼▽□◇・•※☆★♪#-–—_()0123456789①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳一二三四五六七八九十.):、【[<〈《〔「『“\"'"
_ASIDE = re.compile('[【\\[<〔■▼◆:;=/|→⇒➡▶︎▷~〜>…‥♡♥☆★♪.\\-】\\]〉》〕」』)*”" ]')  # a mark, a bracket or a space


def _may_begin(line: str, words: Vocabulary) -> bool:
    """Whether a label may stand at the start of the line: False only where none can."""
    if not words.begins:
        return True
    if "ぁ" <= line[0] <= "龯" and line[0] not in words.heads and line[0] not in _BEFORE:
        return False  # as nearly all lines of prose
    rest = line.lstrip(_BEFORE)
    if not rest or rest[0] in "QAqa" or rest[0].isdigit():
        return True
    begin = rest[:10].replace(" ", "").replace("_", "")[:2].casefold()
    return begin in words.begins or begin[:1] in words.begins


class _Signs:
    """Where a label may stand behind the start of a line: asked for rising places, each sign is looked for once."""

    __slots__ = ("_aside", "_text", "_topic", "_words")

    def __init__(self, text: str, words: Vocabulary) -> None:
        self._text = text
        self._words = words
        self._aside = self._topic = -1  # the next ones; the text's length where there are none

    def stand(self, start: int, end: int) -> bool:
        """Whether one stands between; False only where no label can."""
        if self._aside < start:
            aside = _ASIDE.search(self._text, start)
            self._aside = aside.start() if aside else len(self._text)
        if self._aside < end:
            return True
        if self._topic < start:
            self._topic = self._next_topic(start)
        return self._topic < end

    def _next_topic(self, at: int) -> int:
        """The next は behind what a label may end with."""
        text, words = self._text, self._words
        at = text.find("は", at)
        while at >= 0:
            before = text[at - 1 : at].casefold()[-1:]
            if before in words.tails:
                end = text[max(0, at - 10) : at].replace(" ", "").replace("_", "")[-2:].casefold()
                if end in words.ends or end[-1:] in words.ends:
                    return at
            at = text.find("は", at + 1)
        return len(text)


def labelled(text: str, words: Vocabulary) -> list[Labelled]:
    """Every label in the text with its value as written. ``text`` holds \\n line ends; offsets are those of ``text``."""
    wide = WIDTH(text)
    signs = _Signs(wide, words)
    marks: dict[int, tuple[int, tuple[str, ...], bool]] = {}
    start = ends = 0
    for line in wide.split("\n"):
        here, end = start, start + len(line)
        start = end + 1
        if not line or len(line) > 2000:
            continue  # no label line is that long; keeps hostile lines cheap
        at = 0
        if _may_begin(line, words) and (first := words.line.match(line)):
            label = first["label"] or first["glued"]
            if not _prose(line, first.end(), first["label"] or ""):
                marks[here] = (here + first.end(), _items(words, label), False)
                at = first.end()
        for mark in words.inside.finditer(line, max(at - 1, 0)) if signs.stand(here + at, end) else ():
            label = mark["box"] or mark["label"] or mark["spaced"] or mark["wa"]
            if mark.start() >= at and not (mark["spaced"] and not marks):
                marks[here + mark.start()] = (here + mark.end(), _items(words, label), False)
        if "性" in line and _RUN_OF_THREE.search(line):
            for one in _RUN_TOGETHER.finditer(line):
                marks[here + one.start()] = (here + one.end(), _items(words, one[1]), True)
        ends = end
    found: list[Labelled] = []
    order = sorted(marks)
    beside = False  # does a value of this mail stand beside its label
    for number, start in enumerate(order):
        value_start, items, run_together = marks[start]
        limit = order[number + 1] if number + 1 < len(order) else ends
        limit = max(limit, value_start)
        end = _value_end(wide, value_start, limit, "content" in items, beside and set(items) <= _SHORT)
        if run_together and set(items) <= _SHORT and (stop := wide.find("です", value_start, end)) >= 0:
            end = stop
        if answer := _ANSWER.match(wide, value_start, end):
            value_start = answer.end()
        elif not wide[value_start:end].strip() and len(items) == 1 and items[0]:
            # 名前（花子）: in brackets stands the value, unless it is a hint
            inner = _IN_BRACKETS.search(wide, start, value_start)
            if inner and not _A_HINT.search(inner[1]):
                value_start, end = inner.span(1)
        beside = beside or wide[value_start : value_start + 1] not in ("", "\n", " ")
        value = text[value_start:end].strip().rstrip("【[<■◆▼●・*|").strip(" \u3000、,/|*")
        found.append(Labelled(items, start, value_start, end, value))
    return found


def _prose(line: str, end: int, label: str) -> bool:
    """性別で差別され…, 相談 があります: a word of a sentence, not a label."""
    rest = line[end:]
    separator = line[:end].rstrip()[-1:]
    if separator in "は" and re.match(
        r"[^。]{0,4}(?:\?|？)|ありますか|下に|以下|次の|いりますか|必要|何を|どう|書か", rest
    ):
        return True
    if re.search(r"[:;=/|→⇒】\]>〉》〕」』)…]\s*$", line[:end]) or not rest.strip():
        return False
    if line[:end] != line[:end].rstrip() and _key(label) in TALK:  # 相談 があります
        return bool(re.match(r"(?:が|を|に|の|で|は|も|です|したい|させ|し(?:ます|て))", rest))
    return False


def _value_end(wide: str, start: int, limit: int, whole: bool, beside: bool) -> int:
    """A content runs to the next label; another value is one line, or the next line with text where its own is empty.

    Where the values stand beside their labels, one left empty does not take the text below it for its own.
    """
    if whole:
        return limit
    line_end = wide.find("\n", start, limit)
    line_end = limit if line_end < 0 else line_end
    stop = wide.find("。", start, line_end)
    if 0 <= stop < line_end - 1 and stop > start:
        return stop  # a sentence follows on the same line
    bar = _BAR.search(wide, start, line_end)
    if bar and line_end - bar.end() >= 8 and wide[start : bar.start()].strip() not in ("", "男", "女", "男性", "女性"):
        return bar.start()  # 生年月日:2001年3月14日 / 女性 / 徳島県 / …
    if wide[start:line_end].strip(" *|>-"):
        return line_end
    at = line_end
    while at < limit and wide[at] in " \n>*":
        at += 1
    next_end = wide.find("\n", at, limit)
    next_end = limit if next_end < 0 else next_end
    return line_end if beside and (wide.count("\n", line_end, at) > 1 or next_end - at > _BELOW_MAX) else next_end
