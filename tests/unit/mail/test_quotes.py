"""Own words and quoted words of clients (rules K1; freescout 5624: stripping ate the client's text)."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.mail.quotes import own_text, split, without_known

CORPUS = Path(__file__).parents[2] / "corpus" / "quotes"
OURS = (
    "花子さん、こんにちは。メール相談窓口です。\nお便りを読ませていただきました。"
    "眠れない夜が続いているのですね。\n\n"
    "■ すぐに話したいときは\nいのちの電話（自殺を考えるほどつらいとき） 0120-000-000\n\n"
    "ご返信は2026年2月9日までにお願いします。\n"
)


def cases() -> list[Any]:
    found = []
    for path in sorted(CORPUS.glob("*.toml")):
        for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]:
            found.append(pytest.param(case, id=f"{path.stem}:{case['name']}"))
    return found


def test_corpus_is_large() -> None:
    assert len(cases()) >= 60


@pytest.mark.parametrize("case", cases())
def test_corpus(case: dict[str, Any]) -> None:
    taken = split(
        case["text"],
        subject=case.get("subject", ""),
        parties=case.get("parties", ()),
        known=case.get("known", ()),
    )
    assert taken.own.strip("\n") == case.get("own", case["text"]).strip("\n")
    assert "".join(part.text for part in taken.parts) == case["text"]


@pytest.mark.parametrize("case", cases())
def test_crlf_reads_as_lf(case: dict[str, Any]) -> None:
    options = {"subject": case.get("subject", ""), "parties": case.get("parties", ()), "known": case.get("known", ())}
    crlf = own_text(case["text"].replace("\n", "\r\n"), **options)
    assert crlf.replace("\r\n", "\n").strip() == own_text(case["text"], **options).strip()


PIECES = st.sampled_from(
    [
        "> 眠れていますか\n",
        ">>二重\n",
        "＞全角\n",
        "死にたいです。\n",
        "\n",
        "2026年1月5日(月) 9:00 相談窓口 <soudan@desk.example>:\n",
        "On 2026/01/05 9:00, 相談窓口 wrote:\n",
        "-----Original Message-----\n",
        "________________________________\n差出人: a <a@desk.example>\n送信日時: 2026年1月5日\n宛先: b\n件名: c\n",
        "iPhoneから送信\n",
        "夫からこんなLINEが来ました。\n",
        "と言われました。\r\n",
        "名前> はい\n",
        ">_<\n",
    ]
) | st.text(max_size=20)


@given(st.lists(PIECES, max_size=15).map("".join), st.sampled_from(["", "Re: c", "Fw: c", "相談"]))
@settings(max_examples=500, deadline=None)
def test_nothing_is_lost(text: str, subject: str) -> None:
    taken = split(text, subject=subject)
    assert "".join(part.text for part in taken.parts) == text
    own = "".join(part.text for part in taken.parts if part.kind == "own")
    assert taken.own.split() == own.split()


@given(st.lists(PIECES, max_size=15).map("".join))
@settings(max_examples=300, deadline=None)
def test_person_in_distress_is_always_heard(text: str) -> None:
    """A sentence on a line of its own, above all quotes or below prefixed ones, is never taken for a quote."""
    cry = "もう限界です、助けてください。"
    assert cry in own_text(f"{cry}\n\n{text}", subject="Re: c")
    assert cry in own_text(f"2026年1月5日(月) 9:00 窓口 <soudan@desk.example>:\n> a\n> b\n\n{cry}\n", subject="Re: c")


@given(st.text(alphabet=st.characters(exclude_characters=">＞|｜》", exclude_categories=["Cs"]), max_size=300))
@settings(max_examples=300, deadline=None)
def test_text_without_quotes_is_its_own(text: str) -> None:
    assert own_text(text, subject="Re: 相談") == text.rstrip()


QUOTINGS = {
    "prefixed": "\n".join("> " + line for line in OURS.split("\n")),
    "tight": "\n".join(">" + line for line in OURS.split("\n")),
    "fullwidth": "\n".join("＞" + line for line in OURS.split("\n")),
    "unprefixed": OURS,
    "rewrapped": "\n".join(line[at : at + 14] for line in OURS.split("\n") for at in range(0, max(len(line), 1), 14)),
    "folded quote": "\n".join(
        line[at : at + 14]
        for line in ("> " + whole for whole in OURS.split("\n"))
        for at in range(0, max(len(line), 1), 14)
    ),
    "one line": OURS.replace("\n", " "),
    "respaced": OURS.replace("。", "。 ").replace("（", "(").replace("）", ")"),
}


@pytest.mark.parametrize("quoting", QUOTINGS)
def test_our_words_quoted_back_do_not_count(quoting: str) -> None:
    rest = without_known(f"ありがとうございます。\n\n2026年1月5日 窓口:\n{QUOTINGS[quoting]}\n", [OURS])
    assert "自殺" not in rest
    assert "ありがとうございます。" in rest


@pytest.mark.parametrize("quoting", QUOTINGS)
def test_inline_words_count(quoting: str) -> None:
    made = QUOTINGS[quoting].replace("\n", "\nもう死にたいです\n", 1) + "\nやはり自殺します"
    rest = without_known(made, [OURS])
    assert "もう死にたいです" in rest or quoting == "one line"
    assert "やはり自殺します" in rest


@pytest.mark.parametrize(
    "text",
    [
        "自殺",  # stands within our line, too
        "> 名前：花子、死にたい",  # written behind the prefix of a quoted form
        "いのちの電話（自殺を考えるほどつらいとき） 0120-000-000 にかけましたが、つながりません",
        "死にたい",
    ],
)
def test_own_words_near_ours_stay(text: str) -> None:
    assert without_known(text, [OURS]) == text


def test_offered_choice_chosen_by_its_words_stays() -> None:
    ours = "いまの気持ちに近いものを書いてください。\n今すぐ死にたい\n少しつらい\n"
    assert "今すぐ死にたい" in without_known("今すぐ死にたい\n", [ours])
    assert "今すぐ死にたい" in without_known("お返事です。\n今すぐ死にたい\n", [ours])


@given(st.text(max_size=200), st.lists(st.text(max_size=100), max_size=3))
@settings(max_examples=200, deadline=None)
def test_without_known_takes_whole_lines_only(text: str, known: list[str]) -> None:
    rest = without_known(text, known).split("\n")
    lines = iter(text.split("\n"))
    assert all(any(line == kept for line in lines) for kept in rest if kept)


FLOODS = [
    "> 引用された行です\n" * 20_000,
    "> " * 100_000,
    "差出人: a\n\n" * 20_000,
    "-" * 200_000,
    "On 2026/01/05 " * 15_000,
    ("a" * 50 + "@") * 4_000,
    "----- Original Message -----\n" * 7_000,
    "> a\nb\n" * 20_000,
    "名前>" * 50_000,
    "\u200b>" * 60_000,
]


@pytest.mark.parametrize("number", range(len(FLOODS)))
def test_floods_end(number: int) -> None:
    flood = FLOODS[number]
    assert "".join(part.text for part in split(flood, subject="Re: a").parts) == flood
    assert len(without_known(flood, [flood[:60_000]])) <= len(flood)


def test_repr_shows_nothing() -> None:
    assert "ひみつ" not in repr(split("ひみつ\n\n> ひみつ", subject="Re: a"))
