"""Orders above a counselor's text, alone and several at once (rules P4, C14); mail shown apart (P1a, D2)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from counselor_mail import CLIENT, again, play, reply, templates, two_counselors, with_desk, words

from maild.config import Config
from maild.desk.rules import Referral


@pytest.fixture(scope="module")
def base() -> Config:
    return two_counselors()


def test_no_reply_to_somebody_who_had_no_answer_yet_is_asked_back(base: Config) -> None:
    rows = play(base, reply("#返信不要"), reply("#返信不要"))
    assert (rows[1].dispositions, rows[1].cases[0].state) == (("command",), "waiting_desk")
    assert "まだ一度もお返事を受け取っていません" in words(rows[1], "command_result")
    assert (rows[2].cases[0].state, rows[2].cases[0].completed) == ("waiting_client", 0)
    at_once = play(base, reply("#送信\n#返信不要"))[1]
    assert (at_once.cases[0].state, templates(at_once)) == ("waiting_client", [])
    newer = play(base, reply("#返信不要"), again("まだ待っています。心細いです。"), reply("#返信不要"))
    assert newer[3].cases[0].state == "waiting_desk", "who writes again is asked about again"


def test_a_note_among_other_orders_hinders_none_of_them(base: Config) -> None:
    row = play(base, reply("#保留\n#メモ 主治医の返事を待つ"))[1]
    assert (row.cases[0].state, templates(row)) == ("held", [])
    assert "保留にしました" in words(row, "command_result")
    assert "メモを残しました" in words(row, "command_result")


# -- P4: referrals ---------------------------------------------------------------------------------------------------

CLINIC = "お近くの心療内科に話してみるのも一つです。"


@pytest.fixture(scope="module")
def referring(base: Config) -> Config:
    rules = replace(base.desks[0].rules, referrals=(Referral("医療機関", CLINIC),))
    return with_desk(base, rules=rules)


def test_a_referral_alone_goes_with_the_next_reply(referring: Config) -> None:
    rows = play(
        referring,
        reply("#紹介 医療機関"),
        reply("#途中連絡\n読んでいます。"),
        reply("読みました。"),
        reply("補足です。"),
    )
    assert (rows[1].dispositions, templates(rows[1])) == (("command",), [])
    assert "次のお返事に添えます" in words(rows[1], "command_result")
    assert CLINIC not in words(rows[2], "reply")
    assert words(rows[3], "reply").startswith(f"読みました。\n\n{CLINIC}\n")
    assert CLINIC not in words(rows[4], "reply")


def test_a_referral_above_text_stands_in_that_reply_once(referring: Config) -> None:
    rows = play(referring, reply("#紹介 医療機関"), reply("#紹介 医療機関\n読みました。"))
    assert words(rows[2], "reply").count(CLINIC) == 1
    held = play(referring, reply("#紹介 医療機関\n佐藤花代です。"), reply("#送信"), reply("補足です。"))
    assert (held[1].dispositions, words(held[2], "reply").count(CLINIC)) == (("refused",), 1)
    assert CLINIC not in words(held[3], "reply")
    later = play(referring, reply("佐藤花代です。"), reply("#紹介 医療機関"), reply("#送信"))
    assert words(later[3], "reply").count(CLINIC) == 1, "the held reply is the next one"


def test_a_referral_that_nobody_configured(referring: Config) -> None:
    rows = play(referring, reply("#紹介 占い"), reply("#紹介 占い\n読みました。"), reply("読みました。"))
    assert "登録がありません" in words(rows[1], "command_result")
    assert (rows[2].dispositions, templates(rows[2])) == (("refused",), [])
    assert words(rows[3], "reply").startswith("読みました。\n\n---")


# -- P1a: a mail that is shown apart from every case -------------------------------------------------------------------


def test_p1a_a_strangers_mail_names_no_registered_address(base: Config) -> None:
    """D2: it claims a case, quotes the client's address in subject and text, and signs with its own."""
    text = f"{CLIENT} の母です。お返事は okaa@else.example へください。hanako.y は元気です。"
    said = {"from": "okaa@else.example", "text": text, "subject": f"Re: [受付 1] {CLIENT}"}
    row = play(base, {"mail": said})[1]
    assert row.dispositions == ("third_party",)
    shown = words(row, "notice_third_party")
    assert "の母です" in shown and "元気です" in shown
    for secret in (CLIENT, "hanako.y", "okaa@else.example"):
        assert secret not in shown
    open_desk = play(with_desk(base, show_client_address=True), {"mail": said})[1]
    assert CLIENT in words(open_desk, "notice_third_party")
