"""One suite over every way out, then what only SMTP can do wrong: each stage, each answer (rules M1, M7, P6)."""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
import errno
import os
import ssl
import stat
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP as AiosmtpdServer
from aiosmtpd.smtp import Envelope
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from maild.config.model import Secret, Send
from maild.courier.connection import Patience
from maild.courier.maildir import MaildirCourier
from maild.courier.port import TROUBLES, Courier, Deferred, Delivered, Failed, acceptance, refusal
from maild.courier.smtp import Reuse, SmtpCourier
from maild.mail.dsn_reasons import REASONS
from maild.pipeline.returned import reason_of_reply
from maild.store.codes import code as clean
from maild.store.records import Claimed

NOW = datetime(2026, 1, 10, 14, 50, tzinfo=UTC)
BODY = (
    b"From: soudan@desk.example\r\nTo: hanako@docomo.example\r\nMessage-ID: <t1@desk.example>\r\n\r\n.\r\n..a\r\nb\r\n"
)
MAIL = Claimed(
    id=7,
    message_id="<t1@desk.example>",
    sender="soudan@desk.example",
    recipient="hanako@docomo.example",
    data=BODY,
    attempts=1,
    created=NOW,
    audience="client",
    case=3,
    template="ack",
    desk="soudan",
)
SHORT = Patience(connect=0.3, command=0.3, data=0.3, verdict=0.3, farewell=0.3)
LONG = Patience(connect=20, command=20, data=20, verdict=20, farewell=5)
DROP, HANG = "drop", "hang"


@dataclass
class Taken:
    """One mail as the server got it."""

    mail: str
    rcpt: str
    data: bytes


@dataclass
class Relay:
    """An SMTP server that answers as it is told: ``answers`` maps a stage to a reply, DROP or HANG."""

    answers: dict[str, str] = field(default_factory=dict)
    extensions: list[str] = field(default_factory=lambda: ["8BITMIME", "SIZE 1000000"])
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    password: str = ""
    taken: list[Taken] = field(default_factory=list)
    connections: int = 0
    logins: int = 0
    open: int = 0
    most: int = 0
    said: list[str] = field(default_factory=list)
    port: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self, port: int = 0) -> Relay:
        context = self.tls if self.implicit else None
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", port, ssl=context, reuse_address=True)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            pass
        finally:
            self.open -= 1
            self.changed.set()
            self._tasks.discard(task)
            writer.transport.abort()  # in CPython 3.11 wait_closed() waits for ever after a handshake that failed

    async def _answer(self, writer: asyncio.StreamWriter, stage: str, usual: str) -> str:
        reply = self.answers.get(stage, usual)
        if reply == DROP:
            raise ConnectionResetError
        if reply == HANG:
            await asyncio.Event().wait()
        writer.write(reply.encode() + b"\r\n")
        await writer.drain()
        return reply

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._answer(writer, "connect", "220 relay.example ESMTP")
        mail = rcpt = ""
        secure = self.implicit
        while True:
            line = (await reader.readuntil(b"\r\n")).decode().rstrip("\r\n")
            self.said.append(line)
            verb = line.split(" ")[0].upper()
            if verb == "EHLO":
                words = ["relay.example", *self.extensions]
                words += ["STARTTLS"] if self.tls is not None and not secure else []
                words += ["AUTH PLAIN LOGIN CRAM-MD5"] if self.password and (secure or self.tls is None) else []
                usual = "\r\n".join(f"250{'-' if n + 1 < len(words) else ' '}{w}" for n, w in enumerate(words))
                await self._answer(writer, "ehlo", usual)
            elif verb == "HELO":
                await self._answer(writer, "helo", "250 relay.example")
            elif verb == "STARTTLS":
                assert self.tls is not None
                if (await self._answer(writer, "starttls", "220 go ahead")).startswith("220"):
                    await writer.start_tls(self.tls)
                    secure = True
            elif verb == "AUTH":
                self.logins += 1
                if line.split()[1] != "PLAIN":
                    await self._answer(writer, "other", "504 5.5.4 only PLAIN")
                    continue
                _, _, password = b64decode(line.split()[2]).decode().split("\0")
                good = password == self.password
                await self._answer(
                    writer, "auth", "235 2.7.0 ok" if good else "535 5.7.8 no such login for you@x.example"
                )
            elif verb == "MAIL":
                mail = line
                await self._answer(writer, "mail", "250 2.1.0 ok")
            elif verb == "RCPT":
                rcpt = line
                await self._answer(writer, "rcpt", "250 2.1.5 ok")
            elif verb == "DATA":
                if (await self._answer(writer, "data", "354 go on")).startswith("354"):
                    data = await reader.readuntil(b"\r\n.\r\n")
                    reply = self.answers.get("dot", "250")
                    if reply in (DROP, HANG) or reply.startswith("2"):
                        self.taken.append(Taken(mail, rcpt, data[:-3]))
                        self.changed.set()
                    await self._answer(writer, "dot", "250 2.0.0 Ok: queued as 4F2aB9")
            elif verb == "RSET":
                await self._answer(writer, "rset", "250 ok")
            elif verb == "QUIT":
                await self._answer(writer, "quit", "221 bye")
                return
            else:
                await self._answer(writer, "other", "502 5.5.2 what?")


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    it = await Relay().start()
    yield it
    await it.stop()


def settings(relay: Relay, **changes: Any) -> Send:
    plain = Send("smtp", Path(), host="127.0.0.1", port=relay.port, security="none")
    return replace(plain, **changes)


@contextlib.asynccontextmanager
async def courier_to(
    relay: Relay, patience: Patience = LONG, reuse: Reuse | None = None, **changes: Any
) -> AsyncIterator[SmtpCourier]:
    it = SmtpCourier(settings(relay, **changes), patience=patience, reuse=reuse)
    try:
        yield it
    finally:
        await it.close()


# -- both ----------------------------------------------------------------------------------------------------------


@dataclass
class Way:
    """A way out and how to see, and to break, where it leads."""

    courier: Courier
    arrived: Callable[[], list[bytes]]
    break_it: Callable[[], object]
    mend_it: Callable[[], object]


@pytest.fixture(params=["smtp", "maildir"])
async def way(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Way]:
    if request.param == "maildir":
        target, gone = tmp_path / "out", tmp_path / "gone"
        new = target / "new"

        def clog() -> None:
            target.rename(gone)
            target.write_bytes(b"a file where the directory should be")

        def unclog() -> None:
            target.unlink()
            gone.rename(target)

        yield Way(
            MaildirCourier(target),
            lambda: [path.read_bytes().replace(b"\n", b"\r\n") for path in sorted(new.iterdir())],
            clog,
            unclog,
        )
        return
    relay = await Relay().start()
    async with courier_to(relay) as courier:
        yield Way(
            courier,
            lambda: [one.data.replace(b"\r\n..", b"\r\n.") for one in relay.taken],
            lambda: relay.answers.update({"connect": "554 5.3.2 go away", "mail": DROP}),
            relay.answers.clear,
        )
    await relay.stop()


async def test_a_mail_arrives_whole(way: Way) -> None:
    assert isinstance(await way.courier.deliver(MAIL), Delivered)
    assert way.arrived() == [BODY]


async def test_many_at_once_arrive_once_each(way: Way) -> None:
    mails = [replace(MAIL, id=n, message_id=f"<{n}@desk.example>", data=BODY + b"%d\r\n" % n) for n in range(40)]
    verdicts = await asyncio.gather(*(way.courier.deliver(mail) for mail in mails))
    assert all(isinstance(verdict, Delivered) for verdict in verdicts)
    assert sorted(way.arrived()) == sorted(mail.data for mail in mails)


async def test_trouble_is_told_and_passes(way: Way) -> None:
    assert await way.courier.probe() is None
    way.break_it()
    await way.courier.close()
    for verdict in (await way.courier.probe(), await way.courier.deliver(MAIL)):
        assert isinstance(verdict, Deferred)
        assert verdict.relay in TROUBLES and verdict.code.startswith(verdict.relay)
    way.mend_it()
    assert await way.courier.probe() is None
    assert way.arrived() == []
    assert isinstance(await way.courier.deliver(MAIL), Delivered)
    assert way.arrived() == [BODY]


async def test_closed_is_not_the_end(way: Way) -> None:
    await way.courier.deliver(MAIL)
    await way.courier.close()
    assert isinstance(await way.courier.deliver(replace(MAIL, id=8)), Delivered)
    assert len(way.arrived()) == 2
    assert way.courier.hop


# -- maildir -------------------------------------------------------------------------------------------------------


async def test_maildir_is_private_and_complete(tmp_path: Path) -> None:
    courier = MaildirCourier(tmp_path / "a" / "out")
    await courier.deliver(MAIL)
    out = tmp_path / "a" / "out"
    for directory in (out, out / "new", out / "cur", out / "tmp"):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    (file,) = (out / "new").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not list((out / "tmp").iterdir())
    assert "example" not in file.name
    parsed = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert parsed["Message-ID"] == MAIL.message_id


async def test_maildir_writes_a_repeated_mail_once(tmp_path: Path) -> None:
    """A crash between the file and its record (rules M1), and a mail program that has moved the file since."""
    courier = MaildirCourier(tmp_path / "out")
    await courier.deliver(MAIL)
    again = replace(MAIL, attempts=2)
    assert isinstance(await courier.deliver(again), Delivered)
    (file,) = (tmp_path / "out" / "new").iterdir()
    file.rename(tmp_path / "out" / "cur" / f"{file.name}:2,S")
    assert isinstance(await courier.deliver(again), Delivered)
    assert not list((tmp_path / "out" / "new").iterdir())
    other = replace(again, message_id="<t2@desk.example>")  # the same number in a new database
    await courier.deliver(other)
    assert len(list((tmp_path / "out" / "new").iterdir())) == 1


async def test_maildir_on_a_full_disk(tmp_path: Path) -> None:
    if not os.access("/dev/full", os.W_OK):
        pytest.skip("no /dev/full")
    courier = MaildirCourier(tmp_path / "out")
    await courier.deliver(MAIL)
    (tmp_path / "out" / "tmp").rmdir()
    (tmp_path / "out" / "tmp").mkdir()
    limit = 4096
    import resource
    import signal

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))  # EFBIG in place of ENOSPC
    try:
        verdict = await courier.deliver(replace(MAIL, id=8, data=BODY + b"x" * 2 * limit))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert verdict == Deferred(f"maildir_full {errno.errorcode[errno.EFBIG]}", relay="maildir_full")
    assert not list((tmp_path / "out" / "tmp").iterdir())
    assert len(list((tmp_path / "out" / "new").iterdir())) == 1


# -- SMTP: every stage, every answer -------------------------------------------------------------------------------

STAGES = {
    # stage, answer -> kind, code, relay
    ("connect", "421 4.3.2 later"): ("deferred", "relay_refused 421 4.3.2 system_error", "relay_refused"),
    ("connect", "554 5.7.1 no"): ("deferred", "relay_refused 554 5.7.1 policy", "relay_refused"),
    ("connect", DROP): ("deferred", "relay_unreachable connection_lost", "relay_unreachable"),
    ("connect", HANG): ("deferred", "relay_unreachable timeout", "relay_unreachable"),
    ("connect", "hello?"): ("deferred", None, "relay_refused"),
    ("ehlo", "421 4.3.2 later"): ("deferred", "relay_refused 421 4.3.2 system_error", "relay_refused"),
    ("ehlo", "450 4.3.2 later"): ("deferred", None, "relay_refused"),
    ("ehlo", DROP): ("deferred", "relay_unreachable connection_lost", "relay_unreachable"),
    ("ehlo", HANG): ("deferred", "relay_unreachable timeout", "relay_unreachable"),
    ("mail", "451 4.3.0 later"): ("deferred", "451 4.3.0 system_error", ""),
    ("mail", "421 4.3.2 later"): ("deferred", "421 4.3.2 system_error", ""),
    ("mail", "550 5.1.8 bad sender"): ("failed", "550 5.1.8 sender_rejected", ""),
    ("mail", "530 5.7.0 Authentication required"): ("deferred", "530 5.7.0 auth_failure", ""),
    ("mail", "503 5.5.1 HELO first"): ("deferred", None, ""),
    ("mail", DROP): ("deferred", "connection_lost mail", ""),
    ("mail", HANG): ("deferred", "timeout mail", ""),
    ("mail", "what"): ("deferred", "protocol mail", ""),
    ("rcpt", "450 4.2.0 greylisted"): ("deferred", None, ""),
    ("rcpt", "452 4.2.2 mailbox full"): ("deferred", "452 4.2.2 mailbox_full", ""),
    ("rcpt", "550 5.1.1 <hanako@docomo.example>: user unknown"): ("failed", "550 5.1.1 user_unknown", ""),
    ("rcpt", "550 no"): ("failed", None, ""),
    ("rcpt", "554 5.7.1 <hanako@docomo.example>: Relay access denied"): ("deferred", "554 5.7.1 relay_denied", ""),
    ("rcpt", DROP): ("deferred", "connection_lost mail", ""),
    ("rcpt", HANG): ("deferred", "timeout mail", ""),
    ("data", "451 4.3.0 later"): ("deferred", "451 4.3.0 system_error", ""),
    ("data", "554 5.5.1 no"): ("failed", None, ""),
    ("data", "250 what"): ("deferred", None, ""),
    ("data", DROP): ("deferred", "connection_lost data", ""),
    ("data", HANG): ("deferred", "timeout data", ""),
    ("dot", "452 4.3.1 disk full"): ("deferred", None, ""),
    ("dot", "554 5.6.0 no"): ("failed", None, ""),
    ("dot", "550 Unknown user"): ("failed", "550 carrier_filter", ""),  # docomo's way to say that its filter refuses us
    ("dot", DROP): ("deferred", "uncertain", ""),
    ("dot", HANG): ("deferred", "uncertain", ""),
    ("dot", "thanks"): ("deferred", "uncertain", ""),
    ("dot", "250 2.0.0 Ok: queued as 4F2aB9"): ("delivered", "250 2.0.0 queued as 4F2aB9", ""),
    ("dot", "251 fine for hanako@docomo.example"): ("delivered", "251", ""),
    ("rset", "500 what"): ("delivered", None, ""),
}


@pytest.mark.parametrize(("stage", "answer"), STAGES)
async def test_stage(relay: Relay, stage: str, answer: str) -> None:
    kind, code, trouble = STAGES[stage, answer]
    relay.answers[stage] = answer
    async with courier_to(relay, SHORT if answer == HANG else LONG) as courier:
        verdict = await courier.deliver(MAIL)
        assert type(verdict).__name__.lower() == kind
        said = verdict.response if isinstance(verdict, Delivered) else verdict.code
        assert code is None or said == code
        assert clean(said) == said and "@" not in said and "example" not in said
        if isinstance(verdict, Deferred):
            assert verdict.relay == trouble
        if isinstance(verdict, Failed):
            assert reason_of_reply(verdict.code) == verdict.code.split()[-1]
        # and the next mail goes, over the same connection or another one
        relay.answers.clear()
        relay.taken.clear()
        assert isinstance(await courier.deliver(replace(MAIL, id=8)), Delivered)
        assert len(relay.taken) == 1


async def test_dead_relay_says_so() -> None:
    relay = await Relay().start()
    await relay.stop()
    async with courier_to(relay) as courier:
        verdict = await courier.deliver(MAIL)
        assert verdict == Deferred("relay_unreachable connection_refused", relay="relay_unreachable")
        await relay.start(relay.port)
        assert isinstance(await courier.deliver(MAIL), Delivered)
    await relay.stop()


async def test_unknown_host() -> None:
    courier = SmtpCourier(Send("smtp", Path(), host="no.such.host.invalid", port=25, security="none"), patience=SHORT)
    verdict = await courier.deliver(MAIL)
    assert isinstance(verdict, Deferred) and verdict.relay == "relay_unreachable"


# -- connections ---------------------------------------------------------------------------------------------------


async def test_a_burst_shares_connections(relay: Relay) -> None:
    async with courier_to(relay, reuse=Reuse(connections=3, mails=10)) as courier:
        await asyncio.gather(*(courier.deliver(replace(MAIL, id=n)) for n in range(30)))
        assert relay.most <= 4  # one may still be saying QUIT
        assert 3 <= relay.connections <= 6
    assert len(relay.taken) == 30
    assert relay.said.count("QUIT") == relay.connections


async def test_idle_connections_close(relay: Relay) -> None:
    async with courier_to(relay, reuse=Reuse(idle=0.05)) as courier:
        await courier.deliver(MAIL)
        while relay.open:
            relay.changed.clear()
            await asyncio.wait_for(relay.changed.wait(), 20)
        assert relay.said[-1] == "QUIT"


async def test_a_refused_mail_does_not_harm_the_next(relay: Relay) -> None:
    async with courier_to(relay) as courier:
        relay.answers["rcpt"] = "550 5.1.1 unknown"
        assert isinstance(await courier.deliver(MAIL), Failed)
        relay.answers.clear()
        assert isinstance(await courier.deliver(MAIL), Delivered)
    assert relay.connections == 1
    assert "RSET" in relay.said


async def test_a_connection_that_died_idle_costs_nothing(relay: Relay) -> None:
    """The server gave up a connection between two mails: the second one goes over a new one, at once."""
    async with courier_to(relay) as courier:
        await courier.deliver(MAIL)
        relay.answers["mail"] = DROP
        sending = asyncio.ensure_future(courier.deliver(replace(MAIL, id=8)))
        while relay.connections < 2:
            relay.changed.clear()
            await asyncio.wait_for(relay.changed.wait(), 20)
            relay.answers.clear()
        assert isinstance(await sending, Delivered)
    assert len(relay.taken) == 2


async def test_cancelled_in_the_middle_leaves_no_connection(relay: Relay) -> None:
    relay.answers["dot"] = HANG
    async with courier_to(relay) as courier:
        sending = asyncio.ensure_future(courier.deliver(MAIL))
        while not relay.taken:
            relay.changed.clear()
            await asyncio.wait_for(relay.changed.wait(), 20)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        relay.answers.clear()
        assert isinstance(await courier.deliver(MAIL), Delivered)
    assert relay.connections == 2


# -- envelope ------------------------------------------------------------------------------------------------------

PHONES = {
    "taro..san@docomo.example": '<"taro..san"@docomo.example>',
    "taro.@docomo.example": '<"taro."@docomo.example>',
    ".taro@ezweb.example": '<".taro"@ezweb.example>',
    '"taro..san"@docomo.example': '<"taro..san"@docomo.example>',
    "a b@docomo.example": '<"a b"@docomo.example>',
    'a"b@docomo.example': '<"a\\"b"@docomo.example>',
    "taro/san+x@docomo.example": "<taro/san+x@docomo.example>",
}


@pytest.mark.parametrize("address", PHONES)
async def test_phone_addresses_are_quoted(relay: Relay, address: str) -> None:
    async with courier_to(relay) as courier:
        assert isinstance(await courier.deliver(replace(MAIL, recipient=address)), Delivered)
    assert relay.taken[0].rcpt == f"RCPT TO:{PHONES[address]}"


async def test_a_real_server_takes_phone_addresses() -> None:
    """aiosmtpd parses what we say; the canned server above would take anything."""
    got: list[str] = []

    class Keep:
        async def handle_DATA(self, server: object, session: object, envelope: Envelope) -> str:
            got.extend(str(one) for one in envelope.rcpt_tos)
            assert envelope.content == BODY
            return "250 2.0.0 ok"

    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: AiosmtpdServer(Keep(), loop=loop, enable_SMTPUTF8=True), "127.0.0.1", 0)
    send = Send("smtp", Path(), host="127.0.0.1", port=server.sockets[0].getsockname()[1], security="none")
    courier = SmtpCourier(send, patience=LONG)
    for address in ("taro..san@docomo.example", "taro.@docomo.example", "田中@client.example", "hanako@client.example"):
        assert isinstance(await courier.deliver(replace(MAIL, recipient=address)), Delivered)
    await courier.close()
    server.close()
    await server.wait_closed()
    assert [one.replace('"', "") for one in got] == [
        "taro..san@docomo.example",
        "taro.@docomo.example",
        "田中@client.example",
        "hanako@client.example",
    ]


@pytest.mark.parametrize("address", ["a@b> SIZE=1", "a@b c", "a@b<c", "", "\udc80@client.example\udc80"])
async def test_no_address_ends_its_path(relay: Relay, address: str) -> None:
    async with courier_to(relay) as courier:
        assert isinstance(await courier.deliver(replace(MAIL, recipient=address)), Failed)
    assert not [line for line in relay.said if line.startswith(("MAIL", "RCPT"))]


async def test_extensions_only_where_needed(relay: Relay) -> None:
    relay.extensions.append("SMTPUTF8")
    async with courier_to(relay) as courier:
        await courier.deliver(MAIL)
        await courier.deliver(replace(MAIL, data=BODY + "相談".encode() + b"\r\n"))
        await courier.deliver(replace(MAIL, recipient="田中@client.example"))
    first, second, third = (one.mail for one in relay.taken)
    assert first == f"MAIL FROM:<soudan@desk.example> SIZE={len(BODY)}"
    assert "BODY=8BITMIME" in second and "SMTPUTF8" not in second
    assert "SMTPUTF8" in third and "8BITMIME" not in third


async def test_without_smtputf8_such_an_address_cannot_be_reached(relay: Relay) -> None:
    async with courier_to(relay) as courier:
        assert await courier.deliver(replace(MAIL, recipient="田中@client.example")) == Failed("553 5.6.7 content")
        assert isinstance(await courier.deliver(MAIL), Delivered)


async def test_old_server_without_ehlo(relay: Relay) -> None:
    relay.answers["ehlo"] = "502 5.5.1 what?"
    async with courier_to(relay) as courier:
        assert isinstance(await courier.deliver(MAIL), Delivered)
    assert relay.taken[0].mail == "MAIL FROM:<soudan@desk.example>"


# -- TLS and login -------------------------------------------------------------------------------------------------


def issue(directory: Path, name: str, *, days: int = 1) -> tuple[Path, Path]:
    """A certificate for ``name`` that is its own authority: (certificate, key)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    if name == "127.0.0.1":
        names = [x509.IPAddress(IPv4Address(name))]
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(names), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem, private = directory / f"{name}{days}.pem", directory / f"{name}{days}.key"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pem, private


@contextlib.asynccontextmanager
async def secured(
    directory: Path, security: str, *, name: str = "127.0.0.1", days: int = 1
) -> AsyncIterator[tuple[Relay, dict[str, Any]]]:
    """A relay with TLS and a login, and the settings that go with it."""
    certificate, key = issue(directory, name, days=days)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    relay = await Relay(tls=context, implicit=security == "tls", password="gehe1m ü").start()
    secret = directory / "secret"
    secret.write_text("gehe1m ü\n")
    login = {"username": "desk", "password": Secret("send.password_file", secret), "ca_file": certificate}
    yield relay, {"security": security, **login}
    await relay.stop()


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_over_tls_with_login(tmp_path: Path, security: str) -> None:
    async with secured(tmp_path, security) as (relay, how), courier_to(relay, **how) as courier:
        assert await courier.probe() is None
        for number in range(3):
            assert isinstance(await courier.deliver(replace(MAIL, id=number)), Delivered)
        assert (relay.connections, relay.logins) == (1, 1)


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("fault", ["name", "expired", "stranger"])
async def test_a_bad_certificate_gets_no_password(tmp_path: Path, security: str, fault: str) -> None:
    name, days = ("other.example", 1) if fault == "name" else ("127.0.0.1", -1 if fault == "expired" else 1)
    async with secured(tmp_path, security, name=name, days=days) as (relay, how):
        if fault == "stranger":
            how["ca_file"] = issue(tmp_path, "127.0.0.1", days=2)[0]
        async with courier_to(relay, **how) as courier:
            verdict = await courier.deliver(MAIL)
            assert isinstance(verdict, Deferred) and verdict.relay == "relay_certificate"
        assert relay.logins == 0 and relay.taken == []


async def test_login_refused_then_mended(tmp_path: Path) -> None:
    """The password is read at each login, so a mended file counts without a restart; one try is one login."""
    async with secured(tmp_path, "starttls") as (relay, how), courier_to(relay, **how) as courier:
        (tmp_path / "secret").write_text("wrong\n")
        verdict = await courier.deliver(MAIL)
        assert verdict == Deferred("relay_refused_login 535 5.7.8 auth_failure", relay="relay_refused_login")
        assert relay.logins == 1
        (tmp_path / "secret").unlink()
        unread = await courier.deliver(MAIL)
        assert isinstance(unread, Deferred) and unread.relay == "relay_password"
        (tmp_path / "secret").write_text("gehe1m ü\n")
        assert isinstance(await courier.deliver(MAIL), Delivered)


FAULTS = {
    ("auth", "454 4.7.0 later"): "relay_refused",
    ("auth", "534 5.7.9 too weak"): "relay_refused_login",
    ("auth", DROP): "relay_unreachable",
    ("starttls", "454 4.7.0 TLS not available"): "relay_refused",
    ("starttls", "502 5.5.1 what"): "relay_refused",
    ("starttls", DROP): "relay_tls",
    ("ehlo", "250 relay.example"): "relay_without_starttls",
}


@pytest.mark.parametrize(("stage", "answer"), FAULTS)
async def test_before_the_first_mail(tmp_path: Path, stage: str, answer: str) -> None:
    async with secured(tmp_path, "starttls") as (relay, how), courier_to(relay, **how) as courier:
        relay.answers[stage] = answer
        verdict = await courier.deliver(MAIL)
        assert isinstance(verdict, Deferred) and verdict.relay == FAULTS[stage, answer]
        assert relay.taken == [] and not [line for line in relay.said if line.startswith("MAIL")]


async def test_tls_to_a_server_without(relay: Relay) -> None:
    async with courier_to(relay, SHORT, security="tls") as courier:
        verdict = await courier.deliver(MAIL)
        assert isinstance(verdict, Deferred) and verdict.relay in ("relay_tls", "relay_unreachable")


async def test_ca_file_unreadable(relay: Relay, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for path in (tmp_path / "ca.pem", tmp_path / "missing.pem"):
        async with courier_to(relay, security="tls", ca_file=path) as courier:
            verdict = await courier.deliver(MAIL)
            assert isinstance(verdict, Deferred) and verdict.relay == "relay_ca_file"


async def test_login_where_none_is_offered(relay: Relay, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x\n")
    how: dict[str, Any] = {"username": "desk", "password": Secret("send.password_file", tmp_path / "secret")}
    async with courier_to(relay, **how) as courier:
        verdict = await courier.deliver(MAIL)
        assert isinstance(verdict, Deferred) and verdict.relay == "relay_without_auth"


# -- codes ---------------------------------------------------------------------------------------------------------


@given(st.integers(400, 599), st.text(max_size=300), st.sampled_from(["", "docomo.example", "client.example"]))
def test_no_text_of_a_server_is_kept(reply: int, said: str, host: str) -> None:
    code = refusal(reply, said, host=host)
    words = code.split()
    assert words[0] == str(reply) and words[-1] in REASONS and len(words) <= 3
    assert clean(code) == code
    assert reason_of_reply(clean(code)) == words[-1]
    assert clean(acceptance(250, said)) == acceptance(250, said)


@pytest.mark.parametrize("said", ["5.1.1 " * 200_000, "queued as " * 100_000, "a@" * 300_000])
def test_long_answers_end(said: str) -> None:
    assert len(refusal(550, said)) < 60
    assert len(acceptance(250, said)) < 60
