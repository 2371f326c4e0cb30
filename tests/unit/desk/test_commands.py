"""``#commands`` as people type them (rules P4): both languages, any width; what is doubtful is never carried out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.desk.commands import NEEDS_ARGUMENT, WITH_TEXT, Order, fold, read, read_all
from maild.desk.orders import DECLINE_REASONS, ORDERS
from maild.pipeline.orders import RULED


@pytest.mark.parametrize(
    ("line", "name", "argument", "fault"),
    [
        ("#close", "close", "", None),
        ("＃終了", "close", "", None),
        ("#終了。", "close", "", None),
        ("  # Close  ", "close", "", None),
        ("##close", "close", "", None),
        ("＃ＣＬＯＳＥ", "close", "", None),
        ("#保留", "hold", "", None),
        ("#hold 電話待ち", "hold", "電話待ち", None),
        ("#メモ 本人から電話あり", "note", "本人から電話あり", None),
        ("#メモ：本人から電話", "note", "本人から電話", None),
        ("#メモ本人から電話", "note", "本人から電話", None),
        ("#送信", "send", "", None),
        ("#再開", "reopen", "", None),
        ("#interim", "interim", "", None),
        ("#no-reply", "no_reply", "", None),
        ("#no_reply", "no_reply", "", None),
        ("#no\u2010reply", "no_reply", "", None),  # a phone's own hyphen
        ("#no−reply", "no_reply", "", None),
        ("#返信不要", "no_reply", "", None),
        ("#end", "end", "", None),
        ("#対応します", "taken", "", None),
        ("#対応します。", "taken", "", None),
        ("#taken!", "taken", "", None),
        ("#clear-crisis", "clear_crisis", "", None),
        ("#危機解除", "clear_crisis", "", None),
        ("#ask-doctor", "ask_doctor", "", None),
        ("#ask-publication", "ask_publication", "", None),
        ("#状況", "status", "", None),
        ("#help", "help", "", None),
        ("#refer いのちの電話", "refer", "いのちの電話", None),
        ("#紹介いのちの電話", "refer", "いのちの電話", None),
        ("#refer Legal Aid, Tsu", "refer", "Legal Aid, Tsu", None),
        ("#refer", "refer", "", "needs_argument"),
        ("#accept-address <Hanako@New.example>", "accept_address", "hanako@new.example", None),
        ("#accept-address hanako", "accept_address", "", "not_an_address"),
        ("#accept-address", "accept_address", "", "needs_argument"),
        ("#suspend 2026-05-01 嫌がらせ", "suspend", "2026-05-01 嫌がらせ", None),
        ("#担当 佐藤", "assign", "佐藤", None),
        ("#unassign", "unassign", "", None),
        ("#担当解除", "unassign", "", None),
        ("#decline", "decline", "", "needs_argument"),
        ("#decline whim", "decline", "", "unknown_reason"),
        ("#decline:crisis", "decline", "crisis", None),
        ("#お断り　対象外", "decline", "out_of_scope", None),
        ("#お断り対象外", "decline", "out_of_scope", None),
        ("#お断り：対象外。", "decline", "out_of_scope", None),
        ("#お断りします", "decline", "", "unknown_reason"),
        ("#decline out-of-scope", "decline", "out_of_scope", None),
        ("#decline spam", "spam", "", None),
        ("#迷惑メール", "spam", "", None),
        ("#closed", None, "", "unknown"),
        ("#", None, "", "unknown"),
        ("", None, "", "unknown"),
        ("#1の件ですが", None, "", "unknown"),
        # words that begin like a command and mean something else
        ("#終了できません", None, "", "unknown"),
        ("#送信できませんでした", None, "", "unknown"),
        ("#停止しないでください", None, "", "unknown"),
        ("#再開発について", None, "", "unknown"),
        ("#終わりのない悩み", None, "", "unknown"),
    ],
)
def test_p4_a_line(line: str, name: str | None, argument: str, fault: str | None) -> None:
    assert read(line) == Order(line, name, argument, fault)


@pytest.mark.parametrize("reason", DECLINE_REASONS)
def test_d1_every_reason_can_be_typed(reason: str) -> None:
    for line in (f"#decline {reason}", f"#DECLINE {reason.upper()}", f"＃お断り {reason.replace('_', '-')}"):
        assert read(line).argument == reason


def test_p4_what_is_understood_is_carried_out() -> None:
    """Every command that the rule book owns is one of its orders."""
    assert set(ORDERS) >= RULED
    names = {read(f"#{word}").name for word in ("close", "hold", "spam", "reopen", "no-reply", "taken", "clear-crisis")}
    assert names <= RULED
    assert {"note", "send", "interim"} <= WITH_TEXT
    assert NEEDS_ARGUMENT.isdisjoint({"close", "hold", "note"})


def test_several_lines_keep_their_order() -> None:
    assert [one.name for one in read_all(["#taken", "#nonsense", "#close"])] == ["taken", None, "close"]


@given(st.text(max_size=200))
def test_any_text_is_read_and_faults_name_no_order_to_carry_out(line: str) -> None:
    order = read("#" + line)
    assert order.raw == "#" + line
    assert (order.name is None) == (order.fault == "unknown")
    if order.name in NEEDS_ARGUMENT and order.fault is None:
        assert order.argument


@given(st.text(max_size=100))
def test_folding_is_stable(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize("unit", ["a", " ", "#", "@", "a@", "-", "＃", "お断り", "#accept-address ", "\u3000", ":"])
@pytest.mark.parametrize("begin", ["#", "#accept-address ", "#decline ", "#お断り"])
def test_m6_hostile_lines_are_read_in_linear_time(begin: str, unit: str) -> None:
    order = read(begin + (unit * 200_000)[:200_000])
    assert order.name in (None, "accept_address", "decline")


def test_s2_an_order_prints_no_words_of_the_counselor() -> None:
    assert "hanako" not in repr(read("#accept-address hanako@new.example"))
