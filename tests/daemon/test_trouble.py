"""What is wrong around the daemon: a clear message, nothing lost, and no restart where the cause goes away."""

from __future__ import annotations

import os
import shutil
import smtplib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.letters import DESK, first_mail
from daemon.relay import Relay
from daemon.running import Maild, until

pytestmark = pytest.mark.daemon
CLIENT = "hanako@phone.example"


# -- at the start


def test_every_fault_of_a_config_at_once(maild: Maild) -> None:
    maild.write_config(rules='round_trips = "three"\nsilence_days = -1\ncolour = "blue"')
    code, said = maild.refused()
    assert code == 78
    assert [word for word in ("round_trips", "silence_days", "colour") if word not in said] == []
    assert "Traceback" not in said and not (maild.data / "maild.db").exists()


def test_no_config_at_all(maild: Maild) -> None:
    maild.write_config()
    maild.config.unlink()
    maild.config.symlink_to("/nonexistent")
    code, said = maild.refused()
    assert code != 0 and "does not exist" in said and "Traceback" not in said


def test_a_wrong_key_is_refused_with_words(maild: Maild) -> None:
    maild.start()
    maild.send(first_mail(CLIENT))
    maild.mail_to(CLIENT)
    maild.stop()
    key = maild.data / "maild.key"
    kept = key.read_bytes()
    for wrong in (os.urandom(32), b"short", None):
        key.unlink()
        if wrong is not None:
            key.write_bytes(wrong)
            key.chmod(0o600)
        code, said = maild.refused()
        assert code != 0 and "key" in said and "Traceback" not in said and "running" not in said
        assert key.exists() == (wrong is not None)  # no fresh key hides that the old one is gone
        key.unlink(missing_ok=True)
        key.write_bytes(kept)
        key.chmod(0o600)
    maild.start()
    maild.send(first_mail("jiro@phone.example"))
    maild.mail_to("jiro@phone.example")


def test_a_port_that_is_taken(maild: Maild) -> None:
    with Relay() as other:
        maild.write_config(receive=f'[receive.smtp]\nlisten = "127.0.0.1:{other.port}"')
        code, said = maild.refused()
    assert code != 0 and str(other.port) in said and "Traceback" not in said


# -- the disk


@pytest.fixture
def small_disk(maild: Maild) -> Iterator[Path]:
    """The data directory on a file system of 32 megabytes."""
    maild.data.mkdir(mode=0o700)
    command = ["mount", "-t", "tmpfs", "-o", "size=32m,mode=0700", "tmpfs", str(maild.data)]
    if os.geteuid() != 0 or not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
        assert os.environ.get("CI", "").lower() not in ("1", "true"), "missing: the right to mount a tmpfs (root)"
        pytest.skip("missing: the right to mount a tmpfs (root)")
    try:
        yield maild.data
        maild.stop()
        maild.sound()
    finally:
        subprocess.run(["umount", "-l", str(maild.data)], check=True)


def fill(disk: Path) -> Path:
    """Not a byte is left; the file to remove."""
    ballast = disk / "ballast"
    with open(ballast, "wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(bytes(4096))
    return ballast


def test_a_full_disk(maild: Maild, small_disk: Path) -> None:
    maild.start()
    maild.send(first_mail(CLIENT))
    maild.mail_to(CLIENT)
    until(maild.idle, "nothing waits")
    ballast = fill(small_disk)
    mails = [first_mail(f"c{number}@phone.example", words="長い相談です。" * 4000) for number in range(6)]
    refused = []
    for mail in mails:
        try:
            maild.send(mail)
        except smtplib.SMTPDataError as error:
            assert error.smtp_code == 451
            refused.append(mail)
    assert refused
    assert "disk is full" in maild.says("free some space")
    with pytest.raises(smtplib.SMTPDataError):
        maild.send(refused[0])
    worker = maild.worker().pid
    ballast.unlink()
    for mail in refused:
        maild.send(mail)
    for number in range(6):
        maild.mail_to(f"c{number}@phone.example")
    assert maild.worker().pid == worker and maild.log().count("maild.app running") == 1
    until(maild.idle, "nothing waits")
    with maild.store() as store:
        assert sorted(case.client for case in store.list_cases()) == sorted(
            [CLIENT, *(f"c{n}@phone.example" for n in range(6))]
        )
        assert store.quarantined() == []


def test_a_disk_that_fills_between_accepting_and_deciding(maild: Maild, small_disk: Path) -> None:
    """The mail is acknowledged; the worker then has no space to decide. It waits, and loses nothing."""
    maild.start()
    maild.send(first_mail(CLIENT))
    maild.mail_to(CLIENT)
    until(maild.idle, "nothing waits")
    worker = maild.suspended()
    names = [f"c{number}@phone.example" for number in range(8)]
    for name in names:
        maild.send(first_mail(name, words="長い相談です。" * 2000))
    ballast = fill(small_disk)
    worker.resume()
    assert "disk is full" in maild.says("free some space")
    ballast.unlink()
    for name in names:
        maild.mail_to(name)
    until(maild.idle, "nothing waits")
    with maild.store() as store:
        assert len(store.list_cases()) == 9 and store.quarantined() == []
    assert {len(maild.sent_to(name)) for name in names} == {1}


# -- the next hop


def test_a_dead_relay(maild: Maild) -> None:
    relay = Relay()
    maild.write_config(send=relay.table)
    maild.start()
    maild.send(first_mail(CLIENT))
    said = maild.says("relay_unreachable")
    assert str(relay.port) in said and CLIENT not in said
    with maild.store() as store:
        assert len(store.outbox(("pending", "sending"))) == 2
    with relay:
        until(lambda: len(relay.mails()) == 2, "both mails went out")
        maild.says("relay_back")
        until(maild.idle, "nothing waits")
        # away again, back again: one line each time, and the mail goes
        relay.stop()
        before = len(maild.log())
        maild.send(first_mail("jiro@phone.example"))
        maild.says("relay_unreachable", before)
        relay.again()
        until(lambda: len(relay.mails()) == 4, "the others as well")
    recipients = sorted(one["To"].addresses[0].addr_spec for one in relay.mails())
    assert recipients == sorted([CLIENT, "jiro@phone.example", "counselors@desk.example", "counselors@desk.example"])
    assert all(one["From"].addresses[0].addr_spec == DESK for one in relay.mails())
