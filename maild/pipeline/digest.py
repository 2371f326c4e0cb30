"""The digest of each working morning (rules P7): what is open, what waits longest, what closes soon."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from maild.desk.actions import Letter
from maild.desk.case import Case
from maild.desk.deadlines import closes_on, local_date
from maild.desk.rules import Terms
from maild.desk.terms import in_force
from maild.pipeline import views
from maild.pipeline.session import Session
from maild.pipeline.world import DeskWorld
from maild.pipeline.writing import Cause

SOON = timedelta(days=7)
MORNING = time(8, 30)  # when coming terms are announced where there is no digest
ORDER = ("waiting_desk", "held", "undeliverable", "waiting_client", "intake", "confirmed")


def next_at(session: Session, here: DeskWorld, after: datetime) -> datetime | None:
    """The first working morning after an instant; None where the desk wants no digest and has no terms to announce."""
    wanted = here.desk.rules.digest
    if wanted is None and coming_terms(here, local_date(after, here.zone)) is None:
        return None
    wanted = wanted or MORNING
    is_holiday = session.holidays(here)
    day = local_date(after, here.zone)
    for _ in range(60):
        at = datetime.combine(day, wanted, here.zone).astimezone(UTC)
        if at > after and day.weekday() in here.desk.rules.hours.weekdays and not is_holiday(day):
            return at
        day += timedelta(days=1)
    return None


def due(session: Session, here: DeskWorld, now: datetime) -> datetime | None:
    """When the next digest falls due: after the last one that was sent or had nothing to say."""
    key = f"digest:{here.desk.name}"
    last = session.tx.recall(key)
    if last is None:
        session.tx.remember(key, now.isoformat())
        return next_at(session, here, now)
    return next_at(session, here, datetime.fromisoformat(last))


def anything(session: Session, here: DeskWorld) -> bool:
    """Whether a digest would have anything to say."""
    return session.tx.has_open_cases(here.desk.name) or bool(
        session.tx.looked_automatic(here.desk.name, _last(session, here))
    )


def _last(session: Session, here: DeskWorld) -> datetime:
    last = session.tx.recall(f"digest:{here.desk.name}")
    return datetime.fromisoformat(last) if last is not None else session.now


def run(session: Session, here: DeskWorld, now: datetime) -> bool:
    """Send the digest if its morning has come; several mornings missed are one digest. True where one was due."""
    at = due(session, here, now)
    if at is None or at > now:
        return False
    since = _last(session, here)
    session.tx.remember(f"digest:{here.desk.name}", now.isoformat())
    cases = session.tx.open_cases(here.desk.name)
    announce_terms(session, here, cases, local_date(now, here.zone))
    if here.desk.rules.digest is None:
        return True
    automatic = [{"at": at} for at in session.tx.looked_automatic(here.desk.name, since)]
    if not cases and not automatic:
        return True
    today = local_date(now, here.zone)
    values = {
        "today": today,
        "groups": _groups(cases, here, now),
        "closing": [_row(case, here, now) for case in _closing(cases, here, today)],
        "automatic": automatic,
    }
    letter = Letter("digest", "inbox", values, timer=True)
    for inbox in dict.fromkeys((here.desk.shared_inbox, *here.desk.inboxes)):
        session.writer.staff_mail(letter, None, here, Cause(f"digest:{here.desk.name}:{today}"), inbox, None)
    return True


def coming_terms(here: DeskWorld, today: date) -> Terms | None:
    """The next version of the terms that does not hold yet (S7)."""
    later = [one for one in here.desk.terms if one.effective > today and one != in_force(here.desk.terms, today)]
    return min(later, key=lambda one: one.effective, default=None)


def announce_terms(session: Session, here: DeskWorld, cases: list[Case], today: date) -> None:
    """A coming version of the terms, told once to each open case before it holds (S7)."""
    coming = coming_terms(here, today)
    if coming is None:
        return
    values = {"version": coming.version, "effective": coming.effective, "url": coming.url}
    letter = Letter("terms_changed", values=values, timer=True)
    for case in cases:
        if case.state not in ("intake", "undeliverable"):
            session.writer.letter(letter, case, here, Cause(f"terms:{case.number}:{coming.version}"))


def _groups(cases: list[Case], here: DeskWorld, now: datetime) -> list[Mapping[str, object]]:
    groups: list[Mapping[str, object]] = []
    for state in ORDER:
        mine = sorted((case for case in cases if case.state == state), key=_since)
        mine.sort(key=lambda case: not case.crisis)  # a crisis stands first (K2)
        if mine:
            groups.append({"state": state, "cases": [_row(case, here, now) for case in mine]})
    return groups


def _since(case: Case) -> datetime:
    return case.unanswered_since or case.held_since or case.silence_from or case.opened


def _closing(cases: list[Case], here: DeskWorld, today: date) -> list[Case]:
    dated = [(day, case.number, case) for case in cases if (day := closes_on(case, here.desk)) is not None]
    return [case for day, _, case in sorted(dated, key=lambda row: row[:2]) if day - today <= SOON]


def _row(case: Case, here: DeskWorld, now: datetime) -> Mapping[str, object]:
    view = views.case_view(case, here)
    review = None
    if case.held_since is not None and here.desk.rules.held_days:
        days = here.desk.rules.held_days * (case.reminders + 1)
        review = local_date(case.held_since, here.zone) + timedelta(days=days)
    waiting = case.unanswered_since if case.state in ("waiting_desk", "held") else None
    return {
        "number": case.number,
        "name": view.name,
        "days": (now - waiting).days if waiting is not None else None,
        "closes_on": view.closes_on,
        "flags": view.flags,
        "round_trip": view.round_trip,
        "round_trips": view.round_trips,
        "review_on": review,
    }
