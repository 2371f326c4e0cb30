"""Crisis triage (rules K0, K1): corpora, decisions, the pattern language, hostile text."""

# ruff: noqa: E501
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.desk.crisis import PhraseError, Phrases, builtin, hits
from tests.corpus import figures


def heard(text: str) -> tuple[str, ...]:
    return hits(text, builtin("ja"))


def test_recall_and_false_alarms_over_the_corpora() -> None:
    counts = figures.crisis_counts()
    crises, found, calm, false = (sum(column) for column in zip(*counts.values(), strict=True))
    assert crises >= 160 and calm >= 170
    assert found / crises >= 0.98
    assert false / calm <= 0.03


def test_docs_show_the_figures() -> None:
    assert figures.within("crisis.md") == figures.crisis_table()


@pytest.mark.parametrize(
    "text",
    [
        "死 に た い",
        "死\u200bに\u200bたい",
        "死\nに\nた\nい",
        "シニタイ",
        "ｼﾆﾀｲ",
        "死にたーーーい",
        "死にたいいいい",
        "死、に、た、い",
        "ＳＨＩＮＩＴＡＩ",
        "死に\u3000たい",
        "👿死👿に👿たい",
    ],
)
def test_spelling_is_no_hiding_place(text: str) -> None:
    assert heard(text)


@pytest.mark.parametrize(
    ("text", "crisis"),
    [
        ("死にたいとは思っていません。", False),
        ("死にたいわけじゃないけど、つらい。", True),
        ("昔は死にたいと思っていましたが、今は元気です。", True),
        ("父が自殺しました。", True),
        ("自殺予防の仕事をしています。", False),
        ("死ぬほど忙しいです。でも夜になると死にたいです。", True),
        ("OD錠を扱います。", False),
        ("ODしました。", True),
        ("method and code", False),
        ("この仕事を終わりにしたい。", False),
        ("もう終わりにしたい。", True),
    ],
)
def test_decisions(text: str, crisis: bool) -> None:
    assert bool(heard(text)) is crisis


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_found_wherever_it_stands(before: str, after: str) -> None:
    # separate paragraphs, so that nothing before or after can turn it into an idiom
    assert "死にたい" in heard(f"{before}。\n\nもう死にたいです。\n\n{after}")


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_never_raises(text: str) -> None:
    assert isinstance(heard(text), tuple)


@pytest.mark.parametrize(
    "piece",
    [
        "死",
        "死ぬほど",
        "死にたいとは思っていません。",
        "私が",
        "薬を飲み忘れ",
        "i dont want ",
        "a ",
        "ﾞ\u0323\u0301",
        "。",
        "子を",
    ],
)
def test_hostile_repetition_ends(piece: str) -> None:
    assert isinstance(heard(piece * (200_000 // len(piece))), tuple)


def test_an_operators_list_and_exception() -> None:
    own = '[[phrase]]\nphrase = "暗号"\ncategory = "local"\nwhy = "x"\nmatch = ["あおい(鳥|とり)…飛んだ"]\nexcept = ["絵本の@"]\n'
    phrases = Phrases.parse([("own.toml", own)])
    assert hits("青い。あおい　トリがきょう飛んだ", phrases) == ("暗号",)
    assert hits("絵本のあおい鳥が飛んだ", phrases) == ()
    silenced = Phrases.parse(
        [("own.toml", own), ("more.toml", '[[exception]]\nwhy = "x"\nmatch = ["あおい鳥が…飛んだ"]\n')]
    )
    assert hits("あおい鳥が飛んだ", silenced) == ()


def test_signs_count_in_pairs() -> None:
    sign = '[[phrase]]\nphrase = "{0}"\ncategory = "sign"\nwhy = "x"\nsign = true\nmatch = ["{0}"]\n'
    phrases = Phrases.parse([("own.toml", sign.format("夕暮れ") + sign.format("岬"))])
    assert hits("夕暮れに。夕暮れに。", phrases) == ()
    assert hits("夕暮れに。岬で。", phrases) == ("夕暮れ", "岬")


def test_a_family_shares_its_exceptions() -> None:
    entry = '[[phrase]]\nphrase = "{0}"\nfamily = "f"\ncategory = "x"\nwhy = "x"\nmatch = ["{0}"]\nexcept = ["{1}"]\n'
    phrases = Phrases.parse([("own.toml", entry.format("あめ", "そうめん") + entry.format("めん", "みずあめ"))])
    assert hits("あめめん", phrases) == ("あめ", "めん")
    assert hits("そうめん", phrases) == ()
    assert hits("みずあめ", phrases) == ()


@pytest.mark.parametrize("pattern", ["(a", "a)", "?a", "…?", "", "{unknown}", "()", "a?", "…"])
def test_a_bad_pattern_is_named(pattern: str) -> None:
    text = f'[[phrase]]\nphrase = "x"\ncategory = "x"\nwhy = "x"\nmatch = ["{pattern}"]\n'
    with pytest.raises(PhraseError, match=r"own\.toml: phrase 1"):
        Phrases.parse([("own.toml", text)])


def test_every_shipped_pattern_compiles() -> None:
    phrases = builtin("ja")
    for entry in phrases.entries:
        for pattern in (*entry.patterns, *entry.exceptions.patterns, *([entry.denial] if entry.denial else [])):
            assert pattern.compiled.search("") is None
    assert all(pattern.compiled.search("") is None for pattern in phrases.exceptions.patterns)


def test_every_shipped_phrase_says_why() -> None:
    assert all(entry.why and entry.category for entry in builtin("ja").entries)
