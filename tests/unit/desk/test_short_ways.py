"""The short ways through the words of a mail give what the long ways give (rules K1, I1, I2, C15)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.desk import crisis, intake_company, intake_labels, wishes
from maild.desk.intake_label_words import GLUED, OTHER, SYNONYMS, TALK, WA
from maild.desk.textfold import folded, normal
from maild.mail.charmap import HIRAGANA
from tests.corpus import figures

LABELS = [*(one for some in SYNONYMS.values() for one in some), *OTHER, *GLUED, *WA, *TALK]
AROUND = [
    *" >*■●◆・①②1２9.．)、:：=/→-~…♪★【】[]「」『』()（）<>＿_\t　", "です。", "は", "を", "教えてください", "Q1.",
    "Ａ１．", "一", "三", "十", "花子", "女性", "24歳", "県内", "最近", "眠れません。", "\n", "\n\n", "必須",
    "İ", "ſ", "٣", "ⅷ",
]  # fmt: skip
VOCABULARIES = [
    intake_labels.vocabulary(tuple((item, ()) for item in SYNONYMS)),
    intake_labels.vocabulary((("name", ("呼び名",)), ("school", ("学校 名", "school_name")), ("content", ()))),
    intake_labels.vocabulary((("name", ()), ("word", ("一言", "2語")), ("content", ()))),  # as bullets begin
]


@given(st.lists(st.sampled_from(LABELS) | st.sampled_from(AROUND), max_size=14), st.sampled_from(VOCABULARIES))
def test_i1_labels_are_found_where_the_long_way_finds_them(pieces: list[str], words: intake_labels.Vocabulary) -> None:
    text = "".join(pieces)
    found = intake_labels.labelled(text, words)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intake_labels, "_may_begin", lambda *_: True)
        patch.setattr(intake_labels._Signs, "stand", lambda *_: True)
        assert found == intake_labels.labelled(text, words)


@given(st.lists(st.sampled_from(LABELS), min_size=1, max_size=6).map(" ".join))
def test_i1_a_label_that_is_known_as_a_whole_is_no_other(label: str) -> None:
    words = VOCABULARIES[0]
    found = [words.item_of.get(intake_labels._key(m[0]), "") for m in words.one.finditer(label)]
    assert intake_labels._items(words, label) == tuple(dict.fromkeys(found))


WISHES = re.findall(r"[ぁ-ん一-鿿ァ-ヶa-z']+", wishes._END.pattern + wishes._ERASE.pattern)
COMPANY = re.findall(r"[ぁ-ん一-鿿ァ-ヶa-z]+", "".join(pattern for _, pattern in intake_company._COMPANIONS))
FILL = ["。", "\n", " ", "　", "ます", "です", "ください", "たい", "相談", "母", "メール", "ません", "my ", "me "]


@given(st.lists(st.sampled_from(WISHES) | st.sampled_from(FILL), max_size=12).map("".join))
def test_c15_without_a_sign_there_is_no_wish(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        found = wishes.find(text)
        patch.setattr(wishes, "_ANY_SIGN", re.compile(""))
        patch.setattr(wishes, "_END_SIGN", re.compile(""))
        patch.setattr(wishes, "_ERASE_SIGN", re.compile(""))
        assert found == wishes.find(text)


@given(st.lists(st.sampled_from(COMPANY) | st.sampled_from(FILL), max_size=12).map("".join))
def test_i2_without_a_sign_there_is_no_company(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        found = intake_company.companions(text)
        patch.setattr(intake_company, "_COMPANY_SIGN", re.compile(""))
        assert found == intake_company.companions(text)


def test_k1_a_pattern_is_looked_for_wherever_it_stands() -> None:
    """Of every text of the corpora: the look-up by beginnings misses no place where an expression stands."""
    phrases = crisis.builtin()
    every = [(number, pattern) for number, entry in enumerate(phrases.entries) for pattern in entry.patterns]
    for path in sorted((figures.CORPUS / "crisis").glob("voices*.toml"))[:3]:
        texts = [text for _, text in figures.texts_of(path)][:12]
        for text in (*texts, "。\n".join(texts)):  # within a mail, behind the ends of other sentences
            forms = folded(text)
            met = [*phrases.japanese.standing(forms.kana, forms.script), *phrases.words.spoken(forms.words)]
            asked = {(number, id(pattern), found.start()) for number, pattern, found in met}
            for number, pattern in every:
                where: str = getattr(forms, pattern.form)
                for found in pattern.compiled.finditer(where):
                    assert (number, id(pattern), found.start()) in asked, (pattern, found)


def test_k1_what_begins_in_katakana_is_looked_up_by_its_kana() -> None:
    phrases = crisis.Phrases.parse(
        [("own", '[[phrase]]\nphrase = "x"\ncategory = "x"\nwhy = "x"\nkana = "exact"\nmatch = ["オワリ"]\n')]
    )
    assert crisis.hits("もうオワリだ", phrases) == ("x",)
    assert crisis.hits("もうおわりだ", phrases) == ()
    assert HIRAGANA("オワリ") == "おわり" and normal("ｵﾜﾘ") == "オワリ"
    assert crisis.hits("オ。ワ。リ", phrases) == ("x",)


def test_k1_a_phrase_may_begin_with_the_end_of_a_sentence() -> None:
    """None of ours does; an operator's may."""
    phrases = crisis.Phrases.parse(
        [("own", '[[phrase]]\nphrase = "x"\ncategory = "x"\nwhy = "x"\nmatch = ["。もうだめ"]\n')]
    )
    assert crisis.hits("はい。そう。もうだめです", phrases) == ("x",)
    assert crisis.hits("はい。そう、もうだめです", phrases) == ()
