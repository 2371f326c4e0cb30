"""A Charmap does what ``str.translate`` does with the same table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.desk.intake_labels import WIDTH
from maild.desk.textfold import _ALIKE
from maild.mail.charmap import HIRAGANA, NARROW, Charmap

MAPS = {"narrow": NARROW, "hiragana": HIRAGANA, "width": WIDTH, "alike": _ALIKE}
ALPHABET = "あァヶカナ漢Ａ１：　～!?ー○●a1 \n\t\u200b\xa0、。"


@pytest.mark.parametrize("charmap", MAPS.values(), ids=MAPS)
def test_every_character_of_the_table(charmap: Charmap) -> None:
    for character in map(chr, charmap._table):
        assert charmap(f"<{character}>") == f"<{character}>".translate(charmap._table)
    many = "".join(map(chr, charmap._table))  # more kinds than are replaced one by one
    assert charmap(many) == many.translate(charmap._table)


@given(st.text(alphabet=ALPHABET))
def test_any_text(text: str) -> None:
    for charmap in MAPS.values():
        assert charmap(text) == text.translate(charmap._table)


def test_a_table_that_chases_its_own_tail_is_refused() -> None:
    with pytest.raises(ValueError):
        Charmap({ord("a"): "b", ord("b"): "c"})
