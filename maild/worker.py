"""The process that runs the pipeline over the spool, and nothing else (architecture, "Accept, then process").

It takes spooled mails in order, many in one transaction; a batch that fails is rolled back and played again one by one.
The attempt is counted in the database before a mail is parsed, so a mail that crashed, hung or bloated an earlier
worker is known when the next one starts, and is set aside (M9). It talks to its supervisor over two pipes: a line in is
a wake-up, end of input means finish and leave; lines out say what it works on (``busy``, ``idle``) and that the outbox
has mail (``outbox``).
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from maild import log
from maild.pipeline import Arrived, Clearance, Pipeline
from maild.readahead import ReadAhead
from maild.store import Spooled, Store, TemporaryStoreError

LOG = log.get("maild.worker")
BATCH = 128  # mails in one transaction
TAKEN = 3 * BATCH  # under load: one is decided upon, and whoever reads must never run out
RUSH = 4096  # mails; then those are asked for again that were put off
MOST_ATTEMPTS = 3  # a mail that took the worker down this often is set aside unread
PAUSE = 5.0  # seconds until the disk or the database is asked again
LONGEST_WAIT = 30.0  # seconds without a wake-up
KEPT = 10.0  # seconds that a reader is kept after a rush: mail comes in waves, and what it has compiled is worth a fork
OUTAGES_KEPT = timedelta(days=60)


class Worker:
    """One life of the worker process."""

    def __init__(self, store: Store, pipeline: Pipeline, wakes: int, report: Callable[[str], None]) -> None:
        self._store = store
        self._pipeline = pipeline
        self._ahead = ReadAhead(pipeline)
        self._wakes = wakes
        self._report = report
        self._careful = True  # until a fresh mail is seen: an earlier life may have died of what comes first
        self._excused: set[int] = set()  # attempts that ended because the store failed, not the mail
        self._leaving = False
        self._troubled = False
        self._rushed = 0.0  # when the last rush ended, by the monotonic clock

    def run(self) -> None:
        """Work until the supervisor closes our input."""
        while not self._leaving:
            try:
                self._work()
            except TemporaryStoreError as error:
                self._trouble(error)
                self._wait(PAUSE)
                continue
            if self._troubled:
                LOG.info("store_back")
                self._troubled = False
            self._wait(self._until_next())
        self._ahead.clear()

    def _trouble(self, error: TemporaryStoreError) -> None:
        if not self._troubled:
            LOG.error("store_unavailable", reason=type(error).__name__)
            self._report(f"trouble {error}")
        self._troubled = True

    def _work(self) -> None:
        while True:
            self._report("busy")
            moved = self._settle()
            moved += self._spooled()
            if not moved:
                # the spool is empty: nothing that arrived is still unread when time is let run (C6)
                moved += self._sweep()
                self._pipeline.mornings(_now())
            if not moved:
                break
            self._report("outbox")
            if self._asked_to_leave():
                break
        self._excused.clear()
        self._report("idle")

    def _settle(self) -> int:
        return self._pipeline.settle(_now())

    def _sweep(self) -> int:
        return self._pipeline.sweep(_now(), self._clearance())

    def _clearance(self) -> Clearance:
        now = _now()
        never = datetime.min.replace(tzinfo=UTC)
        sources, outages = self._store.standing(now - OUTAGES_KEPT, now)
        reads = tuple(state.last_read or never for state in sources)
        return Clearance(reads, tuple((one.start, one.end) for one in outages))

    # -- mail ------------------------------------------------------------------------------------------------------

    def _spooled(self) -> int:
        taken = self._store.take(1 if self._careful else TAKEN, _now(), again=self._excused)
        if not taken:
            return 0
        if self._careful and _fresh(taken):
            self._careful = False
        if len(taken) == 1 or not _fresh(taken):
            return self._each(taken)
        try:
            return self._rush(taken)
        except TemporaryStoreError:
            self._careful = True  # the store failed, not the mails: they are taken again, each by itself
            self._ahead.clear()
            raise

    def _rush(self, taken: list[Spooled]) -> int:
        """Batch after batch for as long as mail keeps coming, the next ones read while one is decided upon."""
        ahead, done, last = self._ahead, 0, max(mail.id for mail in taken)
        ahead.feed(taken)
        later: list[Spooled] = []
        while ahead.waiting:
            if ahead.waiting <= TAKEN - BATCH and not later and done < RUSH and not self._asked_to_leave():
                self._settle()
                more = self._store.take(TAKEN - ahead.waiting, _now(), after=last)
                if _fresh(more):
                    last = max((mail.id for mail in more), default=last)
                    ahead.feed(more)
                else:
                    later = more
            batch, read = ahead.next(BATCH)
            self._batch(batch, read)
            done += len(batch)
            if ahead.waiting:
                self._report("outbox")
        self._rushed = time.monotonic()
        return done + self._each(later)

    def _batch(self, batch: list[Spooled], read: list[Arrived] | None) -> None:
        try:
            self._receive(batch, read)
        except TemporaryStoreError:
            raise
        except Exception as error:
            LOG.error("batch_failed", error=error, mails=len(batch))
            self._each(batch)

    def _each(self, mails: list[Spooled]) -> int:
        for mail in mails:
            self._report("busy")
            self._one(mail)
        return len(mails)

    def _one(self, mail: Spooled) -> None:
        if mail.attempts > MOST_ATTEMPTS:
            self._set_aside(mail, "crashed_or_hung")
            return
        try:
            self._receive([mail])
        except TemporaryStoreError:
            self._careful = True
            self._excused.add(mail.id)
            raise
        except Exception as error:
            LOG.error("mail_failed", error=error, spool=mail.id)
            self._set_aside(mail, type(error).__name__)

    def _receive(self, batch: list[Spooled], read: list[Arrived] | None = None) -> None:
        dispositions = self._pipeline.receive(batch, _now(), self._clearance(), read)
        told = zip(batch, dispositions, strict=True)
        LOG.each("mail_processed", [{"spool": mail.id, "disposition": disposition} for mail, disposition in told])

    def _set_aside(self, mail: Spooled, reason: str) -> None:
        self._pipeline.set_aside(mail, reason, _now())
        LOG.error("mail_quarantined", spool=mail.id, reason=reason)

    # -- waiting ---------------------------------------------------------------------------------------------------

    def _until_next(self) -> float:
        now = _now()
        due = [at for at in (self._store.next_deadline(), self._store.next_retry()) if at is not None]
        seconds = min(((at - now).total_seconds() for at in due), default=LONGEST_WAIT)
        # a deadline that C6 keeps open stays due; it is asked again at this pace, or when a source was read
        return min(LONGEST_WAIT, max(0.2, seconds)) if seconds > 0 else PAUSE

    def _wait(self, seconds: float) -> None:
        kept = max(0.0, self._rushed + KEPT - time.monotonic())
        if self._ahead.reads and kept < seconds:
            if self._woken(kept):
                return
            self._ahead.clear()
            seconds -= kept
        self._woken(seconds)

    def _asked_to_leave(self) -> bool:
        self._woken(0)
        return self._leaving

    def _woken(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._wakes], [], [], seconds)
        if ready:
            self._drain()
        return bool(ready)

    def _drain(self) -> None:
        if not os.read(self._wakes, 65536):
            self._leaving = True


def _fresh(mails: list[Spooled]) -> bool:
    """Whether none of them was there when an earlier life ended."""
    return all(mail.attempts == 1 for mail in mails)


def _now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)
