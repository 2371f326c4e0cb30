"""Intake, attachments, crisis, declining, bounces: one table test per clause (rules I1, A, K, D, M4)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from lives import (
    FAR,
    ITEMS,
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

from maild.desk.actions import Letter
from maild.desk.case import State
from maild.desk.deadlines import closes_on
from maild.desk.events import Due
from maild.desk.orders import DECLINE_REASONS

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


def test_i1_a_case_keeps_the_beginning_of_what_it_is_about() -> None:
    """The mail holds all of it; a copy of a long one would be sealed again at every turn."""
    life = intake()
    life.mail("2026-01-03 10:00", found={"name": "花" * 200, "content": "眠れません。" * 100})
    kept = dict(life.case.items)
    assert kept["name"] == "花" * 200 and kept["content"] == "眠れません。" * 10 + "…"
    assert life.letter("intake_missing").values["missing"] == ("sex", "age", "region")


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


@pytest.mark.parametrize("attachments", ["reject", "refuse"])
def test_a1_c3_after_the_last_reply_it_is_rejected_as_ever(attachments: str) -> None:
    life = Life(desk(attachments=attachments, round_trips=1)).mail("2026-01-01 10:00").answered(FAR)
    life.mail("2026-01-03 10:00", attachments=1)
    assert (life.templates, life.last.disposition) == (["attachment_rejected"], "rejected")
    assert life.letter("attachment_rejected").values["over"] is True
    assert (life.case.state, life.case.reason, life.case.completed) == ("closed", "completed", 1)
    life.mail("2026-01-03 11:00")
    assert life.templates == ["limit_reached", "notice"], "what C3 says once has not been said yet"


def test_a1_c3_strip_shows_the_text_after_the_end_and_tells_the_client() -> None:
    life = Life(desk(attachments="strip", round_trips=1)).mail("2026-01-01 10:00").answered(FAR)
    life.mail("2026-01-03 10:00", attachments=1)
    assert life.templates == ["limit_reached", "attachment_rejected", "notice"]
    assert life.mail("2026-01-04 10:00", attachments=1).templates == ["attachment_rejected", "notice"]


def test_a1_d1_a_declined_case() -> None:
    life = waiting_desk().order(FAR, "decline", "out_of_scope").mail("2026-01-03 10:00", attachments=1)
    assert (life.templates, life.last.disposition) == (["attachment_rejected"], "rejected")
    assert life.mail("2026-01-04 10:00").templates == ["declined_out_of_scope"]
    life.mail("2026-01-05 10:00", attachments=1)
    assert (life.templates, life.last.disposition) == ([], "rejected"), "then only recorded"
    spam = waiting_desk().order(FAR, "spam").mail("2026-01-03 10:00", attachments=1)
    assert (spam.templates, spam.last.disposition) == ([], "rejected")


def test_a1_c12_the_end_of_the_service_comes_first() -> None:
    life = waiting_desk().order(FAR, "service_end").mail("2026-01-03 10:00", attachments=1)
    assert (life.templates, life.last.disposition) == (["service_end"], "accepted")


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


def test_c1_who_began_in_a_crisis_is_told_the_terms_with_the_first_calm_turn() -> None:
    life = Life().mail("2026-01-01 10:00", crisis=("死にたい",)).answered("2026-01-01 12:00").mail("2026-01-02 10:00")
    assert life.letter("ack").values["first"] is True
    life.answered("2026-01-03 10:00").mail("2026-01-04 10:00")
    assert life.letter("ack").values["first"] is False
    calm = Life().rounds(1).mail("2026-01-20 10:00", crisis=("死にたい",)).answered("2026-01-20 12:00")
    assert calm.mail("2026-01-21 10:00").letter("ack").values["first"] is False


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


def test_k0_m3_what_looked_automatic_is_read_and_counts_nothing() -> None:
    life = waiting_client().mail("2026-01-03 10:00", crisis=("死にたい",), automatic=True)
    assert (life.case.state, life.case.round_trip, life.to_client) == ("waiting_desk", 1, [])
    life.answered("2026-01-04 10:00")
    assert (life.case.state, life.case.completed) == ("waiting_client", 1)


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
    # nobody has taken it, nobody has written: the urgent calls go on (K4), and no clock closes it
    assert (life.case.state, set(life.due)) == ("waiting_client", {"urgent"})


def test_k4_repeats_to_a_wider_circle_until_taken() -> None:
    life = Life().mail("2026-01-01 10:00", crisis=("死にたい",))
    circles = [{one.to for one in life.last.actions if isinstance(one, Letter)} - {"client"}]
    for minutes in (30, 60, 90):
        assert life.due["urgent"] == at("2026-01-01 10:00") + timedelta(minutes=minutes)
        life.falls_due("urgent")
        circles.append({one.to for one in life.last.actions if isinstance(one, Letter)})
    assert circles[0] < circles[1] < circles[2] == circles[3]
    assert "urgent" not in life.order("2026-01-01 13:00", "taken").due
    assert life.case.crisis, "only #clear-crisis ends the flag"


def test_k4_outside_the_hours_it_is_on_call_first() -> None:
    life = Life().mail("2026-01-01 22:00", crisis=("死にたい",))
    circles = []
    for _ in range(4):
        life.happen(Due(life.due["urgent"], "urgent", staffed=False))
        circles.append({one.to for one in life.last.actions if isinstance(one, Letter)})
    assert circles[0] == {"on_call"}
    assert circles[0] < circles[1] < circles[2] == circles[3]


@pytest.mark.parametrize("how", ["reply", "clear_crisis"])
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


def test_m4_reopening_sends_the_reply_that_came_back_once_more() -> None:
    life = undeliverable().order("2026-01-05 10:00", "reopen")
    assert (life.relays[0].again, life.case.state, life.case.queued_replies) == (True, "waiting_desk", 1)
    life.delivered("2026-01-05 10:01", life.relays[0])
    assert (life.case.state, life.case.round_trip, life.case.completed) == ("waiting_client", 1, 1)


def test_m4_c9_a_failed_interim_does_not_hide_that_the_reply_is_under_way_again() -> None:
    life = waiting_desk().reply(FAR, interim=True)
    interim = life.relays[0]
    life.reply(FAR).failed(FAR, life.relays[0], bounced=False).order("2026-01-03 10:00", "reopen")
    again = life.relays[0]
    life.failed("2026-01-03 11:00", interim, bounced=False)
    assert (life.case.state, life.case.queued_replies) == ("waiting_desk", 1)
    assert life.failed("2026-01-03 12:00", again, bounced=False).case.state == "undeliverable"


def test_m4_c16_a_hold_in_between_does_not_lose_the_bounced_reply() -> None:
    life = undeliverable().order("2026-01-05 10:00", "hold").mail("2026-01-09 10:00")
    assert (life.relays[0].again, life.case.state, life.case.round_trip) == (True, "waiting_desk", 1)


def test_m4_c10_a_resend_hands_the_turn_back_as_the_reply_did() -> None:
    life = undeliverable().mail("2026-01-05 10:00", resend_of=at("2026-01-01 10:00"))
    assert (life.templates, life.relays[0].again, life.last.disposition) == (["reply"], True, "accepted")
    assert (life.case.state, life.due) == ("waiting_desk", {})
    life.delivered("2026-01-05 10:00")
    assert (life.case.state, life.case.round_trip, life.case.completed) == ("waiting_client", 1, 1)
    assert closes_on(life.case, life.desk) == date(2026, 2, 4)
    held = undeliverable().order("2026-01-04 10:00", "hold").mail("2026-01-05 10:00", resend_of=at("2026-01-01 10:00"))
    assert held.delivered("2026-01-05 10:00").case.state == "waiting_client"


def test_m4_c10_the_last_reply_completes_when_it_goes_again() -> None:
    life = Life(desk(round_trips=1)).mail("2026-01-01 10:00").reply(FAR)
    relay = life.relays[0]
    life.delivered(FAR, relay).failed(FAR, relay).mail("2026-01-05 10:00", resend_of=at("2026-01-01 10:00"))
    life.delivered("2026-01-05 10:00")
    assert (life.case.state, life.case.reason, life.case.completed) == ("closed", "completed", 1)


def test_m4_c10_a_lost_template_and_the_same_text_again() -> None:
    life = waiting_client().lost("2026-01-03 10:00", "attachment_rejected")
    life.mail("2026-01-05 10:00", resend_of=at("2026-01-01 10:00"))
    assert (life.case.state, life.templates, life.case.round_trip) == ("waiting_client", ["reply"], 1)


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
