"""Folding by its definition, character by character, is the same as the fast way (rules K1)."""

from __future__ import annotations

import re
import sys
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from maild.desk.textfold import dense, folded, normal

ALIKE = dict(zip("ぁぃぅぇぉァィゥェォ", "あいうえおアイウエオ", strict=True)) | dict.fromkeys("○◯●⭕◎", "〇")
APOSTROPHES = "'’‘`´"
TEXTS = st.text(
    alphabet="死しねにたいカァぁナ漢ＡＢａｂab 19①㈱。、!?ー～\n\t　_-'’é゙́がｶﾞﾊﾟ○●⭕\u200b\u202e🙂𠮷İß", max_size=80
)


def plain_dense(normalised: str) -> str:
    """Letters and numbers stay, ends of sentences are 。, runs of one character are one."""
    kept = []
    for character in re.sub(r"\n[^\S\n]*\n", "。", normalised):
        character = ALIKE.get(character, character)
        if character in "。!?":
            kept.append("。")
        elif character != "ー" and unicodedata.category(character)[0] in "LN":
            kept.append(character)
    return re.sub("。{2,}", "。", re.sub(r"([^。])\1\1+", r"\1", "".join(kept)))


def plain_words(normalised: str) -> str:
    """Words apart by one space; what has no width, and apostrophes, are nothing."""
    kept = []
    for character in normalised:
        category = unicodedata.category(character)
        if character not in APOSTROPHES and category not in ("Cf", "Mn"):
            kept.append(character if category[0] in "LN" else " ")
    return " ".join("".join(kept).split())


@given(TEXTS)
def test_the_fast_way_is_the_plain_way(text: str) -> None:
    normalised = normal(text)
    found = folded(text)
    assert found.script == dense(normalised) == plain_dense(normalised)
    assert found.kana == "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in found.script)
    assert len(found.kana) == len(found.script)
    latin = set(re.findall("[a-z]+", normalised)) - {"re", "fw", "fwd"}
    assert found.words == (plain_words(normalised) if latin else "")


def test_what_a_letter_or_number_is() -> None:
    """The regular expression for it agrees with the categories for every character there is."""
    for code in range(sys.maxunicode + 1):
        letter = unicodedata.category(chr(code))[0] in "LN"
        assert letter == (re.match(r"[^\W_]", chr(code)) is not None), hex(code)
