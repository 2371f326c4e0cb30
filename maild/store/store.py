"""The store as the rest of maild sees it: open, spool, outbox, sources, transactions, checks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import func, select

from maild.desk.case import Case
from maild.store import audit as trail
from maild.store import consistency, opening
from maild.store.core import Core
from maild.store.engine import default_keys_url, exists
from maild.store.instants import instant_or_none
from maild.store.loaded import case_rows, opened_case_rows
from maild.store.outbox_rows import OutboxRows
from maild.store.records import (
    AuditRow,
    Claimed,
    Incoming,
    Outage,
    OutboxRow,
    QuarantineRow,
    SourceState,
    Spooled,
)
from maild.store.sources import Sources
from maild.store.spool import Spool
from maild.store.tables import deadline
from maild.store.transaction import Transaction


class Store:
    """Safe for use from several threads and processes; a thread has one transaction at a time."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._spool = Spool(core)
        self._outbox = OutboxRows(core)
        self._sources = Sources(core)

    @staticmethod
    def exists(url: str) -> bool:
        """Whether there is a database already: then its master key must be there, too."""
        return exists(url)

    @classmethod
    def open(
        cls,
        url: str,
        master_key: bytes,
        *,
        migrate: bool = True,
        keys_url: str | None = None,
        throw_away: bool = False,
    ) -> Store:
        """Open or make both databases; finish what a crash or a restore left half done. StoreError with what to do.

        ``throw_away``: nothing is synced to disk; for a rehearsal, never for mail."""
        keys_url = keys_url or default_keys_url(url)
        return cls(opening.open_core(url, keys_url, master_key, migrate=migrate, throw_away=throw_away))

    def close(self) -> None:
        """Close both databases."""
        self._core.database.close()
        self._core.keys.close()

    # -- spool ---------------------------------------------------------------------------------------------------

    def accept(self, mails: Sequence[Incoming]) -> list[int]:
        """Keep raw mails in ONE commit (M1); TemporaryStoreError: none was kept."""
        return self._spool.accept(mails)

    def take(self, limit: int, now: datetime, after: int = 0, again: Collection[int] = ()) -> list[Spooled]:
        """Waiting mails, oldest first, their attempt counted and committed (M9); ``after``: of higher numbers."""
        return self._spool.take(limit, now, after, again)

    def quarantine(self, spool_id: int, reason: str, now: datetime) -> None:
        """Set a mail aside with a reason code (M6)."""
        self._spool.quarantine(spool_id, reason, now)

    def postpone(self, spool_id: int, until: datetime) -> None:
        """Take a mail again not before ``until``."""
        self._spool.postpone(spool_id, until)

    def quarantined(self) -> list[QuarantineRow]:
        """What was set aside."""
        return self._spool.quarantined()

    def release(self, spool_id: int) -> None:
        """Put a mail back into the queue."""
        self._spool.release(spool_id)

    def raw(self, spool_id: int) -> bytes:
        """The message as it came, waiting or set aside."""
        return self._spool.get(spool_id).raw

    def spooled(self, spool_id: int) -> Spooled:
        """A waiting or quarantined mail, without counting an attempt."""
        return self._spool.get(spool_id)

    def spool_depth(self) -> int:
        """How many mails wait."""
        return self._spool.depth()

    def oldest_waiting(self) -> datetime | None:
        """Arrival of the oldest mail that waits."""
        return self._spool.oldest()

    def next_retry(self) -> datetime | None:
        """When a waiting mail is due; the past (1970) where one is due at once, None where none waits."""
        return self._spool.next_retry()

    # -- sources -------------------------------------------------------------------------------------------------

    def register_sources(self, names: Mapping[str, float]) -> None:
        """The configured sources and every how many seconds each is read; others are forgotten."""
        self._sources.register(names)

    def source_read(self, source: str, at: datetime) -> None:
        """A successful read or heartbeat (C6, M8)."""
        self._sources.read(source, at)

    def source_down(self, source: str, since: datetime) -> None:
        """The source cannot be read since; the next ``source_read`` ends the outage."""
        self._sources.down(source, since)

    def outages(self, since: datetime, now: datetime | None = None) -> list[Outage]:
        """Outages that end after ``since`` or last; with ``now`` also of sources that are late at this moment."""
        return self._sources.outages(since, now)

    def sources(self) -> list[SourceState]:
        """All registered sources."""
        return self._sources.states()

    def standing(self, since: datetime, now: datetime) -> tuple[list[SourceState], list[Outage]]:
        """``sources`` and ``outages`` at one moment."""
        return self._sources.standing(since, now)

    def imap_cursor(self, source: str) -> tuple[int, int] | None:
        """(UIDVALIDITY, UID) of the last mail kept from the source (M8)."""
        return self._sources.cursor(source)

    # -- outbox --------------------------------------------------------------------------------------------------

    def claim(self, now: datetime, limit: int) -> list[Claimed]:
        """Mails to send now; the attempt is recorded and committed."""
        return self._outbox.claim(now, limit)

    def recover(self) -> int:
        """After a restart: what was in flight is due at once (M1)."""
        return self._outbox.recover()

    def sent(self, outbox_id: int, at: datetime, response: str) -> None:
        """Accepted by the next hop at ``at`` (C2)."""
        self._outbox.sent(outbox_id, at, response)

    def all_sent(self, outbox_ids: Collection[int], at: datetime, response: str) -> None:
        """All of these accepted by the next hop at ``at``, in one commit: for a rehearsal."""
        self._outbox.all_sent(outbox_ids, at, response)

    def deferred(self, outbox_id: int, at: datetime, code: str, next_attempt: datetime) -> None:
        """A temporary failure."""
        self._outbox.deferred(outbox_id, at, code, next_attempt)

    def failed(self, outbox_id: int, at: datetime, code: str) -> None:
        """A permanent failure."""
        self._outbox.failed(outbox_id, at, code)

    def next_attempt(self) -> datetime | None:
        """When the next mail is due."""
        return self._outbox.next_attempt()

    def outbox(self, states: Collection[str] = ("pending", "sending", "failed")) -> list[OutboxRow]:
        """Rows for an operator."""
        return self._outbox.rows(states)

    def retry(self, outbox_id: int) -> None:
        """Send a waiting or failed mail at once."""
        self._outbox.retry(outbox_id)

    def drop(self, outbox_id: int, at: datetime | None = None) -> None:
        """Give a waiting mail up; to the rules it failed with the code ``dropped``."""
        self._outbox.drop(outbox_id, at)

    # -- cases and time ------------------------------------------------------------------------------------------

    def next_deadline(self) -> datetime | None:
        """The earliest deadline of all cases."""
        with self._core.database.read() as connection:
            return instant_or_none(connection.execute(select(func.min(deadline.c.at))).scalar())

    def list_cases(self, states: Collection[str] | None = None, desk: str | None = None) -> list[Case]:
        """Cases by number, decrypted; of erased ones what is left."""
        with self._core.database.read() as connection:
            rows = case_rows(connection, states, desk)
        return list(opened_case_rows(self._core, rows))

    # -- transactions --------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """BEGIN IMMEDIATE; committed at the end of the block, rolled back on any error."""
        with self._core.database.write() as connection:
            transaction = Transaction(self._core, connection, writing=True)
            yield transaction
            transaction.flush()
        self._conclude(transaction)

    @contextmanager
    def late_transaction(self) -> Iterator[Transaction]:
        """The same, but mail can be accepted and sent while it decides: it begins to write when it has something to
        write. Overtaken: another transaction wrote meanwhile, nothing of this one was kept; it has to be decided again.
        """
        with self._core.database.write_late() as (connection, lock):
            transaction = Transaction(self._core, connection, writing=True, lock=lock)
            yield transaction
            transaction.flush()
        self._conclude(transaction)

    def _conclude(self, transaction: Transaction) -> None:
        done = transaction.written
        self._core.open_names.committed(done.number, done.named)
        opening.conclude(self._core, done.owners, done.spent_keys, transaction.erased, done.anchor)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """One state of the database, read only."""
        with self._core.database.read() as connection:
            yield Transaction(self._core, connection, writing=False)

    # -- checks --------------------------------------------------------------------------------------------------

    def check_consistency(self) -> list[str]:
        """Every broken invariant in words; [] is good."""
        return consistency.check(self._core)

    def verify_audit(self) -> list[str]:
        """Every break of the audit trail in words; [] is whole (S5)."""
        anchor = self._core.keys.anchor()
        with self._core.database.read() as connection:
            return trail.verify(self._core, connection, anchor)

    def anchor_audit(self) -> None:
        """Note the trail's head in the key store: from now on a trail that was cut before it is found (S5)."""
        with self._core.database.read() as connection:
            head = trail.head(connection)
        self._core.keys.anchor(head)

    def audit_trail(self, case: int | None = None) -> list[AuditRow]:
        """The trail, opened."""
        with self._core.database.read() as connection:
            return list(trail.rows(self._core, connection, case))

    def rotate_key(self, old: bytes, new: bytes) -> None:
        """Wrap all keys with a new master key."""
        self._core.keys.rotate(old, new)
