"""One IMAP connection: aioimaplib behind time-outs, with the answers it gives as values.

After anything but a plain answer the connection is useless and says so by raising ``Disconnected``; whoever holds it
throws it away. Messages of the exceptions are codes: a server's own words may hold an address (rules S2).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from base64 import b64encode
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

from aioimaplib.aioimaplib import AUTH, NONAUTH, SELECTED, Command

from maild.errors import Temporary
from maild.receive.imap_protocol import Protocol
from maild.receive.mailbox_name import encode, quote

T = TypeVar("T")
Security = Literal["tls", "starttls", "none"]

ROOM = 1_048_576  # octets that any answer may have beyond the mails it was asked for
HEAD_OCTETS = 65_536

_FETCH = re.compile(rb"\d+ FETCH \(")
_UID = re.compile(rb"[( ]UID (\d+)")
_SIZE = re.compile(rb"[( ]RFC822\.SIZE (\d+)")
_DATE = re.compile(rb'[( ]INTERNALDATE "([^"]{1,40})"')
_TEXT = re.compile(rb'[( ]BODY\[[^\]]*\](?:<\d+>)? (?:NIL|"((?:[^"\\]|\\.)*)")')
_PAIR = re.compile(rb"\\(.)")
_VALIDITY = re.compile(rb"\[UIDVALIDITY (\d+)")
_PERMANENT = re.compile(rb"\[PERMANENTFLAGS \(([^)]*)\)")


class Disconnected(Temporary):
    """The connection is of no use any more. The message is a code."""


class Refused(Temporary):
    """The server answered NO or BAD. The message is a code; the connection can be used further."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds. A half-open connection is found within ``renew + command``: under a minute (rules M8)."""

    connect: float = 15.0
    command: float = 20.0  # without a single octet of an answer
    fetch: float = 600.0  # for one group of mails, however steadily they drip
    renew: float = 30.0  # IDLE and sleep are interrupted that often for a sign of life (RFC 2177: under 29 minutes)


@dataclass(frozen=True, slots=True)
class Selected:
    """A mailbox, opened."""

    validity: int
    keywords: bool  # whether we can mark messages with flags of our own


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is known of a message before it is fetched."""

    size: int
    arrived: datetime | None  # INTERNALDATE in UTC; None where the server gave nonsense


class Connection:
    """Logged in. Made by :func:`connect`. One command at a time, whoever asks."""

    def __init__(self, protocol: Protocol, patience: Patience) -> None:
        self._protocol = protocol
        self._patience = patience
        self._lock = asyncio.Lock()

    @property
    def capabilities(self) -> frozenset[str]:
        """In upper case."""
        return frozenset(str(word).upper() for word in self._protocol.capabilities)

    def close(self) -> None:
        """Cut. Nothing is lost by it: what was not committed is fetched again."""
        if self._protocol.transport is not None:
            self._protocol.transport.abort()

    async def select(self, mailbox: str) -> Selected:
        """Open a mailbox by its plain name; again and again, for a fresh look at it and its UIDVALIDITY."""
        lines = await self._run(Command("SELECT", self._tag(), quote(encode(mailbox))), "select_refused")
        self._protocol.state = SELECTED
        said = b"\n".join(bytes(line) for line in lines)
        validity, permanent = _VALIDITY.search(said), _PERMANENT.search(said)
        if validity is None:
            raise Refused("no_uidvalidity")
        return Selected(int(validity.group(1)), permanent is not None and rb"\*" in permanent.group(1).split())

    async def search(self, *criteria: str) -> list[int]:
        """UIDs in ascending order."""
        command = Command("SEARCH", self._tag(), *criteria, prefix="UID")
        lines = await self._run(command, "search_refused")
        return sorted({int(word) for line in lines[:-1] for word in bytes(line).split() if word.isdigit()})

    async def envelopes(self, uids: Sequence[int]) -> dict[int, Envelope]:
        """Sizes and arrival instants; what is missing was expunged meanwhile."""
        found = {}
        for uid, head, _ in await self._fetch(uids, "(UID RFC822.SIZE INTERNALDATE)", 0):
            if (size := _SIZE.search(head)) is not None:
                found[uid] = Envelope(int(size.group(1)), _instant(_DATE.search(head)))
        return found

    async def bodies(self, uids: Sequence[int], octets: int) -> dict[int, bytes]:
        """The mails, byte for byte, never marked as seen; ``octets`` is their size together."""
        found = await self._fetch(uids, "(UID BODY.PEEK[])", octets)
        return {uid: text for uid, _, text in found if text is not None}

    async def head(self, uid: int) -> bytes:
        """The header of one mail, cut at 64 kB."""
        found = await self._fetch([uid], f"(UID BODY.PEEK[HEADER]<0.{HEAD_OCTETS}>)", HEAD_OCTETS)
        return next((text for _, _, text in found if text is not None), b"")

    async def flag(self, uids: Sequence[int], flag: str, *, on: bool = True) -> None:
        """Set or clear one flag."""
        change = ("+" if on else "-") + "FLAGS.SILENT"
        command = Command(
            "STORE", self._tag(), uid_set(uids), change, f"({flag})", prefix="UID", untagged_resp_name="FETCH"
        )
        await self._run(command, "flag_refused")

    async def expunge(self, uids: Sequence[int]) -> None:
        """UID EXPUNGE (RFC 4315): these and no others."""
        await self._run(Command("EXPUNGE", self._tag(), uid_set(uids), prefix="UID"), "expunge_refused")

    async def move(self, uids: Sequence[int], mailbox: str) -> None:
        """UID MOVE (RFC 6851)."""
        command = Command("MOVE", self._tag(), uid_set(uids), quote(encode(mailbox)), prefix="UID")
        await self._run(command, "move_refused")

    async def copy(self, uids: Sequence[int], mailbox: str) -> None:
        """UID COPY."""
        command = Command("COPY", self._tag(), uid_set(uids), quote(encode(mailbox)), prefix="UID")
        await self._run(command, "copy_refused")

    async def create(self, mailbox: str) -> None:
        """A new mailbox."""
        await self._run(Command("CREATE", self._tag(), quote(encode(mailbox))), "create_refused")

    async def subscribe(self, mailbox: str) -> None:
        """Shown by mail programs."""
        await self._run(Command("SUBSCRIBE", self._tag(), quote(encode(mailbox))), "subscribe_refused")

    async def noop(self) -> None:
        """A sign of life."""
        await self._run(Command("NOOP", self._tag()), "noop_refused")

    @property
    def news(self) -> bool:
        """Whether the server has spoken of mail since the last ``look``: it does so in answer to any command, once."""
        return self._protocol.news

    async def look(self, *criteria: str) -> list[int]:
        """A search for new mail: what the server tells of after it began is news."""
        self._protocol.news = False
        return await self.search(*criteria)

    async def idle(self, seconds: float) -> bool:
        """Wait for new mail (RFC 2177), at most so long; True when some came."""
        protocol = self._protocol
        if self.news:
            return True
        async with self._lock:
            while not protocol.idle_queue.empty():
                protocol.idle_queue.get_nowait()
            protocol.allow(ROOM * 16)
            running = asyncio.ensure_future(protocol.idle())
            try:
                await self._patient(self._idling(running), self._patience.command)
                news = await self._news(asyncio.get_running_loop().time() + seconds)
                protocol.idle_done()
                await self._patient(asyncio.shield(running), self._patience.command)
            except BaseException:
                running.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await running
                self.close()
                raise
        return news

    async def _idling(self, running: asyncio.Future[Any]) -> None:
        begun = asyncio.ensure_future(self._protocol.wait_for_idle_response())
        try:
            await asyncio.wait({begun, running}, return_when="FIRST_COMPLETED")
            if running.done():
                raise Disconnected("idle_refused")
        finally:
            begun.cancel()

    async def _news(self, until: float) -> bool:
        loop = asyncio.get_running_loop()
        while (left := until - loop.time()) > 0:
            waiting = asyncio.ensure_future(self._protocol.idle_queue.get())
            both: set[asyncio.Future[Any]] = {waiting, self._protocol.lost}
            try:
                done, _ = await asyncio.wait(both, timeout=left, return_when="FIRST_COMPLETED")
            finally:
                waiting.cancel()
            if waiting not in done:
                if self._protocol.lost.done():
                    raise Disconnected("lost_in_idle")
                return False
            if any(b"EXISTS" in bytes(line) for line in waiting.result()):
                return True
        return False

    async def _fetch(self, uids: Sequence[int], items: str, octets: int) -> list[tuple[int, bytes, bytes | None]]:
        if not uids:
            return []
        protocol = self._protocol
        async with self._lock:
            protocol.allow(octets + ROOM)
            answer = protocol.fetch(uid_set(uids), items, by_uid=True)
            response = await self._patient(answer, self._patience.fetch)
        if response.result != "OK":
            raise Refused("fetch_refused")
        wanted = frozenset(uids)
        return [one for one in _messages(response.lines[:-1]) if one[0] in wanted]

    async def _run(self, command: Command, refusal: str) -> list[bytes]:
        async with self._lock:
            self._protocol.allow(ROOM * 16)  # SEARCH in a mailbox of a million mails
            response = await self._patient(self._protocol.execute(command), self._patience.command)
        if response.result != "OK":
            raise Refused(refusal)
        lines: list[bytes] = response.lines
        return lines

    async def _patient(self, work: Coroutine[Any, Any, T] | asyncio.Future[T], limit: float) -> T:
        return await patient(self._protocol, work, limit, silence=self._patience.command)

    def _tag(self) -> str:
        return str(self._protocol.new_tag())


async def patient(
    protocol: Protocol, work: Coroutine[Any, Any, T] | asyncio.Future[T], limit: float, *, silence: float
) -> T:
    """The result of a command, or Disconnected: ``limit`` seconds, ``silence`` seconds without an octet, a cut."""
    loop = asyncio.get_running_loop()
    task: asyncio.Future[T] = asyncio.ensure_future(work)
    end = loop.time() + limit
    try:
        while True:
            before = protocol.received
            wait = min(silence, end - loop.time())
            both: set[asyncio.Future[Any]] = {task, protocol.lost}
            await asyncio.wait(both, timeout=max(wait, 0.0), return_when="FIRST_COMPLETED")
            if task.done():
                return task.result()
            if protocol.lost.done():
                raise Disconnected("lost")
            if protocol.received == before or loop.time() >= end:
                raise Disconnected("timed_out")
    except (Temporary, asyncio.CancelledError):
        raise
    except Exception:
        raise Disconnected("protocol_error") from None  # its message quotes the server or the command
    finally:
        if not task.done():
            task.cancel()
            if protocol.transport is not None:
                protocol.transport.abort()


async def connect(
    host: str,
    port: int,
    security: Security,
    username: str,
    password: str,
    *,
    tls: ssl.SSLContext | None = None,
    patience: Patience | None = None,
) -> Connection:
    """Connect and log in. Raises Disconnected or Refused; never sends the password over a line that is not as asked."""
    patience = patience or Patience()
    loop = asyncio.get_running_loop()
    context = (tls or ssl.create_default_context()) if security != "none" else None
    protocol = Protocol(loop)
    try:
        try:
            opening = loop.create_connection(lambda: protocol, host, port, ssl=context if security == "tls" else None)
            await asyncio.wait_for(opening, patience.connect)
        except ssl.SSLCertVerificationError:
            raise Disconnected("certificate_refused") from None
        except (OSError, TimeoutError):
            raise Disconnected("no_connection") from None
        await patient(protocol, protocol.greeted(), patience.connect, silence=patience.connect)
        if security == "starttls":
            assert context is not None
            await _start_tls(protocol, context, host, patience)
        if protocol.state != NONAUTH:
            raise Disconnected("greeting_unexpected")
        await _login(protocol, username, password, patience)
    except BaseException:
        if protocol.transport is not None:
            protocol.transport.abort()
        raise
    return Connection(protocol, patience)


async def _start_tls(protocol: Protocol, context: ssl.SSLContext, host: str, patience: Patience) -> None:
    """RFC 3501 section 6.2.1. What was said in clear counts for nothing afterwards (RFC 2595 section 2.2)."""
    if "STARTTLS" not in protocol.capabilities or protocol.state != NONAUTH:
        raise Disconnected("no_starttls")
    command = Command("STARTTLS", str(protocol.new_tag()))
    response = await patient(protocol, protocol.execute(command), patience.command, silence=patience.command)
    if response.result != "OK":
        raise Disconnected("starttls_refused")
    if protocol.lost.done() or protocol.incomplete_line or protocol.current_command is not None:
        raise Disconnected("starttls_injection")
    loop = asyncio.get_running_loop()
    try:
        encrypting = loop.start_tls(protocol.transport, protocol, context, server_hostname=host)
        transport = await asyncio.wait_for(encrypting, patience.connect)
    except ssl.SSLCertVerificationError:
        raise Disconnected("certificate_refused") from None
    except (OSError, TimeoutError):
        raise Disconnected("tls_failed") from None
    protocol.transport = transport
    protocol.capabilities = set()
    await patient(protocol, protocol.capability(), patience.command, silence=patience.command)


async def _login(protocol: Protocol, username: str, password: str, patience: Patience) -> None:
    words = {str(word).upper() for word in protocol.capabilities}
    if {"SASL-IR", "AUTH=PLAIN"} <= words:  # takes any character; LOGIN only ASCII
        secret = b64encode(f"\0{username}\0{password}".encode()).decode("ascii")
        command = Command("AUTHENTICATE", str(protocol.new_tag()), "PLAIN", secret)
    elif "LOGINDISABLED" in words:
        raise Disconnected("login_disabled")
    else:
        command = Command("LOGIN", str(protocol.new_tag()), quote(username), quote(password))
    response = await patient(protocol, protocol.execute(command), patience.connect, silence=patience.connect)
    if response.result != "OK":
        raise Refused("login_refused")
    protocol.state = AUTH
    await patient(protocol, protocol.capability(), patience.command, silence=patience.command)


def uid_set(uids: Iterable[int]) -> str:
    """``1:3,7``: a range only where every UID in it is meant."""
    runs: list[tuple[int, int]] = []
    for uid in sorted(set(uids)):
        if runs and runs[-1][1] == uid - 1:
            runs[-1] = (runs[-1][0], uid)
        else:
            runs.append((uid, uid))
    return ",".join(str(first) if first == last else f"{first}:{last}" for first, last in runs)


def _messages(lines: Sequence[bytes | bytearray]) -> list[tuple[int, bytes, bytes | None]]:
    """``(uid, all but the literal, the literal)`` for each message of a FETCH answer."""
    groups: list[tuple[list[bytes], list[bytes]]] = []
    for line in lines:
        if isinstance(line, bytearray):  # so aioimaplib hands over literals
            if groups:
                groups[-1][1].append(bytes(line))
        elif _FETCH.match(line):
            groups.append(([line], []))
        elif groups:
            groups[-1][0].append(line)
    found = []
    for heads, texts in groups:
        head = b" ".join(heads)
        uid = _UID.search(head)
        if uid is None:
            continue  # news of another client's flags
        text: bytes | None = texts[0] if texts else None
        if text is None and (short := _TEXT.search(head)) is not None:
            text = _PAIR.sub(rb"\1", short.group(1) or b"")
        found.append((int(uid.group(1)), head, text))
    return found


def _instant(match: re.Match[bytes] | None) -> datetime | None:
    if match is None:
        return None
    try:
        return datetime.strptime(match.group(1).decode("ascii").strip(), "%d-%b-%Y %H:%M:%S %z").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
