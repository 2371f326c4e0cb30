"""Days, zones and clocks: local dates, first instants of days, alerts, when a clock may close (rules C4 to C9, K4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lives import Life, at, desk

from maild.desk.case import OPEN_STATES, Case
from maild.desk.deadlines import (
    alerts_due,
    alerts_passed,
    client_seconds,
    closes_on,
    closing,
    days_later,
    days_passed,
    deadlines,
    local_date,
    may_close,
    next_alert,
    start_of,
    working_days_later,
)

TOKYO = ZoneInfo("Asia/Tokyo")
NEW_YORK = ZoneInfo("America/New_York")
LONDON = ZoneInfo("Europe/London")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
CAIRO = ZoneInfo("Africa/Cairo")
BEIRUT = ZoneInfo("Asia/Beirut")
HAVANA = ZoneInfo("America/Havana")
ZONES = [TOKYO, NEW_YORK, LONDON, LORD_HOWE, CAIRO, BEIRUT, HAVANA]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# -- days --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "day", "first"),
    [
        (TOKYO, date(2026, 2, 10), "2026-02-09 15:00"),
        (NEW_YORK, date(2026, 3, 8), "2026-03-08 05:00"),  # the day that loses an hour
        (NEW_YORK, date(2026, 3, 9), "2026-03-09 04:00"),
        (LONDON, date(2026, 10, 26), "2026-10-26 00:00"),
        (LORD_HOWE, date(2026, 10, 5), "2026-10-04 13:00"),  # half an hour of summer time
        (CAIRO, date(2026, 4, 24), "2026-04-23 22:00"),  # its first hour does not exist: the instant that is skipped
        (BEIRUT, date(2026, 3, 29), "2026-03-28 22:00"),
        (CAIRO, date(2026, 10, 30), "2026-10-29 22:00"),  # the hour before it comes twice
        (HAVANA, date(2026, 11, 1), "2026-11-01 04:00"),  # its first hour comes twice: the first of the two
    ],
)
def test_c4_the_first_instant_of_a_local_day(zone: ZoneInfo, day: date, first: str) -> None:
    assert start_of(day, zone) == utc(first)


@given(st.sampled_from(ZONES), st.dates(date(2024, 1, 1), date(2032, 12, 31)))
def test_c4_intervals_are_half_open_wherever_clocks_jump(zone: ZoneInfo, day: date) -> None:
    first = start_of(day, zone)
    assert local_date(first, zone) == day
    assert local_date(first - timedelta(microseconds=1), zone) == day - timedelta(days=1)


@given(st.sampled_from(ZONES), st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1)), st.integers(0, 400))
def test_c9_days_later_keeps_the_local_date_exact(zone: ZoneInfo, when: datetime, days: int) -> None:
    begun = when.replace(tzinfo=UTC)
    later = days_later(begun, days, zone)
    assert local_date(later, zone) == local_date(begun, zone) + timedelta(days=days)


@pytest.mark.parametrize(
    ("begun", "days", "due"),
    [
        ("2026-05-01 10:00", 3, "2026-05-06 10:00"),  # Friday; no holidays here
        ("2026-05-02 10:00", 1, "2026-05-04 10:00"),  # Saturday
        ("2026-05-03 23:59", 1, "2026-05-04 23:59"),
        ("2026-12-31 09:00", 2, "2027-01-04 09:00"),  # Thursday
    ],
)
def test_c9_working_days(begun: str, days: int, due: str) -> None:
    assert working_days_later(at(begun), days, TOKYO, lambda _day: False) == at(due)


def test_c9_holidays_are_no_working_days() -> None:
    golden_week = {date(2026, 5, 4), date(2026, 5, 5), date(2026, 5, 6)}
    assert working_days_later(at("2026-05-01 10:00"), 3, TOKYO, golden_week.__contains__) == at("2026-05-11 10:00")


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)), st.integers(1, 15), st.sets(st.dates(), max_size=3))
def test_c9_working_days_hold_exactly_that_many(when: datetime, days: int, off: set[date]) -> None:
    begun = when.replace(tzinfo=UTC)
    end = local_date(working_days_later(begun, days, TOKYO, off.__contains__), TOKYO)
    start = local_date(begun, TOKYO)
    between = [start + timedelta(days=number) for number in range(1, (end - start).days + 1)]
    assert sum(day.weekday() < 5 and day not in off for day in between) == days
    assert end.weekday() < 5


# -- closing -----------------------------------------------------------------------------------------------------------


def on_the_clients_turn(**given: Any) -> Case:
    case = Life().mail("2026-01-01 10:00").answered("2026-01-10 23:50").case
    return replace(case, **given)


@pytest.mark.parametrize(
    ("zone", "delivered", "closes", "due"),
    [
        (TOKYO, "2026-01-10 14:50", date(2026, 2, 9), "2026-02-09 15:00"),
        (TOKYO, "2026-01-10 15:00", date(2026, 2, 10), "2026-02-10 15:00"),
        (NEW_YORK, "2026-02-07 05:00", date(2026, 3, 9), "2026-03-10 04:00"),  # over the spring change
        (LONDON, "2026-09-26 22:59", date(2026, 10, 26), "2026-10-27 00:00"),
        (CAIRO, "2026-03-24 12:00", date(2026, 4, 23), "2026-04-23 22:00"),
        (LORD_HOWE, "2026-03-10 12:00", date(2026, 4, 9), "2026-04-09 13:30"),
    ],
)
def test_c4_in_the_desks_zone(zone: ZoneInfo, delivered: str, closes: date, due: str) -> None:
    case = on_the_clients_turn(silence_from=utc(delivered), clock_since=utc(delivered))
    where = desk(zone.key)
    assert closes_on(case, where) == closes
    assert deadlines(case, where)["close"] == utc(due)


@pytest.mark.parametrize(
    ("spent", "closes", "reason"),
    [
        (0, date(2026, 2, 9), "silence"),
        (60, date(2026, 2, 9), "silence"),  # both on one day: the days of silence are named
        (61, date(2026, 2, 8), "client_days"),
        (89, date(2026, 1, 11), "client_days"),
        (90, date(2026, 1, 10), "client_days"),
        (91, date(2026, 1, 10), "client_days"),  # never before the turn begins
    ],
)
def test_c5_the_earlier_of_the_two(spent: int, closes: date, reason: str) -> None:
    case = on_the_clients_turn(client_seconds=spent * 86_400.0)
    assert closing(case, desk().rules, TOKYO) == (closes, reason)


@pytest.mark.parametrize("floor", [date(2026, 1, 5), date(2026, 3, 1)])
def test_a3_the_floor_only_ever_gives_time(floor: date) -> None:
    case = on_the_clients_turn(floor=floor)
    assert closes_on(case, desk()) == max(floor, date(2026, 2, 9))


@pytest.mark.parametrize("state", sorted(OPEN_STATES - {"intake", "waiting_client"}))
def test_c5_no_clock_on_any_other_turn(state: Any) -> None:
    assert closing(on_the_clients_turn(state=state), desk().rules, TOKYO) is None


def test_k2_no_clock_in_a_crisis() -> None:
    assert closing(on_the_clients_turn(flags=frozenset({"crisis"})), desk().rules, TOKYO) is None


def test_a_closed_case_has_no_deadline_whatever_is_left_in_it() -> None:
    begun = utc("2026-01-01 00:00")
    case = on_the_clients_turn(unanswered_since=begun, held_since=begun, urgent_since=begun)
    assert deadlines(replace(case, state="closed"), desk()) == {}


def test_c5_the_clients_seconds_so_far() -> None:
    case = on_the_clients_turn(client_seconds=100.0)
    begun = case.clock_since or utc("2026-01-01 00:00")
    assert client_seconds(case, begun + timedelta(seconds=50)) == 150.0
    assert client_seconds(case, begun - timedelta(days=1)) == 100.0, "a clock set back takes nothing away"
    assert client_seconds(replace(case, clock_since=None), begun) == 100.0


# -- alerts ------------------------------------------------------------------------------------------------------------


def test_c9_every_alert_comes_after_the_one_before_for_ever() -> None:
    case = Life().mail("2026-01-01 10:00").case
    found = [next_alert(replace(case, alerts=count), desk().rules, TOKYO, lambda _day: False) for count in range(60)]
    days = [(local_date(one, TOKYO) - date(2026, 1, 1)).days for one in found if one is not None]
    assert days == [3, 7, 9, *range(16, 9 + 58 * 7, 7)]


def holiday(day: date) -> bool:
    return day.day % 5 == 0


@pytest.mark.parametrize("count", ["calendar", "working"])
@given(day=st.integers(0, 90), sent=st.integers(0, 12))
def test_c9_how_many_are_due_is_how_often_one_would_have_been_sent(count: Any, day: int, sent: int) -> None:
    rules = desk(alert_count=count).rules
    waiting = replace(Life().mail("2026-01-01 10:00").case, alerts=sent)
    now = days_later(at("2026-01-01 10:00"), day, TOKYO)
    days = [next_alert(replace(waiting, alerts=number), rules, TOKYO, holiday) for number in range(30)]
    assert alerts_due(waiting, rules, TOKYO, holiday, now) == max(sent, sum(1 for one in days if one and one <= now))


@pytest.mark.parametrize("count", ["calendar", "working"])
@given(day=st.integers(0, 40), hour=st.integers(0, 23))
def test_c16_what_a_hold_passed_over_is_what_would_have_been_sent(count: Any, day: int, hour: int) -> None:
    """All that fell due meanwhile but the last, which the operators hear; by working days where those count."""
    rules = desk(alert_count=count).rules
    waiting = Life().mail("2026-01-01 10:00").case
    now = days_later(at("2026-01-01 10:00"), day, TOKYO) + hour * HOUR
    due = [next_alert(replace(waiting, alerts=number), rules, TOKYO, lambda _day: False) for number in range(30)]
    sent = sum(1 for one in due if one is not None and one <= now)
    assert alerts_passed(waiting, rules, TOKYO, now) == min(sent, len(rules.alert_days) - 1)


@pytest.mark.parametrize(
    ("zone", "since", "then", "days"),
    [
        (TOKYO, "2026-01-01 10:00", "2026-01-04 09:59", 2),
        (TOKYO, "2026-01-01 10:00", "2026-01-04 10:00", 3),
        (NEW_YORK, "2026-03-07 12:00", "2026-03-08 12:00", 1),  # 23 hours
        (NEW_YORK, "2026-03-07 02:30", "2026-03-08 03:30", 1),  # 02:30 does not exist
        (NEW_YORK, "2026-10-31 12:00", "2026-11-01 11:59", 0),  # 24 hours and 59 minutes
    ],
)
def test_days_passed_are_whole_days_of_the_local_clock(zone: ZoneInfo, since: str, then: str, days: int) -> None:
    assert days_passed(at(since, zone), at(then, zone), zone) == days


@pytest.mark.parametrize(("days", "first"), [((1,), 1), ((5, 6), 5), ((), None)])
def test_c9_as_configured(days: tuple[int, ...], first: int | None) -> None:
    case = Life(desk(alert_days=days)).mail("2026-01-01 10:00").case
    alert = deadlines(case, desk(alert_days=days)).get("alert")
    assert alert == (at("2026-01-01 10:00") + timedelta(days=first) if first else None)


def test_c16_reminders_can_be_off() -> None:
    case = Life().mail("2026-01-01 10:00").order("2026-01-02 10:00", "hold").case
    assert deadlines(case, desk(held_days=0)) == {}


# -- C6 ----------------------------------------------------------------------------------------------------------------

DUE = utc("2026-02-10 00:00")
GRACE = timedelta(hours=24)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("now", "reads", "outages", "allowed"),
    [
        (DUE, [], [], True),
        (DUE - timedelta(microseconds=1), [], [], False),
        (DUE + HOUR, [DUE], [], True),
        (DUE + HOUR, [DUE - timedelta(seconds=1)], [], False),
        (DUE + HOUR, [DUE + HOUR, DUE - HOUR], [], False),  # each source
        (DUE + HOUR, [DUE + HOUR], [(DUE - HOUR, None)], False),  # still down
        (DUE + HOUR, [DUE + HOUR], [(DUE - 2 * HOUR, DUE - HOUR)], False),
        (DUE - HOUR + GRACE, [DUE + HOUR], [(DUE - 2 * HOUR, DUE - HOUR)], True),  # the grace has run
        (DUE + 4 * HOUR, [DUE + 4 * HOUR], [(DUE - HOUR, DUE + 3 * HOUR)], False),
        (DUE + 3 * HOUR + GRACE, [DUE + 4 * HOUR], [(DUE - HOUR, DUE + 3 * HOUR)], True),
        (DUE + HOUR, [DUE + HOUR], [(DUE - 40 * HOUR, DUE - 25 * HOUR)], True),  # long over
        (DUE + 3 * HOUR, [DUE + 3 * HOUR], [(DUE + HOUR, DUE + 2 * HOUR)], True),  # after the deadline
        (DUE + HOUR, [DUE + HOUR], [(DUE - 40 * HOUR, DUE - 30 * HOUR), (DUE - 3 * HOUR, DUE - 2 * HOUR)], False),
    ],
)
def test_c6_no_mail_may_be_in_the_building(now: datetime, reads: Any, outages: Any, allowed: bool) -> None:
    assert may_close(DUE, now, reads, outages, GRACE) is allowed


@given(
    st.lists(st.tuples(st.integers(-100, 100), st.integers(0, 50)), max_size=4),
    st.integers(0, 200),
    st.lists(st.integers(-50, 200), max_size=3),
)
def test_c6_once_allowed_it_stays_allowed_and_every_outage_ends_some_day(
    spans: list[tuple[int, int]], later: int, reads: list[int]
) -> None:
    outages = [(DUE + start * HOUR, DUE + (start + length) * HOUR) for start, length in spans]
    known = [DUE + read * HOUR for read in reads]
    if may_close(DUE, DUE + later * HOUR, known, outages, GRACE):
        assert may_close(DUE, DUE + (later + 1) * HOUR, known, outages, GRACE)
    assert may_close(DUE, DUE + 500 * HOUR, [], outages, GRACE)
    assert not may_close(DUE, DUE - HOUR, known, outages, GRACE)
