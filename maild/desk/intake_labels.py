"""Labels before the items of a first mail, as people and web forms write them, and the values behind them (rules I1, I2)."""

# ruff: noqa: E501
# Patterns and word lists are read whole, and ruff counts a kanji as two columns.
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from maild.mail.charmap import Charmap

#: Full-width ASCII, the ideographic space and odd spaces, one character for one: offsets stay those of the raw text.
WIDTH = Charmap(
    {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    | dict.fromkeys(map(ord, "\u3000\xa0\u2002\u2003\u2009\t\v\f\u200b\ufeff"), " ")
    | {ord("｡"): "。", ord("､"): "、", ord("･"): "・", ord("﹕"): ":", ord("∶"): ":"}
)

#: Known items and what people call them. What is longer is tried first.
SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "name": tuple(
        [
            "お名前",
            "名前",
            "御名前",
            "ご氏名",
            "氏名",
            "ハンドルネーム",
            "ハンドル",
            "ニックネーム",
            "ペンネーム",
            "呼び名",
            "呼び方",
            "仮名",
            "お呼びする名前",
            "なまえ",
            "おなまえ",
            "ナマエ",
            "ﾅﾏｴ",
            "HN",
            "相談者名",
            "相談者の名前",
            "申込者名",
            "利用者名",
            "名",
            "姓",
            "姓名",
            "お名まえ",
            "名まえ",
            "name",
            "full_name",
            "nickname",
            "handle",
            "your_name",
            "your-name",
            "namae",
            "onamae",
            "shimei",
        ]
    ),
    "sex": tuple(
        [
            "性別",
            "ご性別",
            "男女",
            "せいべつ",
            "セイベツ",
            "相談者の性別",
            "性",
            "gender",
            "sex",
            "your-sex",
            "your-gender",
            "seibetsu",
            "せい",
        ]
    ),
    "age": tuple(
        [
            "ご年齢",
            "お年",
            "年齢",
            "年令",
            "年代",
            "お歳",
            "歳",
            "齢",
            "とし",
            "年",
            "生年月日",
            "生年",
            "ねんれい",
            "ネンレイ",
            "相談者の年齢",
            "世代",
            "年齢層",
            "age",
            "birthday",
            "your-age",
            "トシ",
            "nenrei",
            "toshi",
        ]
    ),
    "region": tuple(
        [
            "居住地域",
            "居住地",
            "居住",
            "お住まいの地域",
            "お住まいの市町村",
            "お住まいの都道府県",
            "お住いの地域",
            "お住まい",
            "お住い",
            "住まい",
            "住い",
            "住んでいる地域",
            "住んでいるところ",
            "住んでる県",
            "住んでいる県",
            "住んでる場所",
            "住んでいる場所",
            "住んでいる市",
            "お住まいの県",
            "お住まいの場所",
            "住んでいる所",
            "ばしょ",
            "お住まいはどちら",
            "現在の居住地",
            "住んでる所",
            "住んでるところ",
            "すんでいるところ",
            "すんでるところ",
            "住み",
            "在住地",
            "在住",
            "地域",
            "ご住所",
            "現住所",
            "住所",
            "都道府県",
            "市町村",
            "市区町村",
            "県",
            "場所",
            "所在地",
            "相談者の居住地域",
            "じゅうしょ",
            "ちいき",
            "住",
            "所",
            "location",
            "area",
            "region",
            "address",
            "prefecture",
            "city",
            "residence",
            "your-area",
            "your-address",
            "エリア",
            "チイキ",
            "すまい",
            "スマイ",
            "じゅうきょ",
            "chiiki",
            "basho",
            "sumai",
            "kyojuchi",
            "jusho",
        ]
    ),
    "content": tuple(
        [
            "ご相談内容",
            "相談内容",
            "ご相談の内容",
            "相談の内容",
            "相談したいこと",
            "相談したい内容",
            "相談事",
            "ご相談",
            "御相談",
            "相談",
            "お問い合わせ内容",
            "お問合せ内容",
            "問い合わせ内容",
            "メッセージ本文",
            "メッセージ",
            "本文",
            "内容",
            "お悩み",
            "悩み",
            "悩みごと",
            "なやみ",
            "そうだん",
            "質問",
            "ご質問",
            "ご用件",
            "用件",
            "備考",
            "自由記入欄",
            "message",
            "content",
            "question",
            "consultation",
            "body",
            "your-message",
            "ナイヨウ",
            "ないよう",
            "ソウダン",
            "naiyou",
            "naiyo",
            "soudan",
            "sodan",
        ]
    ),
}
_OTHER = tuple(
    [
        "差出人",
        "題名",
        "件名",
        "メールアドレス",
        "E-mail",
        "Email",
        "メール",
        "電話番号",
        "電話",
        "TEL",
        "フリガナ",
        "ふりがな",
        "職業",
        "ご職業",
        "送信日時",
        "送信元",
        "IP",
        "IPアドレス",
        "URL",
        "同意",
        "個人情報",
        "希望日",
        "希望日時",
        "予約日時",
        "日時",
        "時間",
        "求職者番号",
        "番号",
        "郵便番号",
        "学歴",
        "職歴",
        "返信",
        "Subject",
        "From",
    ]
)
#: Labels that are words of everyday prose: only with a mark after them that prose does not have.
_WEAK = frozenset(
    [
        "名",
        "姓",
        "性",
        "年",
        "齢",
        "歳",
        "県",
        "住",
        "所",
        "相談",
        "ご相談",
        "御相談",
        "内容",
        "場所",
        "地域",
        "質問",
        "ご質問",
        "メール",
        "電話",
        "時間",
        "日時",
        "返信",
        "悩み",
        "とし",
        "年代",
        "世代",
        "男女",
        "在住",
        "居住",
        "備考",
        "本文",
        "名前",
        "年齢",
        "性別",
        "住所",
        "name",
        "age",
        "sex",
        "city",
        "area",
        "address",
        "message",
        "question",
        "content",
        "body",
        "番号",
        "職業",
        "同意",
        "住み",
        "個人情報",
        "なまえ",
        "そうだん",
        "メッセージ",
        "ハンドル",
    ]
)
#: Labels that, at the start of a line, hold even when the value follows without any mark (名前太郎).
_GLUED = ("お名前", "名前", "氏名", "年齢", "性別", "地域", "居住地", "住所", "内容", "なまえ")

_TALK = frozenset(
    [
        "相談",
        "ご相談",
        "御相談",
        "質問",
        "ご質問",
        "本文",
        "内容",
        "悩み",
        "住所",
        "地域",
        "年",
        "性",
        "県",
        "所",
        "メール",
        "電話",
        "時間",
    ]
)

_BULLET = r"[ >|*■◆●○◎▼▽□◇・•※☆★♪#\-–—_]*(?:(?:\(?\d{1,2}\)?|[①-⑳]|[QA]\d{0,2})(?:[.):、．](?!\d)|(?=[^\d歳才代%年月日時分]))[ ]*)?[【\[<〈《〔「『(*“\"'※■▼]*[ ]*"
_AFTER = r"(?:[ ]*[(（〔\[][^)）〕\]\n]{0,40}[)）〕\]])?[ ]*(?:[*※]|必須|任意)?[ ]*"
_CLOSE = r"[】\]>〉》〕」』)*”\"]"
_MARK = r"(?:[:;=/|→⇒➡▶︎▷~〜~>…‥]|\.{2,}|--?>?)+"


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
    one: re.Pattern[str] = field(repr=False)


def _spaced(label: str) -> str:
    """名 前: up to four spaces between the characters of a Japanese label; any case."""
    if label.isascii():
        return re.escape(label).replace("_", "[ _]")
    return "[ ]{0,4}".join(map(re.escape, label))


@lru_cache(maxsize=64)  # pure: the labels of a desk are the same for every mail
def vocabulary(items: tuple[tuple[str, tuple[str, ...]], ...]) -> Vocabulary:
    """Built-in synonyms together with the labels a desk configures; a configured label wins."""
    table: dict[str, str] = {}
    for item, labels in items:
        for label in labels or (item,):
            table.setdefault(_key(label), item)
    for item, labels in SYNONYMS.items():
        for label in labels:
            table.setdefault(_key(label), item)
    for label in _OTHER:
        table.setdefault(_key(label), "")
    ordered = sorted((k for k in table if k), key=len, reverse=True)
    weak = {_key(w) for w in _WEAK}
    configured = {_key(label) for item, labels in items for label in labels if item not in SYNONYMS}
    all_ = "|".join(map(_spaced, ordered))
    strong = "|".join(_spaced(k) for k in ordered if k not in weak and len(k) > 1)
    glued = "|".join(map(_spaced, _GLUED))
    more = rf"(?:[ ]*(?:[・/,、&＆と]|および|及び)?[ ]*(?:{all_}))"
    # at the start of a line: a mark, a closing bracket, the end of the line, は, or (for the plain words) two things apart
    line = (
        rf"^{_BULLET}(?P<label>(?:{all_}){more}{{0,5}}){_AFTER}"
        rf"(?:{_CLOSE}+[ ]*(?:{_MARK})?|[■◆●▼□◇○★*=\-]+[ ]*$|[ ]*{_MARK}|[ ]*$|[ ]+(?=\S)|(?<=[名前年齢性別域所容談齢称号])(?:は|に関しては)[、 ]?)[ ]*"
        rf"|^{_BULLET}(?P<glued>{glued})(?=[^はのをがにでともやな制欄的・、。順義差上無未不\W]{{1,12}}$)"
    )
    inside = (
        rf"[【\[<〔■▼◆](?P<box>(?:{all_}){more}{{0,5}}){_AFTER}{_CLOSE}+[ ]*(?:{_MARK})?[ ]*|"
        rf"(?:(?<=[ 、,/。・;|】\])」＞>　])|(?<=です)|(?<=です。))[【\[<(]?(?P<label>(?:{all_}){more}{{0,5}}){_AFTER}(?:{_CLOSE}*[ ]*{_MARK}|{_CLOSE}+)[ ]*"
        rf"|(?<= )(?P<spaced>{'|'.join(_spaced(k) for k in ordered if len(k) > 1)})[ ]+(?=\S)"
        rf"|(?<=[ 。、\n])(?P<wa>(?:お|ご)?(?:名前|年齢|性別|氏名|住所|住まい|居住地|居住地域|地域|なまえ|としは|年|歳|住所地)|{'|'.join(map(_spaced, sorted(configured, key=len, reverse=True))) or strong})は[、 ]?"
    )
    return Vocabulary(table, re.compile(line, re.M | re.I), re.compile(inside, re.M | re.I), re.compile(all_, re.I))


def _key(label: str) -> str:
    return WIDTH(label).lower().replace(" ", "").replace("_", "")


def _items(words: Vocabulary, label: str) -> tuple[str, ...]:
    found = [words.item_of.get(_key(m[0]), "") for m in words.one.finditer(label)]
    return tuple(dict.fromkeys(found))


def labelled(text: str, words: Vocabulary) -> list[Labelled]:
    """Every label in the text with its value as written. ``text`` holds \\n line ends; offsets are those of ``text``."""
    wide = WIDTH(text)
    marks: dict[int, tuple[int, tuple[str, ...], bool]] = {}
    ends = 0
    for line in re.finditer(r"[^\n]+", wide):
        if len(line[0]) > 2000:
            continue  # no label line is that long; keeps hostile lines cheap
        at = 0
        if first := words.line.match(line[0]):
            label = first["label"] or first["glued"]
            if not _prose(line[0], first.end(), first["label"] or ""):
                marks[line.start()] = (line.start() + first.end(), _items(words, label), True)
                at = first.end()
        for mark in words.inside.finditer(line[0], max(at - 1, 0)):
            label = mark["box"] or mark["label"] or mark["spaced"] or mark["wa"]
            if mark.start() >= at and not (mark["spaced"] and not marks):
                marks[line.start() + mark.start()] = (line.start() + mark.end(), _items(words, label), False)
        ends = line.end()
    found: list[Labelled] = []
    order = sorted(marks)
    for number, start in enumerate(order):
        value_start, items, _ = marks[start]
        limit = order[number + 1] if number + 1 < len(order) else ends
        limit = max(limit, value_start)
        end = _value_end(wide, value_start, limit, "content" in items)
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
    if line[:end] != line[:end].rstrip() and _key(label) in _TALK:  # 相談 があります
        return bool(re.match(r"(?:が|を|に|の|で|は|も|です|したい|させ|し(?:ます|て))", rest))
    return False


def _value_end(wide: str, start: int, limit: int, whole: bool) -> int:
    """A content runs to the next label; another value is one line, or the next line with text where its own is empty."""
    if whole:
        return limit
    line_end = wide.find("\n", start, limit)
    line_end = limit if line_end < 0 else line_end
    stop = wide.find("。", start, line_end)
    if 0 <= stop < line_end - 1 and stop > start:
        return stop  # a sentence follows on the same line
    bar = re.compile(r" [/|] ").search(wide, start, line_end)
    if bar and line_end - bar.end() >= 8 and wide[start : bar.start()].strip() not in ("", "男", "女", "男性", "女性"):
        return bar.start()  # 生年月日:2001年3月14日 / 女性 / 徳島県 / …
    if wide[start:line_end].strip(" *|>-"):
        return line_end
    at = line_end
    while at < limit and wide[at] in " \n>*":
        at += 1
    next_end = wide.find("\n", at, limit)
    return limit if next_end < 0 else next_end
