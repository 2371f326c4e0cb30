"""What was accepted is there after kill -9 at any moment, and nothing is half done (rules M1)."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from maild.store import Store
from store.working import KEY, NOW

_CHILD = """
import os, sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from maild.desk.case import Case
from maild.store import Entry, Incoming, Outgoing, Store

NOW = datetime(2026, 1, 10, 14, 50, tzinfo=UTC)
store = Store.open(sys.argv[1], bytes(range(32)))
store.recover()
say = lambda line: os.write(1, (line + "\\n").encode())
say("ready")
step = 0
while True:
    step += 1
    mails = [Incoming("smtp", NOW, f"c{os.getpid()}.{step}.{n}@x.example", (), f"raw {n}".encode()) for n in range(8)]
    say("accepted " + " ".join(map(str, store.accept(mails))))
    with store.transaction() as t:
        taken = 0
    taken = store.take(8, NOW)
    with store.transaction() as t:
        for mail in taken:
            case = t.open_case("d", mail.envelope_from)
            number = case.number if case else t.new_number()
            t.put_case(case or Case(number=number, desk="d", client=mail.envelope_from, opened=NOW), {"silence": NOW})
            t.record(Entry(case=number, desk="d", at=NOW, kind="client", spool_id=mail.id, text=mail.raw.decode(),
                           message_id=f"<{mail.id}@x.example>", address=mail.envelope_from))
            t.queue(Outgoing(f"<o{mail.id}@d.example>", number, "d", "client", "ack", "d@d.example",
                             mail.envelope_from, b"data", NOW, f"ack:{mail.id}"))
            t.audit(NOW, "maild", "accepted", number)
            t.done(mail.id)
    for mail in store.claim(NOW, 4):
        store.sent(mail.id, NOW, "250")
    with store.transaction() as t:
        for outcome in t.outcomes(2):
            t.settle(outcome.id)
    if step % 3 == 0:
        with store.transaction() as t:
            t.erase_case(number, NOW)
"""


@pytest.mark.parametrize("seed", range(8))
def test_kill_in_the_middle_of_transactions(path: Path, seed: int) -> None:
    chance = random.Random(seed)
    url = f"sqlite:///{path}"
    promised: set[int] = set()
    for _ in range(2):
        child = subprocess.Popen([sys.executable, "-c", _CHILD, url], stdout=subprocess.PIPE, env=os.environ | _PATH)
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        for _ in range(chance.randrange(1, 6)):
            promised |= {int(word) for word in child.stdout.readline().split()[1:]}
        # Somewhere between this promise and the next: a busy loop of random length is the random moment.
        for _ in range(chance.randrange(200_000)):
            pass
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read()
        child.wait()
        child.stdout.close()
        complete = rest[: rest.rfind(b"\n") + 1]
        promised |= {int(word) for line in complete.splitlines() for word in line.split()[1:]}
    assert promised
    store = Store.open(url, KEY)
    try:
        assert store.check_consistency() == []
        waiting = {mail.id for mail in store.take(10_000, NOW)}
        with store.read() as transaction:
            recorded = {e.spool_id for case in store.list_cases() for e in transaction.entries(case.number)}
        assert promised <= waiting | recorded
        assert not waiting & recorded
        flying = len(store.outbox(["sending"]))
        assert store.recover() == flying <= 4
    finally:
        store.close()


_PATH = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
