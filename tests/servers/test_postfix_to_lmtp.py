"""Postfix hands mail to maild over LMTP: what it keeps, what it tries again, what it gives back (rules M1)."""

from __future__ import annotations

import os
import smtplib
import time
from pathlib import Path

import pytest

from maild.errors import Temporary
from maild.receive import lmtp
from maild.receive.port import Incoming
from servers.dovecot import Dovecot
from servers.postfix import running_postfix
from servers.receiving import PATIENCE, FileSpool, Loop

DESK, OTHER = "soudan@desk.example", "yoyaku@desk.example"
MAIL = "Subject: =?UTF-8?B?55u46KuH?=\r\nFrom: hanako@docomo.example\r\n\r\n相談です。\r\n.\r\n..\r\n".encode()

pytestmark = pytest.mark.usefixtures("postfix_installed")


def ours(address: str) -> bool:
    return address in {DESK, OTHER}


def body(mail: Incoming) -> bytes:
    return mail.raw.partition(b"\r\n\r\n")[2]


def test_mails_arrive_whole(running: Loop, spool: FileSpool) -> None:
    listener = running.run(lmtp.serve("127.0.0.1:0", spool, ours))
    with running_postfix({"desk.example": f"lmtp:inet:127.0.0.1:{listener.port}"}) as postfix:
        with smtplib.SMTP("127.0.0.1", postfix.port) as client:
            for number in range(60):
                client.sendmail(f"c{number}@client.example", [DESK], MAIL + b"%d\r\n" % number)
        mails = spool.wait(60)
    running.run(listener.close(0))
    text = MAIL.partition(b"\r\n\r\n")[2]
    assert {(mail.envelope_from, body(mail)) for mail in mails} == {
        (f"c{number}@client.example", text + b"%d\r\n" % number) for number in range(60)
    }


@pytest.mark.parametrize("sender", ["a..b@docomo.example", "a.@docomo.example", ""])
def test_senders_only_japan_has(running: Loop, spool: FileSpool, sender: str) -> None:
    listener = running.run(lmtp.serve("127.0.0.1:0", spool, ours))
    with running_postfix({"desk.example": f"lmtp:inet:127.0.0.1:{listener.port}"}) as postfix:
        postfix.submit(sender, [DESK], MAIL)
        (mail,) = spool.wait(1)
    running.run(listener.close(0))
    assert mail.envelope_from == sender


def test_several_recipients_in_one_transaction(running: Loop, spool: FileSpool) -> None:
    listener = running.run(lmtp.serve("127.0.0.1:0", spool, ours))
    route = {"desk.example": f"lmtp:inet:127.0.0.1:{listener.port}"}
    with running_postfix(route, recipients=10) as postfix:
        postfix.submit("hanako@docomo.example", [DESK, OTHER, "nobody@desk.example"], MAIL)
        (mail,) = spool.wait(1)
        deadline = time.monotonic() + PATIENCE
        while postfix.queue() and time.monotonic() < deadline:
            pass  # each question is a process of its own
        assert postfix.queue() == [] or "nobody@desk.example" not in str(postfix.queue())
        log = postfix.log()
    running.run(listener.close(0))
    assert sorted(mail.recipients) == [DESK, OTHER]
    assert log.count("status=sent") >= 2 and "550 5.1.1" in log and "status=deferred" not in log.split("nobody@")[0]


def test_what_we_could_not_keep_comes_again(running: Loop, spool: FileSpool) -> None:
    tries = []

    async def full_once(mail: Incoming) -> None:
        tries.append(mail)
        if len(tries) < 3:
            raise Temporary("disk full")

    spool.before = full_once
    listener = running.run(lmtp.serve("127.0.0.1:0", spool, ours))
    with running_postfix({"desk.example": f"lmtp:inet:127.0.0.1:{listener.port}"}) as postfix:
        postfix.submit("hanako@docomo.example", [DESK], MAIL)
        postfix.retry(lambda: len(tries) >= 3)
        spool.wait(1)
        log = postfix.log()
    running.run(listener.close(0))
    assert len(tries) == 3 and "451 4.3.0" in log and "status=bounced" not in log


def test_a_daemon_that_is_away_for_a_while(running: Loop, spool: FileSpool) -> None:
    path = Path("/tmp") / f"maild-test-{os.getpid()}.sock"  # Unix sockets have short names
    with running_postfix({"desk.example": f"lmtp:unix:{path}"}) as postfix:
        postfix.submit("hanako@docomo.example", [DESK], MAIL)
        deadline = time.monotonic() + PATIENCE
        while "status=deferred" not in postfix.log() and time.monotonic() < deadline:
            pass
        assert spool.mails() == []
        listener = running.run(lmtp.serve(f"unix:{path}", spool, ours))
        path.chmod(0o666)  # the MTA is in our group in real life
        postfix.retry(spool.mails)
        assert len(spool.wait(1)) == 1
        running.run(listener.close(0))


def test_both_ways(running: Loop, spool: FileSpool, dovecot: Dovecot) -> None:
    """Desk domain to us, client domain to a mailbox: the house an end-to-end test needs."""
    listener = running.run(lmtp.serve("127.0.0.1:0", spool, ours))
    client = "hanako@client.example"
    routes = {
        "desk.example": f"lmtp:inet:127.0.0.1:{listener.port}",
        "client.example": f"lmtp:inet:127.0.0.1:{dovecot.lmtp_port}",
    }
    with running_postfix(routes) as postfix:
        postfix.submit(client, [DESK], MAIL)
        spool.wait(1)
        postfix.submit(DESK, [client], MAIL)
        deadline = time.monotonic() + PATIENCE
        while not dovecot.messages(client) and time.monotonic() < deadline:
            pass
        (mail,) = dovecot.messages(client)
    running.run(listener.close(0))
    assert mail.raw.endswith(MAIL.partition(b"\r\n\r\n")[2])
