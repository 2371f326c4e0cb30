"""One bad mail never holds up the next: what crashes, hangs or bloats the worker is set aside (rules M6, M9).

No mail is known that does it, so the daemon is started with a fault of our making: the reading of a mail that bears a
certain word does what the word says.
"""

from __future__ import annotations

import signal

import pytest

from daemon.letters import OPERATOR, first_mail
from daemon.running import Maild, until

pytestmark = pytest.mark.daemon
FAULTS = """
import sys
if "maild.app.work" in sys.orig_argv:
    import os, signal
    import maild.mail.parse as parse
    sound = parse.read

    def faulty(raw, *values, **named):
        if b"poison-crash" in raw:
            os.kill(os.getpid(), signal.SIGSEGV)
        if b"poison-hang" in raw:
            while True:
                signal.pause()
        if b"poison-memory" in raw:
            held = []
            while True:
                held.append(bytearray(1 << 27))
        if b"poison-error" in raw:
            raise ZeroDivisionError("poison-error of kakureta@keitai.example")
        if b"poison-depth" in raw:
            def deeper(): return deeper()
            deeper()
        return sound(raw, *values, **named)

    parse.read = faulty
"""
CLIENT = "hanako@keitai.example"


@pytest.fixture
def poisoned(maild: Maild) -> Maild:
    faults = maild.home / "faults"
    faults.mkdir()
    (faults / "sitecustomize.py").write_text(FAULTS)
    maild.environment["PYTHONPATH"] = f"{faults}:{maild.environment['PYTHONPATH']}"
    maild.environment["MAILD_HANG_SECONDS"] = "2"
    return maild


def test_bad_mails_are_set_aside_and_the_others_flow(poisoned: Maild) -> None:
    maild = poisoned
    maild.start()
    worker = maild.suspended()  # so that all of them wait together, the bad ones in their middle
    poisons = ("crash", "hang", "memory", "error", "depth")
    names = [f"c{number}@phone.example" for number in range(len(poisons) + 1)]
    maild.send(first_mail(names[0]))
    for name, poison in zip(names[1:], poisons, strict=True):
        maild.send(first_mail(CLIENT, subject=f"poison-{poison}"))
        maild.send(first_mail(name))
    worker.resume()
    for name in names:
        maild.mail_to(name)
    maild.mail_to(OPERATOR, len(poisons))
    until(maild.idle, "nothing waits", show=maild.log)
    assert not [one for one in maild.outgoing() if CLIENT in one.as_string()]
    assert [len(maild.sent_to(name)) for name in names] == [1] * len(names)
    with maild.store() as store:
        for row, poison in zip(sorted(store.quarantined(), key=lambda one: one.id), poisons, strict=True):
            assert f"poison-{poison}".encode() in store.raw(row.id)  # nothing of it is lost
        assert len(store.list_cases()) == len(names)
    # and the daemon is as well as before
    maild.send(first_mail("later@phone.example"))
    maild.mail_to("later@phone.example")
    assert "kakureta" not in maild.log() and CLIENT not in maild.log()


def test_released_from_quarantine_it_is_a_mail_like_any_other(poisoned: Maild) -> None:
    maild = poisoned
    maild.start()
    maild.send(first_mail(CLIENT, subject="poison-error"))
    maild.mail_to(OPERATOR)
    maild.stop()
    (maild.home / "faults" / "sitecustomize.py").unlink()  # a version without the fault
    with maild.store() as store:
        (row,) = store.quarantined()
        store.release(row.id)
    maild.start()
    maild.mail_to(CLIENT)


@pytest.mark.parametrize("busy", [False, True])
def test_a_stopped_worker_is_replaced(maild: Maild, busy: bool) -> None:
    """SIGSTOP: the process is there and does nothing, whether it had work in hand or waited for some."""
    maild.environment["MAILD_HANG_SECONDS"] = "2"
    maild.start()
    maild.send(first_mail("first@phone.example"))
    maild.mail_to("first@phone.example")
    worker = maild.worker()
    if not busy:
        until(maild.idle, "nothing waits")
    worker.send_signal(signal.SIGSTOP)
    for number in range(3):
        maild.send(first_mail(f"c{number}@phone.example"))
    for number in range(3):
        maild.mail_to(f"c{number}@phone.example")
    assert not worker.is_running() and maild.worker().pid != worker.pid
    assert "reason=hung" in maild.log()
    with maild.store() as store:
        assert store.quarantined() == []


def test_a_worker_that_takes_long_to_start_is_let_start(maild: Maild) -> None:
    """It reads lists and templates first; a machine that is busy for longer than a batch may take is no reason to kill
    one worker after another before the first has begun."""
    faults = maild.home / "faults"
    faults.mkdir()
    slow = "import sys, time\nif 'maild.app.work' in sys.orig_argv:\n    time.sleep(5)\n"
    (faults / "sitecustomize.py").write_text(slow)
    maild.environment["PYTHONPATH"] = f"{faults}:{maild.environment['PYTHONPATH']}"
    maild.environment["MAILD_HANG_SECONDS"] = "2"
    maild.start()
    maild.send(first_mail(CLIENT))
    maild.mail_to(CLIENT)
    assert "reason=hung" not in maild.log()
