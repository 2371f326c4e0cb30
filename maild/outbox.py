"""The outbox at work: claim what is due, hand it to the courier, write down what came of it (rules M1, C2, P6, P8).

At least once: the attempt is recorded before anybody dials, the verdict after the next hop has spoken. A mail goes out
twice only if the process dies, or the connection is lost, between the next hop's acceptance and our record of it; both
copies then bear the same Message-ID.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Protocol

from maild.courier.backoff import GIVE_UP, URGENT, next_attempt
from maild.courier.port import TROUBLES, Courier, Deferred, Delivered, Failed, Verdict
from maild.log import get
from maild.store import Claimed, OutboxRow, StoreError, TemporaryStoreError

log = get(__name__)

_INTERRUPTED: Final = "interrupted"


class Rows(Protocol):
    """The part of the store that is used here; :class:`maild.store.Store` has it. All of it blocks."""

    def claim(self, now: datetime, limit: int) -> list[Claimed]: ...

    def recover(self) -> int: ...

    def sent(self, outbox_id: int, at: datetime, response: str) -> None: ...

    def deferred(self, outbox_id: int, at: datetime, code: str, next_attempt: datetime) -> None: ...

    def failed(self, outbox_id: int, at: datetime, code: str) -> None: ...

    def next_attempt(self) -> datetime | None: ...

    def outbox(self, states: tuple[str, ...]) -> list[OutboxRow]: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and numbers."""

    at_once: int = 4  # deliveries
    ahead: int = 32  # claimed mails, those under delivery included: one commit for many
    look: float = 30.0  # the rows are looked at that often even if nobody woke us: ``maild outbox retry``, a clock set
    pause: float = 1.0  # after the next hop was found dead; doubled up to …
    longest_pause: float = 30.0
    login_pause: float = 30.0  # the same where it refuses our login: who tries often is locked out
    longest_login_pause: float = 300.0
    store_pause: float = 1.0  # after the store failed; for a verdict that cannot be written doubled up to 30
    orphans: float = 300.0  # between attempts to claim what could not be read
    grace: float = 10.0  # for mails in flight when we stop
    expiry: float = 600.0  # the rows are searched for expired ones that often while the next hop is dead


@dataclass(frozen=True, slots=True)
class Status:
    """For ``maild doctor``, metrics and alerts. ``relay``: a key of TROUBLES while the next hop takes nothing."""

    relay: str
    detail: str
    since: datetime | None  # of the trouble
    in_flight: int
    delivered: int
    deferred: int
    failed: int

    @property
    def explained(self) -> str:
        """What is wrong and what to do, in words; "" when all is well."""
        return TROUBLES.get(self.relay, "")


class Outbox:
    """One per process. ``woken`` is set by whoever queued a mail; ``settled`` tells the worker that a delivery or a
    final failure waits to be decided upon; ``run_blocking`` runs a call of the store where it may block."""

    def __init__(
        self,
        store: Rows,
        courier: Courier,
        clock: Callable[[], datetime],
        *,
        run_blocking: Callable[..., Awaitable[Any]],
        woken: asyncio.Event,
        settled: Callable[[], None],
        limits: Limits | None = None,
        rand: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._courier = courier
        self._clock = clock
        self._run_blocking = run_blocking
        self._woken = woken
        self._settled = settled
        self._limits = limits or Limits()
        self._rand = rand
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._stop = asyncio.Event()
        self._relay: Deferred | None = None  # the circuit: open while this is set
        self._since: datetime | None = None
        self._pause = 0.0
        self._probe_at = 0.0  # of the loop's clock
        self._expiry_at = 0.0
        self._slots = asyncio.Semaphore(self._limits.at_once)
        self._store_down = False
        self._unwritten: set[int] = set()  # verdicts that the store could not take yet
        self._careful = False  # a claim failed: one row at a time, so that a broken one holds up nobody (M9)
        self._recover_at: float | None = None  # of the loop's clock: that claim may have left rows in flight
        self._delivered = self._deferred = self._failed = 0

    @property
    def status(self) -> Status:
        """How things stand."""
        relay = self._relay
        return Status(
            relay.relay if relay else "",
            relay.code.partition(" ")[2] if relay else "",
            self._since,
            len(self._tasks),
            self._delivered,
            self._deferred,
            self._failed,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop`` is set; what is in flight then has a grace, the rest is due at the next start."""
        self._stop = stop
        stopping = asyncio.ensure_future(stop.wait())
        try:
            while not stop.is_set():
                self._woken.clear()
                wait = await self._turn()
                await self._rest(min(wait, self._limits.look), stopping)
        finally:
            stopping.cancel()
            await self._end(self._limits.grace if stop.is_set() else 0.0)

    async def _rest(self, seconds: float, stopping: asyncio.Future[Any]) -> None:
        if seconds <= 0 or self._woken.is_set():
            await asyncio.sleep(0)
            return
        waking = asyncio.ensure_future(self._woken.wait())
        try:
            await asyncio.wait({waking, stopping}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waking.cancel()

    # -- one look at the rows ------------------------------------------------------------------------------------

    async def _turn(self) -> float:
        """Start what can be started; how many seconds until the next look, unless woken."""
        if self._relay is not None:
            wait = self._probe_at - _now()
            if wait <= 0:
                wait = await self._probe()
            if wait > 0:
                return wait
        free = self._limits.ahead - len(self._tasks)
        if 2 * free < self._limits.ahead or self._unwritten:
            return self._limits.look  # a delivery that ends wakes us
        try:
            if self._recover_at is not None and _now() >= self._recover_at and not self._tasks:
                await self._run_blocking(self._store.recover)
                self._recover_at = None
            limit = 1 if self._careful else free
            claimed: list[Claimed] = await self._run_blocking(self._store.claim, self._clock(), limit)
            due: datetime | None = None
            if len(claimed) < limit:
                self._careful = False
                due = await self._run_blocking(self._store.next_attempt)
        except Exception as error:  # a row that cannot be opened, too, must not end the daemon
            if self._recover_at is None:
                self._recover_at = _now() + (self._limits.orphans if self._careful else 0.0)
            self._careful = True
            self._store_is(error)
            return self._limits.store_pause
        self._store_is(None)
        for mail in claimed:
            task = asyncio.create_task(self._send(mail))
            self._tasks[mail.id] = task
            task.add_done_callback(partial(self._ended, mail.id))
        if len(claimed) == limit:
            return 0.0 if self._careful else self._limits.look
        return self._limits.look if due is None else max(0.001, (due - self._clock()).total_seconds())

    def _ended(self, number: int, _: asyncio.Task[None]) -> None:
        self._tasks.pop(number, None)
        self._woken.set()

    # -- one mail ------------------------------------------------------------------------------------------------

    async def _send(self, mail: Claimed) -> None:
        verdict: Verdict
        try:
            async with self._slots:
                if self._unwritten:  # each further delivery is one more that a crash now would send twice
                    verdict = Deferred(_INTERRUPTED)
                elif self._relay is not None:
                    verdict = self._relay  # found out by another mail: nobody dials for this one
                else:
                    verdict = await self._courier.deliver(mail)
                    if isinstance(verdict, Deferred) and verdict.relay:
                        self._relay_is(verdict)
        except asyncio.CancelledError:
            verdict = Deferred(_INTERRUPTED)
        except Exception:
            log.exception("courier_error", outbox=mail.id)
            verdict = Deferred("courier_error")
        await self._record(mail, verdict, self._clock())

    def _again(self, mail: Claimed, verdict: Deferred, at: datetime) -> datetime | None:
        """When to try again; None: the mail has expired."""
        if verdict.code == _INTERRUPTED:
            return at
        if verdict.relay:  # not this mail's fault: it goes as soon as the next hop is back
            soon = at + timedelta(seconds=max(0.0, self._probe_at - _now()))
            return None if at >= mail.created + GIVE_UP else soon
        return next_attempt(mail.attempts, mail.created, at, self._rand, urgent=mail.template in URGENT)

    async def _record(self, mail: Claimed, verdict: Verdict, at: datetime) -> None:
        """Write the verdict down, however long that takes: a mail that was delivered must never be sent again."""
        again = self._again(mail, verdict, at) if isinstance(verdict, Deferred) else None
        if isinstance(verdict, Delivered):
            written = await self._write(self._store.sent, mail.id, at, verdict.response)
            self._delivered += written
            log.info("mail_sent", outbox=mail.id, case=mail.case, template=mail.template, attempts=mail.attempts)
        elif isinstance(verdict, Failed) or again is None:
            code = verdict.code if isinstance(verdict, Failed) else "expired"
            written = await self._write(self._store.failed, mail.id, at, code)
            self._failed += written
            log.warning("mail_failed", outbox=mail.id, case=mail.case, template=mail.template, code=_logged(code))
        else:
            written = await self._write(self._store.deferred, mail.id, at, verdict.code, again)
            self._deferred += written
            if not verdict.relay:
                log.info("mail_deferred", outbox=mail.id, case=mail.case, code=_logged(verdict.code))
            return
        if written:
            self._settled()

    async def _write(self, call: Callable[..., None], number: int, *values: object) -> bool:
        """False where the row had gone meanwhile: dropped or erased."""
        pause = self._limits.store_pause
        try:
            while True:
                try:
                    await self._run_blocking(call, number, *values)
                    break
                except TemporaryStoreError as error:
                    self._unwritten.add(number)
                    self._store_is(error)
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, 30.0)
        except StoreError:
            log.warning("outbox_row_changed_meanwhile", outbox=number)
            return False
        except asyncio.CancelledError:
            log.error("verdict_not_recorded", outbox=number)
            raise
        finally:
            self._unwritten.discard(number)
        self._store_is(None)
        return True

    def _store_is(self, error: Exception | None) -> None:
        if error is None and self._unwritten:
            return
        if (error is not None) != self._store_down:
            self._store_down = error is not None
            if error is not None:
                log.error("outbox_cannot_use_store", error=error)
            else:
                log.info("outbox_store_back")

    # -- the next hop --------------------------------------------------------------------------------------------

    async def _probe(self) -> float:
        verdict = await self._courier.probe()
        self._relay_is(verdict)
        if verdict is None:
            return 0.0
        if _now() >= self._expiry_at:
            self._expiry_at = _now() + self._limits.expiry
            await self._expire()
        return max(0.0, self._probe_at - _now())

    def _relay_is(self, trouble: Deferred | None) -> None:
        """Open or close the circuit. One log line for each change of state."""
        before = self._relay
        if trouble is None:
            if before is not None:
                self._relay, self._since, self._pause = None, None, 0.0
                log.info("relay_back", hop=self._courier.hop)
                self._woken.set()
            return
        if before is None:
            self._since = self._clock()
        elif _now() < self._probe_at:
            return  # one of several that dialled together
        self._relay = trouble
        if before is None or before.code != trouble.code:
            log.warning(trouble.relay, hop=self._courier.hop, reason=_logged(trouble.code.partition(" ")[2]))
        limits = self._limits
        first, longest = limits.pause, limits.longest_pause
        if trouble.relay == "relay_refused_login":
            first, longest = limits.login_pause, limits.longest_login_pause
        self._pause = min(max(self._pause * 2, first), longest)
        self._probe_at = _now() + self._pause * (0.8 + 0.4 * self._rand())

    async def _expire(self) -> None:
        """Five days of a dead next hop end a mail as well; no attempt would say more."""
        now = self._clock()
        try:
            waiting: list[OutboxRow] = await self._run_blocking(self._store.outbox, ("pending",))
        except Exception as error:
            self._store_is(error)
            return
        for row in waiting:
            if now >= row.created + GIVE_UP and await self._write(self._store.failed, row.id, now, "expired"):
                self._failed += 1
                log.warning("mail_failed", outbox=row.id, case=row.case, template=row.template, code="expired")
                self._settled()

    # -- the end -------------------------------------------------------------------------------------------------

    async def _end(self, grace: float) -> None:
        tasks = list(self._tasks.values())
        if tasks and grace > 0:
            await asyncio.wait(tasks, timeout=grace)
        late = [task for task in tasks if not task.done()]
        for task in late:
            task.cancel()  # puts its mail back, and does not wait if that cannot be written
        if late:
            await asyncio.wait(late, timeout=max(grace, 1.0))
        for task in late:
            task.cancel()
        if late:
            log.warning("outbox_stopped_in_flight", mails=len(late))
        with suppress(Exception):
            await self._courier.close()


def _now() -> float:
    return asyncio.get_running_loop().time()


def _logged(code: str) -> str:
    return code.replace(" ", "/")
