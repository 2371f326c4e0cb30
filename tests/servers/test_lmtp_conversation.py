"""LMTP (RFC 2033) over real sockets: one answer per recipient, Unix sockets that are nobody else's."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from maild.errors import UserError
from maild.receive import lmtp
from maild.receive.limits import Limits
from maild.receive.port import Incoming
from servers.receiving import PATIENCE, FileSpool, Loop, Wire

DESK, OTHER = "soudan@desk.example", "yoyaku@desk.example"
MAIL = b"Subject: x\r\n\r\ntext\r\n"


def ours(address: str) -> bool:
    return address in {DESK, OTHER}


def two_recipients(wire: Wire) -> None:
    assert wire.reply() == "220 localhost LMTP"
    assert wire.ask(b"LHLO c").startswith("250-")
    assert wire.ask(b"MAIL FROM:<a@b.example>")[:3] == "250"
    codes = [wire.ask(b"RCPT TO:<%s>" % to.encode())[:3] for to in (DESK, "no@desk.example", OTHER)]
    assert codes == ["250", "550", "250"]
    assert wire.ask(b"DATA")[:3] == "354"


def test_one_answer_per_recipient(running: Loop, spool: FileSpool) -> None:
    listener = running.run(lmtp.serve("127.0.0.1:0", spool, ours))
    with Wire(("127.0.0.1", listener.port)) as wire:
        two_recipients(wire)
        assert wire.ask(MAIL + b".")[:3] == "250"
        assert wire.reply()[:3] == "250"
        assert wire.ask(b"QUIT")[:3] == "221"  # and not a third one
    (mail,) = spool.mails()
    assert (mail.source, mail.recipients, mail.raw) == ("lmtp", (DESK, OTHER), MAIL)
    running.run(listener.close(0))


@pytest.mark.parametrize(("limits", "code"), [(Limits(message_bytes=10), "552"), (Limits(), "451")])
def test_one_refusal_per_recipient(running: Loop, spool: FileSpool, limits: Limits, code: str) -> None:
    async def full(mail: Incoming) -> None:
        raise OSError

    spool.before = full
    listener = running.run(lmtp.serve("127.0.0.1:0", spool, ours, limits=limits))
    with Wire(("127.0.0.1", listener.port)) as wire:
        two_recipients(wire)
        assert [wire.ask(MAIL + b".")[:3], wire.reply()[:3], wire.ask(b"NOOP")[:3]] == [code, code, "250"]
    running.run(listener.close(0))
    assert spool.mails() == []


@pytest.mark.parametrize("greeting", [b"HELO c", b"EHLO c"])
def test_only_lhlo_greets(running: Loop, spool: FileSpool, greeting: bytes) -> None:
    listener = running.run(lmtp.serve("127.0.0.1:0", spool, ours))
    with Wire(("127.0.0.1", listener.port)) as wire:
        wire.reply()
        assert wire.ask(greeting)[:3] == "500"
        assert wire.ask(b"MAIL FROM:<>")[:3] == "503"
    running.run(listener.close(0))


def test_a_unix_socket(running: Loop, spool: FileSpool, tmp_path: Path) -> None:
    path = tmp_path / "lmtp.sock"
    old = os.umask(0)
    listener = running.run(lmtp.serve(f"unix:{path}", spool, ours))
    assert os.umask(old) == 0  # put back
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    with Wire(str(path)) as client:
        two_recipients(client)
        assert [client.ask(MAIL + b".")[:3], client.reply()[:3]] == ["250", "250"]
    assert [mail.recipients for mail in spool.mails()] == [(DESK, OTHER)]
    with pytest.raises(UserError, match="another server"):
        running.run(lmtp.serve(f"unix:{path}", spool, ours))
    with Wire(str(path)) as wire:  # which has not harmed the first one
        two_recipients(wire)
    running.run(listener.close(0))
    assert not path.exists()


def test_a_socket_left_by_a_crash(running: Loop, spool: FileSpool, tmp_path: Path) -> None:
    path = tmp_path / "lmtp.sock"
    script = "import socket, sys, os, signal; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); "
    killed = subprocess.run([sys.executable, "-c", script + "os.kill(os.getpid(), signal.SIGKILL)", str(path)])
    assert killed.returncode == -signal.SIGKILL and path.is_socket()
    listener = running.run(lmtp.serve(f"unix:{path}", spool, ours))
    with Wire(str(path)) as wire:
        two_recipients(wire)
    running.run(listener.close(0))


def test_what_is_no_socket_stays(running: Loop, spool: FileSpool, tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("text")
    with pytest.raises(UserError, match="not a socket"):
        running.run(lmtp.serve(f"unix:{path}", spool, ours))
    assert path.read_text() == "text"


def test_a_newer_daemon_keeps_its_socket(running: Loop, spool: FileSpool, tmp_path: Path) -> None:
    path = tmp_path / "lmtp.sock"
    listener = running.run(lmtp.serve(f"unix:{path}", spool, ours))
    path.unlink()
    newer = running.run(lmtp.serve(f"unix:{path}", spool, ours))
    running.run(listener.close(0))
    with Wire(str(path)) as wire:
        two_recipients(wire)
    running.run(newer.close(0))


@pytest.mark.parametrize("name", ["no/such/directory.sock", "x" * 200])
def test_impossible_paths_are_an_operators_error(running: Loop, spool: FileSpool, tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError):
        running.run(lmtp.serve(f"unix:{tmp_path / name}", spool, ours))


def test_unix_clients_are_counted_together(running: Loop, spool: FileSpool, tmp_path: Path) -> None:
    path = tmp_path / "lmtp.sock"
    listener = running.run(lmtp.serve(f"unix:{path}", spool, ours, limits=Limits(connections_per_peer=1)))
    with Wire(str(path)) as first:
        two_recipients(first)
        with Wire(str(path)) as second:
            assert second.reply()[:3] == "421"
    running.run(listener.close(0))


def test_a_client_that_never_reads_is_cut(running: Loop, spool: FileSpool) -> None:
    listener = running.run(lmtp.serve("127.0.0.1:0", spool, ours, limits=Limits(idle_seconds=0.3, replies=10**9)))
    raw = socket.create_connection(("127.0.0.1", listener.port))
    raw.settimeout(PATIENCE)
    try:
        while True:  # until the server stops reading, and then cuts
            raw.sendall(b"LHLO c\r\n" * 10_000)
    except (ConnectionError, BrokenPipeError):
        pass
    raw.close()
    running.run(listener.close(PATIENCE))
    assert not listener._sessions
