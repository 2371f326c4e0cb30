"""The clocks of a case (rules C4 to C6, C9, C11, C16, A3, K4): when something falls due, from the case alone.

Theory. A case runs a clock on one side only. On the client's turn (``intake``, ``waiting_client``) two limits run and
the earlier one counts: the days of silence since the delivered instant (C4) and the client's days over the whole case
(C5). Both are turned into a *date*, ``closes_on``, in the desk's zone; the whole of that day still counts, so the case
closes at the first instant of the next local day. On the desk's turn the alerts of C9 run. Intervals are half-open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from maild.desk.case import Case, Reason
from maild.desk.rules import Desk, Rules
from maild.mail.values import replace

Kind = Literal["close", "alert", "held", "urgent"]
IsHoliday = Callable[[date], bool]


def local_date(at: datetime, zone: ZoneInfo) -> date:
    """The calendar day of an instant in the desk's zone."""
    return at.astimezone(zone).date()


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, in UTC; where clocks skip midnight, the instant they skip."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def days_later(at: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same local time of day, ``days`` calendar days later (C9)."""
    local = at.astimezone(zone)
    return datetime.combine(local.date() + timedelta(days=days), local.time(), zone).astimezone(UTC)


def days_passed(since: datetime, at: datetime, zone: ZoneInfo) -> int:
    """How many whole calendar days lie between, by the local clock: a spring day has 23 hours (C9)."""
    days = (local_date(at, zone) - local_date(since, zone)).days
    return days if days_later(since, days, zone) <= at else days - 1


def working_days_later(at: datetime, days: int, zone: ZoneInfo, is_holiday: IsHoliday) -> datetime:
    """The same local time of day after ``days`` working days: Monday to Friday without holidays (C9)."""
    local = at.astimezone(zone)
    day = local.date()
    while days > 0:
        day += timedelta(days=1)
        if day.weekday() < 5 and not is_holiday(day):
            days -= 1
    return datetime.combine(day, local.time(), zone).astimezone(UTC)


def staffed(at: datetime, rules: Rules, zone: ZoneInfo, is_holiday: IsHoliday) -> bool:
    """Whether an instant lies in the desk's hours (K4): half-open, no holiday."""
    local = at.astimezone(zone)
    hours = rules.hours
    if local.weekday() not in hours.weekdays or is_holiday(local.date()):
        return False
    return hours.start <= local.time() < hours.end


def client_seconds(case: Case, now: datetime) -> float:
    """The client's elapsed seconds over the case so far (C5)."""
    if case.clock_since is None:
        return case.client_seconds
    return case.client_seconds + max(0.0, (now - case.clock_since).total_seconds())


def closing(case: Case, rules: Rules, zone: ZoneInfo) -> tuple[date, Reason] | None:
    """``closes_on`` and the reason the case would then close with; None where no clock runs (C4, C5, A3, K2)."""
    if case.state not in ("intake", "waiting_client") or case.crisis or case.clock_since is None:
        return None
    intake = case.state == "intake"
    limit = rules.intake_silence_days if intake else rules.silence_days
    dates: list[tuple[date, int, Reason]] = []
    if limit > 0 and case.silence_from is not None:
        reason: Reason = "intake_silence" if intake else "silence"
        dates.append((local_date(case.silence_from, zone) + timedelta(days=limit), 0, reason))
    if rules.client_days > 0:
        left = timedelta(days=rules.client_days) - timedelta(seconds=case.client_seconds)
        # the last day counts whole, so more may be spent than there is; the day the turn begins is still theirs
        left = max(left, timedelta())
        dates.append((local_date(case.clock_since + left, zone), 1, "client_days"))
    if not dates:
        return None
    day, _, why = min(dates)
    return (max(day, case.floor) if case.floor else day), why


def closes_on(case: Case, desk: Desk) -> date | None:
    """The last day on which a mail of the client is still in time."""
    found = closing(case, desk.rules, ZoneInfo(desk.timezone))
    return found[0] if found else None


def closes_at(case: Case, rules: Rules, zone: ZoneInfo) -> datetime | None:
    """The instant at which the case closes by a clock: the first of the day after ``closes_on``."""
    found = closing(case, rules, zone) if case.is_open else None
    return start_of(found[0] + timedelta(days=1), zone) if found is not None else None


def alerts_passed(case: Case, rules: Rules, zone: ZoneInfo, at: datetime) -> int:
    """How many alerts lie behind a case that was held meanwhile. They are not made up for, but the last one: that the
    operators hear, once, however often it would have been repeated (C9, C16; see ``alerts_due``). Working days are
    Monday to Friday here: a holiday may take one alert along, a weekend does not."""
    if case.unanswered_since is None:
        return 0
    since = case.unanswered_since
    passed = sum(1 for days in rules.alert_days if _alert_at(since, days, rules, zone, lambda _day: False) <= at)
    return max(case.alerts, min(passed, len(rules.alert_days) - 1))


def _alert_at(since: datetime, days: int, rules: Rules, zone: ZoneInfo, is_holiday: IsHoliday) -> datetime:
    if rules.alert_count == "working":
        return working_days_later(since, days, zone, is_holiday)
    return days_later(since, days, zone)


def next_alert(case: Case, rules: Rules, zone: ZoneInfo, is_holiday: IsHoliday) -> datetime | None:
    """When the next alert about a waiting client is due (C9); after the last one, every ``alert_repeat_days``."""
    if case.state != "waiting_desk" or case.unanswered_since is None or not rules.alert_days:
        return None
    index = min(case.alerts, len(rules.alert_days) - 1)
    due = _alert_at(case.unanswered_since, rules.alert_days[index], rules, zone, is_holiday)
    repeats = case.alerts - index
    if repeats > 0 and rules.alert_repeat_days <= 0:
        return None  # the last one is not repeated
    return days_later(due, repeats * rules.alert_repeat_days, zone) if repeats > 0 else due


def alerts_due(case: Case, rules: Rules, zone: ZoneInfo, is_holiday: IsHoliday, now: datetime) -> int:
    """How many alerts have fallen due by ``now``, those sent included: one mail tells of all that were missed while
    the case was held or the daemon down, and the next one keeps its day (C9, C11, C16)."""
    while (due := next_alert(case, rules, zone, is_holiday)) is not None and due <= now:
        case = replace(case, alerts=case.alerts + 1)
    return case.alerts


def urgent_rounds(case: Case) -> int:
    """How many rounds of the urgent call lie behind (K4), missed ones included."""
    return case.urgent_count + case.urgent_missed


def urgent_fallen(case: Case, rules: Rules, now: datetime) -> tuple[int, datetime]:
    """How many rounds of the urgent call have fallen due by ``now``, and when the last of them did. After an outage one
    call tells of all that were missed, and the next one keeps its time (K4, C11)."""
    assert case.urgent_since is not None
    rounds = max(urgent_rounds(case) + 1, (now - case.urgent_since) // timedelta(minutes=rules.crisis_minutes))
    return rounds, _round_at(case, rules, rounds)


def _round_at(case: Case, rules: Rules, rounds: int) -> datetime:
    assert case.urgent_since is not None
    return case.urgent_since + timedelta(minutes=rules.crisis_minutes * rounds)


def deadlines(case: Case, desk: Desk, is_holiday: IsHoliday = lambda _day: False) -> dict[str, datetime]:
    """Every deadline of a case as it stands: these become rows. A closed case has none."""
    rules, zone = desk.rules, ZoneInfo(desk.timezone)
    found: dict[str, datetime] = {}
    if not case.is_open:
        return found
    close = closes_at(case, rules, zone)
    if close is not None:
        found["close"] = close
    alert = next_alert(case, rules, zone, is_holiday)
    if alert is not None:
        found["alert"] = alert
    if case.state == "held" and case.held_since is not None and rules.held_days > 0:
        found["held"] = days_later(case.held_since, rules.held_days * (case.reminders + 1), zone)
    if case.urgent_since is not None and rules.crisis_minutes > 0:
        found["urgent"] = _round_at(case, rules, urgent_rounds(case) + 1)
    return found


def may_close(
    due: datetime,
    now: datetime,
    reads: Iterable[datetime],
    outages: Iterable[tuple[datetime, datetime | None]],
    grace: timedelta,
) -> bool:
    """Whether no mail of the client can be in the building any more (C6).

    ``reads``: for each source the start of its last successful read. ``outages``: intervals in which a source was not
    read, ``None`` while it lasts. Sending servers retry for hours, so an outage that ended less than ``grace`` before
    the deadline touches it as well.
    """
    if now < due or any(read < due for read in reads):
        return False
    for start, end in outages:
        if end is None:
            return False
        if start <= due and due <= end + grace and now < end + grace:
            return False
    return True
