"""The way out over SMTP: connections to the next hop, kept for bursts (RFC 5321; rules M1, M7)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from maild.config.model import Send
from maild.courier.connection import Connection, Patience, Trouble, dial
from maild.courier.port import Deferred, Verdict
from maild.log import get
from maild.store.records import Claimed

log = get(__name__)


@dataclass(frozen=True, slots=True)
class Reuse:
    """How long a connection is used."""

    connections: int = 4  # at once
    mails: int = 100  # in one connection
    idle: float = 5.0  # seconds without a mail; under any server's own limit


class SmtpCourier:
    """Takes ``[send]`` of the config. Safe for many deliveries at once: they wait for a free connection."""

    def __init__(self, send: Send, *, patience: Patience | None = None, reuse: Reuse | None = None) -> None:
        self._send = send
        self._patience = patience or Patience()
        self._reuse = reuse or Reuse()
        self._free = asyncio.Semaphore(self._reuse.connections)
        self._idle: list[Connection] = []
        self._sweep: asyncio.TimerHandle | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    @property
    def hop(self) -> str:
        """Host and port."""
        return f"{self._send.host}:{self._send.port}"

    async def deliver(self, mail: Claimed) -> Verdict:
        """One mail in one transaction with one recipient (M7)."""
        async with self._free:
            try:
                return await self._deliver(mail)
            except Trouble as trouble:
                return trouble.verdict
            except Exception:
                log.exception("courier_error", hop=self.hop, outbox=mail.id)
                return Deferred("courier_error")

    async def probe(self) -> Deferred | None:
        """Connect and log in; the connection is kept for the mails that wait."""
        async with self._free:
            try:
                self._keep(self._take() or await dial(self._send, self._patience))
            except Trouble as trouble:
                return trouble.verdict
            except Exception:
                log.exception("courier_error", hop=self.hop)
                return Deferred("courier_error", relay="courier_error")
            return None

    async def close(self) -> None:
        """Say QUIT on what is idle."""
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        for connection in self._idle:
            self._leave(connection)
        self._idle.clear()
        if self._leaving:
            await asyncio.wait(self._leaving)

    async def _deliver(self, mail: Claimed) -> Verdict:
        while True:
            connection = self._take() or await dial(self._send, self._patience)
            try:
                verdict = await connection.send(mail)
            except BaseException:
                connection.cut()
                raise
            self._keep(connection)
            if verdict is not None:
                return verdict
            # the server had closed a connection that was idle: no answer to MAIL, so nothing was handed over

    def _take(self) -> Connection | None:
        """The connection that was used last: the others may go idle and close."""
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
        return None

    def _keep(self, connection: Connection) -> None:
        if not connection.usable:
            connection.cut()
        elif connection.mails >= self._reuse.mails:
            self._leave(connection)
        else:
            connection.idle_since = asyncio.get_running_loop().time()
            self._idle.append(connection)
            if self._sweep is None:
                self._sweep = asyncio.get_running_loop().call_later(self._reuse.idle, self._close_idle)

    def _close_idle(self) -> None:
        loop = asyncio.get_running_loop()
        self._sweep = None
        end = loop.time() - self._reuse.idle + 0.001
        for connection in [one for one in self._idle if one.idle_since <= end]:
            self._idle.remove(connection)
            self._leave(connection)
        if self._idle:
            oldest = min(one.idle_since for one in self._idle)
            self._sweep = loop.call_later(max(0.0, oldest - end), self._close_idle)

    def _leave(self, connection: Connection) -> None:
        task = asyncio.ensure_future(connection.leave())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
