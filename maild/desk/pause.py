"""A desk's pause (rules C13): while it lasts the clients' clocks stand still; afterwards they go on where they stood.

Theory. A pause is the interval ``[since, end)``. When it begins, the client's days so far are added up and the clock is
taken off the case (``stopped``), so that a mail within the pause adds nothing. When it ends (``going_on``), every
instant that a clock counts from moves by the part of the pause that lay behind it: by the whole pause where it is
older, up to ``end`` where it fell into the pause. Only the clients' clocks: since when somebody waits for the desk
stays as it was.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from maild.desk.case import Case
from maild.desk.deadlines import local_date
from maild.desk.rules import Desk
from maild.mail.values import replace

CLIENTS_TURN = ("intake", "waiting_client")


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause under way. ``until`` is its last day as the clients are told; None where nobody knows."""

    since: datetime
    until: date | None = None

    def written(self) -> str:
        """As it is remembered."""
        until = self.until.isoformat() if self.until else None
        return json.dumps({"since": self.since.astimezone(UTC).isoformat(), "until": until})

    @classmethod
    def read(cls, text: str) -> Pause:
        """From ``written``. ValueError where it is something else."""
        try:
            values = json.loads(text)
            until = values["until"]
            return cls(datetime.fromisoformat(values["since"]), date.fromisoformat(until) if until else None)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("not a pause") from error

    def told(self, today: date) -> date | None:
        """The day to tell the clients; none once it has gone by without the desk having resumed."""
        return self.until if self.until is not None and self.until >= today else None


def stopped(case: Case, since: datetime) -> Case:
    """The case with the client's clock taken off at ``since``; what was started later has not run. Twice is once."""
    if not case.is_open or case.clock_since is None:
        return case
    ran = max(0.0, (since - case.clock_since).total_seconds())
    return replace(case, client_seconds=case.client_seconds + ran, clock_since=None)


def going_on(case: Case, pause: Pause, end: datetime, desk: Desk) -> Case:
    """The case as it stands when the pause ends at ``end``: its days are longer by the pause."""
    if case.state not in CLIENTS_TURN:
        return case
    end = max(end, pause.since)  # a clock that was set back must not leave the case without one
    case = stopped(case, pause.since)
    silence = _moved(case.silence_from, pause.since, end)
    return replace(case, clock_since=end, silence_from=silence, floor=_moved_floor(case.floor, pause, end, desk))


def _moved(at: datetime | None, since: datetime, end: datetime) -> datetime | None:
    if at is None or at >= end:
        return at
    return at + (end - max(at, since))


def _moved_floor(floor: date | None, pause: Pause, end: datetime, desk: Desk) -> date | None:
    """A3 counts whole days from the day of a rejection; that day is where the floor stands less its days."""
    if floor is None:
        return None
    zone = ZoneInfo(desk.timezone)
    counted_from = max(local_date(pause.since, zone), floor - timedelta(days=desk.rules.attachment_grace_days))
    return floor + max(timedelta(0), local_date(end, zone) - counted_from)
