"""How a Japanese name is read and written in Latin letters (rule P5): the config usually has the characters only.

Tables of frequent names, several readings where people read them differently; given names beyond the table are read
character by character. Too many readings cost little: the leak guard looks at where a reading stands as well.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources

_OLD = str.maketrans(
    "濵槗𠮷栁凛籐嶌嶽冲桒舘穐莊劍劔薮萬會學遙瑤晉檜賴郞鷗瀧鐵縣關邨埜枩兒實彥覺團聽繪稻祢壯將嵜碕曉數豐滿與經繩續總縱藝譽讓轉辨鄕鑛險雙靈麥黨龜廣"
    "髙﨑齋齊斉邊邉澤濱櫻廣國眞惠榮龍德瀨曾藏靜壽條圓冨峯槇祐顯彌禮淸寬黑與嶋隆塚羽黃戶來吳曻渚渕",
    "浜橋吉柳凜藤島岳沖桑館秋荘剣剣藪万会学遥瑶晋桧頼郎鴎滝鉄県関村野松児実彦覚団聴絵稲禰壮将崎崎暁数豊満与経縄続総縦芸誉譲転弁郷鉱険双霊麦党亀広"
    "高崎斎斎斎辺辺沢浜桜広国真恵栄竜徳瀬曽蔵静寿条円富峰槙祐顕弥礼清寛黒与島隆塚羽黄戸来呉昇渚淵",
)
_KANJI = re.compile(r"[\u3400-\u9fff\uf900-\ufaff々〆ヶヵ\U00020000-\U0003ffff]")
_KANA = re.compile(r"[ぁ-ゖー]+")
_TITLES = re.compile(
    r"(?:主任|担当者?|相談員|相談者|相談|公認心理師|臨床心理士|心理士|心理師|精神保健福祉士|社会福祉士|保健師|看護師|医師"
    r"|弁護士|先生|室長|所長|課長|係長|係|窓口|職員|カウンセラー|スタッフ|さん|様|氏)+"
)
_BRACKETS = re.compile(r"[(\[（【〔「<＜][^)\]）】〕」>＞]{0,40}[)\]）】〕」>＞]")
_SPLIT = re.compile(r"[\s\u3000・･,，、/／]+")
_MOST = 24  # readings of one part: enough for any name, and no flood


def fold_characters(text: str) -> str:
    """Old and rare forms of characters as the common ones, character by character."""
    return text.translate(_OLD)


def to_hiragana(text: str) -> str:
    """Katakana as hiragana, character by character."""
    return "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in text)


def to_katakana(text: str) -> str:
    """Hiragana as katakana, character by character."""
    return "".join(chr(ord(c) + 0x60) if "ぁ" <= c <= "ゖ" else c for c in text)


@dataclass(frozen=True, slots=True)
class Part:
    """Family or given name: as written (folded; kanji, kana or Latin) and its readings in hiragana."""

    written: str = field(repr=False)
    readings: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A name taken apart; where it cannot be told where the family name ends, ``families`` holds several."""

    whole: str = field(repr=False)
    families: tuple[Part, ...] = ()
    givens: tuple[Part, ...] = ()


@cache
def _table(file: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    text = fold_characters(resources.files("maild.desk").joinpath(file).read_text("utf-8"))
    for line in text.splitlines():
        reading, _, names = line.partition("\t")
        for name in names.split():
            readings = found.setdefault(name, [])
            if reading not in readings:
                readings.append(reading)
    return {name: tuple(readings) for name, readings in found.items()}


def surnames() -> dict[str, tuple[str, ...]]:
    """Frequent family names and their readings."""
    return _table("surnames_ja.tsv")


def given_names() -> dict[str, tuple[str, ...]]:
    """Frequent given names and their readings."""
    return _table("given_names_ja.tsv")


@cache
def _written() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for table in (surnames(), given_names()):
        for name, readings in table.items():
            for reading in readings:
                found.setdefault(reading, []).append(name)
    return {reading: tuple(names) for reading, names in found.items()}


def written_as(reading: str, *, family: bool) -> tuple[str, ...]:
    """Names that are read so, where the config has the reading alone: さとう is 佐藤."""
    table = surnames() if family else given_names()
    return tuple(name for name in _written().get(reading, ()) if name in table)[:_MOST]


@cache
def _foreign() -> dict[str, tuple[str, ...]]:
    """Readings of names from abroad, and how those are spelt in Latin letters."""
    text = resources.files("maild.desk").joinpath("foreign_names.tsv").read_text("utf-8")
    rows = (line.partition("\t") for line in text.splitlines())
    return {to_hiragana(reading): tuple(spellings.split()) for reading, _, spellings in rows}


def foreign_latin(reading: str) -> tuple[str, ...]:
    """How a name from abroad is spelt that sounds so: じょん as john."""
    return _foreign().get(reading, ())


@cache
def _foreign_readings() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for reading, spellings in _foreign().items():
        for spelling in spellings:
            found.setdefault(spelling, []).append(reading)
    return {spelling: tuple(readings) for spelling, readings in found.items()}


@cache
def _characters() -> dict[str, tuple[str, ...]]:
    """How characters are read in given names, the usual ways."""
    text = resources.files("maild.desk").joinpath("name_characters_ja.tsv").read_text("utf-8")
    rows = (line.partition("\t") for line in text.splitlines())
    return {character: tuple(readings.split()) for character, _, readings in rows}


@cache
def _readings_in_latin() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for readings in (*surnames().values(), *given_names().values()):
        for reading in readings:
            found.setdefault(plain_latin(reading), []).append(reading)
    return {latin: tuple(dict.fromkeys(readings)) for latin, readings in found.items()}


def _squeezed(latin: str) -> str:
    """Without what people write in several ways: long vowels, double consonants."""
    short = re.sub(r"[uo]h(?![aiueoy])", lambda hit: hit[0][0], re.sub(r"ou|oo", "o", latin.replace("uu", "u")))
    return re.sub(r"([bcdfgkmprst])\1|tch", lambda hit: hit[0][-1] if hit[0] != "tch" else "ch", short)


def read_family(written: str) -> tuple[str, ...]:
    """Readings of a family name, none if it is rare."""
    return surnames().get(written, ())


def read_given(written: str) -> tuple[str, ...]:
    """Readings of a given name: the table's, else character by character."""
    known = given_names().get(written)
    if known is not None:
        return tuple(dict.fromkeys((*known, *_characters().get(written, ()))))
    if "々" in written[1:]:
        written = "".join(written[at - 1] if c == "々" and at else c for at, c in enumerate(written))
    pieces = [_characters().get(c, (c,) if _KANA.fullmatch(c) else ()) for c in written]
    if not 1 <= len(pieces) <= 4 or not all(pieces):
        return ()
    made = ("".join(one) for one in itertools.islice(itertools.product(*pieces), _MOST))
    return tuple(one for one in made if len(one) >= 2)


@lru_cache(maxsize=512)
def take_apart(name: str) -> Name:
    """Family and given name of one person as a config has it: with a space or without, titles and brackets left out."""
    text = fold_characters(unicodedata.normalize("NFKC", name)).lower()
    text = _TITLES.sub(" ", _BRACKETS.sub(" ", text))
    parts = [part for part in _SPLIT.split(text.strip()) if part]
    if not parts:
        return Name("")
    if len(parts) == 1:
        families, givens = _cut(parts[0])
        return Name(parts[0], families, givens)
    if len(parts) == 2 and parts[1] in surnames() and parts[0] not in surnames():
        parts.reverse()
    return Name("".join(parts), (_family(parts[0]),), tuple(_given(part) for part in parts[1:]))


def _family(written: str) -> Part:
    return Part(written, _spoken(written) or read_family(written))


def _given(written: str) -> Part:
    plain = to_hiragana(written)
    return Part(written, _spoken(written) or read_given(plain))


def _spoken(written: str) -> tuple[str, ...]:
    """Readings of what is no kanji at all: kana itself, or Latin letters that a known reading gives."""
    plain = to_hiragana(written)
    if _KANA.fullmatch(plain):
        return (plain,)
    if written.isascii() and written.isalpha() and len(written) >= 2:
        lower = written.lower()
        known = _readings_in_latin().get(_squeezed(lower), ()) if len(lower) >= 3 else ()
        return tuple(dict.fromkeys((*known, *_foreign_readings().get(lower, ()))))
    return ()


def _cut(name: str) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """A name without a space: the longest family name that fits, one that leaves a known given name before others."""
    if not _KANJI.search(name):
        return ((_family(name),), ()) if len(name) >= 2 else ((), ())
    if name in surnames():
        return ((_family(name),), ())
    if name in given_names():
        return ((), (_given(name),))
    fits = [size for size in range(len(name) - 1, 0, -1) if name[:size] in surnames()]
    best = [size for size in fits if name[size:] in given_names() or not _KANJI.search(name[size:])]
    if best or fits:
        size = (best or fits)[0]
        return ((_family(name[:size]),), (_given(name[size:]),))
    ends = [at for at in range(1, len(name)) if name[at:] in given_names()]
    if ends:
        return ((Part(name[: ends[0]]),), (_given(name[ends[0] :]),))
    kana = next((at for at, c in enumerate(name) if _KANA.fullmatch(to_hiragana(c)) and c not in "ヶヵ"), None)
    if kana:
        return ((_family(name[:kana]),), (_given(name[kana:]),))
    if len(name) <= 2:
        return ((), (_given(name),))
    sizes = (2,) if len(name) <= 4 else (2, 3)  # two characters are the likeliest family name
    cuts = [(Part(name[:size]), _given(name[size:])) for size in sizes]
    return tuple(cut[0] for cut in cuts), tuple(cut[1] for cut in cuts)


# -- Latin letters -----------------------------------------------------------------------------------------------------

_ROWS = {
    "": "あいうえお", "k": "かきくけこ", "g": "がぎぐげご", "s": "さしすせそ", "z": "ざじずぜぞ", "t": "たちつてと",
    "d": "だぢづでど", "n": "なにぬねの", "h": "はひふへほ", "b": "ばびぶべぼ", "p": "ぱぴぷぺぽ", "m": "まみむめも",
    "r": "らりるれろ",
}  # fmt: skip
_SYLLABLES = {kana: row + vowel for row, line in _ROWS.items() for kana, vowel in zip(line, "aiueo", strict=True)}
_SYLLABLES |= {"や": "ya", "ゆ": "yu", "よ": "yo", "わ": "wa", "を": "o", "ん": "n", "ゐ": "i", "ゑ": "e", "ゔ": "vu"}
_HEPBURN = {
    "し": "shi", "ち": "chi", "つ": "tsu", "ふ": "fu", "じ": "ji", "ぢ": "ji", "づ": "zu",
}  # fmt: skip
_OTHERS = {  # every way people write them
    "し": "(?:shi|si)", "ち": "(?:chi|ti)", "つ": "t(?:s)?u", "ふ": "[fh]u", "じ": "(?:ji|zi)", "ぢ": "(?:ji|di|zi)",
    "づ": "(?:d?zu|du)", "を": "w?o", "え": "y?e",
}  # fmt: skip
_GLIDES = {"ゃ": "a", "ゅ": "u", "ょ": "o"}
_SHARP = {"し": "(?:sh|sy)", "ち": "(?:ch|ty|cy)", "じ": "(?:j|zy|jy)", "ぢ": "(?:j|zy|dy)"}


def plain_latin(reading: str) -> str:
    """A reading in Hepburn without long vowels: さとう as sato."""
    out = ""
    for at, kana in enumerate(reading):
        follows = reading[at + 1 : at + 2]
        base = _HEPBURN.get(kana, _SYLLABLES.get(kana, ""))
        if kana in _GLIDES:
            out += _GLIDES[kana]
        elif follows in _GLIDES:
            stem = base[:-1]
            out += stem if kana in _SHARP else stem + "y"
        else:
            out += base
    return _squeezed(out)


@cache
def latin_pattern(reading: str) -> str:
    """A pattern for a hiragana reading in lower-case Latin letters: Hepburn, kunrei, and long vowels every way."""
    out = ""
    vowel = ""
    for at, kana in enumerate(reading):
        follows = reading[at + 1 : at + 2]
        if kana in _GLIDES:
            vowel = _GLIDES[kana]
            out += vowel
        elif follows in _GLIDES and kana in _SYLLABLES:
            out += _SHARP.get(kana) or _rolled(_SYLLABLES[kana][:-1]) + "y"
        elif kana == "ん":
            out += "[nm]" if follows and _SYLLABLES.get(follows, " ")[0] in "bmp" else "n['’-]?"
            vowel = ""
        elif kana == "っ":
            first = _SYLLABLES.get(follows, "")[:1]
            out += ("[tc]?" if first == "t" else first + "?") if first else ""
        elif kana == "ー" or (kana, vowel) in (("う", "o"), ("お", "o"), ("う", "u")):
            out += "(?:u|o|h|-)?" if vowel in ("o", "u") else f"(?:{vowel}|h|-)?"
        elif kana in _SYLLABLES:
            out += _OTHERS.get(kana) or _rolled(_SYLLABLES[kana])
            vowel = _SYLLABLES[kana][-1]
        else:
            return r"(?!)"
    return out + "h?" if vowel == "o" and reading[-1:] in "うおー" else out


def _rolled(letters: str) -> str:
    return "[rl]" + letters[1:] if letters.startswith("r") else letters
