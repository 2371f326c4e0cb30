"""What operators do to cases and clients: each call one transaction through the rule book, with its audit line (S5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from maild.desk.actions import Letter
from maild.desk.case import Case
from maild.desk.deadlines import local_date, start_of
from maild.desk.events import Command
from maild.desk.kinds import decide
from maild.errors import UserError
from maild.mail import header
from maild.mail.address import canonical
from maild.pipeline.pausing import OWED
from maild.pipeline.session import Clearance, Session
from maild.pipeline.world import DeskWorld, World
from maild.pipeline.writing import Cause
from maild.store import Entry, SentMail, Store, Suspension

ACTOR = "operator"
UNCHANGED = frozenset({"already_closed", "already_held", "is_closed", "is_open", "not_our_turn"})
SHOWN_TO_CLIENT = frozenset({"client", "rejected", "reply", "interim"})
_HEADER_LOOKED_AT = 65_536


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure took away."""

    cases: tuple[int, ...]
    records: int  # outside of cases
    set_aside: int  # mails in quarantine


@dataclass(frozen=True, slots=True)
class Dossier:
    """A case with all that was recorded for it. The texts are in the entries and the letters' data."""

    case: Case
    here: DeskWorld
    entries: tuple[Entry, ...] = field(repr=False)
    letters: tuple[SentMail, ...] = field(repr=False)


class Operator:
    """One operator's command. ``now`` is its instant."""

    def __init__(self, world: World, store: Store, now: datetime) -> None:
        self.world = world
        self.store = store
        self.now = now.astimezone(UTC)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """The one transaction of a command."""
        with self.store.transaction() as tx:
            yield Session(self.world, tx, self.now, Clearance())

    def desk(self, name: str | None) -> DeskWorld:
        """A desk by its name; the only one needs no name. UserError where there is none."""
        desks = self.world.desks
        names = ", ".join(one.desk.name for one in desks)
        if name is None:
            if len(desks) == 1:
                return desks[0]
            raise UserError(f"there are several desks; name one with --desk: {names}")
        found = self.world.named(name)
        if found is None:
            raise UserError(f"there is no desk of that name; there is {names}")
        return found

    def _case(self, session: Session, number: int) -> tuple[Case, DeskWorld]:
        case = session.tx.case(number)
        if case is None:
            raise UserError(f"there is no case {number}")
        here = self.world.named(case.desk)
        if here is None:
            raise UserError(f"case {number} belongs to a desk that the config does not name any more")
        return case, here

    # -- cases -----------------------------------------------------------------------------------------------------

    def order(self, number: int, name: str, note: str = "") -> tuple[Case, str]:
        """Close, hold or reopen a case as its rules say; the code of what came of it (see ``UNCHANGED``)."""
        with self.session() as session:
            case, here = self._case(session, number)
            if not case.client:
                raise UserError(f"case {number} is erased; nothing can be done with it any more")
            if name == "reopen" and not case.is_open:
                other = session.tx.open_case(case.desk, case.client)
                if other is not None:
                    raise UserError(f"this client has an open case, {other.number}; one at a time (rules C8)")
            after, why = self.decided(session, case, here, Command(self.now, name))
            if note and why not in UNCHANGED:
                self._note(session, after, note)
            return after, why

    def decided(self, session: Session, case: Case, here: DeskWorld, order: Command) -> tuple[Case, str]:
        """Decide upon one order about one case, and carry it out."""
        decision = decide(case, order, here.desk)
        if decision.why in UNCHANGED:
            return case, decision.why
        after = session.put(decision.case, here) or case
        cause = Cause(f"operator:{case.number}:{order.name}:{self.now.isoformat()}")
        session.writer.carry_out(decision.actions, after, here, cause)
        session.audit(self.now, ACTOR, decision.why, case.number)
        return after, decision.why

    def _note(self, session: Session, case: Case, text: str) -> None:
        """Why it was done: a note for the colleagues, erased with the case; the audit trail would outlive it (S3)."""
        session.tx.record(Entry(case.number, case.desk, self.now, "note", "command", author=ACTOR, text=text))

    def dossier(self, number: int, *, texts: bool) -> Dossier:
        """A case with its entries and the letters about it; that texts were looked at is noted (S5)."""
        with self.session() as session:
            case, here = self._case(session, number)
            if texts:
                session.audit(self.now, ACTOR, "texts_shown", number)
            entries = tuple(session.tx.entries(number))
            return Dossier(case, here, entries, self._letters(session, number))

    def _letters(self, session: Session, number: int) -> tuple[SentMail, ...]:
        rows = self.store.outbox(("pending", "sending", "delivered", "failed"))
        found = (session.tx.outgoing(row.id) for row in rows if row.case == number)
        return tuple(one for one in found if one is not None)

    # -- clients ---------------------------------------------------------------------------------------------------

    def client(self, named: str, desk: str | None) -> tuple[str, DeskWorld]:
        """Whom the operator means: an address at a desk, or ``12``, the client of case 12."""
        number = named.strip().removeprefix("#")
        if number.isascii() and number.isdigit():
            with self.store.read() as tx:
                # longer than any database counts: no case has it
                case = tx.case(int(number)) if len(number) < 19 else None
            if case is None:
                raise UserError(f"there is no case {number.lstrip('0') or 0}")
            if not case.client:
                raise UserError(f"case {case.number} is erased; its client is not known any more")
            here = self.desk(case.desk)
            if desk is not None and desk != case.desk:
                raise UserError(f"case {case.number} is not one of that desk")
            return case.client, here
        address = canonical(named)
        local, _, domain = address.rpartition("@")
        if not local or not domain or any(sign.isspace() for sign in address):
            raise UserError("that is neither a mail address nor a case number")
        return address, self.desk(desk)

    def suspend(self, address: str, here: DeskWorld, reason: str, last: date | None, *, restrict: bool) -> list[int]:
        """Suspend a client (D4), with all of ``last`` as the last day; the cases that were closed by it."""
        desk = here.desk
        reasons = desk.rules.suspend_reasons
        if reasons and reason not in reasons:
            raise UserError(f"--reason is one of the desk's suspend_reasons: {'; '.join(reasons)}")
        code = f"reason_{reasons.index(reason)}" if reasons else "unspecified"
        until = start_of(last + timedelta(days=1), here.zone) if last is not None else None
        if until is not None and until <= self.now:
            raise UserError("--until is over already")
        kind = "restrict" if restrict else "suspend"
        closed: list[int] = []
        with self.session() as session:
            case = session.tx.open_case(desk.name, address)
            known = {address, case.client} if case is not None else {address}
            for one in sorted(known):
                session.tx.suspend(one, Suspension(desk.name, code, self.now, until, kind=kind))
            number = case.number if case is not None else None
            session.audit(self.now, ACTOR, f"client_{kind}ed", number, desk=desk.name, reason=code)
            if case is not None and not restrict:
                self.decided(session, case, here, Command(self.now, "suspend"))
                closed.append(case.number)
        return closed

    def lift(self, address: str, here: DeskWorld) -> bool:
        """End a suspension; False where there was none."""
        with self.session() as session:
            found = session.tx.lift(here.desk.name, address)
            if found:
                session.audit(self.now, ACTOR, "suspension_lifted", None, desk=here.desk.name)
            return found

    def erase(self, address: str, here: DeskWorld) -> Erased | None:
        """Erase all that a desk holds of a client and tell them (S3, C15); None where there is nothing.

        The letter belongs to no case, so it can still go out when the keys of the cases are gone; so nothing of the
        erased texts is needed for it. Suspensions, strikes and Message-IDs stay, as keyed hashes (S1).
        """
        desk = here.desk
        with self.session() as session:
            tx = session.tx
            cases = [case for case in tx.cases_of(desk.name, address) if case.client]
            addresses = {address} | {one for case in cases for one in (case.client, *case.addresses)}
            set_aside = self._quarantined(addresses)
            for number in set_aside:
                tx.done(number)
            for case in cases:
                tx.erase_case(case.number, self.now)
                tx.forget(f"{OWED}{desk.name}:{case.number}")
                session.audit(self.now, ACTOR, "erased", case.number)
            records = sum(tx.erase_without_case(desk.name, one, self.now) for one in sorted(addresses))
            if not cases and not records and not set_aside:
                return None
            if not cases:
                session.audit(self.now, ACTOR, "erased", None, records=records)
            told = cases[0].client if cases else address
            # not by the day's cap of template mails: that the records are gone must be said
            session.writer.letter(
                Letter("erased", timer=True), None, here, Cause(f"erased:{desk.name}:{self.now.isoformat()}", told)
            )
            return Erased(tuple(sorted(case.number for case in cases)), records, len(set_aside))

    def _quarantined(self, addresses: set[str]) -> list[int]:
        """Mails of these senders that were set aside. They are not parsed here: that is what they failed at."""
        found = []
        for row in self.store.quarantined():
            spooled = self.store.spooled(row.id)
            senders = {canonical(spooled.envelope_from or "")}
            head = spooled.raw[:_HEADER_LOOKED_AT].replace(b"\r\n", b"\n").split(b"\n\n", 1)[0]
            for line in re.findall(rb"(?im)^from:([^\n]{1,2000})", head):
                senders |= {canonical(one) for one in re.findall(r"[^\s<>,;]{1,250}", line.decode("utf-8", "replace"))}
            if senders & addresses:
                found.append(row.id)
        return found

    def export(self, address: str, here: DeskWorld) -> list[Dossier]:
        """What a desk holds of a client, for the client: without notes, staff and what was never sent."""
        with self.session() as session:
            found = []
            for case in session.tx.cases_of(here.desk.name, address):
                if not case.client:
                    continue
                entries = tuple(one for one in session.tx.entries(case.number) if one.kind in SHOWN_TO_CLIENT)
                letters = tuple(one for one in self._letters(session, case.number) if one.audience == "client")
                found.append(Dossier(case, here, entries, letters))
                session.audit(self.now, ACTOR, "exported", case.number)
            if not found:
                session.audit(self.now, ACTOR, "exported", None, desk=here.desk.name)
            return sorted(found, key=lambda one: one.case.number)

    # -- small things ----------------------------------------------------------------------------------------------

    def today(self, here: DeskWorld) -> date:
        """The desk's day."""
        return local_date(self.now, here.zone)


def subject_of(data: bytes) -> str:
    """The subject of one of our own mails."""
    from email import message_from_bytes

    return header.decode_text(str(message_from_bytes(data[:_HEADER_LOOKED_AT]).get("Subject", "")))
