"""A listening socket for SMTP or LMTP: who may connect, the commits under way, and an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import stat
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from maild.errors import UserError
from maild.log import get
from maild.receive.limits import Limits
from maild.receive.port import Accept, Clock, Incoming, Ours, Screen, utc_now
from maild.receive.session import Conversation

log = get(__name__)

SOCKET_MODE = 0o660  # of a Unix socket: the MTA is in our group


@dataclass(slots=True, eq=False)
class Listener:
    """Made by :func:`maild.receive.smtp.serve` and :func:`maild.receive.lmtp.serve`."""

    source: str
    accept: Accept
    ours: Ours
    conversation: type[Conversation]
    limits: Limits = field(default_factory=Limits)
    screen: Screen | None = None
    clock: Clock = utc_now
    hostname: str = "localhost"
    tls: ssl.SSLContext | None = None
    closing: bool = False
    _server: asyncio.Server | None = None
    _unix: tuple[Path, int] | None = None
    _sessions: set[Conversation] = field(default_factory=set)
    _peers: Counter[str] = field(default_factory=Counter)
    _commits: set[asyncio.Task[None]] = field(default_factory=set)
    _buffered: int = 0

    async def start(self, listen: str) -> None:
        """Listen on ``host:port``, ``[v6]:port`` or ``unix:/path``. Raises UserError where that cannot be."""
        loop = asyncio.get_running_loop()
        try:
            if listen.startswith("unix:"):
                path = Path(listen.removeprefix("unix:"))
                bound = _bind_unix(path)
                self._unix = (path, path.stat().st_ino)
                self._server = await loop.create_unix_server(lambda: self.conversation(self), sock=bound, backlog=256)
            else:
                host, port = parse_listen(listen)
                self._server = await loop.create_server(lambda: self.conversation(self), host, port, backlog=256)
        except OSError as error:
            raise UserError(f"cannot listen on {listen}: {os.strerror(error.errno or 0)}") from error

    @property
    def port(self) -> int:
        """The TCP port: of use where the config says 0."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self, grace: float = 10.0) -> int:
        """Take nobody new, let mails under way come to their end for ``grace`` seconds, send the others away.

        Returns how many commits had to be given up: their clients were told nothing, so they come again (M1).
        """
        self.closing = True
        if self._server is not None:
            self._server.close()
        self._remove_socket()
        loop = asyncio.get_running_loop()
        end = loop.time() + grace
        for session in list(self._sessions):
            session.dismiss()
        if self._sessions:
            await asyncio.wait([session.ended for session in self._sessions], timeout=grace)
        for session in list(self._sessions):
            session.abort()
        if self._commits:
            await asyncio.wait(list(self._commits), timeout=max(0.0, end - loop.time()))
        left = [task for task in self._commits if not task.done()]
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=1.0)
        return len(left)

    # -- asked by the conversations

    def admit(self, session: Conversation) -> str | None:
        """None, or the reply with which this client is sent away."""
        if self.closing:
            return "421 4.3.2 Service is closing, please come back"
        full = len(self._sessions) >= self.limits.connections
        if full or self._peers[session.peer] >= self.limits.connections_per_peer:
            log.info("too_many_connections", source=self.source, connections=len(self._sessions), all=full)
            return "421 4.7.0 Too many connections, please come back"
        self._sessions.add(session)
        self._peers[session.peer] += 1
        return None

    def leave(self, session: Conversation) -> None:
        """The client is gone."""
        if session in self._sessions:
            self._sessions.discard(session)
            self._peers[session.peer] -= 1
            if not self._peers[session.peer]:
                del self._peers[session.peer]

    def buffer(self, octets: int) -> bool:
        """Count what is held in memory; False (and not counted) where it would be too much."""
        if octets > 0 and self._buffered + octets > self.limits.buffered_bytes:
            return False
        self._buffered += octets
        return True

    async def screened(self, mail: Incoming) -> str | None:
        """A refusal from the screen. Its failure is no reason to refuse anybody."""
        if self.screen is None:
            return None
        try:
            return await asyncio.wait_for(self.screen(mail), self.limits.screen_seconds)
        except Exception as error:
            log.error("screen_failed", error=error, source=self.source)
            return None

    async def keep(self, mail: Incoming) -> bool:
        """Whether the mail is on disk. A client that goes away meanwhile does not stop the commit (M1)."""
        task = asyncio.get_running_loop().create_task(self._keep(mail))
        self._commits.add(task)
        task.add_done_callback(self._commits.discard)
        task.add_done_callback(_retrieved)
        done, _ = await asyncio.wait({task}, timeout=self.limits.commit_seconds)
        if not done:
            log.error("commit_too_slow", source=self.source)
            return False
        return not task.cancelled() and task.exception() is None

    async def _keep(self, mail: Incoming) -> None:
        await self.accept(mail)

    def _remove_socket(self) -> None:
        if self._unix is not None:
            path, inode = self._unix
            with contextlib.suppress(OSError):
                if path.stat().st_ino == inode:  # somebody else's by now otherwise
                    path.unlink()


def _retrieved(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("not_kept", error=error)


def parse_listen(listen: str) -> tuple[str, int]:
    """``(host, port)`` of ``host:port`` or ``[v6]:port``. Raises UserError."""
    host, colon, port = listen.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        colon = ""
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise UserError(f"listen = {listen!r}: host:port, [IPv6]:port or unix:/path is allowed")
    return host, int(port)


def _bind_unix(path: Path) -> socket.socket:
    """A bound socket at ``path``, in place of one that nobody listens on any more."""
    if path.exists():
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise UserError(f"{path} exists and is not a socket")
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(2.0)
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink(missing_ok=True)  # left behind by a crash
            except FileNotFoundError:
                pass
            else:
                raise UserError(f"another server listens on {path}")
    bound = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o777 & ~SOCKET_MODE)  # so that it never is wider, not even for an instant
    try:
        bound.bind(str(path))
    except BaseException:
        bound.close()
        raise
    finally:
        os.umask(mask)
    return bound
