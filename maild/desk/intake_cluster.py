"""Particulars given as a run of bare words (rules I2): 花子、24歳、女、三重 / ♂27@愛媛 たけ / 矢野です。女、30、香川."""

# ruff: noqa: E501
# Patterns and word lists are read whole, and ruff counts a kanji as two columns.
from __future__ import annotations

import re
from dataclasses import dataclass

from maild.desk.intake_names import real_name
from maild.desk.intake_whose import SEX, of_another, of_another_there
from maild.desk.intake_words import AGED, BORN, GRADE, NUM, PLACE, PLACE_JA
from maild.desk.places import LATIN

_LIMIT = 4_000  # characters: who somebody is stands near the top, or at the very end
_TOKEN = re.compile(
    r"(?<!\u200d)[♂♀]|(?<![^\s])@[A-Za-z0-9_]{3,20}|[^\s、,。・/／|()（）\[\]「」『』@:;!?♂♀♡♥☆★♪①-⑳\-–—_=~〜*]+"
)
_GAP = re.compile(r"[\s、,。・/／|()（）\[\]「」『』@:;!♡♥☆★♪①-⑳\-–—_=~〜*]{1,12}")
_LATIN = "|".join(LATIN)
_KINDS = {
    "age": rf"(?:満|現在|今は?|いまは?|年齢は?)?(?:{AGED}|{BORN}(?:れ|まれ)?|{GRADE}|{NUM}(?:[ ]?(?:sai|歳))?|\d\d ?(?:yo|y/o|years? old))(?:くらい|ぐらい|前後|独身|既婚)?",
    "sex": rf"(?:性別)?(?:{SEX}性?|[Xx]ジェンダー|ノンバイナリー|トランス(?:ジェンダー)?(?:男性|女性)?|その他|[mfMF]|male|female|man|woman|otoko|onna|dansei|josei|主婦|主夫)(?:の子|の人)?",
    "region": rf"(?:{PLACE}|{PLACE_JA}(?:けん|し|市|県)?|(?:{_LATIN})(?:-?(?:shi|ken|city|prefecture))?)(?:市内|県内|在住|住み|住まい|住|から(?:です)?|の?(?:あたり|辺り?|近く|方面|方|ほう|田舎|山奥|民)|(?:に|で)(?:住ん|暮ら|す(?:んで|まい)|います|おります)[^\s]{{0,8}})?",
}
_KIND = {kind: re.compile(pattern, re.I) for kind, pattern in _KINDS.items()}
_PIECES = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _KINDS.items()), re.I)
_HEAD = re.compile(
    r"(?:私|わたし|わたくし|あたし|うち|僕|ぼく|ボク|俺|おれ|オレ|自分|当方|わし)(?:の名前)?(?:は|って|の)?|名前は|from"
)
_TAIL = re.compile(
    r"(?:です(?:が|けど|けれど|ので)?|でございます|だ(?:よ|けど|が)?|で|じゃ(?:けえ?|が)?|や(?:けど|で|ねん)?|ばい|だに|だべ|だす|どす|っす|なり|ちゃん|と(?:申(?:し)?ます|いいます|言います|もうします)|っていいます|"
    r"ですよろしく.*|よろしく.*|といい|と申し|desu|より|希望)$"
)
_NOTHING = re.compile(
    r"(?:hi|hello|dear|こんにちは|こんばんは|はじめまして|初めまして|sent|my|the|からの送信|です|と申します|といいます|だ|に|で|さん|歳|才|一言|age|sex|name|i|im|i'm|am|は|の|独身|既婚|会社員|無職|フリーター|学生|大学生|大学\d年|主婦|パート|派遣|ニート|求職中|失業中|アルバイト|バイト|公務員|在住|from|よろしく.*|お願いし.*)",
    re.I,
)
_SENTENCE = re.compile(
    r"(?:て|た|い|る|を|が|に|は|な|と|も|の|で|う|く|ない|たい|ます|する|から|けど|こと|さい|し|か|ね|よ|へ|めて|って|んで|ん)$"
)
_NAME = re.compile(
    r"[一-龥々ヶぁ-んァ-ヶー]{1,8}|[A-Za-z][A-Za-z'.]{1,14}|[A-Za-z](?:子|男|美|太|太郎|さん|くん|ちゃん|君|氏)"
)
_KANA_NAME = re.compile(
    r"(?!はい|はじ|にて|もう|もし|のち|はや|もの|のに|には|にも|はぁ|はあ)[はにのも][ぁ-ん]{1,3}"
)  # はな, のぞみ, もも: not particles
_PARTICULAR = re.compile(r"[\d〇一二三四五六七八九十歳才男女♂♀県市町村区都府]|[A-Za-z]|さい|です|だ|ます")
_ALONE = re.compile(
    r"\s*((?!はい$|うん|もし|たす|しに|つら|いや|やだ|無理|了解|完了|返信|承知|拝啓|追加|同上|秘密)(?:[一-龥々]{2,4}|[ァ-ヶー]{2,6}|[ぁ-ん]{2,4}))[ 。]*\s*"
)
_ENGLISH_BEFORE = re.compile(r"[a-z'] $")
_ENGLISH_AFTER = re.compile(r" [a-z']{2}")
_REFUSED = re.compile(
    r"[未無]回答|回答しない|答えたくない|秘密|ひみつ|ヒミツ|内緒|ないしょ|非公開"
)  # ゆき/女/秘密/三重
_READING = re.compile(r"(?<=[一-龥々])[(](?!男|女)[ぁ-んァ-ヶー ]{2,10}[)]")  # 林田（はやしだ）
_Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    kinds: dict[str, _Span]
    name: _Span | None  # could be one
    sure: bool  # nothing but particulars, or nothing at all


def _pieces(word: str, at: int) -> dict[str, _Span] | None:
    """女24歳三重県: the particulars that a word is made of, None where anything else is left."""
    found: dict[str, _Span] = {}
    end = 0
    while end < len(word):
        if word[end] in "のでとはが・" and found:
            end += 1
            continue
        piece = _PIECES.match(word, end)
        if not piece or not piece.lastgroup or piece.end() == end:
            return None
        found.setdefault(piece.lastgroup, (at + piece.start(), at + piece.end()))
        end = piece.end()
    return found or None


def _name_like(word: str, *, sure: bool) -> bool:
    if not _NAME.fullmatch(word) or _NOTHING.fullmatch(word):
        return False
    if not (real_name(word, 0, len(word)) or _KANA_NAME.fullmatch(word)):
        return False
    return sure or len(word) <= 4 or not _SENTENCE.search(word)


def _word(text: str, start: int, end: int) -> _Word | None:
    """What one word may be; None where it belongs to a sentence."""
    word = text[start:end].rstrip(".")
    end = start + len(word)
    if head := _HEAD.match(word):
        start += head.end()
        word = text[start:end]
    if not word or _NOTHING.fullmatch(word):
        return _Word(start, end, {}, None, True)
    if _REFUSED.fullmatch(word):
        return _Word(start, end, {"refused": (start, end)}, None, True)
    if len(word) > 24 or (len(word) > 10 and not _PARTICULAR.search(word)):
        return None
    for kind, pattern in _KIND.items():
        if pattern.fullmatch(word):
            return _Word(
                start, end, {kind: (start, end)}, (start, end) if kind == "region" and len(word) == 2 else None, True
            )
    tail = _TAIL.search(word)
    bare = word[: tail.start()] if tail and tail.start() else word
    if kinds := _pieces(bare, start):
        return _Word(start, end, kinds, None, True)
    if "の" in bare:  # 埼玉の小池, 来月で三十になる埼玉の小池
        before, _, after = bare.rpartition("の")
        kinds = _pieces(before, start) or {}
        if kinds and _name_like(after, sure=True):
            return _Word(start, end, kinds, (start + len(before) + 1, start + len(bare)), True)
    if bare[0].islower() and (_ENGLISH_BEFORE.match(text, max(start - 2, 0), start) or _ENGLISH_AFTER.match(text, end)):
        return None  # a word of an English sentence
    if _name_like(bare, sure=bool(tail)):
        return _Word(start, end, {}, (start, start + len(bare)), False)
    return None


def alone(wide: str) -> _Span | None:
    """An answer that is nothing but a name."""
    match = _ALONE.fullmatch(wide[:40]) if len(wide) < 40 else None
    if match and _name_like(match[1], sure=True) and not _SENTENCE.search(match[1][3:]):
        return match.span(1)
    return None


def clustered(wide: str) -> dict[str, _Span]:
    """Items in runs of bare words: age, sex, region, and the word among them that is none of these for a name."""
    text = _READING.sub(lambda reading: " " * len(reading[0]), wide[:_LIMIT])
    found: dict[str, _Span] = {}
    run: list[_Word] = []

    def close() -> None:
        if not any(word.kinds for word in run):
            run.clear()
            return
        kinds: dict[str, _Span] = {}
        for word in run:
            for kind, span in word.kinds.items():
                if not (of_another_there(text, span[0]) if kind == "region" else of_another(text, *span)):
                    kinds.setdefault(kind, span)
        if (refused := kinds.pop("refused", None)) and kinds:
            kinds.setdefault(next((kind for kind in _KINDS if kind not in kinds), "age"), refused)
        names = [word.name for word in run if word.name and not word.kinds] or [
            word.name for word in run if word.name and word.name != word.kinds.get("region")
        ]
        told = [word for word in run if word.kinds or word.name]
        opening = bool(told) and not _HEAD.sub("", text[: told[0].start]).strip(" 、,\n")
        if len(kinds) >= 2 or (kinds and names and opening and told[0].name is not None):
            for kind, span in kinds.items():
                found.setdefault(kind, span)
            if names:
                first, last = told[0].name, told[-1].name
                best = first if first in names else last if last in names else names[0]
                # 佐藤 一郎: the given name after one space
                after = next((n for n in names if n and best and n[0] == best[1] + 1 and text[best[1]] == " "), None)
                if best:
                    found.setdefault("name", (best[0], after[1]) if after else best)
        run.clear()

    at = -1
    for token in _TOKEN.finditer(text):
        if run and not (at == token.start() or _GAP.fullmatch(text, at, token.start())):
            close()
        word = _word(text, *token.span())
        # the content begins: a word that is no particular after the run has a name already, or a sentence
        if word is None or (word.name and not word.kinds and sum(1 for w in run if w.name and not w.kinds) >= 2):
            close()
        else:
            run.append(word)
        at = token.end()
    close()
    return found
