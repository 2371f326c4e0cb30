"""``maild run`` as a process of its own: written config, real signals, its log, its mail out as files."""

from __future__ import annotations

import email
import os
import queue
import random
import re
import shutil
import signal
import smtplib
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import TypeVar

import psutil

from maild.store import OutboxRow, Store, load_or_create_key

T = TypeVar("T")
PATIENCE = 60.0  # of a test for something that must happen; only a failing test waits that long
TOP = Path(__file__).resolve().parents[2]
ALL = ("pending", "sending", "delivered", "failed")
TERMS = "相談は無料です。お返事までに数日かかります。\n"

CONFIG = """
[maild]
data_dir = "{home}/data"
operators = ["ops@desk.example"]

{receive}

{send}

[[desk]]
name = "soudan"
kind = "consultation"
address = "soudan@desk.example"
display_name = "メール相談窓口"
language = "ja"
shared_inbox = "counselors@desk.example"
on_call = ["oncall@desk.example"]

[[desk.counselor]]
name = "佐藤花子"
address = "sato@desk.example"

[[desk.counselor]]
name = "鈴木一郎"
address = "suzuki@desk.example"

[[desk.terms]]
version = "2026-04"
effective = 2026-04-01
file = "terms.txt"
url = "https://desk.example/terms"

[desk.rules]
required = ["name", "sex", "age", "region", "content"]
{rules}
"""


def until(ask: Callable[[], T], what: str, *, show: Callable[[], str] = str, patience: float = PATIENCE) -> T:
    """The first true answer; the one place where tests wait by asking again."""
    end = time.monotonic() + patience
    while True:
        found = ask()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience:.0f} s in vain for: {what}\n{show()[-3000:]}")
        time.sleep(0.01)


def quiet_port() -> int:
    """A loopback port nobody listens on, out of the range that outgoing connections take theirs from: a client that
    dials while the daemon is down must not find itself there."""
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.SystemRandom().randrange(max(1024, low // 2), low)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class Maild:
    """One installation in a directory of its own, and its daemon: started, signalled, killed, started again."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = quiet_port()
        self.config = home / "config.toml"
        self.logged = home / "log"
        self.data = home / "data"
        self.maildir = home / "outgoing"
        self.environment = {"PYTHONPATH": str(TOP)}  # this checkout, whatever is installed
        self.program = [sys.executable, "-m", "maild", "run", "--config", str(self.config)]
        self.process: subprocess.Popen[bytes] | None = None
        self.receive = f'[receive.smtp]\nlisten = "127.0.0.1:{self.port}"'
        self.send_table = f'[send]\ntransport = "maildir"\nmaildir = "{self.maildir}"'
        self.rules = ""
        self.logged.touch()
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(str(home / "notify"))
        self._news: queue.Queue[list[str]] = queue.Queue()
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()

    # -- config

    def write_config(self, *, receive: str | None = None, send: str | None = None, rules: str | None = None) -> None:
        """The default, or what was said before, with these tables in place of its own."""
        self.receive = self.receive if receive is None else receive
        self.send_table = self.send_table if send is None else send
        self.rules = self.rules if rules is None else rules
        (self.home / "terms.txt").write_text(TERMS)
        text = CONFIG.format(home=self.home, receive=self.receive, send=self.send_table, rules=self.rules)
        self.config.write_text(text)

    # -- the process

    def spawn(self) -> None:
        """Started, and perhaps not yet there."""
        assert self.process is None or self.process.poll() is not None
        if not (self.config.exists() or self.config.is_symlink()):
            self.write_config()
        self._hush()
        environment = os.environ | {"NOTIFY_SOCKET": str(self.home / "notify")} | self.environment
        with open(self.logged, "ab") as log:
            self.process = subprocess.Popen(self.program, stdout=log, stderr=log, cwd=self.home, env=environment)

    def start(self) -> None:
        """Started, and ready as it tells systemd."""
        self.spawn()
        self.told("READY=1")

    def refused(self) -> tuple[int, str]:
        """Started in vain: exit code and what it said."""
        before = len(self.log())
        self.spawn()
        assert self.process is not None
        return self.process.wait(PATIENCE), self.log()[before:]

    def told(self, line: str) -> list[str]:
        """What systemd is told next that holds this line; what came before it is passed over."""
        while True:
            try:
                lines = self._news.get(timeout=0.2)
            except queue.Empty:
                if self._dead():
                    raise AssertionError(f"the daemon ended before {line}:\n{self.log()[-3000:]}") from None
                continue
            if any(one.startswith(line) for one in lines):
                return lines

    def _dead(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def _listen(self) -> None:
        """systemd's end; its queue is short, and the daemon must not wait for a test."""
        while data := self._notify.recv(65536):
            self._news.put(data.decode().split("\n"))

    def _hush(self) -> None:
        with self._news.mutex:
            self._news.queue.clear()

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def workers(self) -> list[psutil.Process]:
        """The worker processes of the daemon that runs now. A child between fork and exec still bears its parent's
        command line and is none yet: whoever stopped it there would stop the parent too, which waits for the exec."""
        try:
            children = psutil.Process(self.pid).children()
        except psutil.NoSuchProcess:
            return []
        return [one for one in children if _is_worker(one)]

    def worker(self) -> psutil.Process:
        """The worker, once there is one."""
        return until(self.workers, "a worker process")[0]

    def suspended(self) -> psutil.Process:
        """The worker, stopped where it keeps nobody from writing: with a lock in its hand no mail would be accepted."""
        worker = self.worker()

        def stopped() -> bool:
            worker.suspend()
            if worker.status() == psutil.STATUS_STOPPED and all(map(_may_write, self.data.glob("maild*.db"))):
                return True
            worker.resume()
            return False

        until(stopped, "a worker stopped without a lock")
        return worker

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def stop(self) -> None:
        """SIGTERM, and an orderly end."""
        assert self.process is not None
        self.signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE) == 0, self.log()[-3000:]

    def kill(self, *, main: bool = True, worker: bool = True) -> None:
        """SIGKILL to one or both; a dead main process is waited for."""
        workers = self.workers() if worker else []
        if main:
            self.signal(signal.SIGKILL)
        for one in workers:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        if main:
            assert self.process is not None
            self.process.wait(PATIENCE)

    def close(self) -> None:
        """Whatever state it is in: nothing is left running."""
        if self.process is not None and self.process.poll() is None:
            for one in self.workers():
                one.kill()
            self.process.kill()
            self.process.wait()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", str(self.home / "notify"))
        self._listening.join(PATIENCE)
        self._notify.close()

    # -- what it says and does

    def log(self) -> str:
        return self.logged.read_text("utf-8", "replace")

    def says(self, words: str, after: int = 0) -> str:
        """The log from character ``after`` on, once it holds the words."""
        until(lambda: words in self.log()[after:], f"{words!r} in the log", show=self.log)
        return self.log()[after:]

    def smtp(self) -> smtplib.SMTP:
        """A connection of a client; the caller quits it."""
        return smtplib.SMTP("127.0.0.1", self.port, timeout=PATIENCE)

    def send(self, mail: EmailMessage, *, sender: str | None = None) -> None:
        """One mail over SMTP; raises where it is not acknowledged."""
        with self.smtp() as it:
            it.sendmail(sender or mail["From"].addresses[0].addr_spec, [mail["To"].addresses[0].addr_spec],
                        mail.as_bytes(policy=policy.SMTP.clone(cte_type="8bit", utf8=True)),
                        mail_options=["BODY=8BITMIME", "SMTPUTF8"] if it.has_extn("SMTPUTF8") else [])  # fmt: skip

    def outgoing(self) -> list[EmailMessage]:
        """What went out as files, in the order of the outbox."""
        files = sorted((self.maildir / "new").glob("*"), key=lambda one: one.name)
        return [parsed(one.read_bytes()) for one in files]

    def sent_to(self, address: str) -> list[EmailMessage]:
        return [one for one in self.outgoing() if one["To"].addresses[0].addr_spec == address]

    def mail_to(self, address: str, number: int = 1) -> EmailMessage:
        """The n-th mail to an address, once it is there."""
        return until(lambda: self.sent_to(address)[number - 1 :], f"mail {number} to {address}", show=self.log)[0]

    # -- what it has kept

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The store as another process sees it, the daemon running or not."""
        with closing(self.open_store()) as it:
            yield it

    def open_store(self) -> Store:
        """As the daemon opens it; made where there is none."""
        url = f"sqlite:///{self.data}/maild.db"
        self.data.mkdir(exist_ok=True, mode=0o700)
        return Store.open(url, load_or_create_key(self.data / "maild.key", not Store.exists(url)))

    def idle(self) -> bool:
        """Nothing waits, neither mail that came in nor mail to go out, nor an outcome to decide upon."""
        with self.store() as store:
            if store.spool_depth() or store.outbox(("pending", "sending")):
                return False
            with store.read() as tx:
                return not tx.outcomes(1)

    def delivered(self) -> list[OutboxRow]:
        with self.store() as store:
            return store.outbox(("delivered",))

    def sound(self) -> None:
        """Every invariant holds, the audit trail is whole, and nothing failed that the log would tell of."""
        with self.store() as store:
            assert store.check_consistency() == []
            assert store.verify_audit() == []
        log = self.log()
        wrong = re.search("uncaught|Traceback", log)
        assert wrong is None, log[max(0, wrong.start() - 500) :][:3000]


def _may_write(database: Path) -> bool:
    """Whether nobody holds the database's write lock."""
    with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        connection.execute("ROLLBACK")
    return True


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "maild.app.work" in process.cmdline()  # of a zombie it is empty
    except psutil.Error:
        return False


def parsed(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


@contextmanager
def installed() -> Iterator[Maild]:
    """A directory with a short name (sockets), removed at the end together with whatever still runs."""
    home = Path(tempfile.mkdtemp(prefix="maild-"))
    it = Maild(home)
    try:
        yield it
    finally:
        it.close()
        shutil.rmtree(home, ignore_errors=True)
