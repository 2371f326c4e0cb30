"""A real Dovecot on loopback, in a directory of its own: IMAP, IMAPS and LMTP for any user, all with one password."""

from __future__ import annotations

import imaplib
import os
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil

from servers.certificate import self_signed

PASSWORD = 'pa"ss\\wörd'
PATIENCE = 30.0
_CONFIG = """
protocols = imap lmtp
listen = 127.0.0.1
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
mail_location = maildir:~/Maildir
mail_home = {home}/mail/%u
mail_fsync = never
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0 secs
auth_username_chars =
mail_max_userip_connections = 100
{extra}
passdb {{
  driver = static
  args = password={{PLAIN}}{password}
}}
userdb {{
  driver = static
  args = uid=mail gid=mail allow_all_users=yes
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """One message of a mailbox, as another mail program sees it."""

    uid: int
    flags: frozenset[str]
    arrived: datetime
    raw: bytes


def free_port() -> int:
    """A TCP port of loopback nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, why: Path) -> None:
    """Until somebody listens there; ``why`` is the log to show when nobody does."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise AssertionError(why.read_text() if why.exists() else "no log") from None


class Dovecot:
    """``with running_dovecot() as dovecot``: ports, mailboxes, and ways to break it."""

    host = "127.0.0.1"
    password = PASSWORD

    def __init__(self, home: Path, extra: str = "") -> None:
        self.home = home
        self.imap_port, self.imaps_port, self.lmtp_port = free_port(), free_port(), free_port()
        self.certificate, key = self_signed(home)
        for name in ("run", "state", "mail"):
            (home / name).mkdir()
        shutil.chown(home / "mail", "mail", "mail")
        self._config = home / "dovecot.conf"
        self._extra = extra
        self._key = key
        self.configure(extra)

    def configure(self, extra: str) -> None:
        """Write the config; ``extra`` holds further settings. Holds from the next start."""
        self._config.write_text(
            _CONFIG.format(
                home=self.home,
                password=PASSWORD,
                certificate=self.certificate,
                key=self._key,
                imap=self.imap_port,
                imaps=self.imaps_port,
                lmtp=self.lmtp_port,
                extra=extra,
            )
        )

    def start(self) -> None:
        subprocess.run(["dovecot", "-c", str(self._config)], check=True)
        wait_for_port(self.imap_port, self.home / "log")

    def stop(self) -> None:
        """All of it, running sessions too: ending the master alone leaves them alive."""
        pid = self.home / "run" / "master.pid"
        if not pid.exists():
            return
        master = psutil.Process(int(pid.read_text()))
        family = [master, *master.children(recursive=True)]
        for process in family:
            try:
                process.send_signal(signal.SIGCONT)
                process.terminate()
            except psutil.NoSuchProcess:
                pass
        for process in psutil.wait_procs(family, PATIENCE / 3)[1]:
            process.kill()
        pid.unlink(missing_ok=True)

    # -- as another mail program

    @contextmanager
    def client(self, user: str, mailbox: str | None = None) -> Iterator[imaplib.IMAP4]:
        """Logged in, over imaplib; ``mailbox`` (encoded, quoted) is selected for writing."""
        it = imaplib.IMAP4("127.0.0.1", self.imap_port, PATIENCE)
        try:
            it.authenticate("PLAIN", lambda _: f"\0{user}\0{PASSWORD}".encode())
            if mailbox is not None:
                status, _ = it.select(mailbox)
                assert status == "OK"
            yield it
        finally:
            it.logout()

    def append(self, user: str, raw: bytes, *, mailbox: str = "INBOX", arrived: datetime | None = None) -> None:
        """Put one message there; ``mailbox`` is encoded and quoted already."""
        with self.client(user) as it:
            when = "" if arrived is None else imaplib.Time2Internaldate(arrived)
            status, said = it.append(mailbox, "", when, raw)
            assert status == "OK", said

    def deliver(self, user: str, raw: bytes, *, sender: str = "sender@client.example") -> None:
        """As an MTA, over LMTP (adds Return-Path, Delivered-To and Received)."""
        with smtplib.LMTP("127.0.0.1", self.lmtp_port) as it:
            it.sendmail(sender, [user], raw)

    def messages(self, user: str, mailbox: str = "INBOX") -> list[Kept]:
        """What is there, without touching it."""
        with self.client(user) as it:
            status, _ = it.select(mailbox, readonly=True)
            if status != "OK":
                return []
            _, answer = it.uid("FETCH", "1:*", "(UID FLAGS INTERNALDATE BODY.PEEK[])")
        found = []
        for item in answer:
            if not isinstance(item, tuple):
                continue
            head = item[0].decode()
            uid, flags = re.search(r"UID (\d+)", head), re.search(r"FLAGS \(([^)]*)\)", head)
            date = re.search(r'INTERNALDATE "([^"]+)"', head)
            assert uid and flags and date
            found.append(
                Kept(
                    int(uid.group(1)),
                    frozenset(flags.group(1).split()) - {"\\Recent"},
                    datetime.strptime(date.group(1).strip(), "%d-%b-%Y %H:%M:%S %z"),
                    item[1],
                )
            )
        return found

    def mailboxes(self, user: str) -> list[str]:
        """Their names, as encoded on the wire."""
        with self.client(user) as it:
            _, lines = it.list()
        return sorted(line.decode().rsplit(" ", 1)[-1].strip('"') for line in lines if isinstance(line, bytes))

    # -- as fate

    def doveadm(self, *words: str) -> str:
        done = subprocess.run(["doveadm", "-c", str(self._config), *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def set_uidvalidity(self, user: str, value: int, mailbox: str = "INBOX") -> None:
        """As after a restore of the server from a backup."""
        self.doveadm("mailbox", "update", "-u", user, "--uid-validity", str(value), mailbox)

    def sessions(self) -> list[psutil.Process]:
        """The processes that serve a login."""
        master = psutil.Process(int((self.home / "run" / "master.pid").read_text()))
        found = []
        for child in master.children():
            try:
                if child.name() == "imap" and child.status() != psutil.STATUS_ZOMBIE:
                    found.append(child)
            except psutil.NoSuchProcess:
                continue
        return found

    def signal_sessions(self, number: signal.Signals) -> int:
        """To all of them: SIGKILL cuts, SIGSTOP leaves the connections half-open."""
        sessions = self.sessions()
        for session in sessions:
            os.kill(session.pid, number)
        return len(sessions)


def missing() -> str | None:
    """What is not installed, or None."""
    if os.geteuid() != 0:
        return "root, to run dovecot"
    return None if shutil.which("dovecot") and shutil.which("doveadm") else "dovecot (tests/servers/install.sh)"


@contextmanager
def running_dovecot(extra: str = "") -> Iterator[Dovecot]:
    """Started and stopped again. The directory is one its own users can enter, and short enough for sockets."""
    home = Path(tempfile.mkdtemp(prefix="maild-dovecot-"))
    home.chmod(0o755)
    it = Dovecot(home, extra)
    try:
        it.start()
        yield it
    finally:
        it.stop()
        shutil.rmtree(home, ignore_errors=True)
