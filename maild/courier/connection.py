"""One connection to the next hop, ready to take mails: greeting, EHLO, STARTTLS, AUTH; then one transaction a mail.

aiosmtplib speaks; what we say ourselves is what it cannot: an address that is quoted as RFC 5321 wants it, and DATA in
two steps, so that a connection that is lost before the final dot is told from one that is lost after it.
"""

from __future__ import annotations

import asyncio
import errno
import re
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import aiosmtplib

from maild.config.model import Send
from maild.courier.port import Deferred, Delivered, Failed, Verdict, acceptance, refusal
from maild.errors import UserError
from maild.log import get
from maild.mail.address import quoted_for_smtp
from maild.store.records import Claimed

log = get(__name__)

_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_BROKEN: Final = re.compile(r"[\s<>\ud800-\udfff]")  # what no domain holds, and what would end the path
_DOT: Final = re.compile(rb"^\.", re.MULTILINE)
_MECHANISMS: Final = ("plain", "login", "cram-md5")  # over TLS all are alike; the first one works everywhere
_ERRNO: Final = re.compile(r"\[Errno (\d{1,4})\]")
_FAULTS: Final[dict[int | None, str]] = {
    errno.ECONNREFUSED: "connection_refused",
    errno.ECONNRESET: "connection_lost",
    errno.EPIPE: "connection_lost",
    errno.ETIMEDOUT: "timeout",
    errno.EHOSTUNREACH: "no_route",
    errno.ENETUNREACH: "no_route",
    errno.EACCES: "forbidden_here",
    errno.EPERM: "forbidden_here",
    errno.EMFILE: "too_many_open_files",
    errno.ENFILE: "too_many_open_files",
}
#: Replies about us, not about the mail: a login is wanted, too weak, refused, or wants encryption (RFC 4954).
_LOGIN_WANTED: Final = frozenset({530, 534, 535, 538})
_OUT_OF_STEP: Final = 503  # bad sequence of commands
_CLOSING: Final = 421


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait at most."""

    connect: float = 30.0  # for the connection, the TLS handshake, the greeting, each
    command: float = 60.0  # for an answer to EHLO, AUTH, MAIL, RCPT
    data: float = 120.0  # for 354 after DATA (RFC 5321 section 4.5.3.2.4)
    verdict: float = 600.0  # after the final dot; giving up early means sending twice (section 4.5.3.2.6)
    farewell: float = 2.0  # for an answer to QUIT


class Trouble(Exception):
    """The next hop takes no mail at all from us. Its text is a code."""

    def __init__(self, relay: str, detail: str) -> None:
        super().__init__(f"{relay} {detail}")
        self.verdict = Deferred(f"{relay} {detail}", relay=relay)


class Connection:
    """Made by :func:`dial`. One mail at a time."""

    def __init__(self, client: aiosmtplib.SMTP, patience: Patience) -> None:
        self._client = client
        self._patience = patience
        self._unheard = False  # MAIL was said and not answered
        self.mails = 0
        self.idle_since = 0.0

    @property
    def usable(self) -> bool:
        """Whether a next mail may be tried here."""
        return self._client.is_connected

    def cut(self) -> None:
        """Close without a word."""
        self._client.close()

    async def leave(self) -> None:
        """Close as RFC 5321 wants it."""
        with suppress(aiosmtplib.SMTPException, OSError, asyncio.TimeoutError):
            await self._client.quit(timeout=self._patience.farewell)
        self._client.close()

    async def send(self, mail: Claimed) -> Verdict | None:
        """One transaction. None: this connection was dead before anything was said about the mail; dial anew."""
        fresh = self.mails == 0
        self.mails += 1
        stage = "mail"
        done = False
        try:
            refused = await self._envelope(mail)
            if refused is not None:
                done = True
                await self._reset()
                return refused
            stage = "data"
            verdict = await self._command(b"DATA", timeout=self._patience.data)
            if verdict[0] != 354:
                done = True
                refused = self._refused(verdict, mail)
                await self._reset()
                return refused
            stage = "uncertain"
            verdict = await self._content(mail.data)
            done = True
            if 200 <= verdict[0] < 300:
                return Delivered(acceptance(*verdict))
            return self._refused(verdict, mail, after_data=True)
        except aiosmtplib.SMTPServerDisconnected:
            if stage == "mail" and not fresh and self._unheard:
                return None
            return Deferred(_lost(stage, "connection_lost"))
        except aiosmtplib.SMTPTimeoutError:
            return Deferred(_lost(stage, "timeout"))
        except (aiosmtplib.SMTPException, OSError, UnicodeError, ValueError):
            # an answer that is no SMTP, above all; never with its text, which may quote the mail
            return Deferred(_lost(stage, "protocol"))
        finally:
            if not done:
                self.cut()

    async def _envelope(self, mail: Claimed) -> Verdict | None:
        client = self._client
        sender, recipient = quoted_for_smtp(mail.sender), quoted_for_smtp(mail.recipient)
        if _BROKEN.search(recipient.rpartition("@")[2]) or not recipient:
            return Failed("553 5.1.3 user_unknown")  # no server would know better
        options = []
        if not (sender + recipient).isascii():
            if not client.supports_extension("smtputf8"):
                return Failed("553 5.6.7 content")  # RFC 6531 section 3.5
            options.append(b"SMTPUTF8")
        if not mail.data.isascii() and client.supports_extension("8bitmime"):
            options.append(b"BODY=8BITMIME")
        if client.supports_extension("size"):
            options.append(b"SIZE=%d" % len(mail.data))
        self._unheard = True
        verdict = await self._command(b"MAIL", b"FROM:<%s>" % sender.encode(), *options)
        self._unheard = False
        if not 200 <= verdict[0] < 300:
            return self._refused(verdict, mail, host="")  # about us: the recipient's host has no part in it
        verdict = await self._command(b"RCPT", b"TO:<%s>" % recipient.encode())
        if not 200 <= verdict[0] < 300:
            return self._refused(verdict, mail)
        return None

    async def _command(self, *words: bytes, timeout: float | None = None) -> tuple[int, str]:
        answer = await self._client.execute_command(*words, timeout=timeout or self._patience.command)
        return answer.code, answer.message

    async def _content(self, data: bytes) -> tuple[int, str]:
        protocol = self._client.protocol
        if protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("gone")
        data = _LINE_END.sub(b"\r\n", data)
        if not data.endswith(b"\r\n"):
            data += b"\r\n"
        protocol.write(_DOT.sub(b"..", data) + b".\r\n")
        answer = await protocol.read_response(timeout=self._patience.verdict)
        return answer.code, answer.message

    def _refused(
        self, answer: tuple[int, str], mail: Claimed, *, after_data: bool = False, host: str | None = None
    ) -> Verdict:
        reply, said = answer
        host = mail.recipient.rpartition("@")[2] if host is None else host
        if reply == _CLOSING:
            self.cut()
        code = refusal(reply, said, host=host, after_data=after_data)
        if reply in _LOGIN_WANTED or code.endswith(" relay_denied"):
            # What the operator has to mend must not make a client undeliverable.
            log.warning("relay_refused_mail", outbox=mail.id, code=code.replace(" ", "/"))
            return Deferred(code)
        if reply == _OUT_OF_STEP:
            self.cut()
            return Deferred(code)
        return Failed(code) if 500 <= reply < 600 else Deferred(code)

    async def _reset(self) -> None:
        """Ready for the next mail, or closed."""
        if not self.usable:
            return
        try:
            reply, _ = await self._command(b"RSET")
        except (aiosmtplib.SMTPException, OSError):
            reply = 0
        if reply != 250:
            self.cut()


def _lost(stage: str, how: str) -> str:
    return "uncertain" if stage == "uncertain" else f"{how} {stage}"


async def dial(send: Send, patience: Patience) -> Connection:
    """A connection, logged in. Raises Trouble."""
    context = None
    if send.security != "none":
        try:
            # read anew each time: a certificate that was mended counts at once
            context = await asyncio.to_thread(ssl.create_default_context, cafile=_path(send))
        except (OSError, ssl.SSLError) as error:
            raise Trouble("relay_ca_file", type(error).__name__) from None
    client = aiosmtplib.SMTP(
        hostname=send.host,
        port=send.port,
        use_tls=send.security == "tls",
        start_tls=False,  # by ourselves, to tell its failures apart
        tls_context=context,
        local_hostname=_our_name(),
        timeout=patience.connect,
    )
    try:
        await _connect(client)
        await _greet(client, send, patience)
        if send.security == "starttls":
            await _start_tls(client, send, patience)
        if send.username and send.password is not None:
            await _log_in(client, send, patience)
    except Trouble:
        client.close()
        raise
    except aiosmtplib.SMTPTimeoutError:
        client.close()
        raise Trouble("relay_unreachable", "timeout") from None
    except aiosmtplib.SMTPServerDisconnected:
        client.close()
        raise Trouble("relay_unreachable", "connection_lost") from None
    except aiosmtplib.SMTPResponseException as error:
        client.close()
        raise Trouble("relay_refused", _reply(error)) from None
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        client.close()
        raise Trouble(*_network_fault(error)) from None
    except BaseException:
        client.close()
        raise
    return Connection(client, patience)


def _path(send: Send) -> str | None:
    return None if send.ca_file is None else str(send.ca_file)


def _our_name() -> str:
    """For EHLO: our name if it looks like one, else an address literal (RFC 5321 section 4.1.4). Asks no DNS."""
    name = socket.gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", name) else "[127.0.0.1]"


async def _connect(client: aiosmtplib.SMTP) -> None:
    try:
        await client.connect()
    except aiosmtplib.SMTPConnectResponseError as error:
        raise Trouble("relay_refused", _reply(error)) from None
    except aiosmtplib.SMTPConnectTimeoutError:
        raise Trouble("relay_unreachable", "timeout") from None
    except (aiosmtplib.SMTPConnectError, OSError) as error:
        raise Trouble(*_network_fault(error)) from None


async def _greet(client: aiosmtplib.SMTP, send: Send, patience: Patience) -> None:
    try:
        await client.ehlo(timeout=patience.command)
    except aiosmtplib.SMTPHeloError as error:
        if send.security == "starttls" or send.username or not client.is_connected or error.code // 100 != 5:
            raise
        await client.helo(timeout=patience.command)


async def _start_tls(client: aiosmtplib.SMTP, send: Send, patience: Patience) -> None:
    if not client.supports_extension("starttls"):
        raise Trouble("relay_without_starttls", "not_offered")
    try:
        await client.starttls(server_hostname=send.host, timeout=patience.connect)
    except (ssl.SSLError, ssl.CertificateError) as error:
        raise Trouble(*_network_fault(error)) from None
    except aiosmtplib.SMTPServerDisconnected:
        raise Trouble("relay_tls", "connection_lost") from None
    await client.ehlo(timeout=patience.command)  # what was said before TLS does not count (RFC 3207 section 4.2)


async def _log_in(client: aiosmtplib.SMTP, send: Send, patience: Patience) -> None:
    assert send.password is not None
    try:
        password = await asyncio.to_thread(send.password.read)
    except UserError:
        raise Trouble("relay_password", "unreadable") from None
    offered = {name.lower() for name in client.server_auth_methods}
    last: aiosmtplib.SMTPAuthenticationError | None = None
    # One mechanism, for each failure counts where addresses are locked out; the next only where this one is unknown.
    for name in _MECHANISMS:
        if name not in offered:
            continue
        attempt = {"plain": client.auth_plain, "login": client.auth_login, "cram-md5": client.auth_crammd5}[name]
        try:
            await attempt(send.username, password, timeout=patience.command)
            return
        except aiosmtplib.SMTPAuthenticationError as error:
            last = error
            if error.code not in (500, 501, 502, 504, 534):
                break
    if last is None:
        raise Trouble("relay_without_auth", "not_offered")
    # RFC 4954 section 6: 454 and other 4xx are the server's own trouble
    raise Trouble("relay_refused" if 400 <= last.code < 500 else "relay_refused_login", _reply(last))


def _reply(error: aiosmtplib.SMTPResponseException) -> str:
    return refusal(error.code, error.message)


def _network_fault(error: BaseException) -> tuple[str, str]:
    """What lies at the bottom of it, as a code."""
    chain: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in chain:
        chain.append(at)
        at = at.__cause__ or at.__context__
    for one in chain:
        if isinstance(one, ssl.SSLCertVerificationError):
            return "relay_certificate", f"verify_{one.verify_code}"
    for one in chain:
        if isinstance(one, ssl.SSLError):
            return "relay_tls", re.sub(r"[^A-Za-z0-9]+", "_", one.reason or "unknown").lower()[:40]
    for one in chain:
        if isinstance(one, socket.gaierror):
            return "relay_unreachable", "host_not_found"
        if isinstance(one, aiosmtplib.SMTPServerDisconnected):
            return "relay_unreachable", "connection_lost"
        # asyncio puts the failures of several addresses into one text, without a number
        found = _ERRNO.search(str(one)) if isinstance(one, OSError) and one.errno is None else None
        number = int(found[1]) if found else one.errno if isinstance(one, OSError) else None
        if number in _FAULTS:
            return "relay_unreachable", _FAULTS[number]
    return "relay_unreachable", "network"
