"""Waiting, resends, orders, reopening: one table test per clause (rules C9 to C16, P4)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from lives import (
    FAR,
    FIRST,
    Life,
    at,
    desk,
    held,
    intake,
    open_states,
    undeliverable,
    waiting_client,
    waiting_desk,
)

from maild.desk.actions import Letter, Relay
from maild.desk.case import State
from maild.desk.deadlines import closes_on
from maild.desk.events import Due

# -- C9, C16: nobody who waits is forgotten --------------------------------------------------------------------------


def alerts(life: Life, count: int) -> list[tuple[str, bool]]:
    found = []
    for _ in range(count):
        when = life.due["alert"]
        life.falls_due("alert")
        last = any(isinstance(one, Letter) and one.to == "operators" for one in life.last.actions)
        found.append((when.astimezone(life.zone).strftime("%m-%d %H:%M"), last))
    return found


def test_c9_calendar_days_then_every_seven() -> None:
    life = Life().mail("2026-04-28 18:30")
    assert alerts(life, 5) == [
        ("05-01 18:30", False),
        ("05-05 18:30", False),
        ("05-07 18:30", True),
        ("05-14 18:30", True),
        ("05-21 18:30", True),
    ]
    assert life.letter("alert_waiting").values["days"] == 23


def test_c9_working_days() -> None:
    life = Life(desk(alert_count="working")).mail("2026-05-01 10:00")  # a Friday
    assert [when for when, _ in alerts(life, 4)] == ["05-06 10:00", "05-12 10:00", "05-14 10:00", "05-21 10:00"]


def test_c9_days_in_the_alert_are_calendar_days_though_one_has_23_hours() -> None:
    from zoneinfo import ZoneInfo

    life = Life(desk("America/New_York"), ZoneInfo("America/New_York")).mail("2026-03-07 12:00")
    life.falls_due("alert")
    assert life.letter("alert_waiting").values["days"] == 3


def test_c9_the_wait_goes_on_with_further_mails_and_ends_with_a_reply() -> None:
    life = waiting_desk().falls_due("alert").mail("2026-01-05 10:00")
    assert (life.case.unanswered_since, life.case.alerts) == (at("2026-01-01 10:00"), 1)
    life.reply("2026-01-06 10:00")
    assert (life.due, life.case.alerts) == ({}, 0)


def test_c9_the_oldest_mail_counts_in_whatever_order_they_are_handed_over() -> None:
    life = Life().mail("2026-01-03 10:00").mail("2026-01-01 10:00")
    assert life.case.unanswered_since == at("2026-01-01 10:00")


def test_c9_a_refused_reply_while_the_client_wrote_on_leaves_the_alert() -> None:
    life = waiting_desk().reply(FAR)
    relay = life.relays[0]
    life.mail("2026-01-03 10:00").failed("2026-01-04 10:00", relay, bounced=False)
    assert (life.case.state, life.case.queued_replies, life.templates) == ("waiting_desk", 0, ["delivery_failed"])
    assert "alert" in life.due


def test_c9_c11_one_alert_tells_of_all_that_fell_due_before_anybody_looked() -> None:
    life = waiting_desk()
    life.happen(Due(life.due["alert"], "alert", seen=at("2026-01-27 09:00"), fallen=5))
    values = life.letter("alert_waiting").values
    assert (values["days"], values["last"]) == (25, True), "the 26th day is not full yet"
    assert life.letter("operator_alert").values["days"] == 25
    assert life.due == {"alert": at("2026-01-31 10:00")}, "the next one keeps its day"


def test_c16_c11_a_reminder_too_tells_of_all_those_before_it() -> None:
    life = held()
    life.happen(Due(life.due["held"], "held", seen=at("2026-01-25 12:00")))
    assert (life.templates, life.letter("alert_waiting").values["days"]) == (["alert_waiting"], 23)
    assert life.due == {"held": at("2026-01-30 10:00")}


def test_c16_held_is_reminded_every_seven_days() -> None:
    life = held()
    for day in (9, 16, 23):
        assert life.due == {"held": at(f"2026-01-{day:02d} 10:00")}
        life.falls_due("held")
        assert life.templates == ["alert_waiting"]
    assert life.case.state == "held"


@pytest.mark.parametrize("how", ["mail", "reply"])
def test_c16_held_ends_with_a_mail_or_a_reply(how: str) -> None:
    life = held()
    life = life.mail("2026-01-09 10:00") if how == "mail" else life.reply("2026-01-09 10:00")
    assert (life.case.state, life.case.held_since, life.case.round_trip) == ("waiting_desk", None, 1)


def test_c16_a_reply_delivered_while_held_leaves_nobody_waiting() -> None:
    life = waiting_desk().reply(FAR)
    relay = life.relays[0]
    life.order("2026-01-02 10:01", "hold").delivered("2026-01-02 10:02", relay)
    assert (life.case.state, life.case.state_before) == ("held", "waiting_client")
    life.order("2026-01-05 10:00", "reopen")
    assert (life.case.state, list(life.due)) == ("waiting_client", ["close"])


def test_c16_c14_an_interim_leaves_a_held_case_held() -> None:
    life = held().reply("2026-01-03 10:00", interim=True)
    assert life.case.state == "held"
    life.delivered("2026-01-03 10:00")
    assert (life.case.state, list(life.due)) == ("held", ["held"])


# -- C10: resends ----------------------------------------------------------------------------------------------------


def test_c10_on_the_desks_turn() -> None:
    life = waiting_desk().mail("2026-01-11 10:00", resend_of=FIRST)
    assert life.to_client == ["resend_received"]
    assert life.letter("resend_received").values["first_on"] == FIRST
    assert "alert_waiting" in life.templates
    assert (life.case.round_trip, life.case.unanswered_since, life.case.resends) == (1, FIRST, 1)


def test_c10_on_the_clients_turn_the_stored_reply_goes_once_more() -> None:
    life = waiting_client()
    reply = life.case.last_reply
    life.mail("2026-01-11 10:00", resend_of=FIRST)
    assert life.relays == [Relay(reply or 0, "reply", 1, again=True)]
    life.delivered("2026-01-11 10:01")
    assert (life.case.state, life.case.completed, life.case.round_trip) == ("waiting_client", 1, 1)


def test_c10_whom_the_reply_did_not_reach_twice_gets_it_again_on_another_day() -> None:
    life = waiting_client().mail("2026-01-11 10:00", resend_of=FIRST).delivered("2026-01-11 10:00")
    life.mail("2026-01-12 09:59", resend_of=FIRST)
    assert life.templates == ["alert_waiting"], "a machine would have it for ever (M3)"
    life.mail("2026-01-21 10:00", resend_of=FIRST)
    assert [relay.again for relay in life.relays] == [True]
    life.delivered("2026-01-21 10:00")
    assert (life.case.state, life.case.completed, life.case.queued_replies) == ("waiting_client", 1, 0)


def test_c10_c3_whom_the_last_reply_did_not_reach_gets_it_again() -> None:
    life = Life().rounds(3).mail("2026-01-20 10:00", resend_of=at("2026-01-05 10:00"))
    assert (life.to_client, life.relays[0].again, life.case.limit_told) == (["final_reply"], True, False)
    assert "notice" in life.templates
    life.delivered("2026-01-20 10:00")
    assert (life.case.state, life.case.reason, life.case.completed) == ("closed", "completed", 3)
    assert life.mail("2026-01-20 11:00", resend_of=at("2026-01-05 10:00")).to_client == ["limit_reached"]


def test_c10_without_a_reply_there_is_none_to_send_again() -> None:
    life = waiting_desk().order(FAR, "no_reply").mail("2026-01-11 10:00", resend_of=FIRST)
    assert (life.case.state, life.to_client) == ("waiting_desk", ["ack"])


def test_c10_c16_nor_where_the_case_is_held() -> None:
    life = waiting_desk().order(FAR, "no_reply").order(FAR, "hold").mail("2026-01-11 10:00", resend_of=FIRST)
    assert (life.case.state, life.case.round_trip, life.to_client) == ("waiting_desk", 1, ["ack"])


def test_c10_in_intake_the_same_text_is_an_intake_mail() -> None:
    life = intake().mail("2026-01-11 10:00", incomplete=True, resend_of=FIRST)
    assert (life.case.state, life.templates, life.case.asked) == ("intake", ["intake_missing"], 2)
    paused = intake().order(FAR, "hold").mail("2026-01-11 10:00", incomplete=True, resend_of=FIRST)
    assert (paused.case.state, paused.templates) == ("intake", ["intake_missing"])


def test_c10_c16_a_resend_ends_a_hold() -> None:
    life = held().mail("2026-01-11 10:00", resend_of=FIRST)
    assert (life.case.state, life.case.unanswered_since, "alert" in life.due) == ("waiting_desk", FIRST, True)


def test_c10_from_undeliverable_it_is_a_sign_of_life() -> None:
    life = undeliverable().mail("2026-01-11 10:00", resend_of=FIRST)
    assert life.relays[0].again


# -- C12, C14, C15: orders -------------------------------------------------------------------------------------------


@open_states
def test_c12_service_end_closes_every_open_case(state: State, begin: Any) -> None:
    life = begin().order("2026-01-20 10:00", "service_end", "ありがとうございました")
    assert (life.case.state, life.case.reason, life.to_client) == ("closed", "service_ended", ["service_end"])
    life.mail("2026-02-20 10:00")
    assert (life.case.state, life.to_client) == ("closed", ["service_end"])


def test_c14_interim_relays_counts_nothing_and_leaves_the_turn() -> None:
    life = waiting_desk().reply(FAR, interim=True)
    assert life.relays[0].interim
    life.delivered(FAR)
    assert (life.case.state, life.case.completed, life.case.unanswered_since) == ("waiting_desk", 0, FIRST)
    assert "alert" in life.due


def test_c14_c7_an_interim_is_no_reply_that_a_mail_could_have_crossed() -> None:
    life = waiting_client().reply("2026-01-10 10:00", interim=True).delivered("2026-01-10 10:00")
    life.mail("2026-01-10 09:00")
    assert life.case.round_trip == 2


@pytest.mark.parametrize("begin", [waiting_desk, held])
def test_c14_no_reply_hands_back_uncounted(begin: Any) -> None:
    life = begin().order("2026-01-03 10:00", "no_reply")
    assert (life.case.state, life.case.round_trip, life.case.completed) == ("waiting_client", 0, 0)
    assert closes_on(life.case, life.desk) == date(2026, 2, 2)
    life.mail("2026-01-05 10:00")
    assert (life.case.state, life.case.round_trip) == ("waiting_desk", 1)


def test_c14_no_reply_after_the_last_round_trip_closes_it() -> None:
    life = Life().rounds(3).mail("2026-01-06 09:59").order("2026-01-09 10:00", "no_reply")
    assert (life.case.state, life.case.reason) == ("closed", "completed")


@pytest.mark.parametrize("begin", [intake, waiting_client, undeliverable])
def test_c14_no_reply_where_it_is_not_our_turn_changes_nothing(begin: Any) -> None:
    life = begin()
    before = life.case
    assert life.order("2026-01-03 10:00", "no_reply").case == before


def test_c14_no_reply_while_a_reply_is_under_way() -> None:
    life = waiting_desk().reply(FAR)
    relay = life.relays[0]
    life.order("2026-01-02 10:01", "no_reply").delivered("2026-01-02 10:02", relay)
    assert (life.case.state, life.case.round_trip, life.case.completed) == ("waiting_client", 1, 1)


def test_c15_wishes_are_shown_and_end_closes() -> None:
    life = Life().mail("2026-01-01 10:00", wishes=("end", "erase"))
    assert {"wish_end", "wish_erase"} <= life.case.flags
    assert life.case.state == "waiting_desk", "shown, nothing more"
    life.order(FAR, "end")
    assert (life.case.reason, life.to_client) == ("client_request", ["closed_by_counselor"])


# -- reopening -------------------------------------------------------------------------------------------------------


def test_p4_a_case_closed_while_the_client_waited_is_reopened_on_our_turn() -> None:
    life = waiting_desk().order(FAR, "close").order("2026-01-03 10:00", "reopen")
    assert (life.case.state, life.case.reason, life.case.closed) == ("waiting_desk", None, None)
    assert life.due == {"alert": at("2026-01-06 10:00")}


def test_p4_else_on_the_clients_turn() -> None:
    life = waiting_client().order("2026-01-03 10:00", "close").order("2026-01-04 10:00", "reopen")
    assert (life.case.state, closes_on(life.case, life.desk)) == ("waiting_client", date(2026, 2, 3))


def test_p4_c2_a_reopened_case_counts_no_further_than_the_limit() -> None:
    life = Life().rounds(3).order("2026-01-21 10:00", "reopen").mail("2026-01-22 10:00")
    assert (life.case.state, life.case.round_trip) == ("waiting_desk", 3)
    life.answered("2026-01-23 10:00")
    assert (life.case.state, life.case.reason, life.case.completed) == ("closed", "completed", 3)


def test_p4_limit_reached_may_be_told_again_after_a_reopening() -> None:
    life = Life().rounds(3).mail("2026-01-20 10:00").order("2026-01-21 10:00", "reopen")
    assert not life.case.limit_told


@pytest.mark.parametrize("begin", [intake, waiting_desk, waiting_client])
def test_p4_reopening_an_open_case_changes_nothing(begin: Any) -> None:
    life = begin()
    before = life.case
    assert life.order("2026-01-03 10:00", "reopen").case == before
