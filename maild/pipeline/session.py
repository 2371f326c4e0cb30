"""One transaction of the pipeline: the store's unit of work, the writer, and what both need to know."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from maild.desk.case import Case
from maild.desk.deadlines import IsHoliday, alerts_due, closes_at, deadlines, may_close, staffed, urgent_fallen
from maild.desk.events import Due
from maild.desk.kinds import decide
from maild.desk.pause import stopped
from maild.mail.values import replace
from maild.pipeline import board
from maild.pipeline.incoming import Arrived
from maild.pipeline.pausing import pause_of
from maild.pipeline.world import DeskWorld, World
from maild.pipeline.writing import Cause, Writer
from maild.store import Transaction


@dataclass(frozen=True, slots=True)
class Clearance:
    """What C6 asks before a case is closed by a clock: when each source was last read, and the outages."""

    reads: tuple[datetime, ...] = ()
    outages: tuple[tuple[datetime, datetime | None], ...] = ()


class Session:
    """One transaction. ``now`` is the instant of processing; events carry their own instants."""

    def __init__(self, world: World, transaction: Transaction, now: datetime, clearance: Clearance) -> None:
        self.world = world
        self.tx = transaction
        self.now = now
        self.clearance = clearance
        self.writer = Writer(world, transaction, now)

    def put(self, case: Case | None, here: DeskWorld) -> Case | None:
        """Keep a case as decided, with a number of its own if it is new, and its deadlines as rows."""
        if case is None:
            return None
        if case.number == 0:
            case = replace(case, number=self.tx.new_number())
        pause = pause_of(self.tx, here.desk.name)
        if pause is not None:
            case = stopped(case, pause.since)  # a clock that starts within a pause does not run (C13)
        due = {} if pause is not None else deadlines(case, here.desk, self.holidays(here))
        if "urgent" not in due and case.urgent_since is not None and case.is_open:
            due |= {kind: at for kind, at in deadlines(case, here.desk).items() if kind == "urgent"}
        board.moved(self.tx, self.world, case, self.now)
        self.tx.put_case(case, due)
        return case

    def holidays(self, here: DeskWorld) -> IsHoliday:
        """Whether a day is a holiday at this desk."""
        name = here.desk.name
        return lambda day: self.world.is_holiday(name, day)

    def audit(self, at: datetime, actor: str, action: str, case: int | None, **detail: str | int) -> None:
        """A line of the audit trail (S5); codes and numbers only."""
        self.tx.audit(at, actor, action, case, detail)

    # -- clocks ------------------------------------------------------------------------------------------------

    def time_out(self, claimed: Case | None, own: Sequence[Case], mail: Arrived) -> None:
        """Close what was over before this mail arrived, so that its arrival instant decides (C7)."""
        grace = timedelta(hours=mail.here.desk.rules.grace_hours)
        numbers = dict.fromkeys(case.number for case in ([claimed] if claimed else []) + list(own))
        for number in numbers:
            case = self.tx.case(number)
            if case is None or not case.is_open or case.desk != mail.here.desk.name:
                continue
            if self.paused(case.desk):
                continue
            close = closes_at(case, mail.here.desk.rules, mail.here.zone)
            # the sources' reads are not asked: a mail in time that is still on its way reopens the case
            if close is None or close > mail.at or not may_close(close, self.now, (), self.clearance.outages, grace):
                continue
            self.fall_due(case, "close", close, mail.here)

    def fall_due(self, case: Case, kind: str, at: datetime, here: DeskWorld) -> None:
        """A deadline of ``case`` has come (C11)."""
        rules, zone, holidays = here.desk.rules, here.zone, self.holidays(here)
        fallen, last = 0, at
        if kind == "alert":
            fallen = alerts_due(case, rules, zone, holidays, self.now)
        elif kind == "urgent" and case.urgent_since is not None:
            fallen, last = urgent_fallen(case, rules, self.now)
        due = Due(at, kind, staffed(last, rules, zone, holidays), self.now, fallen)
        decision = decide(case, due, here.desk)
        after = self.put(decision.case, here)
        self.writer.carry_out(decision.actions, after, here, Cause(f"due:{case.number}:{kind}:{at.isoformat()}"))
        self.audit(at, "clock", decision.why, case.number)

    # -- the desk as a whole ------------------------------------------------------------------------------------

    def paused(self, desk: str) -> bool:
        """Whether the desk is paused (C13)."""
        return self.tx.recall(f"paused:{desk}") is not None

    def service_ended(self, desk: str) -> bool:
        """Whether the desk's service has ended (C12)."""
        return self.tx.recall(f"ended:{desk}") is not None

    def end_of_service(self, desk: str) -> dict[str, object] | None:
        """What the letter about the ended service says; None while it goes on (C12)."""
        found = self.tx.recall(f"ended:{desk}")
        if found is None:
            return None
        said = json.loads(found)
        last = said.get("ends_on")
        return {"ends_on": date.fromisoformat(last) if last else None, "text": said.get("text", "")}

    def forged(self, mail: Arrived) -> bool:
        """Whether the topmost result of a host we trust says that the sender is not who they say (D6, M10)."""
        for result in mail.facts.authentication:
            if result.authserv_id.lower() in self.world.trusted_authserv:
                return any(method == "dmarc" and verdict == "fail" for method, verdict in result.results)
        return False
