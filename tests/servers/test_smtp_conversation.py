"""SMTP as clients speak it, good and bad ones, over real sockets (rules M1, M6)."""

from __future__ import annotations

import asyncio
import logging
import smtplib
import socket
import ssl
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from maild.errors import Temporary, UserError
from maild.receive import smtp
from maild.receive.limits import Limits
from maild.receive.listener import parse_listen
from maild.receive.port import Incoming
from servers.certificate import self_signed
from servers.receiving import PATIENCE, FileSpool, Wire, loop
from servers.smtp_server import CLIENT, DESK, MAIL, OTHER, Gate, Server, ours


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with loop() as running:
        it = Server(running, FileSpool(tmp_path / "spool"))
        yield it
        for listener in it.listeners:
            running.run(listener.close(0.0))
    assert running.complaints == []


@pytest.fixture
def client(server: Server) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("127.0.0.1", server.start().port, timeout=PATIENCE) as it:
        yield it


def test_a_mail_is_kept_byte_for_byte(server: Server, client: smtplib.SMTP) -> None:
    raw = (
        b"Subject: \x83\x65\r\n\r\n.dot\r\n..\r\n\r\n"
        + "①髙".encode()
        + b"\x00\x1b$B\r\n"
        + b"x" * 70_000
        + b"\r\n.\r\n"
    )
    assert client.sendmail(CLIENT, [DESK], raw) == {}
    (mail,) = server.spool.mails()
    assert (mail.raw, mail.envelope_from, mail.recipients, mail.source) == (raw, CLIENT, (DESK,), "smtp")
    assert mail.arrived.tzinfo is not None and mail.cursor is None


def test_several_mails_in_one_connection(server: Server, client: smtplib.SMTP) -> None:
    for number in range(400):
        client.sendmail(CLIENT, [DESK], MAIL + b"%d\r\n" % number)
    assert [mail.raw for mail in server.spool.mails()] == [MAIL + b"%d\r\n" % n for n in range(400)]


def test_several_desks_are_one_mail(server: Server, client: smtplib.SMTP) -> None:
    client.sendmail(CLIENT, [DESK, OTHER, DESK], MAIL)
    assert [mail.recipients for mail in server.spool.mails()] == [(DESK, OTHER)]


def test_no_open_relay(server: Server, client: smtplib.SMTP) -> None:
    refused = client.sendmail(CLIENT, [DESK, "other@elsewhere.example"], MAIL)
    assert {address: code for address, (code, _) in refused.items()} == {"other@elsewhere.example": 550}
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        client.sendmail(CLIENT, ["soudan%desk.example@elsewhere.example"], MAIL)
    assert [mail.recipients for mail in server.spool.mails()] == [(DESK,)]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("<>", ""),
        ("<a..b@docomo.example>", "a..b@docomo.example"),
        ("<a.@docomo.example>", "a.@docomo.example"),
        ("<.a@docomo.example>", ".a@docomo.example"),
        ('<"a..b"@docomo.example>', "a..b@docomo.example"),
        ("a@b.example", "a@b.example"),
        ("<@relay.example:a@b.example>", "a@b.example"),
        ("<花子@例え.example> SMTPUTF8", "花子@例え.example"),
        ("<a@b.example> BODY=8BITMIME SIZE=100", "a@b.example"),
        ("<bounces+soudan=desk.example@b.example>", "bounces+soudan=desk.example@b.example"),
    ],
)
def test_reverse_paths(server: Server, said: str, kept: str) -> None:
    with server.wire(server.start(), b"EHLO c", b"MAIL FROM:" + said.encode()) as wire:
        assert wire.ask(b"RCPT TO:<" + DESK.encode() + b">")[:3] == "250"
        assert wire.ask(b"DATA")[:3] == "354"
        assert wire.ask(MAIL + b".")[:3] == "250"
    assert [mail.envelope_from for mail in server.spool.mails()] == [kept]


@pytest.mark.parametrize(
    "said", [b"<a@b", b"<a b@c.example>", b"<a\x01@b.example>", b"<\xff@b.example>", b"", b"<<a@b>>"]
)
def test_unusable_paths(server: Server, said: bytes) -> None:
    with server.wire(server.start(), b"EHLO c") as wire:
        assert wire.ask(b"MAIL FROM:" + said)[0] == "5"
        assert wire.ask(b"NOOP")[:3] == "250"


def test_size_is_told_and_held(server: Server) -> None:
    listener = server.start(limits=Limits(message_bytes=1000))
    with server.wire(listener) as wire:
        assert "SIZE 1000" in wire.ask(b"EHLO c")
        assert wire.ask(b"MAIL FROM:<a@b.example> SIZE=1001")[:3] == "552"
        for length, code in ((1001, "552"), (200_000, "552"), (1000, "250")):
            assert wire.ask(b"MAIL FROM:<a@b.example>")[:3] == "250"
            wire.ask(b"RCPT TO:<" + DESK.encode() + b">")
            wire.ask(b"DATA")
            assert wire.ask(b"x" * (length - 2) + b"\r\n.")[:3] == code
    assert [len(mail.raw) for mail in server.spool.mails()] == [1000]


def test_a_line_without_an_end_takes_no_memory(server: Server) -> None:
    listener = server.start(limits=Limits(message_bytes=1000))
    with server.at_data(listener) as wire:
        piece = b"x" * 65_536
        tracemalloc.start()
        try:
            for _ in range(200):
                wire.send(piece)
            assert wire.ask(b"\r\n.")[:3] == "552"
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 3_000_000  # of 13 million octets sent
    assert listener._buffered == 0


def test_too_much_at_once_is_told_to_come_back(server: Server) -> None:
    listener = server.start(limits=Limits(buffered_bytes=5000))
    with server.at_data(listener) as wire:
        assert wire.ask(b"x" * 6000 + b"\r\n.")[:3] == "452"
        for command in (b"MAIL FROM:<a@b.example>", b"RCPT TO:<" + DESK.encode() + b">", b"DATA"):
            wire.ask(command)
        assert wire.ask(b"x" * 3000 + b"\r\n.")[:3] == "250"


@pytest.mark.parametrize(
    "body",
    [
        b"a\n.\n",
        b"a\n.\r\n",
        b"a\r.\r\n",
        b"a\r.\r",
        b"a\r\n.\n",
        b"a\r\n.\r",
        b".\n",
        b"\n.\nMAIL FROM:<x@y.example>\r\n",
    ],
)
def test_smuggling_is_refused(server: Server, body: bytes) -> None:
    with server.at_data(server.start()) as wire:
        assert wire.ask(body + b"\r\n.")[:3] == "550"
        assert wire.ask(b"NOOP")[:3] == "250"
    assert server.spool.mails() == []


def test_bare_line_ends_alone_are_a_phones_fault(server: Server) -> None:
    with server.at_data(server.start()) as wire:
        assert wire.ask(b"a: b\n\nc\rd\n..\n\r\n.")[:3] == "250"
    assert [mail.raw for mail in server.spool.mails()] == [b"a: b\n\nc\rd\n..\n\r\n"]


@pytest.mark.parametrize("cut", range(1, 6))
def test_the_end_may_come_in_pieces(server: Server, cut: int) -> None:
    with server.at_data(server.start()) as wire:
        wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        whole = MAIL + b".\r\n"
        for piece in (whole[:-cut], whole[-cut:]):
            wire.send(piece)
        assert wire.reply()[:3] == "250"
    assert [mail.raw for mail in server.spool.mails()] == [MAIL]


def test_an_empty_mail_and_pipelining(server: Server) -> None:
    with server.wire(server.start(), b"EHLO c") as wire:
        one = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<" + DESK.encode() + b">\r\nDATA\r\n"
        wire.send(one + b".\r\n" + one + MAIL + b".\r\nQUIT\r\n")
        assert [wire.reply()[:3] for _ in range(9)] == ["250", "250", "354", "250"] * 2 + ["221"]
    assert [mail.raw for mail in server.spool.mails()] == [b"", MAIL]


@pytest.mark.parametrize("error", [Temporary("full"), OSError("secret"), RecursionError(), KeyError(CLIENT)])
def test_what_is_not_kept_is_not_acknowledged(
    server: Server, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "maild")

    async def fails(mail: Incoming) -> None:
        raise error

    server.spool.before = fails
    with server.at_data(server.start()) as wire:
        assert wire.ask(MAIL + b".") == "451 4.3.0 Not kept, please try again later"
        assert wire.ask(b"NOOP")[:3] == "250"
    assert [record for record in caplog.records if record.name.startswith("maild")]
    assert CLIENT not in str([vars(r).get("maild_fields") for r in caplog.records if r.name.startswith("maild")])


def test_a_surprise_in_a_command_is_451(server: Server) -> None:
    def surprised(address: str) -> bool:
        raise RuntimeError(address)

    listener = server.start()
    listener.ours = surprised
    with server.wire(listener, b"EHLO c", b"MAIL FROM:<a@b.example>") as wire:
        assert wire.ask(b"RCPT TO:<" + DESK.encode() + b">") == "451 4.3.0 Not kept, please try again later"


def test_a_client_that_leaves_during_the_commit(server: Server) -> None:
    listener, gate = server.start(), Gate(server)
    wire = server.at_data(listener)
    wire.send(MAIL + b".\r\n")
    assert gate.reached.wait(PATIENCE)
    wire.close()
    gate.open()
    assert [mail.raw for mail in server.spool.wait(1)] == [MAIL]


def test_a_client_that_leaves_during_data_leaves_nothing(server: Server) -> None:
    listener = server.start()
    with server.at_data(listener) as wire:
        wire.send(MAIL)
    assert server.loop.run(listener.close(PATIENCE)) == 0
    assert server.spool.mails() == [] and listener._buffered == 0


def test_an_orderly_end(server: Server) -> None:
    listener, gate = server.start(), Gate(server)
    port = listener.port
    with server.at_data(listener) as busy, server.wire(listener, b"EHLO c") as idle:
        busy.send(MAIL + b".\r\n")
        assert gate.reached.wait(PATIENCE)
        closing = server.loop.start(listener.close(PATIENCE))
        assert idle.reply()[:3] == "421" and idle.reply() == ""
        with pytest.raises(ConnectionRefusedError):
            Wire(("127.0.0.1", port))
        gate.open()
        assert [busy.reply()[:3] for _ in range(3)] == ["250", "421", ""]

    async def ended() -> int:
        return await closing

    assert server.loop.run(ended()) == 0
    assert len(server.spool.mails()) == 1


def test_the_grace_has_an_end(server: Server) -> None:
    listener, gate = server.start(), Gate(server)
    with server.at_data(listener) as wire:
        wire.send(MAIL + b".\r\n")
        assert gate.reached.wait(PATIENCE)
        assert server.loop.run(listener.close(0.05)) == 1
        assert wire.reply() == ""
    assert server.spool.mails() == []


def test_a_commit_that_hangs_is_451(server: Server) -> None:
    listener, gate = server.start(limits=Limits(commit_seconds=0.05)), Gate(server)
    with server.at_data(listener) as wire:
        assert wire.ask(MAIL + b".")[:3] == "451"
    gate.open()
    assert len(server.spool.wait(1)) == 1  # it may still happen: the client's second try is deduplicated


def test_nothing_is_given_away(server: Server) -> None:
    with server.wire(server.start(hostname="mail.desk.example")) as wire:
        known, unknown = wire.ask(b"VRFY " + DESK.encode()), wire.ask(b"VRFY nobody@desk.example")
        assert known == unknown and known[:3] == "252"
        said = [
            wire.ask(b"EHLO c"),
            wire.ask(b"HELP"),
            wire.ask(b"HELP MAIL"),
            wire.ask(b"EXPN x"),
            wire.ask(b"AUTH PLAIN"),
        ]
    with Wire(("127.0.0.1", server.listeners[0].port)) as second:
        said.append(second.reply())
    assert "aiosmtpd" not in "".join(said).lower() and "python" not in "".join(said).lower()
    assert said[-1] == "220 mail.desk.example ESMTP"


@pytest.mark.parametrize(
    ("says", "code", "kept"),
    [
        ("550 5.7.1 No attachments here", "550", 0),
        ("450 4.7.1 Later", "450", 0),
        ("250 fine", "250", 1),
        ("550 two\r\nlines", "250", 1),
        (None, "250", 1),
    ],
)
def test_the_screen(server: Server, says: str | None, code: str, kept: int) -> None:
    async def screen(mail: Incoming) -> str | None:
        assert mail.raw == MAIL
        return says

    with server.at_data(server.start(screen=screen)) as wire:
        assert wire.ask(MAIL + b".")[:3] == code
    assert len(server.spool.mails()) == kept


@pytest.mark.parametrize("hangs", [True, False])
def test_a_broken_screen_refuses_nobody(server: Server, hangs: bool) -> None:
    async def screen(mail: Incoming) -> str | None:
        if hangs:
            await asyncio.Event().wait()
        raise ValueError

    with server.at_data(server.start(screen=screen, limits=Limits(screen_seconds=0.05))) as wire:
        assert wire.ask(MAIL + b".")[:3] == "250"


def test_starttls(server: Server, tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    listener = server.start(tls=context)
    with smtplib.SMTP("127.0.0.1", listener.port, timeout=PATIENCE) as client:
        client.ehlo()
        assert client.has_extn("starttls") and not client.has_extn("auth")
        client.starttls(context=ssl._create_unverified_context())
        client.ehlo()
        assert not client.has_extn("starttls") and not client.has_extn("auth")
        client.sendmail(CLIENT, [DESK], MAIL * 2000)
    assert [mail.raw for mail in server.spool.mails()] == [MAIL * 2000]


def test_commands_before_tls_are_forgotten(server: Server, tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    listener = server.start(tls=context)
    with server.wire(listener, b"EHLO c") as wire:
        wire.send(b"STARTTLS\r\nMAIL FROM:<injected@evil.example>\r\n")
        assert wire.reply()[:3] == "220"
        secure = ssl._create_unverified_context()
        try:
            inside = secure.wrap_socket(wire.socket)
        except (ssl.SSLError, ConnectionError):
            return  # refused altogether: as good
        with inside:
            inside.sendall(b"EHLO c\r\n")
            assert inside.recv(4096).startswith(b"250-")
            inside.sendall(b"RCPT TO:<" + DESK.encode() + b">\r\n")
            assert inside.recv(4096).startswith(b"503")


@pytest.mark.parametrize(
    "listen", ["", "127.0.0.1", ":8025", "127.0.0.1:x", "127.0.0.1:70000", "::1:25", "127.0.0.1:²"]
)
def test_unusable_listen_addresses(listen: str) -> None:
    with pytest.raises(UserError):
        parse_listen(listen)


def test_an_address_in_use_is_an_operators_error(server: Server) -> None:
    port = server.start().port
    with pytest.raises(UserError, match="cannot listen"):
        server.loop.run(smtp.serve(f"127.0.0.1:{port}", server.spool, ours))
