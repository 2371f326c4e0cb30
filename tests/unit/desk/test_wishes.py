"""Wishes to end or to erase, in plain words (rules C15): found to be shown to staff; a false hit costs a glance."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.desk.wishes import find


@pytest.mark.parametrize(
    "text",
    [
        "相談を終わりにしたいです",
        "相談はこれで終わりにします。",
        "メール相談をやめたいです",
        "これで終わりにさせてください",
        "今回で相談を終了します",
        "やり取りを終了したいです",
        "もう返信はいりません",
        "もう連絡しないでください",
        "もう返事は結構です。",
        "Please close my case.",
        "please stop the consultation",
        "相談を 終了\u3000します",
    ],
)
def test_c15_end(text: str) -> None:
    assert "end" in find(text)


@pytest.mark.parametrize(
    "text",
    [
        "相談内容を削除してください",
        "記録を消してほしいです",
        "個人情報の削除をお願いします",
        "メールを全て消去してください。",
        "データをすべて削除していただけますか",
        "これまでの内容を破棄してください",
        "Please delete all my messages",
        "erase everything",
        "ＤＥＬＥＴＥ ＭＹ data",
    ],
)
def test_c15_erase(text: str) -> None:
    assert "erase" in find(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "はい、ありがとうございます。",
        "仕事をやめたいです",
        "会社を辞めたい。学校も終わりました。",
        "夫が私の写真を消してしまいました",
        "人生を終わりにしたい",  # K1's, not ours
        "相談したいことがあります",
        "前の相談は終了しましたか",
        "返信をお待ちしています",
    ],
)
def test_c15_nothing_of_the_kind(text: str) -> None:
    assert find(text) == ()


@pytest.mark.parametrize(
    "unit",
    [
        "相談",
        "相談を",
        "もう",
        "相談は",
        "記録は",
        "これ以上返信",
        "解決",
        "no more ",
        "もう返信は",
        "メールを全部",
        " ",
        "delete all ",
        "please ",
        "記録を全て",
        "これで",
    ],
)
def test_m6_hostile_texts_are_read_in_linear_time(unit: str) -> None:
    assert find((unit * 200_000)[:200_000]) == ()


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    assert set(find(text)) <= {"end", "erase"}


def test_only_what_a_person_would_read_is_searched() -> None:
    assert find("あ" * 100_000 + "相談を終わりにしたいです") == ()


def _corpus() -> list[tuple[str, str]]:
    path = Path(__file__).parents[2] / "corpus" / "wishes" / "wishes.toml"
    groups = tomllib.loads(path.read_text("utf-8")).values()
    return [(kind, text) for group in groups for kind, texts in group.items() for text in texts]


@pytest.mark.parametrize(("kind", "text"), _corpus())
def test_c15_over_the_corpus(kind: str, text: str) -> None:
    assert find(text) == () if kind == "none" else kind in find(text)
