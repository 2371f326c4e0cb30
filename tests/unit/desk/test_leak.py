"""The leak guard (rules P5, P2a): names, addresses, numbers and cases that must not reach a client; and what may."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.desk.leak import Secrets, find
from maild.desk.rules import Counselor

SATO = Counselor("佐藤花子", "hsato@desk.example", ("さとうはなこ", "Sato Hanako"), "090-1234-5678")
TANAKA = Counselor("田中 一郎", "tanaka@desk.example")
SECRETS = Secrets(
    counselors=(SATO, TANAKA, Counselor("林花子", "hayashi@desk.example")),
    addresses=("counselors@desk.example",),
    allowed=("soudan@desk.example", "hanako@docomo.example"),
    allowed_phones=("0120-783-556",),
    words=("内線",),
    other_names=("みかんの木",),
    case=12,
)


@pytest.mark.parametrize(
    "text",
    [
        "佐藤花子です。",
        "担当の佐藤です。",
        "花子より",
        "さとうはなこ",
        "サトウハナコ",
        "ｻﾄｳﾊﾅｺ",
        "Regards, Sato",
        "SATO HANAKO",
        "田中一郎",
        "田中　一郎",
        "林 花子と申します",
        "佐　藤　花　子",
        "hsato@desk.example まで",
        "ｈｓａｔｏ＠ｄｅｓｋ．ｅｘａｍｐｌｅ",
        "tanaka までどうぞ",
        "someone@else.example に相談を",
        "090-1234-5678へ",
        "０９０－１２３４－５６７８",
        "09012345678",
        "090(1234)5678",
        "内線 12",
        "みかんの木さんも",
        "受付 13 の方",
        "[Ref 13]",
    ],
)
def test_p5_what_must_not_stand_there(text: str) -> None:
    assert find(text, SECRETS) != ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "お気持ちをお聞かせください。",
        "soudan@desk.example からお送りしています。",
        "Soudan@Desk.Example.",
        "0120-783-556 にお電話ください。",
        "受付 12 としてお受けしています。",
        "相談 3回まで",
        "相談24時間受け付け",
        "satisfied, satoyama",
        "03-1234-5678",  # a phone of nobody here
    ],
)
def test_p5_what_may(text: str) -> None:
    assert find(text, SECRETS) == ()


def test_p2a_a_counselor_who_signs_by_name() -> None:
    signed = replace(SECRETS, names=False)
    assert find("佐藤花子", signed) == ()
    assert find("hsato@desk.example", signed) != ()


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("佐藤花子", ["佐藤花子", "佐藤", "花子"]),
        ("田中 一郎", ["田中 一郎", "田中一郎", "田中", "一郎"]),
        ("長谷川花子", ["長谷川花子", "長谷川", "花子"]),
        ("林　花子", ["林　花子", "林花子", "花子"]),
    ],
)
def test_p5_names_and_their_telling_parts(name: str, parts: list[str]) -> None:
    secrets = Secrets(counselors=(Counselor(name, "x@desk.example"),))
    for part in parts:
        assert find(f"担当の{part}です。", secrets), part


@given(st.text(max_size=30), st.text(max_size=30), st.sampled_from(["佐藤花子", "hsato@desk.example", "みかんの木"]))
def test_p5_a_secret_is_found_between_any_words(before: str, after: str, secret: str) -> None:
    assert find(f"{before}。\n{secret}\n。{after}", SECRETS)


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    assert isinstance(find(text, SECRETS), tuple)


@pytest.mark.parametrize(
    "unit",
    ["a", "0", "0-", "090 ", "(", "@", "a@", "a.", "no", "no ", " ", "相談 ", "受付\u3000", "no.#", "佐", "さとう"],
)
def test_m6_hostile_texts_are_read_in_linear_time(unit: str) -> None:
    assert len(find("受付" + (unit * 200_000)[:200_000], SECRETS)) < 200_000


def test_s2_secrets_print_nothing() -> None:
    for secret in ("佐藤", "sato", "5678", "内線", "みかん", "hanako"):
        assert secret not in repr(SECRETS)
