"""IMAP against a real Dovecot (rules M8): what is read, what is left, and what happens when things break."""

from __future__ import annotations

import asyncio
import itertools
import signal
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from maild.errors import Temporary
from maild.receive.imap import LEFT
from maild.receive.imap_connection import Disconnected, Patience, Refused, connect
from maild.receive.mailbox_name import encode, quote
from maild.receive.port import Incoming
from servers.dovecot import PASSWORD, Dovecot, running_dovecot
from servers.imap_desk import QUICK, Desk, mail, only
from servers.receiving import FileSpool, Loop


@pytest.fixture
def desk(dovecot: Dovecot, running: Loop, spool: FileSpool) -> Desk:
    return Desk(dovecot, running, spool)


@pytest.fixture
def own_desk(own_dovecot: Dovecot, running: Loop, spool: FileSpool) -> Desk:
    return Desk(own_dovecot, running, spool)


def eventually(true: Callable[[], bool]) -> None:
    """Looks again and again; each look is a conversation with a server."""
    for _ in range(2000):
        if true():
            return
    pytest.fail("never came true")


def test_keep_reads_each_mail_once_and_changes_nothing(desk: Desk) -> None:
    arrived = datetime(2026, 1, 5, 23, 50, 1, tzinfo=UTC)
    desk.dovecot.append(desk.user, mail(1), arrived=arrived)
    desk.put(2)
    before = desk.dovecot.messages(desk.user)
    reader = desk.reader()
    assert desk.poll(reader, 2) == 2
    assert desk.kept == only(1, 2) and desk.dovecot.messages(desk.user) == before
    first = desk.spool.mails()[0]
    assert (first.arrived, first.envelope_from, first.recipients, first.source) == (arrived, None, (), "imap:desk")
    desk.put(3)
    assert desk.poll(desk.reader()) == 1  # another process: progress is in the store
    assert desk.kept == only(1, 2, 3)
    assert {flag for one in desk.dovecot.messages(desk.user) for flag in one.flags} == set()


def test_delete(desk: Desk) -> None:
    desk.put(1, 2)
    with desk.dovecot.client(desk.user, "INBOX") as person:  # has marked one of his own, and not emptied the bin
        desk.put(3)
        reader = desk.reader(after="delete")
        assert desk.poll(reader) == 3
        desk.put(4)
        person.noop()
        person.store("1:*", "+FLAGS", "(\\Deleted)")
        assert desk.poll(reader) == 1  # though it is marked as deleted: it is the client's mail
    assert (desk.kept, desk.there()) == (only(1, 2, 3, 4), [])


def test_others_deleted_mails_are_not_expunged(desk: Desk) -> None:
    desk.dovecot.append(desk.user, mail(1, 5000))
    reader = desk.reader(after="delete", fetch_bytes=1000)
    assert desk.poll(reader) == 0  # too large for us
    with desk.dovecot.client(desk.user, "INBOX") as person:
        person.store("1", "+FLAGS", "(\\Deleted)")
    desk.put(2)
    assert desk.poll(reader, 2) == 1
    assert desk.there() == [mail(1, 5000)]


@pytest.mark.parametrize("target", ["maild", "済み.相談", 'od"d\\ & "名前"', "INBOX.x"])
def test_move_makes_its_mailbox(desk: Desk, target: str) -> None:
    reader = desk.reader(after="move", move_to=target)
    for number in (1, 2):
        desk.put(number)
        assert desk.poll(reader) == 1
    assert desk.there() == []
    assert sorted(desk.there(quote(encode(target)))) == only(1, 2)


@pytest.mark.parametrize("name", ["日本語", "A & B", 'quo"te', "back\\slash", "受信箱 ~ 🙂", "a&-b"])
def test_odd_mailbox_names(desk: Desk, name: str) -> None:
    wire = quote(encode(name))
    with desk.dovecot.client(desk.user) as person:
        assert person.create(wire)[0] == "OK"
    desk.put(1, mailbox=wire)
    assert desk.poll(desk.reader(mailbox=name)) == 1
    assert desk.kept == only(1)


def test_five_hundred_mails_of_all_sizes(desk: Desk) -> None:
    sizes = [0, 1, 100, 4096, 70_000, 1_500_000]
    raws = [mail(number, sizes[number % 6] if number % 50 < 6 else 0) for number in range(500)]
    with desk.dovecot.client(desk.user) as person:
        for raw in raws:
            assert person.append("INBOX", "", "", raw)[0] == "OK"
    assert desk.poll(desk.reader(after="delete")) == 500
    assert desk.kept == raws and desk.there() == []


@pytest.mark.parametrize(
    "raw", [b"\r\n", b"x\r\n", b"a: b\r\n\r\n* 5 FETCH (UID 7 BODY[] {3}\r\n)\r\nA1 OK done\r\n{9}\r\n"]
)
def test_texts_that_look_like_the_protocol(desk: Desk, raw: bytes) -> None:
    desk.dovecot.append(desk.user, raw)
    desk.put(2)
    assert desk.poll(desk.reader(after="delete")) == 2
    assert desk.kept == [raw, mail(2)] and desk.there() == []


def test_uidvalidity_changed(desk: Desk) -> None:
    desk.put(1, 2)
    reader = desk.reader()
    assert desk.poll(reader) == 2
    desk.dovecot.set_uidvalidity(desk.user, 77)
    desk.put(3)
    assert desk.poll(reader) == 3  # the pipeline knows what it has seen
    assert [one.cursor for one in desk.spool.mails()][-1] == (77, 3)
    assert desk.poll(desk.reader()) == 0


@pytest.mark.parametrize("after", ["delete", "move"])
def test_a_crash_between_commit_and_removal(desk: Desk, after: str) -> None:
    desk.put(1, 2)
    assert desk.poll(desk.reader(after="keep")) == 2  # committed, and not removed any more
    desk.put(3)
    assert desk.poll(desk.reader(after=after)) == 1
    assert (desk.kept, desk.there()) == (only(1, 2, 3), [])
    assert desk.there("maild") == (only(1, 2, 3) if after == "move" else [])


def test_a_mail_that_is_too_large_is_left_and_told(desk: Desk) -> None:
    desk.put(1)
    large = mail(2, 50_000)
    desk.dovecot.append(desk.user, large)
    desk.put(3)
    reader = desk.reader(after="delete", fetch_bytes=40_000)
    assert desk.poll(reader, 3) == 2
    assert (desk.kept, desk.there()) == (only(1, 3), [large])
    (left,) = desk.left
    assert (left.reason, left.size, left.uid) == ("too_large", 50_000, 2)
    assert left.head.startswith(b"From: c@client.example\r\n") and b"xxx" not in left.head
    assert desk.poll(desk.reader(), 2) == 0  # under the cursor, but not taken for kept by the next process
    assert desk.there() == [large] and len(desk.left) == 2
    assert desk.poll(desk.reader(fetch_bytes=60_000)) == 1  # nor forgotten by one that can
    assert desk.there() == [] and desk.kept == [mail(1), mail(3), large]


def test_a_mail_the_spool_refuses_holds_up_nobody(desk: Desk) -> None:
    ill = True

    async def refuse(one: Incoming) -> None:
        if ill and one.raw == mail(2):
            raise ValueError

    desk.spool.before = refuse
    desk.put(1, 2, 3)
    reader = desk.reader(after="delete")
    for _ in range(2):
        with pytest.raises(Temporary):
            desk.poll(reader)
    assert (desk.kept, desk.there()) == (only(1), [mail(2), mail(3)]) or desk.there() == only(1, 2, 3)
    desk.poll(reader)
    assert (desk.kept, desk.there()) == (only(1, 3), only(2))
    assert [left.reason for left in desk.left] == ["not_kept"]
    desk.poll(desk.reader())  # a restart, and it is still ill
    assert desk.there() == only(2)
    ill = False
    assert desk.poll(desk.reader()) == 1
    assert desk.kept == only(1, 3, 2) and desk.there() == []
    assert desk.spool.mails()[-1].cursor is not None and desk.spool.mails()[-1].cursor[1] == 3  # type: ignore[index]


def test_a_spool_that_is_full_loses_nothing(desk: Desk) -> None:
    async def full(one: Incoming) -> None:
        raise Temporary("full")

    desk.spool.before = full
    desk.put(*range(8))
    reader = desk.reader(after="delete")
    for _ in range(10):
        with pytest.raises(Temporary):
            desk.poll(reader)
    assert desk.there() == only(*range(8))
    desk.spool.before = None
    desk.poll(reader, 2)
    assert sorted(desk.kept) == sorted(only(*range(8))) and desk.there() == []


def test_idle_push(desk: Desk) -> None:
    with desk.reading(desk.reader(idle=True, poll_seconds=3600, after="delete")):
        desk.wait_for_reads(1)
        for number in (1, 2, 3):
            desk.dovecot.deliver(desk.user, mail(number))
            desk.spool.wait(number)
        eventually(lambda: desk.there() == [])
    assert [raw.endswith(mail(n).partition(b"\r\n\r\n")[2]) for n, raw in enumerate(desk.kept, 1)] == [True] * 3


def test_idle_is_renewed_and_polls_go_on(desk: Desk) -> None:
    reader = desk.reader(Patience(renew=0.05), idle=True, poll_seconds=0.2)
    with desk.reading(reader):
        desk.wait_for_reads(3)
        desk.put(1)
        desk.spool.wait(1)
    assert desk.reads == sorted(desk.reads) and reader.last_read == desk.reads[-1]


def test_a_poll_is_dated_by_its_start(desk: Desk) -> None:
    """What came in after the start of a poll may not be in it (rules C6)."""
    ticks = itertools.count()
    start = datetime(2026, 1, 1, tzinfo=UTC)
    desk.put(1)
    reader = desk.reader()
    reader._clock = lambda: start + timedelta(seconds=next(ticks))
    desk.poll(reader)
    assert desk.reads == [start]


def test_a_failed_poll_is_not_a_read(desk: Desk) -> None:
    async def full(one: Incoming) -> None:
        raise Temporary("full")

    desk.spool.before = full
    desk.put(1)
    with pytest.raises(Temporary):
        desk.poll(desk.reader())
    assert desk.reads == []


def test_a_person_reads_along(desk: Desk) -> None:
    with desk.reading(desk.reader(idle=True, poll_seconds=3600)):
        desk.wait_for_reads(1)
        with desk.dovecot.client(desk.user, "INBOX") as person:
            for number in range(1, 6):
                desk.put(number)
                person.noop()
                person.fetch("1:*", "(RFC822)")  # marks them as seen
                person.store("1:*", "+FLAGS", "(\\Flagged)")
                desk.spool.wait(number)
    assert desk.kept == only(1, 2, 3, 4, 5)


def test_the_session_is_cut(own_desk: Desk) -> None:
    with own_desk.reading(own_desk.reader(idle=True, poll_seconds=3600)):
        own_desk.wait_for_reads(1)
        assert own_desk.dovecot.signal_sessions(signal.SIGKILL) == 1
        own_desk.wait_for_reads(1)
        own_desk.put(1)
        own_desk.spool.wait(1)
    assert own_desk.kept == only(1)


def test_a_half_open_connection_is_found(own_desk: Desk) -> None:
    reader = own_desk.reader(Patience(command=0.5, renew=0.3), idle=True, poll_seconds=3600)
    with own_desk.reading(reader):
        own_desk.wait_for_reads(1)
        assert own_desk.dovecot.signal_sessions(signal.SIGSTOP) == 1  # answers nothing, closes nothing
        own_desk.wait_for_reads(1)
        own_desk.put(1)
        own_desk.spool.wait(1)


def test_the_defaults_find_it_within_a_minute() -> None:
    assert Patience().renew + Patience().command < 60


@pytest.mark.parametrize("idle", [True, False])
def test_the_server_is_restarted(own_desk: Desk, idle: bool) -> None:
    with own_desk.reading(own_desk.reader(Patience(renew=0.5), idle=idle, poll_seconds=1)):
        own_desk.wait_for_reads(1)
        own_desk.dovecot.stop()
        own_desk.dovecot.start()
        own_desk.put(1)
        own_desk.spool.wait(1)


def test_without_move_and_uidplus(running: Loop, spool: FileSpool, dovecot: Dovecot) -> None:
    with running_dovecot("imap_capability = IMAP4rev1 IDLE LITERAL+") as poor:
        desk = Desk(poor, running, spool)
        desk.put(1, 2)
        assert desk.poll(desk.reader(after="move"), 3) == 2
        desk.put(3)
        assert desk.poll(desk.reader(), 2) == 1
        assert desk.there("maild") == only(1, 2, 3)
        assert all("\\Deleted" in one.flags for one in poor.messages(desk.user))  # no EXPUNGE of what others marked
        assert desk.kept == only(1, 2, 3)


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_encrypted(desk: Desk, security: str) -> None:
    port = desk.dovecot.imaps_port if security == "tls" else desk.dovecot.imap_port
    desk.put(1)
    reader = desk.reader(security=security, port=port, idle=True)
    with pytest.raises(Disconnected, match="certificate_refused"):  # nobody vouches for it
        desk.poll(reader)
    reader._tls = ssl.create_default_context(cafile=str(desk.dovecot.certificate))
    assert desk.poll(reader) == 1
    with desk.reading(reader):
        desk.wait_for_reads(1)
        desk.put(2)
        desk.spool.wait(2)


def test_no_starttls_no_password(running: Loop, spool: FileSpool, dovecot: Dovecot) -> None:
    with running_dovecot("ssl = no") as plain:
        desk = Desk(plain, running, spool)
        with pytest.raises(Disconnected, match="no_starttls"):
            desk.poll(desk.reader(security="starttls"))


def test_the_wrong_password(desk: Desk) -> None:
    with pytest.raises(Refused, match="login_refused"):
        desk.poll(desk.reader(password="wrong"))


def test_login_without_sasl(desk: Desk) -> None:
    """LOGIN with a quoted string, where the server has nothing better."""
    user = 'o"d\\d@desk.example'

    async def log_in(secret: str) -> None:
        from maild.receive.imap_connection import _login
        from maild.receive.imap_protocol import Protocol

        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_connection(lambda: Protocol(loop), "127.0.0.1", desk.dovecot.imap_port)
        await protocol.greeted()
        protocol.capabilities = {"IMAP4REV1"}
        try:
            await _login(protocol, user, secret, QUICK)
        finally:
            protocol.transport.abort()

    desk.running.run(log_in(PASSWORD))
    with pytest.raises(Refused, match="login_refused"):
        desk.running.run(log_in(PASSWORD + "x"))


def test_a_mailbox_that_is_not_there(desk: Desk) -> None:
    with pytest.raises(Refused, match="select_refused"):
        desk.poll(desk.reader(mailbox="nowhere"))


def test_nobody_listens(desk: Desk) -> None:
    with pytest.raises(Disconnected, match="no_connection"):
        desk.poll(desk.reader(port=1))


def test_commands_take_turns(desk: Desk) -> None:
    """Concurrent commands kill an aioimaplib connection: there is one lock."""
    desk.put(*range(5))

    async def all_at_once() -> list[Any]:
        connection = await connect("127.0.0.1", desk.dovecot.imap_port, "none", desk.user, PASSWORD)
        await connection.select("INBOX")
        try:
            return list(
                await asyncio.gather(
                    *(connection.bodies([n], 1000) for n in range(1, 6)), *(connection.search("ALL") for _ in range(5))
                )
            )
        finally:
            connection.close()

    results = desk.running.run(all_at_once())
    assert [list(one.values()) for one in results[:5]] == [[raw] for raw in only(*range(5))]
    assert results[5:] == [[1, 2, 3, 4, 5]] * 5


def test_marks_are_ours_alone(desk: Desk, tmp_path: Path) -> None:
    """The keyword goes as soon as the mail is kept; nothing else is ever marked."""
    desk.dovecot.append(desk.user, mail(1, 5000))
    desk.poll(desk.reader(fetch_bytes=1000))
    assert [set(one.flags) for one in desk.dovecot.messages(desk.user)] == [{LEFT}]
    desk.poll(desk.reader(fetch_bytes=10_000))
    assert [set(one.flags) for one in desk.dovecot.messages(desk.user)] == [set()]
