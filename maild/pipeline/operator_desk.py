"""What operators do to a desk as a whole: pause and resume, end the service, announce (rules C12, C13, B9)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, timedelta

from maild.desk import intake
from maild.desk.actions import Letter
from maild.desk.case import OPEN_STATES, Case
from maild.desk.deadlines import closes_on
from maild.desk.events import Command
from maild.desk.pause import Pause, going_on, stopped
from maild.errors import UserError
from maild.pipeline.operator import ACTOR, Operator
from maild.pipeline.pausing import OWED, owed, pause_of
from maild.pipeline.session import Session
from maild.pipeline.world import DeskWorld
from maild.pipeline.writing import Cause

AT_ONCE = 200  # cases of one transaction, where a command may be cut off and given again


@dataclass(frozen=True, slots=True)
class Swept:
    """What a command about a desk did to its cases."""

    cases: tuple[int, ...]
    crisis: tuple[int, ...] = ()  # those of them that are marked
    again: bool = False  # the same command had been given before


def _open(operator: Operator, here: DeskWorld) -> list[int]:
    # within a transaction nobody else writes, so this list is whole
    return [case.number for case in operator.store.list_cases(sorted(OPEN_STATES), here.desk.name)]


def _cases(session: Session, numbers: list[int]) -> list[Case]:
    session.tx.prefetch(numbers=numbers)
    found = (session.tx.case(number) for number in numbers)
    return [case for case in found if case is not None and case.is_open and case.client]


# -- pause and resume (C13) ----------------------------------------------------------------------------------------


def pause(operator: Operator, here: DeskWorld, until: date | None) -> Swept:
    """Pause a desk: clocks stand still from now on. Given again it changes the day the clients are told."""
    if until is not None and until < operator.today(here):
        raise UserError("--until is over already")
    name = here.desk.name
    with operator.session() as session:
        before = pause_of(session.tx, name)
        begun = Pause(before.since if before is not None else operator.now, until)
        session.tx.remember(f"paused:{name}", begun.written())
        cases = _cases(session, _open(operator, here))
        for case in cases:
            session.put(stopped(case, begun.since), here)
        days = {"until": until.isoformat()} if until is not None else {}
        session.audit(operator.now, ACTOR, "paused", None, desk=name, **days)
    return Swept(tuple(case.number for case in cases), again=before is not None)


def resume(operator: Operator, here: DeskWorld) -> Swept | None:
    """End the pause; None where there is none. All of it in one transaction: twice would move the days twice."""
    with operator.session() as session:
        return resume_in(session, here, _open(operator, here))


def resume_in(session: Session, here: DeskWorld, numbers: list[int], actor: str = ACTOR) -> Swept | None:
    """The same within a transaction: every clock goes on where it stood, and what was left unsaid is said."""
    tx, name = session.tx, here.desk.name
    begun = pause_of(tx, name)
    if begun is None:
        return None
    tx.forget(f"paused:{name}")
    unsaid = owed(tx, name)
    cases = _cases(session, numbers)
    for case in cases:
        after = going_on(case, begun, session.now, here.desk)
        session.put(after, here)
        _say(session, after, here, unsaid.get(case.number), begun)
    for number in unsaid:
        tx.forget(f"{OWED}{name}:{number}")
    session.audit(session.now, actor, "resumed", None, desk=name)
    return Swept(tuple(case.number for case in cases))


def _say(session: Session, case: Case, here: DeskWorld, template: str | None, begun: Pause) -> None:
    cause = Cause(f"resumed:{case.number}:{begun.since.isoformat()}")
    if template == "intake_missing" and case.state == "intake":
        missing = intake.missing(dict(case.items), here.desk.rules.required)
        values = {"missing": missing, "asked": case.asked, "closes_on": closes_on(case, here.desk)}
        session.writer.letter(Letter(template, values=values, timer=True), case, here, cause)
    elif template == "ack" and case.state == "waiting_desk":
        session.writer.letter(Letter(template, values={"first": True}, timer=True), case, here, cause)


def overdue(session: Session) -> list[DeskWorld]:
    """Desks whose pause was to end and has not: the last day told to the clients has gone by."""
    found = []
    for here in session.world.desks:
        begun = pause_of(session.tx, here.desk.name)
        if begun is not None and begun.until is not None and session.now.astimezone(here.zone).date() > begun.until:
            found.append(here)
    return found


# -- the end of the service (C12) ----------------------------------------------------------------------------------


def end_service(operator: Operator, here: DeskWorld, ends_on: date | None, text: str) -> Swept:
    """Close every open case with its letter, and answer later mail with it. Given again it closes what is left."""
    name = here.desk.name
    with operator.session() as session:
        again = session.service_ended(name)
        last = ends_on.isoformat() if ends_on is not None else None
        ended = {"at": operator.now.isoformat(), "ends_on": last, "text": text}
        session.tx.remember(f"ended:{name}", json.dumps(ended, ensure_ascii=False))
        session.audit(operator.now, ACTOR, "service_ended", None, desk=name)
    closed: list[int] = []
    crisis: list[int] = []
    while True:
        with operator.session() as session:
            cases = _cases(session, _open(operator, here)[:AT_ONCE])
            for case in cases:
                operator.decided(session, case, here, Command(operator.now, "service_end", text, ends_on))
                closed.append(case.number)
                crisis += [case.number] if case.crisis else []
        if not cases:
            return Swept(tuple(closed), tuple(crisis), again)


def revoke_end(operator: Operator, here: DeskWorld) -> bool:
    """Take new cases again; False where the service had not ended. What was closed stays so."""
    name = here.desk.name
    with operator.session() as session:
        if not session.service_ended(name):
            return False
        session.tx.forget(f"ended:{name}")
        session.audit(operator.now, ACTOR, "service_end_revoked", None, desk=name)
    return True


# -- announcements (B9) --------------------------------------------------------------------------------------------


def announce(operator: Operator, here: DeskWorld, text: str, per_minute: float) -> Swept:
    """Send the words to each client of an open case once, spread over time. The same words again: once all the same."""
    name = here.desk.name
    key = f"announced:{name}:{hashlib.sha256(text.encode()).hexdigest()[:24]}"
    with operator.session() as session:
        again = session.tx.recall(key) is not None
        known = json.loads(session.tx.recall(key) or "[]")
        numbers = [number for number in _open(operator, here) if number not in set(known)]
    told: list[int] = []
    for start in range(0, len(numbers), AT_ONCE):
        with operator.session() as session:
            for case in _cases(session, numbers[start : start + AT_ONCE]):
                wait = timedelta(minutes=len(told) / per_minute)
                session.writer.not_before = operator.now + wait if told else None
                letter = Letter("announcement", values={"text": text}, timer=True)
                session.writer.letter(letter, case, here, Cause(key))
                session.audit(operator.now, ACTOR, "announced", case.number)
                told.append(case.number)
            session.tx.remember(key, json.dumps(sorted({*known, *told})))
    return Swept(tuple(told), again=again)
