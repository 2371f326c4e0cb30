"""One table test per clause of the rules, with the clause's own example where it has one (rules C, I1, A, K, D, M)."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lives import ITEMS, Life, at, desk

from maild.desk.actions import Letter, Relay
from maild.desk.case import State
from maild.desk.deadlines import closes_on
from maild.desk.events import ClientMail, Due, Failed
from maild.desk.orders import DECLINE_REASONS
from maild.desk.terms import in_force

FAR = "2026-01-02 10:00"


def waiting_desk() -> Life:
    return Life().mail("2026-01-01 10:00")


def waiting_client() -> Life:
    return waiting_desk().answered(FAR)


def intake() -> Life:
    return Life().mail("2026-01-01 10:00", incomplete=True)


def held() -> Life:
    return waiting_desk().order(FAR, "hold")


def undeliverable() -> Life:
    life = waiting_desk().reply("2026-01-02 09:00")
    relay = life.relays[0]
    return life.delivered("2026-01-02 09:00", relay).failed(FAR, relay)


OPEN: list[tuple[State, Any]] = [
    ("intake", intake),
    ("waiting_desk", waiting_desk),
    ("waiting_client", waiting_client),
    ("held", held),
    ("undeliverable", undeliverable),
]
open_states = pytest.mark.parametrize(("state", "begin"), OPEN, ids=[state for state, _ in OPEN])


# -- C1: opening -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "version"),
    [
        ("2024-12-31 12:00", "2025-04"),  # before the first date, the earliest (S7)
        ("2026-03-31 23:59:59", "2025-04"),
        ("2026-04-01 00:00:00", "2026-04"),
    ],
)
def test_c1_the_first_mail_opens_a_case_under_the_terms_in_force(when: str, version: str) -> None:
    life = Life().mail(when)
    assert (life.case.state, life.case.round_trip, life.case.completed) == ("waiting_desk", 1, 0)
    assert life.case.terms_version == version
    assert len(life.case.terms_sha256) == 64
    assert life.case.opened == at(when)
    assert life.templates == ["ack", "notice"]
    assert life.letter("ack").values["first"] is True


def test_c1_a_desk_without_terms_records_none() -> None:
    assert in_force((), date(2026, 1, 1)) is None


# -- C2, C3: round trips ---------------------------------------------------------------------------------------------


def test_c2_a_round_trip_completes_when_delivered_not_when_queued() -> None:
    life = waiting_desk().reply(FAR)
    assert (life.case.state, life.case.completed) == ("waiting_desk", 0)
    assert life.templates == ["reply"]
    life.delivered("2026-01-02 10:05")
    assert (life.case.state, life.case.completed) == ("waiting_client", 1)
    assert life.templates == ["delivered"]


def test_c2_several_mails_and_several_replies_are_one_round_trip() -> None:
    life = waiting_desk().mail("2026-01-01 11:00")
    assert life.templates == ["notice"], "further mails of a turn get no acknowledgement (I1)"
    life.mail("2026-01-01 12:00").answered(FAR).reply("2026-01-03 10:00")
    assert life.relays[0].supplement
    life.delivered("2026-01-03 10:00")
    assert (life.case.round_trip, life.case.completed, life.case.replies) == (1, 1, 2)
    life.mail("2026-01-04 10:00")
    assert (life.case.round_trip, life.case.completed) == (2, 1)


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_c3_the_last_delivered_reply_completes_the_case(limit: int) -> None:
    life = Life(desk(round_trips=limit)).rounds(limit - 1)
    life.mail("2026-02-01 10:00").reply("2026-02-02 10:00")
    assert life.relays == [Relay(life.entry, "final_reply", limit)]
    assert life.case.state == "waiting_desk"
    life.delivered("2026-02-02 10:00")
    assert (life.case.state, life.case.reason, life.case.completed) == ("closed", "completed", limit)
    assert life.due == {}
    assert life.letter("delivered").values["ended"] is True


def test_c3_no_limit_never_completes() -> None:
    life = Life(desk(round_trips=0)).rounds(10)
    assert (life.case.state, life.case.completed) == ("waiting_client", 10)


def test_c3_a_later_mail_gets_limit_reached_once_and_is_shown() -> None:
    life = Life().rounds(3)
    life.mail("2026-01-20 10:00", thanks=True)
    assert life.templates == ["notice"], "a mere thank-you gets nothing"
    life.mail("2026-01-20 11:00")
    assert (life.to_client, life.templates) == (["limit_reached"], ["limit_reached", "notice"])
    assert life.letter("notice").values["late"] is True
    life.mail("2026-01-21 10:00")
    assert life.templates == ["notice"]
    assert (life.case.state, life.case.completed, life.case.round_trip) == ("closed", 3, 3)


def test_c3_a_crisis_keeps_the_case_open_until_cleared() -> None:
    life = Life().rounds(2).mail("2026-01-10 10:00", crisis=("死にたい",)).reply("2026-01-10 11:00")
    assert life.templates == ["reply"], "no closing text to somebody in a crisis"
    life.delivered("2026-01-10 11:00")
    assert (life.case.state, life.case.completed) == ("waiting_client", 3)
    assert life.due == {}
    life.order("2026-03-01 10:00", "clear_crisis")
    assert (life.case.state, life.case.reason) == ("closed", "completed")


def test_c2_a_reply_that_is_delivered_after_close_completes_its_round_trip() -> None:
    life = waiting_desk().reply(FAR)
    relay = life.relays[0]
    life.order(FAR, "close").delivered("2026-01-02 10:05", relay)
    assert (life.case.state, life.case.reason, life.case.completed) == ("closed", "counselor", 1)


def test_c3_an_interim_that_is_under_way_only_delays_the_end() -> None:
    life = Life().rounds(2).mail("2026-01-10 10:00").reply("2026-01-10 11:00", interim=True)
    interim = life.relays[0]
    life.reply("2026-01-10 12:00").delivered("2026-01-10 12:00")
    life.delivered("2026-01-10 12:01", interim)
    assert (life.case.state, life.case.reason) == ("closed", "completed")


# -- C4, C5: clocks --------------------------------------------------------------------------------------------------


def test_c4_the_example_to_the_second() -> None:
    life = Life().mail("2026-01-10 10:00").answered("2026-01-10 23:50")
    assert closes_on(life.case, life.desk) == date(2026, 2, 9)
    assert life.due["close"] == at("2026-02-10 00:00:00")
    late = Life().mail("2026-01-10 10:00").answered("2026-01-10 23:50").falls_due("close")
    assert (late.case.state, late.case.reason) == ("closed", "silence")
    assert late.case.closed == at("2026-02-10 00:00:00")
    assert late.templates == ["closed_silence"]
    assert late.letter("closed_silence").timer
    life.mail("2026-02-09 23:59:59")
    assert (life.case.state, life.case.round_trip) == ("waiting_desk", 2)


def test_c4_a_closing_that_is_not_due_yet_closes_nothing() -> None:
    life = waiting_client()
    before = life.case
    life.happen(Due(life.due["close"] - timedelta(seconds=1), "close"))
    assert life.case == before


def test_c4_a_supplement_restarts_the_days_but_not_those_of_c5() -> None:
    life = waiting_client().answered("2026-01-20 09:00")
    assert closes_on(life.case, life.desk) == date(2026, 2, 19)
    assert life.case.clock_since == at(FAR)
    life.mail("2026-01-25 10:00")
    assert life.case.client_seconds == timedelta(days=23).total_seconds()


def test_c5_the_clients_days_add_up_and_the_earlier_date_counts() -> None:
    life = Life(desk(round_trips=0)).mail("2026-01-01 10:00").answered("2026-01-02 10:00")
    for sent, answered in (("2026-01-31 10:00", "2026-02-10 10:00"), ("2026-03-11 10:00", "2026-03-20 10:00")):
        life.mail(sent).answered(answered)
    assert life.case.client_seconds == timedelta(days=29 + 29).total_seconds(), "the desk's days do not count"
    assert closes_on(life.case, life.desk) == date(2026, 4, 19), "30 days of silence come before 32 that are left"
    life.mail("2026-04-19 10:00").answered("2026-04-20 10:00")
    assert closes_on(life.case, life.desk) == date(2026, 4, 22), "two days are left of ninety"
    life.falls_due("close")
    assert (life.case.state, life.case.reason, life.templates) == ("closed", "client_days", ["closed_silence"])


def test_c5_intake_counts() -> None:
    life = intake().mail("2026-01-11 10:00")
    assert life.case.client_seconds == timedelta(days=10).total_seconds()


@pytest.mark.parametrize("order", ["hold", "lost"])
def test_c5_held_and_undeliverable_do_not_count(order: str) -> None:
    life = waiting_client()
    life = life.order("2026-01-05 10:00", "hold") if order == "hold" else life.lost("2026-01-05 10:00", "ack")
    assert "close" not in life.due
    assert life.case.client_seconds == timedelta(days=3).total_seconds()
    life.mail("2026-06-05 10:00")
    assert (life.case.state, life.case.round_trip) == ("waiting_desk", 2)
    assert life.case.client_seconds == timedelta(days=3).total_seconds()


def test_c5_the_day_a_turn_begins_is_still_theirs() -> None:
    """The whole last day counts, so more than 90 days may be spent; then the deadline is not before the reply."""
    life = Life(desk(client_days=10, silence_days=0)).mail("2026-01-01 10:00").answered("2026-01-02 08:00")
    life.mail("2026-01-12 23:00").answered("2026-01-20 09:00")
    assert closes_on(life.case, life.desk) == date(2026, 1, 20)


def test_c5_no_limits_no_deadline() -> None:
    life = Life(desk(silence_days=0, client_days=0)).mail("2026-01-01 10:00").answered(FAR)
    assert life.due == {}


# -- C7, C8: arrival decides -----------------------------------------------------------------------------------------


def test_c7_a_mail_that_arrived_before_the_delivery_belongs_to_the_earlier_round_trip() -> None:
    life = waiting_desk().reply(FAR)
    relay = life.relays[0]
    life.mail("2026-01-02 10:01").delivered("2026-01-02 10:02", relay)
    assert (life.case.state, life.case.round_trip, life.case.completed) == ("waiting_desk", 1, 1)
    assert life.case.unanswered_since == at("2026-01-02 10:01")
    life.answered("2026-01-03 10:00")
    assert (life.case.state, life.case.round_trip, life.case.completed) == ("waiting_client", 1, 1)


def test_c7_the_same_where_the_mail_is_processed_after_the_delivery() -> None:
    life = waiting_client().mail("2026-01-02 09:59")
    assert (life.case.state, life.case.round_trip, life.case.completed) == ("waiting_desk", 1, 1)
    assert life.to_client == [], "their turn goes on: no second acknowledgement (I1)"


def test_c7_from_completed_too_and_answering_costs_nothing() -> None:
    life = Life().rounds(3).mail("2026-01-06 09:59")
    assert (life.case.state, life.case.reason, life.case.closed) == ("waiting_desk", None, None)
    assert (life.case.number, life.case.round_trip, life.case.completed) == (1, 3, 3)
    life.reply("2026-01-08 10:00")
    assert life.templates == ["final_reply"]
    life.delivered("2026-01-08 10:00")
    assert (life.case.state, life.case.reason, life.case.completed) == ("closed", "completed", 3)


def test_c7_a_mail_after_the_delivery_that_is_processed_before_it_begins_the_next() -> None:
    life = waiting_desk().reply(FAR)
    relay = life.relays[0]
    life.mail("2026-01-05 10:00").delivered("2026-01-02 10:00", relay)
    assert (life.case.state, life.case.round_trip, life.case.completed) == ("waiting_desk", 2, 1)
    assert life.case.client_seconds == timedelta(days=3).total_seconds(), "their days ran on (C5)"


def test_c7_a_supplement_that_is_settled_late_begins_no_further_round_trip() -> None:
    life = waiting_client().reply("2026-01-03 10:00")
    supplement = life.relays[0]
    life.mail("2026-01-05 10:00").delivered("2026-01-04 10:00", supplement)
    assert (life.case.round_trip, life.case.completed) == (2, 1)


def test_c7_in_time_but_processed_after_the_close() -> None:
    life = Life().mail("2026-01-10 10:00").answered("2026-01-10 23:50").falls_due("close")
    life.mail("2026-02-09 23:59:59")
    assert (life.case.state, life.case.number, life.case.round_trip) == ("waiting_desk", 1, 2)
    spent = at("2026-02-09 23:59:59") - at("2026-01-10 23:50")
    assert life.case.client_seconds == spent.total_seconds()
    assert life.to_client == ["ack"]


def test_c7_an_intake_closed_while_the_answer_was_on_its_way() -> None:
    life = intake()
    due = life.due["close"]
    life.falls_due("close")
    assert life.case.reason == "intake_silence"
    life.happen(ClientMail(due - timedelta(seconds=1), 9, found=ITEMS))
    assert (life.case.state, life.case.round_trip) == ("waiting_desk", 1)
    again = intake().falls_due("close").mail("2026-01-20 10:00", incomplete=True)
    assert (again.case.state, again.case.asked, again.templates) == ("intake", 2, ["intake_missing"])


def test_c7_a1_a3_a_rejected_mail_that_was_in_time_opens_the_case_again() -> None:
    life = waiting_client()
    assert closes_on(life.case, life.desk) == date(2026, 2, 1)
    life.falls_due("close").mail("2026-01-31 10:00", attachments=1)
    assert (life.case.state, life.case.round_trip, life.templates) == ("waiting_client", 1, ["attachment_rejected"])
    assert closes_on(life.case, life.desk) == date(2026, 2, 7)
    early = waiting_client().falls_due("close").mail("2026-01-05 10:00", attachments=1)
    assert closes_on(early.case, early.desk) == date(2026, 2, 1), "the day it had; a rejection restarts no silence"


def test_c7_a_supplement_after_completed_counts_nothing() -> None:
    life = Life().rounds(3)
    closed = life.case.closed
    life.reply("2026-01-10 10:00")
    assert life.relays[0].supplement
    life.delivered("2026-01-10 10:00")
    assert (life.case.state, life.case.completed, life.case.closed) == ("closed", 3, closed)


def test_c8_a_mail_after_silence_is_not_taken_back() -> None:
    life = waiting_client().falls_due("close")
    life.happen(ClientMail(life.case.closed or at(FAR), 9, found=ITEMS))
    assert life.case.state == "closed"


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

FIRST = at("2026-01-01 10:00")


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


# -- I1: intake ------------------------------------------------------------------------------------------------------


def test_i1_asked_for_twice_then_to_the_counselors_marked_incomplete() -> None:
    life = intake()
    assert (life.case.state, life.case.round_trip, life.templates) == ("intake", 0, ["intake_missing"])
    assert life.letter("intake_missing").values["missing"] == ("name", "sex", "age", "region", "content")
    life.mail("2026-01-03 10:00", found={"name": "花子", "sex": "女性"})
    assert life.letter("intake_missing").values["missing"] == ("age", "region", "content")
    life.mail("2026-01-04 10:00", incomplete=True)
    assert (life.case.state, life.case.round_trip, "incomplete" in life.case.flags) == ("waiting_desk", 1, True)
    assert life.templates == ["ack", "notice"]
    assert life.letter("notice").values["missing"] == ("age", "region", "content")
    assert dict(life.case.items) == {"name": "花子", "sex": "女性"}


def test_i1_the_clock_of_the_intake() -> None:
    life = intake()
    assert life.due == {"close": at("2026-02-01 00:00")}
    life.falls_due("close")
    assert (life.case.reason, life.templates) == ("intake_silence", ["closed_silence"])


def test_i1_a_missing_region_alone_is_never_asked_for() -> None:
    life = Life().mail("2026-01-01 10:00", found={key: value for key, value in ITEMS.items() if key != "region"})
    assert life.case.state == "waiting_desk"


@pytest.mark.parametrize(("mode", "acks"), [("turn", [1, 0, 1]), ("case", [1, 0, 0]), ("never", [0, 0, 0])])
def test_i1_which_mails_are_acknowledged(mode: str, acks: list[int]) -> None:
    life = Life(desk(ack=mode)).mail("2026-01-01 10:00")
    found = [life.templates.count("ack")]
    found.append(life.mail("2026-01-01 11:00").templates.count("ack"))
    found.append(life.answered(FAR).mail("2026-01-03 10:00").templates.count("ack"))
    assert found == acks


def test_i1_staff_may_answer_an_incomplete_intake_as_it_is() -> None:
    life = intake().reply(FAR)
    assert (life.case.state, life.case.round_trip) == ("waiting_desk", 1)
    assert life.case.client_seconds == timedelta(days=1).total_seconds()
    life.delivered(FAR)
    assert (life.case.state, life.case.completed) == ("waiting_client", 1)


# -- A: attachments --------------------------------------------------------------------------------------------------


def test_a1_a_first_mail_with_an_attachment_opens_no_case() -> None:
    life = Life().mail("2026-01-01 10:00", attachments=1)
    assert life.case_or_none is None
    assert (life.templates, life.last.disposition) == (["attachment_rejected"], "rejected")


@open_states
def test_a1_a_rejected_mail_counts_nothing(state: State, begin: Any) -> None:
    life = begin()
    trips = (life.case.round_trip, life.case.completed)
    life.mail("2026-01-03 10:00", attachments=2)
    assert life.last.disposition == "rejected"
    assert "attachment_rejected" in life.to_client
    assert "notice" not in life.templates, "no part of it is passed on"
    assert (life.case.round_trip, life.case.completed) == trips


def test_a1_strip_lets_the_text_pass_and_says_so() -> None:
    life = Life(desk(attachments="strip")).mail("2026-01-01 10:00", attachments=1)
    assert life.templates == ["ack", "attachment_rejected", "notice"]
    assert life.letter("attachment_rejected").values["stripped"] is True
    assert life.letter("notice").values["attachments_dropped"] is True


@pytest.mark.parametrize("begin", [intake, waiting_client])
def test_a3_seven_days_from_the_rejection(begin: Any) -> None:
    life = begin().mail("2026-01-30 10:00", attachments=1)
    assert closes_on(life.case, life.desk) == date(2026, 2, 6)
    assert life.letter("attachment_rejected").values["closes_on"] == date(2026, 2, 6)
    early = begin()
    before = closes_on(early.case, early.desk)
    assert closes_on(early.mail("2026-01-03 10:00", attachments=1).case, early.desk) == before, "at least"


def test_a3_beats_c5_and_outlasts_a_supplement() -> None:
    life = Life(desk(client_days=10)).mail("2026-01-01 10:00").answered(FAR).mail("2026-01-11 10:00", attachments=1)
    assert closes_on(life.case, life.desk) == date(2026, 1, 18)
    life.answered("2026-01-12 10:00")
    assert closes_on(life.case, life.desk) == date(2026, 1, 18)


def test_a3_m4_a_rejected_mail_ends_undeliverable_too() -> None:
    life = waiting_client().lost("2026-01-03 10:00", "attachment_rejected")
    assert life.case.state == "undeliverable"
    life.mail("2026-01-05 10:00", attachments=1)
    assert (life.case.state, life.templates) == ("waiting_client", ["attachment_rejected"])
    returned = undeliverable().mail("2026-01-05 10:00", attachments=1)
    assert (returned.case.state, returned.templates) == ("waiting_desk", ["reply", "attachment_rejected"])


def test_a4_crisis_first() -> None:
    life = Life().mail("2026-01-01 10:00", attachments=1, crisis=("死にたい",), incomplete=True)
    assert (life.case.state, life.last.disposition) == ("waiting_desk", "accepted")
    assert life.templates == ["crisis_ack", "notice_urgent", "notice_urgent"]
    assert life.letter("notice_urgent").values["attachments_dropped"] is True


# -- K: crisis -------------------------------------------------------------------------------------------------------


@open_states
def test_k2_from_every_open_state(state: State, begin: Any) -> None:
    life = begin().mail("2026-01-03 10:00", crisis=("死にたい",), incomplete=True)
    assert (life.case.state, life.case.crisis, life.case.state_before) == ("waiting_desk", True, None)
    assert set(life.to_client) <= {"crisis_ack", "reply"}
    assert life.to_client.count("crisis_ack") == 1
    assert life.templates[-2:] == ["notice_urgent", "notice_urgent"]
    assert life.case.round_trip == (2 if state == "waiting_client" else 1)
    assert "close" not in life.due


def test_k2_from_closed_a_case_of_its_own() -> None:
    life = Life().rounds(3).mail("2026-01-20 10:00", crisis=("死にたい",))
    assert (life.case.previous, life.case.round_trip, life.case.state) == (1, 1, "waiting_desk")
    assert life.case.opened == at("2026-01-20 10:00")


def test_k2_crisis_ack_once_in_24_hours_the_notice_every_time() -> None:
    life = Life().mail("2026-01-01 10:00", crisis=("死にたい",))
    life.mail("2026-01-02 09:59:59", crisis=("死にたい",))
    assert life.templates == ["notice_urgent", "notice_urgent"]
    life.mail("2026-01-02 10:00:00", crisis=("死にたい",))
    assert life.templates == ["crisis_ack", "notice_urgent", "notice_urgent"]


def test_k0_automatic_mail_gets_no_answer() -> None:
    life = Life().mail("2026-01-01 10:00", crisis=("死にたい",), automatic=True)
    assert (life.to_client, life.last.disposition, "automatic" in life.case.flags) == ([], "automatic", True)
    assert life.case.crisis_ack is None


def test_k2_never_by_a_clock_until_cleared() -> None:
    life = Life().mail("2026-01-01 10:00", crisis=("死にたい",)).answered(FAR)
    assert (life.case.state, life.due) == ("waiting_client", {})
    before = life.case
    assert life.happen(Due(at("2027-01-01 00:00"), "close")).case == before
    life.order("2026-03-01 10:00", "clear_crisis")
    assert closes_on(life.case, life.desk) == date(2026, 3, 31)


def test_k2_after_clear_crisis_nothing_ends_in_the_past() -> None:
    life = Life().mail("2026-01-01 10:00", crisis=("死にたい",)).answered(FAR).order("2026-09-01 10:00", "clear_crisis")
    assert life.due["close"] == at("2026-09-02 00:00"), "C5 is over, and yet not before today"


def test_k2_no_reply_after_a_crisis_closes_nothing() -> None:
    life = Life(desk(round_trips=1)).mail("2026-01-01 10:00").answered(FAR).mail("2026-01-02 09:00")
    life.mail("2026-01-02 12:00", crisis=("死にたい",)).order("2026-01-03 10:00", "no_reply")
    assert (life.case.state, life.case.urgent_since, life.due) == ("waiting_client", None, {})


def test_k4_repeats_to_a_wider_circle_until_taken() -> None:
    life = Life().mail("2026-01-01 10:00", crisis=("死にたい",))
    circles = []
    for minutes in (30, 60, 90, 120):
        assert life.due["urgent"] == at("2026-01-01 10:00") + timedelta(minutes=minutes)
        life.falls_due("urgent")
        circles.append({one.to for one in life.last.actions if isinstance(one, Letter)})
    assert circles[0] < circles[1] < circles[2] == circles[3]
    assert "urgent" not in life.order("2026-01-01 13:00", "taken").due
    assert life.case.crisis, "only #clear-crisis ends the flag"


@pytest.mark.parametrize("how", ["reply", "no_reply", "clear_crisis"])
def test_k4_an_answer_ends_the_repeats(how: str) -> None:
    life = Life().mail("2026-01-01 10:00", crisis=("死にたい",))
    life = life.reply("2026-01-01 10:10") if how == "reply" else life.order("2026-01-01 10:10", how)
    assert "urgent" not in life.due


def test_k4_off_where_the_interval_is_zero() -> None:
    life = Life(desk(crisis_minutes=0)).mail("2026-01-01 10:00", crisis=("死にたい",))
    assert list(life.due) == ["alert"]


# -- D1: declining ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", DECLINE_REASONS)
def test_d1_each_reason_has_its_template_and_one_answer_more(reason: str) -> None:
    life = waiting_desk().order(FAR, "decline", reason)
    assert (life.case.state, life.case.reason, life.to_client) == ("closed", "declined", [f"declined_{reason}"])
    assert life.mail("2026-01-03 10:00").templates == [f"declined_{reason}"]
    assert life.mail("2026-01-04 10:00").templates == []
    assert (life.case.state, life.last.disposition) == ("closed", "accepted")


def test_d1_spam_is_never_answered() -> None:
    life = waiting_desk().order(FAR, "spam")
    assert (life.case.reason, life.templates, "spam" in life.case.flags) == ("declined", [], True)
    assert life.mail("2026-01-03 10:00").templates == []


@open_states
@pytest.mark.parametrize("order", ["close", "end", "decline", "spam", "suspend"])
def test_d1_every_open_case_can_be_closed_by_staff_once(state: State, begin: Any, order: str) -> None:
    life = begin().order("2026-01-20 10:00", order, "prank")
    assert (life.case.state, life.due) == ("closed", {})
    closed = life.case
    assert life.order("2026-01-21 10:00", order, "prank").case == closed
    assert life.templates == []


def test_d2_an_accepted_address_is_added_once() -> None:
    life = waiting_desk().order(FAR, "accept_address", "h@new.example").order(FAR, "accept_address", "h@new.example")
    assert life.case.addresses == ("h@new.example",)


# -- M4: mail that comes back ----------------------------------------------------------------------------------------


def test_m4_a_bounced_reply_takes_its_round_trip_back() -> None:
    life = undeliverable()
    assert (life.case.state, life.case.round_trip, life.case.completed) == ("undeliverable", 1, 0)
    assert (life.templates, life.due) == (["delivery_failed"], {})
    life.mail("2026-01-05 10:00")
    assert [(one.entry, one.round_trip, one.again) for one in life.relays] == [(2, 1, True)]
    assert (life.case.state, life.case.round_trip) == ("waiting_desk", 1)
    life.delivered("2026-01-05 10:01")
    assert (life.case.state, life.case.completed, life.case.bounced) == ("waiting_desk", 1, None)
    life.answered("2026-01-06 10:00")
    assert (life.case.state, life.case.round_trip, life.case.completed) == ("waiting_client", 1, 1)


def test_m4_a_case_completed_by_the_bounced_reply() -> None:
    life = Life().rounds(2).mail("2026-01-10 10:00").reply("2026-01-11 10:00")
    relay = life.relays[0]
    life.delivered("2026-01-11 10:00", relay).failed("2026-01-11 10:05", relay)
    assert (life.case.state, life.case.reason, life.case.closed) == ("undeliverable", None, None)
    assert (life.case.round_trip, life.case.completed) == (3, 2)
    life.mail("2026-01-12 10:00")
    assert life.templates == ["final_reply", "notice"]


def test_m4_it_stays_closed_where_the_client_has_another_open_case() -> None:
    life = Life().rounds(2).mail("2026-01-10 10:00").reply("2026-01-11 10:00")
    relay = life.relays[0]
    life.delivered("2026-01-11 10:00", relay).failed("2026-01-11 10:05", relay, other_open=True)
    assert (life.case.state, life.templates) == ("closed", ["delivery_failed"])


def test_m4_a_refused_supplement_after_the_end_changes_no_state() -> None:
    life = Life().rounds(3).reply("2026-01-10 10:00")
    life.failed("2026-01-10 10:05", life.relays[0], bounced=False)
    assert (life.case.state, life.case.reason, life.case.completed) == ("closed", "completed", 3)


def test_m4_a_reply_refused_while_sending() -> None:
    life = waiting_desk().reply(FAR)
    life.failed("2026-01-02 10:05", life.relays[0], bounced=False)
    assert (life.case.state, life.case.completed, life.case.queued_replies) == ("undeliverable", 0, 0)


@pytest.mark.parametrize("begin", [intake, waiting_client])
def test_m4_a_bounced_template_on_the_clients_turn(begin: Any) -> None:
    life = begin()
    before = life.case.state
    life.lost("2026-01-04 10:00", "intake_missing")
    assert (life.case.state, life.case.state_before, life.case.bounced) == ("undeliverable", before, None)
    assert life.case.client_seconds > 0
    life.order("2026-03-04 10:00", "reopen")
    assert (life.case.state, life.case.clock_since) == (before, at("2026-03-04 10:00"))


@pytest.mark.parametrize("begin", [waiting_desk, held])
def test_m4_a_bounced_template_on_the_desks_turn_changes_no_state(begin: Any) -> None:
    life = begin()
    before = life.case
    assert life.lost("2026-01-04 10:00", "ack").case == before
    assert life.templates == ["delivery_failed"]


def test_m4_after_reopen_the_turn_is_ours_since_the_reply_never_arrived() -> None:
    life = undeliverable().order("2026-01-05 10:00", "reopen")
    assert (life.case.state, life.case.unanswered_since) == ("waiting_desk", at("2026-01-05 10:00"))
    assert "alert" in life.due
    life.answered("2026-01-06 10:00")
    assert (life.case.round_trip, life.case.completed) == (1, 1)


def test_m4_c9_the_wait_is_known_though_an_interim_is_still_under_way() -> None:
    life = waiting_desk().reply(FAR, interim=True)
    interim = life.relays[0]
    life.reply(FAR).failed(FAR, life.relays[0], bounced=False).order("2026-01-03 10:00", "reopen")
    life.failed("2026-01-03 11:00", interim, bounced=False)
    assert (life.case.state, "alert" in life.due) == ("waiting_desk", True)


def test_m4_c16_a_hold_in_between_does_not_lose_the_bounced_reply() -> None:
    life = undeliverable().order("2026-01-05 10:00", "hold").mail("2026-01-09 10:00")
    assert (life.relays[0].again, life.case.state, life.case.round_trip) == (True, "waiting_desk", 1)


def test_m4_k2_a_crisis_sends_the_bounced_reply_too_and_begins_no_round_trip() -> None:
    life = undeliverable().mail("2026-01-05 10:00", crisis=("死にたい",))
    assert (life.relays[0].again, life.case.round_trip) == (True, 1)


def test_m4_a_late_bounce_while_the_client_has_written_again() -> None:
    life = waiting_desk().reply(FAR)
    relay = life.relays[0]
    life.delivered(FAR, relay).mail("2026-01-03 10:00")
    assert life.case.round_trip == 2
    life.failed("2026-01-03 11:00", relay)
    assert (life.case.state, life.case.round_trip, life.case.completed) == ("waiting_desk", 1, 0)
    assert "alert" in life.due
    life.answered("2026-01-04 10:00")
    assert (life.case.round_trip, life.case.completed) == (1, 1)


def test_m4_c14_a_bounced_interim_is_not_sent_again_as_a_reply() -> None:
    life = waiting_client().reply("2026-01-03 10:00", interim=True)
    relay = life.relays[0]
    life.delivered("2026-01-03 10:00", relay).failed("2026-01-03 10:05", relay)
    assert (life.case.state, life.case.completed, life.case.bounced) == ("undeliverable", 1, None)
    assert life.mail("2026-01-05 10:00").relays == []


def test_m4_c14_no_reply_while_a_reply_fails() -> None:
    life = waiting_desk().reply(FAR)
    relay = life.relays[0]
    life.order(FAR, "no_reply").failed("2026-01-02 11:00", relay, bounced=False).mail("2026-01-03 10:00")
    assert (life.case.state, life.case.round_trip, life.relays[0].round_trip) == ("waiting_desk", 1, 1)


def test_m4_c5_a_turn_that_the_bounce_undoes_has_cost_no_days() -> None:
    life = waiting_desk().reply(FAR)
    relay = life.relays[0]
    life.delivered(FAR, relay).failed("2026-01-12 10:00", relay)
    assert life.case.client_seconds == 0
    refused = waiting_client().reply("2026-01-12 09:00")
    refused.failed("2026-01-12 10:00", refused.relays[0], bounced=False)
    assert (refused.case.state, refused.case.completed) == ("undeliverable", 1)
    assert refused.case.client_seconds == timedelta(days=10).total_seconds(), "only the supplement is lost"


def test_m4_two_bounces_of_one_reply_take_back_one_round_trip() -> None:
    life = waiting_desk().reply(FAR)
    relay = life.relays[0]
    life.delivered(FAR, relay).failed(FAR, relay).failed(FAR, relay)
    assert (life.case.completed, life.case.state) == (0, "undeliverable")


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


# -- calendars -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("delivered", "closes"),
    [
        ("2026-12-15 10:00", date(2027, 1, 14)),  # the year is printed since it may be another
        ("2028-01-30 10:00", date(2028, 2, 29)),  # leap day
        ("2027-01-30 10:00", date(2027, 3, 1)),
        ("2026-01-10 00:00:00", date(2026, 2, 9)),
        ("2026-01-10 23:59:59", date(2026, 2, 9)),
    ],
)
def test_c4_calendar(delivered: str, closes: date) -> None:
    life = Life().mail(f"{delivered[:4]}-01-01 10:00").answered(delivered)
    assert closes_on(life.case, life.desk) == closes
    assert life.due["close"] == at(f"{closes + timedelta(days=1)} 00:00")


@given(st.lists(st.sampled_from(["a", "b"]), max_size=3), st.integers(0, 400))
def test_m2_references_stay_short_and_keep_the_first(extra: list[str], count: int) -> None:
    chain = tuple(f"<{number}@docomo.example>" for number in range(count))
    life = Life().mail("2026-01-01 10:00", references=(*chain, *(f"<{one}>" for one in extra)))
    kept = life.case.thread.references
    assert len(kept) <= 12
    assert kept[-1] == life.case.thread.last == "<m1@docomo.example>"
    if count:
        assert kept[0] == chain[0]


def test_an_event_without_a_case_is_a_fault_of_ours() -> None:
    with pytest.raises(ValueError, match="needs a case"):
        Life().happen(Failed(at(FAR).astimezone(UTC), "ack", "user_unknown"))
