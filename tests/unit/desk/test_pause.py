"""A pause and the clients' clocks (rules C13, C4, C5, A3), for any instants."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.desk.case import Case
from maild.desk.deadlines import client_seconds, closes_on
from maild.desk.pause import Pause, going_on, stopped
from maild.desk.rules import Desk

T0 = datetime(2026, 1, 10, 14, 50, tzinfo=UTC)  # 23:50 in Japan
DESK = Desk("soudan", "consultation", "soudan@desk.example", "窓口", "ja", "Asia/Tokyo", "inbox@desk.example")
SPANS = st.integers(0, 400 * 86400).map(lambda seconds: timedelta(seconds=seconds))


def waiting(**changes: object) -> Case:
    values = {"state": "waiting_client", "clock_since": T0, "silence_from": T0} | changes
    return Case(7, "soudan", "a@b.example", T0, **values)  # type: ignore[arg-type]


def test_the_example_of_c4_with_a_pause_of_ten_days() -> None:
    case, since = waiting(), T0 + timedelta(days=3)
    assert closes_on(case, DESK) == date(2026, 2, 9)
    case = stopped(case, since)
    assert closes_on(case, DESK) is None  # no day is promised while nobody knows it
    case = going_on(case, Pause(since), since + timedelta(days=10), DESK)
    assert closes_on(case, DESK) == date(2026, 2, 19)
    assert client_seconds(case, since + timedelta(days=11)) == 4 * 86400


@given(SPANS, SPANS, SPANS)
def test_a_days_length_is_what_the_pause_takes(before: timedelta, length: timedelta, after: timedelta) -> None:
    """What the client had used up before the pause and uses after it adds up, whatever lies between."""
    since = T0 + before
    end = since + length
    case = going_on(stopped(waiting(), since), Pause(since), end, DESK)
    assert client_seconds(case, end + after) == pytest.approx((before + after).total_seconds())
    assert case.silence_from == T0 + length


@given(SPANS, SPANS, SPANS)
def test_a_clock_that_began_in_the_pause_begins_at_its_end(before: timedelta, into: timedelta, rest: timedelta) -> None:
    since = T0 + before
    start = since + into
    end = start + rest
    case = waiting(clock_since=start, silence_from=start, client_seconds=12.0)
    moved = going_on(case, Pause(since), end, DESK)
    assert (moved.clock_since, moved.silence_from, moved.client_seconds) == (end, end, 12.0)


def test_a_clock_that_was_set_back_in_the_pause_leaves_no_case_without_one() -> None:
    case = going_on(stopped(waiting(), T0), Pause(T0), T0 - timedelta(days=3), DESK)
    assert case == waiting()


@given(SPANS, SPANS)
def test_stopping_twice_is_stopping_once(first: timedelta, later: timedelta) -> None:
    once = stopped(waiting(), T0 + first)
    assert stopped(once, T0 + first + later) == once


@pytest.mark.parametrize("state", ["waiting_desk", "held", "undeliverable", "closed", "confirmed"])
def test_other_turns_are_left_alone(state: str) -> None:
    case = waiting(state=state, clock_since=None, silence_from=None, unanswered_since=T0, held_since=T0)
    assert going_on(stopped(case, T0), Pause(T0), T0 + timedelta(days=5), DESK) == case


@pytest.mark.parametrize(
    ("floor", "moved"),
    [
        (None, None),
        (date(2026, 1, 15), date(2026, 1, 25)),  # rejected before the pause: the whole of it is added
        (date(2026, 1, 20), date(2026, 1, 28)),  # rejected on its third day: what is left of it
    ],
)
def test_seven_days_after_a_rejection_are_seven_days(floor: date | None, moved: date | None) -> None:
    since = datetime(2026, 1, 11, 3, tzinfo=UTC)
    case = going_on(waiting(floor=floor), Pause(since), since + timedelta(days=10), DESK)
    assert case.floor == moved


@given(st.datetimes(timezones=st.just(UTC)), st.none() | st.dates())
def test_what_is_remembered_is_read_again(since: datetime, until: date | None) -> None:
    pause = Pause(since, until)
    assert Pause.read(pause.written()) == pause


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"since": "x", "until": null}', '{"since": 1, "until": 2}'])
def test_anything_else_is_no_pause(text: str) -> None:
    with pytest.raises(ValueError):
        Pause.read(text)
