"""A real Postfix on loopback, in directories of its own: takes mail from anybody here, routes domains as it is told."""

from __future__ import annotations

import json
import os
import shutil
import smtplib
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from servers.dovecot import free_port, wait_for_port
from servers.receiving import PATIENCE

_MAIN = """
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = {home}/log
maillog_file_prefixes = {home}
mail_owner = postfix
setgid_group = postdrop
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
meta_directory = /etc/postfix
shlib_directory = /usr/lib/postfix
myhostname = mx.relay.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
relay_domains = {domains}
relay_recipient_maps =
transport_maps = texthash:{home}/transport
smtpd_relay_restrictions = permit_mynetworks, reject
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtputf8_enable = yes
smtp_tls_security_level = none
lmtp_destination_recipient_limit = {recipients}
lmtp_connection_cache_on_demand = yes
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
message_size_limit = 20480000
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
double_bounce_sender = double-bounce
notify_classes =
"""
_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """``with running_postfix({"desk.example": "lmtp:inet:127.0.0.1:2003"}) as postfix``."""

    host = "127.0.0.1"

    def __init__(self, home: Path, routes: Mapping[str, str], *, recipients: int) -> None:
        self.home = home
        self.port = free_port()
        for name in ("conf", "queue", "data"):
            (home / name).mkdir()
        shutil.chown(home / "data", "postfix", "postfix")
        (home / "conf" / "main.cf").write_text(
            _MAIN.format(home=home, domains=", ".join(routes), recipients=recipients)
        )
        (home / "conf" / "master.cf").write_text(_MASTER.format(port=self.port))
        self.route(routes)

    def route(self, routes: Mapping[str, str]) -> None:
        """Domain (or address) to next hop: ``lmtp:inet:HOST:PORT``, ``lmtp:unix:PATH``, ``smtp:[HOST]:PORT``.

        Domains that were not there at the start are not relayed to.
        """
        lines = "".join(f"{domain} {hop}\n" for domain, hop in routes.items())
        (self.home / "transport").write_text(lines)

    def _command(self, program: str, *words: str) -> str:
        done = subprocess.run([program, "-c", str(self.home / "conf"), *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self) -> None:
        self._command("postfix", "start")
        wait_for_port(self.port, self.home / "log")

    def stop(self) -> None:
        subprocess.run(["postfix", "-c", str(self.home / "conf"), "stop"], capture_output=True)

    def submit(self, sender: str, recipients: list[str], raw: bytes) -> None:
        """Hand over one mail, as any program on this machine may."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=30) as it:
            it.sendmail(sender, recipients, raw, mail_options=["BODY=8BITMIME"])

    def queue(self) -> list[dict[str, object]]:
        """What waits, as postqueue tells it."""
        return [json.loads(line) for line in self._command("postqueue", "-j").splitlines()]

    def retry(self, until: Callable[[], object]) -> None:
        """Have all that waits tried again until then, or in vain. Once is not enough: a mail that is "still being
        delivered" while the queue is run is passed over, and may lie there for longer than a test waits."""
        deadline = time.monotonic() + PATIENCE
        while not until() and time.monotonic() < deadline:
            self._command("postqueue", "-f")  # a process of its own

    def log(self) -> str:
        path = self.home / "log"
        return path.read_text() if path.exists() else ""


def missing() -> str | None:
    """What is not installed, or None."""
    if os.geteuid() != 0:
        return "root, to run postfix"
    return None if shutil.which("postfix") else "postfix (tests/servers/install.sh)"


@contextmanager
def running_postfix(routes: Mapping[str, str], *, recipients: int = 1) -> Iterator[Postfix]:
    """Started and stopped again; ``recipients`` is how many it puts into one LMTP transaction."""
    home = Path(tempfile.mkdtemp(prefix="maild-postfix-"))
    home.chmod(0o755)
    it = Postfix(home, routes, recipients=recipients)
    try:
        it.start()
        yield it
    finally:
        it.stop()
        shutil.rmtree(home, ignore_errors=True)
