"""The ordered steps from accepted bytes to a committed decision, and the one transaction around them.

``receive``: parse ▸ whose mail is it ▸ screen ▸ thread ▸ decide ▸ compose ▸ record. ``settle``: what became of our own
mails. ``sweep``: what time has brought. Each commits everything that follows from its cause, or nothing (M1).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from maild.desk.actions import Letter
from maild.desk.deadlines import may_close, start_of
from maild.mail.address import canonical
from maild.mail.parse import read
from maild.mail.values import replace
from maild.pipeline import clients, digest, returned, staff, watch
from maild.pipeline.carried import Job, pack, unpack
from maild.pipeline.incoming import Arrived, of_form
from maild.pipeline.operator_desk import overdue, resume_in
from maild.pipeline.reading import read_words
from maild.pipeline.session import Clearance, Session
from maild.pipeline.world import DeskWorld, World
from maild.pipeline.writing import Cause
from maild.store import Due, Entry, Overtaken, Spooled, Store, TemporaryStoreError

__all__ = ["Arrived", "Clearance", "Job", "Pipeline", "World"]


class Pipeline:
    """Works on one store with one world; synchronous, and deterministic but for the world's tokens."""

    def __init__(self, world: World, store: Store) -> None:
        self._world = world
        self._store = store

    # -- mail in -------------------------------------------------------------------------------------------------

    def receive(
        self, batch: Sequence[Spooled], now: datetime, clearance: Clearance, ahead: Sequence[Arrived] | None = None
    ) -> list[str]:
        """Process spooled mails in order, in one transaction; their dispositions. On any error nothing is changed.
        ``ahead``: what was read in them already."""
        arrived = [self.parse(spooled) for spooled in batch] if ahead is None else ahead
        try:
            with self._store.late_transaction() as tx:
                dispositions = self._decide(Session(self._world, tx, now, clearance), arrived)
        except Overtaken:  # an operator's command, or another worker: once more, and nobody writes meanwhile
            with self._store.transaction() as tx:
                dispositions = self._decide(Session(self._world, tx, now, clearance), arrived)
        for spooled, mail, disposition in zip(batch, arrived, dispositions, strict=True):
            if disposition == "quarantined":
                self.set_aside(spooled, "no_desk" if mail.nobodys else "unreadable", now)
        return dispositions

    def _decide(self, session: Session, arrived: Sequence[Arrived]) -> list[str]:
        self._prefetch(session, arrived)
        dispositions: list[str] = []
        for mail in arrived:
            if mail.facts.kind == "unreadable" or mail.nobodys:
                dispositions.append("quarantined")
                continue
            dispositions.append(_take(session, mail))
            session.tx.done(mail.spool)
        return dispositions

    def parse(self, spooled: Spooled) -> Arrived:
        """Bytes to facts, and the desk they are for; pure."""
        return self.read(Job(spooled.id, spooled.source, spooled.arrived, spooled.raw, spooled.envelope))

    def read(self, job: Job) -> Arrived:
        """The same for a mail that was taken out of its row."""
        envelope, source = job.envelope, job.source
        facts = read(job.raw, envelope_from=envelope.sender, ours=self._world.addresses)
        recipients = [canonical(one) for one in envelope.recipients]
        found = self._world.desk_for(source, recipients, facts.to)
        here, token = found if found is not None else (self._world.desks[0], None)
        sender = facts.from_address or canonical(envelope.sender or "")
        limit = self._world.limits.get(source, 0)
        mail = Arrived(
            spool=job.number,
            source=source,
            at=job.at,
            raw=job.raw,
            facts=facts,
            envelope_from=envelope.sender,
            here=here,
            nobodys=found is None,
            token=token,
            sender=sender,
            oversize=limit if 0 < limit < len(job.raw) else 0,
        )
        return of_form(mail)

    def read_through(self, jobs: Sequence[Job]) -> list[Arrived]:
        """Mails with their words read; the words of a bounce are nobody's."""
        mails = [self.read(job) for job in jobs]
        worded = [at for at, mail in enumerate(mails) if mail.facts.kind not in ("bounce", "unreadable")]
        readings = read_words([(mails[at].facts, mails[at].here, mails[at].sender) for at in worded])
        for at, reading in zip(worded, readings, strict=True):
            mails[at] = replace(mails[at], ahead=reading)
        return mails

    def read_ahead(self, jobs: Sequence[Job]) -> bytes:
        """The same as bytes for another process; without the mails themselves."""
        return pack(self.read_through(jobs), self._world.desks)

    def were_read(self, found: bytes | bytearray, jobs: Sequence[Job]) -> list[Arrived]:
        """The same put together again."""
        return unpack(found, jobs, self._world.desks)

    def _prefetch(self, session: Session, arrived: Sequence[Arrived]) -> None:
        if not arrived:
            return
        references: set[str] = set()
        for mail in arrived:
            references.update(mail.facts.in_reply_to, mail.facts.references)
            if mail.facts.bounce is not None and mail.facts.bounce.message_id:
                references.add(mail.facts.bounce.message_id)
        session.tx.prefetch(
            clients=[(mail.here.desk.name, mail.sender) for mail in arrived],
            message_ids=references,
            seen=[(mail.here.desk.name, mail.sender, mail.message_id) for mail in arrived],
            templates_since=min(
                start_of(session.now.astimezone(one.zone).date(), one.zone) for one in self._world.desks
            ),
            entries=True,
        )
        session.tx.prefetch(bodies=_likely_resends(session, arrived))

    # -- our own mails ---------------------------------------------------------------------------------------------

    def settle(self, now: datetime, limit: int = 256) -> int:
        """Decide upon deliveries and final failures, in order of their instants; how many there were."""
        with self._store.read() as tx:
            if not tx.outcomes(1):  # asked before every batch, and mostly so: nobody who writes has to wait for that
                return 0
        with self._store.transaction() as tx:
            session = Session(self._world, tx, now, Clearance())
            outcomes = tx.outcomes(limit)
            for outcome in outcomes:
                returned.settle(session, outcome)
        return len(outcomes)

    # -- time ------------------------------------------------------------------------------------------------------

    def sweep(self, now: datetime, clearance: Clearance, limit: int = 256) -> int:
        """Let everything fall due that is due by ``now``, in the order of the due instants (C11); how many did.

        A case is closed only where C6 allows it; it is looked at again at the next sweep. However many of them wait for
        that, they hold up no alert and no call (C9, K4); nor does a desk that is no longer there.
        """
        fell = 0
        desks = [here.desk.name for here in self._world.desks]
        with self._store.transaction() as tx:
            session = Session(self._world, tx, now, clearance)
            for paused in overdue(session):
                resume_in(session, paused, [case.number for case in tx.open_cases(paused.desk.name)], "clock")
                fell += 1
            waiting = tx.due(now, limit, desks)
            fell += self._let_fall(session, waiting)
            if not fell and len(waiting) == limit:  # all of them closings that have to wait
                fell += self._let_fall(session, tx.due(now, limit, desks, closings=False))
        return fell

    def _let_fall(self, session: Session, waiting: Sequence[Due]) -> int:
        fell = 0
        for due in waiting:
            case = session.tx.case(due.case)
            here = self._world.named(case.desk) if case is not None else None
            if case is None or here is None:
                continue
            grace = timedelta(hours=here.desk.rules.grace_hours)
            clearance = session.clearance
            if due.kind == "close" and not may_close(due.at, session.now, clearance.reads, clearance.outages, grace):
                continue
            session.fall_due(case, due.kind, due.at, here)
            fell += 1
        return fell

    def mornings(self, now: datetime) -> datetime | None:
        """Send the digests that are due (P7) and tell what must be told (M8); when the next digest will be, None where
        nothing is open."""
        sources = self._store.sources()
        with self._store.transaction() as tx:
            session = Session(self._world, tx, now, Clearance())
            watch.run(session, sources, now)
            for here in self._world.desks:
                digest.run(session, here, now)
            found = [
                at for here in self._world.desks
                if (at := digest.due(session, here, now)) is not None and digest.anything(session, here)
            ]  # fmt: skip
        return min(found, default=None)

    # -- what cannot be processed --------------------------------------------------------------------------------

    def set_aside(self, spooled: Spooled, reason: str, now: datetime) -> None:
        """To quarantine with its raw bytes and a reason; the operators hear of it (M6, M9)."""
        try:  # first the word, which is given once: who is set aside in silence waits for ever
            with self._store.transaction() as tx:
                session = Session(self._world, tx, now, Clearance())
                session.audit(now, "worker", "quarantined", None, spool=spooled.id, reason=reason)
                self._alert(
                    session, "quarantined", self._world.desks[0], f"quarantine:{spooled.id}", f"{spooled.id}: {reason}"
                )
        except TemporaryStoreError:
            raise
        except Exception:
            self._store.quarantine(spooled.id, reason, now)
            raise
        self._store.quarantine(spooled.id, reason, now)

    def _alert(self, session: Session, code: str, here: DeskWorld, once: str, line: str) -> None:
        letter = Letter("operator_alert", "operators", {"code": code, "lines": [line], "days": 0}, timer=True)
        session.writer.letter(letter, None, here, Cause(once))


def _likely_resends(session: Session, arrived: Sequence[Arrived]) -> list[tuple[int, str, str, str]]:
    """The bodies that will be looked for in the cases these mails will probably join (C10)."""
    wanted = []
    for mail in arrived:
        if mail.facts.kind != "mail" or mail.sender in mail.here.staff:
            continue
        desk = mail.here.desk.name
        answered = [session.tx.sent_mail(one) for one in (*mail.facts.in_reply_to, *mail.facts.references)]
        numbers = {sent.case for sent in answered if sent is not None and sent.case is not None}
        open_case = session.tx.open_case(desk, mail.sender)
        if open_case is not None:
            numbers.add(open_case.number)
        wanted += [(number, desk, mail.sender, mail.body_key) for number in numbers]
    return wanted


def _take(session: Session, mail: Arrived) -> str:
    """Whose mail is it? Bounces first, then people inside the house, then everybody else."""
    if mail.facts.kind == "bounce":
        return returned.bounce(session, mail)
    if not mail.sender or mail.sender in session.world.addresses:
        return _unanswerable(session, mail)
    if mail.sender in mail.here.staff:
        return staff.take(session, mail)
    if staff.answered(session, mail) is not None:
        return _stranger_with_notice(session, mail)
    return clients.take(session, mail)


def _unanswerable(session: Session, mail: Arrived) -> str:
    """Nobody to answer: no usable sender, or we wrote it ourselves (M3). Kept; staff are told where it holds words."""
    number = session.tx.new_entry_id()
    entry: Entry = mail.entry(number, "automatic", "automatic", None)
    session.tx.record(entry)
    session.audit(mail.at, "client", "mail_unanswerable", None)
    hits = clients.triage(session, mail, None)
    if hits or (mail.facts.kind == "mail" and mail.sender not in session.world.addresses):
        values = {"claims": None, "flags": ("crisis",) if hits else (), "address": None}
        letter = Letter("notice_third_party", "inbox", values, entry=number)
        session.writer.letter(letter, None, mail.here, clients.cause(mail))
    return "automatic"


def _stranger_with_notice(session: Session, mail: Arrived) -> str:
    """A notice answered from an address that is no counselor's (P3, P9): refused without a word to them."""
    hits = clients.triage(session, mail, None)
    if hits:
        return clients.take(session, mail)  # K0 before all
    number = session.tx.new_entry_id()
    session.tx.record(mail.entry(number, "staff", "refused", None))
    session.audit(mail.at, "client", "mail_refused", None)
    return "refused"
