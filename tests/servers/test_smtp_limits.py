"""What one client, and all together, may ask for (rules M6): slow ones, floods, crowds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from maild.receive.limits import Limits
from servers.receiving import PATIENCE, FileSpool, Wire, loop
from servers.smtp_server import DESK, MAIL, Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with loop() as running:
        it = Server(running, FileSpool(tmp_path / "spool"))
        yield it
        for listener in it.listeners:
            running.run(listener.close(0.0))
    assert running.complaints == []


@pytest.mark.parametrize("before", [[], [b"EHLO c"], [b"EHLO c", b"MAIL FROM:<>"]])
def test_idle_clients_are_sent_away(server: Server, before: list[bytes]) -> None:
    with server.wire(server.start(limits=Limits(idle_seconds=0.3)), *before) as wire:
        assert wire.reply()[:3] == "421"
        assert wire.reply() == ""


@pytest.mark.parametrize("limits", [Limits(data_idle_seconds=0.2), Limits(data_seconds=0.3)])
def test_a_slow_mail_is_cut(server: Server, limits: Limits) -> None:
    with server.at_data(server.start(limits=limits)) as wire:
        wire.send(b"Subject: x\r\n")
        assert wire.reply()[:3] == "421"
    assert server.spool.mails() == []


def test_dripping_bytes_is_no_way_to_stay(server: Server) -> None:
    limits = Limits(data_idle_seconds=PATIENCE, data_seconds=0.5)
    stop = threading.Event()
    with server.at_data(server.start(limits=limits)) as wire:

        def drip() -> None:
            while not stop.wait(0.02):
                try:
                    wire.send(b"x")
                except OSError:
                    return

        dripper = threading.Thread(target=drip)
        dripper.start()
        assert wire.reply()[:3] in ("421", "")
        stop.set()
        dripper.join()


def test_connections_are_counted(server: Server) -> None:
    listener = server.start(limits=Limits(connections=3, connections_per_peer=2))
    with server.wire(listener), server.wire(listener) as second:
        with Wire(("127.0.0.1", listener.port)) as third:
            assert third.reply()[:3] == "421" and third.reply() == ""
        assert second.ask(b"QUIT")[:3] == "221"
        assert second.reply() == ""
        with server.wire(listener, b"EHLO c"):
            pass


@pytest.mark.parametrize("command", [b"NOOP", b"RSET", b"EHLO c", b"VRFY soudan", b"HELP"])
def test_a_flood_of_commands_ends(server: Server, command: bytes) -> None:
    with server.wire(server.start(limits=Limits(replies=30))) as wire:
        wire.send((command + b"\r\n") * 40)
        replies = [wire.reply()[:3] for _ in range(33)]
    assert "421" in replies and replies[-1] == ""


@pytest.mark.parametrize("line", [b"", b"NONSENSE", b"\xff\xfe", b"x" * 5000, b"MAIL FROM:", b"x" * 200_000, b"A\rB"])
def test_nonsense_is_answered_and_counted(server: Server, line: bytes) -> None:
    with server.wire(server.start(limits=Limits(errors=5)), b"EHLO c") as wire:
        wire.send((line + b"\r\n") * 8)
        replies = [wire.reply()[:3] for _ in range(8)]
        assert set(replies) <= {"500", "501", "502", "553", "421", ""}
    assert "421" in replies or replies[-1] == ""


def test_address_harvesting_ends(server: Server) -> None:
    with server.wire(server.start(limits=Limits(errors=5)), b"EHLO c", b"MAIL FROM:<>") as wire:
        replies = [wire.ask(b"RCPT TO:<no%d@desk.example>" % number)[:3] for number in range(6)]
        assert replies == ["550"] * 6
        assert wire.reply()[:3] == "421"


def test_recipients_are_counted(server: Server) -> None:
    with server.wire(server.start(limits=Limits(recipients=2)), b"EHLO c", b"MAIL FROM:<>") as wire:
        assert [wire.ask(b"RCPT TO:<" + DESK.encode() + b">")[:3] for _ in range(3)] == ["250", "250", "452"]


def test_a_hundred_clients_at_once(server: Server) -> None:
    listener = server.start(limits=replace(Limits(), connections_per_peer=200))
    wires = [server.at_data(listener) for _ in range(100)]
    each: Callable[[int], bytes] = lambda number: MAIL + b"%d\r\n" % number  # noqa: E731
    for number, wire in enumerate(wires):
        wire.send(each(number) + b".\r\n")
    assert {wire.reply()[:3] for wire in wires} == {"250"}
    for wire in wires:
        wire.close()
    assert {mail.raw for mail in server.spool.mails()} == {each(number) for number in range(100)}
