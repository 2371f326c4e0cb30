"""Text folded for comparison: what a person would call the same words becomes the same string (rules K1, C10)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache

from maild.mail.charmap import HIRAGANA, NARROW, Charmap

# NFKD sorts runs of combining marks by insertion, which is quadratic in the run; pieces bound it. A piece takes the
# voicing marks that follow it along, so that か + ゛ is never cut in two.
_PIECE = re.compile(r"[\s\S]{1,256}[\u3099\u309a\uff9e\uff9f\u0300-\u036f]{0,8}")
# Japanese without combining marks and half-width kana: nothing in it composes, so it may be normalised as a whole.
_PLAIN = re.compile(
    "[\x00-\x7f\u2013-\u2016\u2018-\u201f\u2025\u2026\u203b\u2190-\u2193\u21d2\u2460-\u2473\u2500-\u257f\u25a0-\u25ff\u2605\u2606\u266a"
    "\u3000-\u3002\u3005-\u301f\u3041-\u3096\u309d\u309e\u30a1-\u30fe\u4e00-\u9fff\uff01-\uff5e]*"
)
_ACCENTS = re.compile(r"[\u0300-\u036f]+")
# Small vowels are large ones, circles the 〇 that censors a character (自○), ! and ? ends of sentences; ー goes.
_ALIKE = Charmap(
    dict(zip(map(ord, "ぁぃぅぇぉァィゥェォ"), "あいうえおアイウエオ", strict=True))
    | dict.fromkeys(map(ord, "○◯●⭕◎"), "〇")
    | dict.fromkeys(map(ord, "!?"), "。")
    | {ord("ー"): None}
)
_NO_LETTER = re.compile(r"[^\w。]+")  # \w without _ is the categories L and N (a test goes through all characters)
_COMMON = "\n 、,.:・「」()"  # of those: taken out one by one they cost a tenth
_NO_WORD = re.compile(r"[\W_]+")
_APOSTROPHES = re.compile("['’‘`´]+")
_REPEAT = re.compile(r"([^。])\1\1+")
_MARKS = re.compile(r"。{2,}")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")
_LATIN = bytes(code if ord("a") <= code <= ord("z") else ord(" ") for code in range(256))
_ANSWERS = frozenset((b"re", b"fw", b"fwd"))  # before a subject; no phrase is made of them
_LONG = 20_000  # characters
_SPELLED = re.compile(r"(?<![a-z0-9])(?:[a-z] ){3,}[a-z](?![a-z0-9])")


def _without_width(text: str) -> str:
    """Without format characters and marks, which stand within words and are none of their letters."""
    return "".join(c for c in text if c.isascii() or unicodedata.category(c) not in ("Cf", "Mn"))


@dataclass(frozen=True, slots=True)
class Folded:
    """One text in the forms that matching reads."""

    script: str = field(repr=False)  # letters and digits only, 。 between sentences, scripts kept
    kana: str = field(repr=False)  # the same, katakana as hiragana; index by index the same length
    words: str = field(repr=False)  # words apart by one space, lower case, no apostrophes
    spelled: str = field(repr=False)  # what was spelled letter by letter (k i l l), joined


def is_plain(text: str) -> bool:
    """Whether nothing in it has to be taken apart to be normalised, as in nearly all Japanese."""
    return _PLAIN.fullmatch(text) is not None


def normal(text: str) -> str:
    """Compatibility-normalised (NFKC), lower case, accents of Latin letters gone. Linear in the text."""
    return _normal(text) if len(text) <= _LONG else _normal_long(text)


@lru_cache(maxsize=128)  # triage, wishes, thanks and resends ask for the words of each of some dozens of mails
def _normal(text: str) -> str:
    if text.isascii():
        return text.lower()
    if is_plain(text):
        return unicodedata.normalize("NFKC", NARROW(text)).lower()
    pieces = (_ACCENTS.sub("", unicodedata.normalize("NFKD", piece)) for piece in _PIECE.findall(text))
    return "".join(unicodedata.normalize("NFC", piece) for piece in pieces).lower()


_normal_long = lru_cache(maxsize=4)(_normal.__wrapped__)  # dozens of these would be too much to keep


def dense(normalised: str) -> str:
    """Without spacing, line breaks, punctuation, long-vowel signs; runs of one character become one.

    A 。 stays between sentences and paragraphs. No text is lost that a phrase could need: symbols never carry one,
    except the circles that stand for a character, which become 〇.
    """
    text = _ALIKE(_BLANK_LINE.sub("。", normalised))
    for common in _COMMON:
        text = text.replace(common, "")
    if not text.replace("。", "").isalnum():  # \w without _, as most texts are by now
        text = _NO_LETTER.sub("", text).replace("_", "")
    text = _REPEAT.sub(r"\1", text)
    return _MARKS.sub("。", text) if "。。" in text else text


def folded(text: str, subject: str | None = None) -> Folded:
    """All forms of a text, its subject before it; never raises on any string."""
    # normalised each by itself: the text's form is asked for by others too
    normalised = normal(text) if subject is None else f"{normal(subject)}\n{normal(text)}"
    script = dense(normalised)
    words = _words(normalised)
    spelled = " ".join(run.replace(" ", "") for run in _SPELLED.findall(words)) if words else ""
    return Folded(script, HIRAGANA(script), words, spelled)


def _words(normalised: str) -> str:
    """Words apart by one space. Only Latin patterns read them: a text that has no Latin word, or none but the Re: of an
    answer, has none."""
    if _ANSWERS.issuperset(normalised.encode("ascii", "replace").translate(_LATIN).split()):
        return ""
    if not normalised.isascii() and not is_plain(normalised):
        normalised = _without_width(normalised)
    return _NO_WORD.sub(" ", _APOSTROPHES.sub("", normalised)).strip()


def fold(text: str) -> str:
    """One string for comparing: NFKC, lower case, hiragana, no spacing, punctuation or zero-width characters."""
    return HIRAGANA(dense(normal(text))).replace("。", "")


_RULE = frozenset("-_=*~〜―─━")  # what a separator line is made of
_SIGNATURE = re.compile(r"^(?:--|__+|==+|-{3,}|―{2,}|─{2,}|━{2,}|\*{3,}|〜{3,}|~{3,})\s*$")
_DEVICE = re.compile(
    r"^\s*(?:(?:私の)?(?:iphone|ipad|android|スマートフォン|携帯電話?)(?:から|より)送信.{0,20}|sent from .{0,40})$",
    re.I,
)


def without_signature(text: str) -> str:
    """The text without what a mail program puts at its end: a separator line and at most eight lines after it."""
    lines = text.split("\n")
    while lines and (not lines[-1].strip() or _DEVICE.match(lines[-1])):
        lines.pop()
    for back in range(1, min(len(lines), 9) + 1):
        line = lines[-back].strip()
        if line[:1] in _RULE and _SIGNATURE.match(line) and len(lines) > back:
            return "\n".join(lines[:-back])
    return "\n".join(lines)


@lru_cache(maxsize=2)  # one mail's is asked for several times
def signed_off(text: str) -> str:
    """The text normalised, without its trailing signature."""
    whole = text.replace("\r\n", "\n").replace("\r", "\n")
    signed = without_signature(whole)
    rest = whole[len(signed) :]
    if rest.count("\n") == len(rest) and whole.startswith(signed):  # as nearly always; and the whole is known by now
        found = normal(whole)
        return found[: len(found) - len(rest)]
    return normal(signed)


def resend_key(text: str) -> str:
    """The body as it is compared for a resend (rules C10): NFKC, no whitespace, no trailing signature."""
    return "".join(signed_off(text).split())
