"""One SMTP conversation: aiosmtpd, with the limits it lacks and no answer that leaks or promises too much."""

from __future__ import annotations

import asyncio
import collections
import re
from typing import TYPE_CHECKING, Any, cast

from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as Greeting

from maild.log import get
from maild.receive.path import NULL_PATH, read_path
from maild.receive.port import Incoming

if TYPE_CHECKING:
    from maild.receive.listener import Listener

log = get(__name__)

COMMAND_OCTETS = 2048  # RFC 5321 asks for 512; SMTPUTF8 and long phone addresses need more
READ_OCTETS = 65_536
LINGER_SECONDS = 2.0
TROUBLE = "451 4.3.0 Not kept, please try again later"

_TERMINATOR = b"\r\n.\r\n"
# A lone dot between line ends of which at least one is bare: to another server this is where a mail ends.
_SMUGGLED = re.compile(rb"[\r\n]\.[\r\n]")
_REFUSAL = re.compile(r"[45]\d\d [\x20-\x7e]{1,500}")
_BARE_CODE = re.compile(r"([245])(\d\d) (?![245]\.\d{1,3}\.\d{1,3} )")
_ENHANCED = {
    "250": "2.0.0",
    "500": "5.5.2",
    "501": "5.5.4",
    "502": "5.5.1",
    "503": "5.5.1",
    "552": "5.3.4",
    "555": "5.5.4",
}


class _Overflow(Exception):
    """The mail is larger than we take; what came was thrown away as it came. Carries the reply."""


class Conversation(SMTP):
    """One client. ``host`` is the listener it talks to."""

    line_length_limit = READ_OCTETS  # how much is read ahead; lines of a mail may be longer (M5: real mailers do it)
    lmtp = False

    def __init__(self, host: Listener) -> None:
        # aiosmtpd keeps these on the class and lets every EHLO of anybody raise them for all.
        self.command_size_limits = collections.defaultdict(lambda: COMMAND_OCTETS)
        self.command_size_limit = COMMAND_OCTETS
        super().__init__(
            _HOOKS,
            data_size_limit=host.limits.message_bytes,
            enable_SMTPUTF8=True,
            hostname=host.hostname,
            ident="LMTP" if self.lmtp else "ESMTP",
            tls_context=host.tls,
            timeout=host.limits.idle_seconds,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            loop=asyncio.get_running_loop(),
        )
        self.host = host
        self.peer = ""
        self.refused = False
        self.busy = False  # between DATA and its last reply
        self.ended: asyncio.Future[None] = self.loop.create_future()
        self._errors = 0
        self._replies = 0

    # -- the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        again = self._original_transport is not None  # after STARTTLS
        if not again:
            name = transport.get_extra_info("peername")
            self.peer = str(name[0]) if isinstance(name, tuple) and name else "local"
            why = self.host.admit(self)
            if why is not None:
                self.refused = True
                cast(asyncio.Transport, transport).write(why.encode() + b"\r\n")
                _close(self.loop, cast(asyncio.Transport, transport))
                return
        super().connection_made(transport)
        if not again and self._handler_coroutine is not None:
            self._handler_coroutine.add_done_callback(_retrieved)

    def data_received(self, data: bytes) -> None:
        if not self.refused:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        return False if self.refused else super().eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.refused and self.session is not None:
            super().connection_lost(error)
        self.host.leave(self)
        if not self.ended.done():
            self.ended.set_result(None)

    def dismiss(self) -> None:
        """The daemon stops: 421 to who is idle; who is in the middle of a mail gets its answer first."""
        if not self.busy and self.transport is not None:
            self._part("421 4.3.2 Service is closing, please come back")

    def abort(self) -> None:
        """Cut, without a word."""
        if self.transport is not None:
            cast(asyncio.Transport, self.transport).abort()

    def _part(self, reply: str) -> None:
        if self.transport is None:
            return
        transport = cast(asyncio.Transport, self.transport)
        if transport.is_closing():
            return
        transport.write(reply.encode("ascii") + b"\r\n")
        _close(self.loop, transport)
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()

    def _timeout_cb(self) -> None:
        if self.busy and self._committing:
            self._reset_timeout()  # the commit has a limit of its own
        else:
            log.info("client_timed_out", source=self.host.source, in_data=self.busy)
            self._part("421 4.4.2 Too slow")

    # -- replies

    async def push(self, status: Any) -> None:
        """Send one reply (of several lines perhaps), with an enhanced status code (RFC 2034), and count it."""
        text = status.decode("ascii", "replace") if isinstance(status, bytes) else str(status)
        await super().push(_enhanced(text).encode("ascii", "replace"))
        self._replies += 1
        self._errors += text[:1] in "45"
        if self.host.closing and not self.busy:
            await self._leave("421 4.3.2 Service is closing, please come back")
        elif self._errors > self.host.limits.errors or self._replies > self.host.limits.replies:
            log.info("client_talks_too_much", source=self.host.source, errors=self._errors, replies=self._replies)
            await self._leave("421 4.7.0 Too many commands or errors")

    async def _leave(self, reply: str) -> None:
        self._part(reply)
        await asyncio.sleep(0)  # the cancellation of this very task arrives here

    async def handle_exception(self, error: Exception) -> str:
        """Whatever surprised us, the mail stays with the client, who learns nothing of it."""
        log.error("smtp_surprise", error=error, source=self.host.source)
        return TROUBLE

    # -- commands

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        return read_path(arg)

    async def smtp_EHLO(self, hostname: str) -> None:
        if not hostname:
            await self.push("501 Syntax: EHLO hostname")
            return
        self._set_rset_state()  # type: ignore[no-untyped-call]
        greeting = cast(Greeting, self.session)
        greeting.extended_smtp = True
        greeting.host_name = hostname
        words = [self.hostname, f"SIZE {self.data_size_limit}", "8BITMIME", "SMTPUTF8", "PIPELINING"]
        if self.tls_context and not self._tls_protocol:
            words.append("STARTTLS")
        words.append("ENHANCEDSTATUSCODES")
        await self.push("\r\n".join(f"250{'-' if word is not words[-1] else ' '}{word}" for word in words))

    async def smtp_VRFY(self, arg: str) -> None:
        await self.push("252 2.5.0 Send a mail and see")  # the same for every address

    async def smtp_HELP(self, arg: str) -> None:
        await self.push("214 2.0.0 RFC 5321")

    async def smtp_AUTH(self, arg: str) -> None:
        await self.push("502 5.5.1 Not implemented")

    async def smtp_STARTTLS(self, arg: str) -> None:
        if self._tls_protocol is not None:
            await self.push("503 5.5.1 TLS is active")
        else:
            await super().smtp_STARTTLS(arg)

    async def smtp_DATA(self, arg: str) -> None:
        if await self.check_helo_needed():
            return
        envelope = cast(Envelope, self.envelope)
        if not envelope.rcpt_tos:
            await self.push("503 5.5.1 Error: need RCPT command")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        self.busy = True
        try:
            await super().push("354 End data with <CR><LF>.<CR><LF>")
            try:
                reply = await self._receive(envelope)
            except Exception as error:
                reply = await self.handle_exception(error)
            if reply.startswith("2"):
                self._replies = self._errors = 0
        finally:
            self.busy = False
        self._set_post_data_state()  # type: ignore[no-untyped-call]
        # RFC 2033 section 4.2: LMTP answers once for each recipient.
        await self.push("\r\n".join([reply] * (len(envelope.rcpt_tos) if self.lmtp else 1)))

    # -- one mail

    _committing = False

    async def _receive(self, envelope: Envelope) -> str:
        try:
            wire = await self._read_data()
        except _Overflow as overflow:
            return str(overflow)
        self._reset_timeout()
        if _SMUGGLED.search(wire):
            log.warning("smuggling_refused", source=self.host.source)
            return "550 5.5.2 A lone dot between bare CR or LF"
        wire = wire.replace(b"\r\n.", b"\r\n")  # RFC 5321 section 4.5.2
        raw = bytes(memoryview(wire)[2:])
        del wire
        sender = envelope.mail_from
        mail = Incoming(
            source=self.host.source,
            arrived=self.host.clock(),
            envelope_from="" if sender == NULL_PATH else sender,
            recipients=tuple(dict.fromkeys(envelope.rcpt_tos)),
            raw=raw,
            cursor=None,
        )
        self._committing = True
        try:
            refusal = await self.host.screened(mail)
            if refusal is not None and _REFUSAL.fullmatch(refusal):
                return refusal
            return "250 2.0.0 Kept" if await self.host.keep(mail) else TROUBLE
        finally:
            self._committing = False

    async def _read_data(self) -> bytearray:
        """The mail as on the wire, behind one line end that is not part of it, without the closing dot.

        Not aiosmtpd's own loop: that one works line by line (half of what a mail costs), refuses lines over 1,001
        octets, and keeps a line that never ends in memory.
        """
        limits, loop = self.host.limits, self.loop
        deadline = loop.time() + limits.data_seconds
        wire = bytearray(b"\r\n")  # so that a lone dot in the first line ends the mail too
        taken, overflow = 0, ""
        try:
            while True:
                left = deadline - loop.time()
                self._reset_timeout(max(min(limits.data_idle_seconds, left), 0.001))
                piece = await self._reader.read(READ_OCTETS)
                if not piece:
                    raise asyncio.CancelledError  # the client is gone; aiosmtpd cleans up
                start = max(0, len(wire) - len(_TERMINATOR) + 1)
                wire += piece
                end = wire.find(_TERMINATOR, start)
                if end >= 0:
                    # What follows are commands that came in the same segment (RFC 2920).
                    buffer: bytearray = self._reader._buffer  # type: ignore[attr-defined]
                    buffer[:0] = wire[end + len(_TERMINATOR) :]
                    del wire[end + 2 :]
                if len(wire) - 2 > limits.message_bytes and not overflow:
                    overflow = "552 5.3.4 Larger than we take"
                if not overflow and not self.host.buffer(len(piece)):
                    overflow = "452 4.3.1 Too much at once, please try again later"
                elif not overflow:
                    taken += len(piece)
                if end >= 0:
                    if overflow:
                        raise _Overflow(overflow)
                    return wire
                if overflow:  # keep only what may be the start of the end
                    del wire[: -len(_TERMINATOR) + 1]
        finally:
            self.host.buffer(-taken)


class LmtpConversation(Conversation):
    """RFC 2033: LHLO in place of HELO and EHLO, and one reply for each recipient."""

    lmtp = True

    async def smtp_LHLO(self, hostname: str) -> None:
        """The greeting of LMTP."""
        await super().smtp_EHLO(hostname)

    async def smtp_EHLO(self, hostname: str) -> None:
        await self.push("500 5.5.1 This is LMTP: use LHLO")

    async def smtp_HELO(self, hostname: str) -> None:
        await self.push("500 5.5.1 This is LMTP: use LHLO")


class _Hooks:
    """What aiosmtpd asks at each command."""

    async def handle_MAIL(
        self, server: Conversation, session: Greeting, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if server.host.closing:
            return "421 4.3.2 Service is closing, please come back"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self, server: Conversation, session: Greeting, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        # Which addresses are ours is asked first: a stranger's mail is no reason to be told to come back.
        if address == NULL_PATH or not server.host.ours(address):
            return "550 5.1.1 No such address here"
        if len(envelope.rcpt_tos) >= server.host.limits.recipients:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"


_HOOKS = _Hooks()


def _enhanced(reply: str) -> str:
    match = _BARE_CODE.match(reply)
    if match is None or reply.startswith(("220", "250-")) or "\n" in reply:
        return reply
    code = match.group(1) + match.group(2)
    return f"{code} {_ENHANCED.get(code, match.group(1) + '.0.0')} {reply[4:]}"


def _close(loop: asyncio.AbstractEventLoop, transport: asyncio.Transport) -> None:
    transport.close()
    loop.call_later(LINGER_SECONDS, transport.abort)  # close() waits for ever on a peer that does not read


def _retrieved(task: asyncio.Task[None]) -> None:
    """A connection reset is no news; without this asyncio would report it as an exception nobody fetched."""
    if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, ConnectionError):
        log.error("smtp_session_failed", error=error)
