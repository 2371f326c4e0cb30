"""Who is on call and no counselor: ``#taken`` ends the urgent calls, nothing else is taken from them (rules K4, P3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from counselor_mail import again, play, reply, templates, two_counselors, with_desk, words

from maild.config import Config
from maild.operate.rehearse import Row

ON_CALL = "oncall@soudan.example"
HOST = "mx.soudan.example"
CRISIS = again("もう死にたいです。薬を用意しました。")
ONLY = "「#対応します」だけです"


@pytest.fixture(scope="module")
def base() -> Config:
    config = replace(two_counselors(), maild=replace(two_counselors().maild, trusted_authserv=frozenset({HOST})))
    return with_desk(config, on_call=(ON_CALL,))


def calls(base: Config, *said: dict[str, object]) -> tuple[list[Row], list[str]]:
    """A crisis, what is said about it five minutes later, and who is still called in the hour that follows."""
    soon = [{"after": timedelta(minutes=5), **one} for one in said]
    rows = play(base, CRISIS, *soon, {"after": timedelta(hours=1)})
    return rows[2:-1], [one.to for one in rows[-1].sent if one.template == "notice_urgent"]


@pytest.fixture(scope="module")
def notice(base: Config) -> str:
    """The Message-ID of the notice that went to ``on_call``; the tokens of a rehearsal are the same each time."""
    sent = play(base, CRISIS)[1].sent
    return next(one.message_id for one in sent if one.template == "notice_urgent" and one.to == ON_CALL)


def on_call_says(text: str, notice: str, **headers: str) -> dict[str, object]:
    said = {"from": ON_CALL, "subject": "Re: 至急", "text": text}
    return {"mail": {**said, "headers": {"In-Reply-To": notice, "References": notice, **headers}}}


@pytest.mark.parametrize("order", ["#対応します", "＃対応します", "#taken"])
def test_k4_taken_from_on_call_ends_the_calls(base: Config, notice: str, order: str) -> None:
    (row,), called = calls(base, on_call_says(order, notice))
    assert (row.dispositions, called) == (("command",), [])
    assert [(one.template, one.to) for one in row.sent] == [("command_result", ON_CALL)]
    said = words(row, "command_result")
    assert "至急の呼び出しを止めます" in said and ONLY not in said


def test_k4_a_signature_or_another_order_beside_it_hinders_nothing(base: Config, notice: str) -> None:
    for text in (
        "#対応します\n\n当直 高橋\n携帯 090-0000-0000",
        "#終了\n#対応します",
        "#なにか\n#対応します\n#危機解除",
    ):
        (row,), called = calls(base, on_call_says(text, notice))
        assert (row.dispositions, called, templates(row)) == (("command",), [], []), text
        assert row.cases[0].state == "waiting_desk" and "crisis" in row.cases[0].flags, text
        said = words(row, "command_result")
        assert "至急の呼び出しを止めます" in said and ONLY in said, text


@pytest.mark.parametrize(
    "text", ["すぐに電話します。", "#終了", "#送信\nすぐに電話します。", "#危機解除", "#メモ 電話した", ""]
)
def test_p3_nothing_else_is_taken_from_them_and_they_are_told(base: Config, notice: str, text: str) -> None:
    (row,), called = calls(base, on_call_says(text, notice))
    assert (row.dispositions, templates(row)) == (("refused",), [])
    assert row.cases[0].state == "waiting_desk" and "crisis" in row.cases[0].flags
    assert [one.to for one in row.sent] == [ON_CALL]
    assert ONLY in words(row, "command_result")
    assert ON_CALL in called, "the calls go on"


def test_k4_taken_in_answer_to_the_explanation_counts(base: Config, notice: str) -> None:
    first = on_call_says("電話してみます。", notice)
    told = calls(base, first)[0][0].sent[0]
    rows, called = calls(base, first, on_call_says("#対応します", told.message_id))
    assert (rows[1].dispositions, called) == (("command",), [])


def test_p3_without_the_notices_token_nothing_is_taken_and_they_are_told(base: Config) -> None:
    (row,), called = calls(base, on_call_says("#対応します", "<made-up@soudan.example>"))
    assert (row.dispositions, [one.to for one in row.sent]) == (("refused",), [ON_CALL])
    assert "通知のメールに、そのまま返信してください" in words(row, "command_result")
    assert ON_CALL in called


def test_m10_a_forged_taken_stops_nothing_and_is_not_answered(base: Config, notice: str) -> None:
    failed = {"Authentication-Results": f"{HOST}; dmarc=fail header.from=soudan.example"}
    (row,), called = calls(base, on_call_says("#対応します", notice, **failed))
    assert (row.dispositions, row.sent) == (("refused",), ())
    assert ON_CALL in called


def test_p3_who_is_on_call_elsewhere_is_a_stranger_here(base: Config) -> None:
    (row,), called = calls(base, reply("#対応します", "oncall@elsewhere.example"))
    assert (row.dispositions, row.sent) == (("refused",), ())
    assert ON_CALL in called


def test_p3_on_call_lets_nobody_into_a_case(base: Config) -> None:
    """D6: they hear of a crisis that is shown apart; who joins a case is for the counselors (D2)."""
    failed = {"Authentication-Results": f"{HOST}; dmarc=fail header.from=phone.example"}
    shown_apart = again("もう死にたいです。薬を用意しました。", headers=failed)
    told = next(one for one in play(base, shown_apart)[1].sent if one.to == ON_CALL)
    assert told.template == "notice_third_party"
    for text in ("#アドレス追加 okaa@else.example", "#対応します"):
        row = play(base, shown_apart, on_call_says(text, told.message_id))[2]
        assert (row.dispositions, [one.to for one in row.sent]) == (("refused",), [ON_CALL]), text
        assert "お返事を送れません" in words(row, "command_result"), text


def test_p3_every_inbox_of_the_desk_is_told_that_it_is_no_counselor(base: Config) -> None:
    desk = with_desk(base, inboxes=("second@soudan.example",))
    for inbox in ("inbox@soudan.example", "second@soudan.example"):
        row = play(desk, reply("お返事です。", inbox))[1]
        assert (row.dispositions, [one.to for one in row.sent]) == (("refused",), [inbox])
        assert "相談員として登録されていません" in words(row, "command_result")


def test_k4_a_counselor_who_is_on_call_stays_a_counselor(base: Config) -> None:
    both = with_desk(base, on_call=("sato@soudan.example",))
    assert templates(play(both, reply("読みました。"))[1]) == ["reply"]
