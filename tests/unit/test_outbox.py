"""The outbox over a real store: what is claimed, tried again, recorded, and what a crash leaves (rules M1, C2, P6)."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP as AiosmtpdServer
from aiosmtpd.smtp import Envelope

from maild.config.model import Send
from maild.courier.port import Deferred, Delivered, Failed, Verdict
from maild.courier.smtp import SmtpCourier
from maild.outbox import Limits, Outbox
from maild.store import Claimed, OutboxRow, Outgoing, Store, TemporaryStoreError

T0 = datetime(2026, 1, 10, 14, 50, tzinfo=UTC)
QUICK = Limits(
    look=0.02,
    pause=0.005,
    longest_pause=0.02,
    login_pause=0.005,
    longest_login_pause=0.02,
    store_pause=0.005,
    grace=20.0,
)
DEAD = Deferred("relay_unreachable connection_refused", relay="relay_unreachable")
PATIENCE = 30.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    it = Store.open(f"sqlite:///{tmp_path / 'maild.db'}", bytes(range(32)))
    yield it
    assert it.check_consistency() == []
    it.close()


def queue(store: Store, number: int, *, template: str = "ack", created: datetime = T0) -> int:
    with store.transaction() as tx:
        return tx.queue(
            Outgoing(
                message_id=f"<{number}@desk.example>",
                case=None,
                desk="soudan",
                audience="counselor",
                template=template,
                sender="soudan@desk.example",
                recipient=f"c{number}@client.example",
                data=b"Subject: %d\r\n\r\nx\r\n" % number,
                created=created,
                once=f"k{number}",
            )
        )


@dataclass
class Scripted:
    """A courier that answers from a list, then delivers; ``up`` False is a dead next hop."""

    script: list[Verdict] = field(default_factory=list)
    up: bool = True
    hop: str = "relay.example:25"
    tried: list[str] = field(default_factory=list)
    handed: list[str] = field(default_factory=list)
    probes: int = 0
    closed: bool = False
    hold: asyncio.Event | None = None
    busy: int = 0
    most: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def deliver(self, mail: Claimed) -> Verdict:
        self.tried.append(mail.message_id)
        self.busy += 1
        self.most = max(self.most, self.busy)
        self.news.set()
        try:
            if self.hold is not None:
                await self.hold.wait()
            await asyncio.sleep(0)
            if not self.up:
                return DEAD
            verdict = self.script.pop(0) if self.script else Delivered("250 2.0.0")
            if isinstance(verdict, Delivered):
                self.handed.append(mail.message_id)
            return verdict
        finally:
            self.busy -= 1

    async def probe(self) -> Deferred | None:
        self.probes += 1
        self.news.set()
        return None if self.up else DEAD

    async def close(self) -> None:
        self.closed = True


@dataclass
class Clock:
    now: datetime = T0

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Running:
    outbox: Outbox
    stop: asyncio.Event
    woken: asyncio.Event
    task: asyncio.Task[None]
    store: Store
    clock: Clock
    settled: list[int]
    run: Callable[..., Awaitable[Any]]

    async def until(self, true: Callable[[], object]) -> None:
        """Wait for something that must happen."""

        async def watch() -> None:
            while not await self.run(true):
                if self.task.done():
                    self.task.result()
                    raise AssertionError("the outbox has ended")
                await asyncio.sleep(0.002)

        await asyncio.wait_for(watch(), PATIENCE)

    async def end(self) -> None:
        self.stop.set()
        await asyncio.wait_for(self.task, PATIENCE)

    def rows(self, *states: str) -> list[OutboxRow]:
        return self.store.outbox(states or ("pending", "sending", "delivered", "failed"))

    def put_back(self, attempts: int) -> Callable[[], bool]:
        """Whether the only mail waits again after so many attempts."""
        return lambda: [(row.state, row.attempts) for row in self.rows()] == [("pending", attempts)]

    def states(self) -> list[str]:
        return [row.state for row in self.rows()]


@asynccontextmanager
async def outbox(
    store: Any, courier: Any, *, limits: Limits = QUICK, clock: Clock | None = None, real: Store | None = None
) -> AsyncIterator[Running]:
    with ThreadPoolExecutor(1) as thread:
        loop = asyncio.get_running_loop()

        def blocking(call: Callable[..., Any], *values: Any) -> Awaitable[Any]:
            return loop.run_in_executor(thread, call, *values)

        clock = clock or Clock()
        stop, woken, settled = asyncio.Event(), asyncio.Event(), list[int]()
        box = Outbox(
            store,
            courier,
            clock,
            run_blocking=blocking,
            woken=woken,
            settled=lambda: settled.append(1),
            limits=limits,
            rand=lambda: 0.5,
        )
        task = asyncio.create_task(box.run(stop))
        it = Running(box, stop, woken, task, real or store, clock, settled, blocking)
        try:
            yield it
        finally:
            stop.set()
            if not task.done():
                await asyncio.wait({task}, timeout=PATIENCE)


def events(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name.startswith("maild.outbox")]


async def test_delivered_and_told(store: Store) -> None:
    for number in range(50):
        queue(store, number)
    courier = Scripted()
    async with outbox(store, courier) as it:
        await it.until(lambda: it.states() == ["delivered"] * 50)
        await it.end()
        assert len(it.settled) == 50
        assert it.outbox.status.delivered == 50 and it.outbox.status.in_flight == 0
    assert len(courier.handed) == len(set(courier.handed)) == 50
    assert courier.most == QUICK.at_once
    assert courier.closed
    with store.read() as tx:
        assert {one.at for one in tx.outcomes(99)} == {T0}  # the delivered instant (C2)


async def test_woken_for_a_new_mail(store: Store) -> None:
    courier = Scripted()
    async with outbox(store, courier, limits=Limits(look=1000)) as it:
        await it.run(queue, store, 1)
        it.woken.set()
        await it.until(lambda: it.states() == ["delivered"])


async def test_a_mail_for_later_goes_by_itself(store: Store) -> None:
    queue(store, 1, created=T0 + timedelta(hours=1))
    courier = Scripted()
    async with outbox(store, courier) as it:
        await it.until(lambda: it.outbox.status.in_flight == 0)
        assert courier.tried == []
        it.clock.now += timedelta(hours=1)
        await it.until(lambda: it.states() == ["delivered"])


async def test_tried_again_later_and_later(store: Store) -> None:
    queue(store, 1)
    courier = Scripted(script=[Deferred("450 4.2.0 rate_limited")] * 3)
    async with outbox(store, courier) as it:
        for attempt, wait in enumerate((20, 60, 300), 1):
            await it.until(it.put_back(attempt))
            (row,) = it.rows()
            assert row.code == "450 4.2.0 rate_limited"
            assert row.next_attempt == it.clock.now + timedelta(seconds=wait)
            it.clock.now = row.next_attempt
        await it.until(lambda: it.states() == ["delivered"])
        assert len(it.settled) == 1


async def test_nobody_in_danger_waits_long(store: Store) -> None:
    queue(store, 1, template="crisis_ack")
    courier = Scripted(script=[Deferred("450 4.2.0 rate_limited")] * 6)
    async with outbox(store, courier) as it:
        for attempt in range(1, 7):
            await it.until(it.put_back(attempt))
            (row,) = it.rows()
            assert row.next_attempt - it.clock.now <= timedelta(minutes=2)
            it.clock.now = row.next_attempt
        await it.until(lambda: it.states() == ["delivered"])


async def test_refused_for_good(store: Store) -> None:
    queue(store, 1)
    async with outbox(store, Scripted(script=[Failed("550 5.1.1 user_unknown")])) as it:
        await it.until(lambda: it.states() == ["failed"])
        await it.end()
        assert it.settled == [1]
    with store.read() as tx:
        (outcome,) = tx.outcomes(9)
        assert (outcome.delivered, outcome.code) == (False, "550 5.1.1 user_unknown")


async def test_given_up_after_five_days(store: Store) -> None:
    queue(store, 1)
    async with outbox(store, Scripted(script=[Deferred("450 4.2.0 rate_limited")] * 99)) as it:
        await it.until(lambda: it.rows()[0].attempts == 1 and it.states() == ["pending"])
        it.clock.now = T0 + timedelta(days=5)
        await it.until(lambda: it.states() == ["failed"])
        assert it.rows()[0].code == "expired"


# -- a dead next hop -----------------------------------------------------------------------------------------------


async def test_dead_relay_is_asked_once_for_all(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for number in range(200):
        queue(store, number)
    courier = Scripted(up=False)
    async with outbox(store, courier) as it:
        await it.until(lambda: courier.probes >= 5)
        assert len(courier.tried) <= QUICK.at_once
        status = it.outbox.status
        assert (status.relay, status.detail, status.since) == ("relay_unreachable", "connection_refused", T0)
        assert "host and port" in status.explained
        courier.up = True
        it.clock.now += timedelta(minutes=1)
        await it.until(lambda: set(it.states()) == {"delivered"})
        assert it.outbox.status.relay == "" and it.outbox.status.explained == ""
        await it.end()
    assert len(courier.handed) == 200
    said = events(caplog)
    assert (said.count("relay_unreachable"), said.count("relay_back")) == (1, 1)


async def test_each_change_of_trouble_is_one_line(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    queue(store, 1)

    class Refusing(Scripted):
        async def probe(self) -> Deferred | None:
            self.probes += 1
            if self.probes > 3:
                return Deferred("relay_refused_login 535 auth_failure", relay="relay_refused_login")
            return DEAD

    courier = Refusing(up=False)
    async with outbox(store, courier) as it:
        await it.until(lambda: courier.probes >= 8)
    said = events(caplog)
    assert (said.count("relay_unreachable"), said.count("relay_refused_login")) == (1, 1)


async def test_mails_expire_while_the_relay_is_dead(store: Store) -> None:
    for number in range(3):
        queue(store, number, created=T0 + timedelta(days=number))
    courier = Scripted(up=False)
    limits = Limits(look=0.02, pause=0.005, longest_pause=0.02, expiry=0.0)
    async with outbox(store, courier, limits=limits) as it:
        await it.until(lambda: courier.probes)
        it.clock.now = T0 + timedelta(days=6)
        await it.until(lambda: it.states() == ["failed", "failed", "pending"])
        assert {row.code for row in it.rows("failed")} == {"expired"}


async def test_a_real_relay_dies_and_comes_back(store: Store) -> None:
    """Over SMTP, without a restart of ours."""
    got: list[str] = []

    class Keep:
        async def handle_DATA(self, server: object, session: object, envelope: Envelope) -> str:
            got.append(str(envelope.rcpt_tos[0]))
            return "250 2.0.0 ok"

    loop = asyncio.get_running_loop()

    async def listen(port: int) -> asyncio.Server:
        return await loop.create_server(lambda: AiosmtpdServer(Keep(), loop=loop), "127.0.0.1", port)

    server = await listen(0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    for number in range(20):
        queue(store, number)
    courier = SmtpCourier(Send("smtp", Path(), host="127.0.0.1", port=port, security="none"))
    async with outbox(store, courier) as it:
        await it.until(lambda: it.outbox.status.relay)
        assert (it.outbox.status.relay, it.outbox.status.detail) == ("relay_unreachable", "connection_refused")
        server = await listen(port)
        it.clock.now += timedelta(seconds=30)
        await it.until(lambda: set(it.states()) == {"delivered"})
        await it.end()
    server.close()
    await server.wait_closed()
    assert sorted(got) == sorted(f"c{number}@client.example" for number in range(20))


# -- crashes and full disks ----------------------------------------------------------------------------------------


async def test_killed_between_delivery_and_record(store: Store) -> None:
    """The one window in which a mail goes out twice: with the same Message-ID, at once after the restart."""
    queue(store, 1)
    (claimed,) = store.claim(T0, 9)  # handed over; then the process was killed
    assert store.recover() == 1
    courier = Scripted()
    async with outbox(store, courier) as it:
        await it.until(lambda: it.states() == ["delivered"])
        assert it.rows()[0].attempts == 2
    assert courier.handed == [claimed.message_id]


class Failing:
    """The store, on a disk that is full for the calls that are named."""

    def __init__(self, store: Store, *calls: str) -> None:
        self._store = store
        self.full = set(calls)
        self.refused = 0
        self.change = threading.Event()

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._store, name)

        def call(*values: Any) -> Any:
            if name in self.full:
                self.refused += 1
                raise TemporaryStoreError("Nothing was stored: the disk is full.")
            return real(*values)

        return call


async def test_a_delivery_is_remembered_while_the_disk_is_full(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for number in range(6):
        queue(store, number)
    full, courier = Failing(store, "sent"), Scripted()
    async with outbox(full, courier, real=store) as it:
        await it.until(lambda: full.refused > 20)
        full.full.clear()
        await it.until(lambda: set(it.states()) == {"delivered"})
        await it.end()
    assert sorted(courier.handed) == sorted(set(courier.handed))
    assert len(courier.handed) == 6
    said = events(caplog)
    assert (said.count("outbox_cannot_use_store"), said.count("outbox_store_back")) == (1, 1)


async def test_claims_wait_for_the_disk(store: Store) -> None:
    queue(store, 1)
    full, courier = Failing(store, "claim"), Scripted()
    async with outbox(full, courier, real=store) as it:
        await it.until(lambda: full.refused > 2)
        assert courier.tried == []
        full.full.clear()
        await it.until(lambda: it.states() == ["delivered"])


async def test_one_broken_row_holds_up_nobody(store: Store) -> None:
    """A claim that marks its rows and then cannot open one of them (rules M9)."""
    for number in range(5):
        queue(store, number)

    class Broken(Failing):
        def __getattr__(self, name: str) -> Any:
            real = super().__getattr__(name)
            if name != "claim":
                return real

            def claim(now: datetime, limit: int) -> list[Claimed]:
                claimed: list[Claimed] = real(now, limit)
                if any(mail.message_id == "<2@desk.example>" for mail in claimed):
                    raise ValueError("not to be opened")
                return claimed

            return claim

    courier = Scripted()
    async with outbox(Broken(store), courier, real=store) as it:
        await it.until(lambda: it.states().count("delivered") == 4)
        assert it.states()[2] == "sending"
    store.recover()
    assert sorted(courier.handed) == [f"<{number}@desk.example>" for number in (0, 1, 3, 4)]


async def test_a_courier_that_raises_costs_one_attempt(store: Store) -> None:
    queue(store, 1)

    class Raising(Scripted):
        async def deliver(self, mail: Claimed) -> Verdict:
            raise ValueError(mail.recipient)

    async with outbox(store, Raising()) as it:
        await it.until(lambda: it.states() == ["pending"] and it.rows()[0].code == "courier_error")
        assert not it.task.done()


async def test_dropped_while_in_flight(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """The row has changed under us (an operator, an erasure): nothing breaks."""
    number = queue(store, 1)
    courier = Scripted(hold=asyncio.Event())
    async with outbox(store, courier) as it:
        await it.until(lambda: courier.tried)
        await it.run(store.failed, number, T0, "dropped")
        assert courier.hold is not None
        courier.hold.set()
        await it.until(lambda: it.outbox.status.in_flight == 0)
        assert it.states() == ["failed"]
        assert not it.task.done()
    assert "outbox_row_changed_meanwhile" in events(caplog)


# -- the end -------------------------------------------------------------------------------------------------------


async def test_stop_waits_for_mails_in_flight(store: Store) -> None:
    for number in range(3):
        queue(store, number)
    courier = Scripted(hold=asyncio.Event())
    async with outbox(store, courier) as it:
        await it.until(lambda: courier.busy == 3)
        it.stop.set()
        await asyncio.sleep(0)
        assert not it.task.done()
        assert courier.hold is not None
        courier.hold.set()
        await it.end()
        assert it.states() == ["delivered"] * 3
    assert courier.closed


async def test_what_outlasts_the_grace_is_due_at_once(store: Store) -> None:
    for number in range(10):
        queue(store, number)
    courier = Scripted(hold=asyncio.Event())
    async with outbox(store, courier, limits=Limits(look=0.02, grace=0.05)) as it:
        await it.until(lambda: courier.busy == 4)
        await it.end()
        assert it.states() == ["pending"] * 10
        assert {row.next_attempt for row in it.rows()} == {T0}
    assert store.recover() == 0


async def test_cancelled_as_well(store: Store) -> None:
    queue(store, 1)
    courier = Scripted(hold=asyncio.Event())
    async with outbox(store, courier) as it:
        await it.until(lambda: courier.busy == 1)
        it.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await it.task
        assert it.states() == ["pending"]


async def test_no_line_holds_an_address(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for number in range(4):
        queue(store, number)
    script: list[Verdict] = [Failed("550 5.1.1 user_unknown"), Deferred("uncertain"), Deferred("timeout data")]
    async with outbox(store, Scripted(script=script)) as it:
        await it.until(lambda: sorted(it.states()) == ["delivered", "failed", "pending", "pending"])
        await it.end()
    for record in caplog.records:
        assert "client.example" not in str(record.__dict__)
