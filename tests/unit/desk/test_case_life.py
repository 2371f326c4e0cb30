"""A case from its first mail to its end, one table test per clause, with the clause's own example (rules C1 to C8)."""

from __future__ import annotations

from datetime import UTC, date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lives import (
    FAR,
    ITEMS,
    Life,
    at,
    desk,
    intake,
    waiting_client,
    waiting_desk,
)

from maild.desk.actions import Relay
from maild.desk.deadlines import closes_on
from maild.desk.events import ClientMail, Due, Failed
from maild.desk.terms import in_force

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
    assert late.letter("closed_silence").values["closes_on"] == date(2026, 2, 9)  # the day it names
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
