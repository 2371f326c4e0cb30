"""An installation of maild in a directory of its own: its config, cases that are there before, the daemon as a process.

``[send]`` names a relay that is not there, so that the circuit of the outbox keeps quiet: sending is not what is
measured, and mails written as files would cost an fsync each.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path

from benchmarks import mails
from benchmarks.mails import DESK, Thread

COUNSELOR = "sato@staff.example"
_BATCH = 256
# ``#send`` leaves out the check for other clients' names, which costs the more the more cases are open (P5).
_WORDS = "お便りありがとうございます。\nお仕事のこと、眠れないこと、それぞれ大切なお話だと感じました。\n"
_REPLY = "#send\n" + _WORDS * 6
_CONFIG = """\
[maild]
data_dir = "var"
timezone = "Asia/Tokyo"
operators = ["ops@soudan.example"]
log_level = "{level}"

[receive.smtp]
listen = "127.0.0.1:{port}"

[send]
transport = "smtp"
host = "127.0.0.1"
port = {nowhere}
security = "none"

[[desk]]
name = "soudan"
kind = "consultation"
address = "{desk}"
display_name = "メール相談窓口"
language = "ja"
shared_inbox = "counselors@staff.example"
on_call = ["oncall@staff.example"]

[[desk.counselor]]
name = "佐藤花子"
address = "{counselor}"

[[desk.terms]]
version = "2026-04"
effective = 2025-04-01
url = "https://soudan.example/terms"
file = "terms.txt"

[desk.rules]
required = ["name", "sex", "age", "region", "content"]
"""


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_config(folder: Path, port: int) -> Path:
    """The config of the installation in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "terms.txt").write_text("利用規約\n", encoding="utf-8")
    path = folder / "maild.toml"
    text = _CONFIG.format(level="INFO", port=port, nowhere=free_port(), desk=DESK, counselor=COUNSELOR)
    path.write_text(text, encoding="utf-8")
    return path


# -- what is there before ----------------------------------------------------------------------------------------------


def furnish(folder: Path, cases: int, continued: int) -> list[Thread]:
    """Put ``cases`` cases into the database, the way they come there: a first mail and its letters, delivered; and for
    ``continued`` of them, which the load goes on with, a counselor's reply."""
    from maild.app.assembly import build_world, open_store
    from maild.config import load
    from maild.pipeline import Clearance, Pipeline
    from maild.store import Incoming

    config = load(write_config(folder, free_port()))
    store = open_store(config)
    pipeline = Pipeline(build_world(config, eight_bit=False), store)
    threads: list[Thread] = []

    def play(batch: list[mails.Mail]) -> None:
        at = datetime.now(UTC)
        store.accept([Incoming("smtp", at, mail.sender, (DESK,), mail.raw) for mail in batch])
        pipeline.receive(store.take(len(batch), at), at, Clearance(reads=(at,)))

    def deliver() -> list[tuple[str, str, str, bytes]]:
        """Everything in the outbox is delivered; what it was."""
        gone = []
        while claimed := store.claim(datetime.now(UTC), 1000):
            gone += [(mail.template, mail.recipient, mail.message_id, mail.data) for mail in claimed]
        with contextlib.closing(sqlite3.connect(config.maild.data_dir / "maild.db", timeout=30)) as database:
            at = int(time.time() * 1e6)
            database.execute(
                "UPDATE outbox SET state = 'delivered', concluded = ?, settled = 0, code = '250' "
                "WHERE state = 'sending'",
                (at,),
            )
            database.commit()
        while pipeline.settle(datetime.now(UTC)):
            pass
        with contextlib.closing(sqlite3.connect(config.maild.data_dir / "maild.db", timeout=30)) as database:
            # the confirmations to the counselors; nothing may be left to send when the load begins
            database.execute(
                "UPDATE outbox SET state = 'delivered', concluded = ?, settled = 1, code = '250' "
                "WHERE state = 'pending'",
                (at,),
            )
            database.commit()
        return gone

    try:
        for start in range(0, cases, _BATCH):
            numbers = range(start, min(start + _BATCH, cases))
            play([mails.first(number, prefix="known", size=1_200) for number in numbers])
            notices = [message_id for template, _, message_id, _ in deliver() if template == "notice"]
            notices = notices[: max(0, continued - start)]
            play([mails.answer(start + at, COUNSELOR, one, _REPLY) for at, one in enumerate(notices)])
            for template, recipient, message_id, data in deliver():
                if template.startswith("reply"):
                    threads.append(Thread(recipient, message_id, _text_of(data)))
    finally:
        store.close()
    if len(threads) != continued:
        raise RuntimeError(f"{len(threads)} of {continued} cases could be brought to a reply")
    return threads


def _text_of(data: bytes) -> str:
    payload = message_from_bytes(data).get_payload(decode=True)
    return payload.decode() if isinstance(payload, bytes) else ""


# -- the daemon --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Memory:
    """Of all processes of the daemon, in MB of 1,000,000 bytes. ``pss``: pages shared by several are counted once."""

    rss: float
    pss: float
    processes: int


@dataclass(frozen=True, slots=True)
class Daemon:
    """A running maild."""

    process: subprocess.Popen[bytes]
    port: int
    database: sqlite3.Connection  # for reading; opened once, for whoever measures must not take part

    def letters(self) -> int:
        """How many letters the outbox holds; the number of the last, so that nothing is counted row by row."""
        return int(self.database.execute("SELECT coalesce(max(id), 0) FROM outbox").fetchone()[0])

    def made(self, after: int) -> dict[str, int]:
        """The letters behind a number, by template."""
        statement = "SELECT template, count(*) FROM outbox WHERE id > ? GROUP BY template"
        return dict(self.database.execute(statement, (after,)).fetchall())

    def memory(self) -> Memory:
        """Now."""
        pids = [self.process.pid, *_children(self.process.pid)]
        found = [_rollup(pid) for pid in pids]
        return Memory(sum(rss for rss, _ in found) / 1e6, sum(pss for _, pss in found) / 1e6, len(pids))

    def seconds(self) -> list[float]:
        """Processor time until now: of the process that talks, and of the worker with the readers it had."""
        workers = [processor_seconds(pid, ended=True) for pid in _children(self.process.pid)]
        return [processor_seconds(self.process.pid), sum(workers)]


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Daemon]:
    """``maild run`` on a free port until the end of the block."""
    port = free_port()
    path = write_config(folder, port)
    log = (folder / "daemon.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "maild", "run", "--config", str(path)],
        stdout=log, stderr=log, env=os.environ | {"PYTHONDONTWRITEBYTECODE": ""},
    )  # fmt: skip
    try:
        _wait_for(port, process, folder / "daemon.log")
        source = f"file:{folder / 'var' / 'maild.db'}?mode=ro"
        with contextlib.closing(sqlite3.connect(source, uri=True, timeout=30, isolation_level=None)) as database:
            yield Daemon(process, port, database)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"the daemon ended: {log.read_text(errors='replace')}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as probe:
            if probe.recv(3) == b"220":
                return
        time.sleep(0.1)
    raise RuntimeError("the daemon does not answer")


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *_children(int(child))]
    return found


def _rollup(pid: int) -> tuple[int, int]:
    """Resident and proportional size in bytes."""
    sizes = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, _, rest = line.partition(":")
        sizes[name] = int(rest.split()[0]) * 1024
    return sizes["Rss"], sizes["Pss"]


def processor_seconds(pid: int, *, ended: bool = False) -> float:
    """Processor time that a process has used; ``ended``: its children that are gone as well."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11 : 15 if ended else 13])) / os.sysconf("SC_CLK_TCK")
