"""IMAP when the server lies, the wire breaks, or one mail cannot be read: nothing lost, nobody held up (M8, M9)."""

from __future__ import annotations

import contextlib
import re
import ssl
from collections.abc import Iterator

import pytest

from maild.errors import Temporary
from maild.receive.imap import LEFT, UNSURE, Reader
from maild.receive.imap_connection import Disconnected, Patience
from servers.dovecot import Dovecot
from servers.imap_desk import Desk, mail, only
from servers.proxy import Proxy, proxy
from servers.receiving import FileSpool, Loop

POISON = b"Subject: 2\r\n"


@pytest.fixture
def desk(dovecot: Dovecot, running: Loop, spool: FileSpool) -> Desk:
    return Desk(dovecot, running, spool)


@pytest.fixture
def wire(dovecot: Dovecot) -> Iterator[Proxy]:
    with proxy(dovecot.imap_port) as it:
        yield it


def without_keywords(data: bytes) -> bytes:
    return data.replace(b" \\*)]", b")]")


def polls(desk: Desk, reader: Reader, times: int) -> list[str]:
    """So many polls, each on a connection of its own; the codes of those that failed."""
    failed = []
    for _ in range(times):
        try:
            desk.poll(reader)
        except Temporary as error:
            failed.append(str(error))
    return failed


def test_a_server_that_lies_about_sizes(desk: Desk, wire: Proxy) -> None:
    wire.answers = lambda data: re.sub(rb"RFC822\.SIZE (\d+)", lambda m: b"RFC822.SIZE %d" % (int(m[1]) + 1), data)
    desk.put(1, 2)
    assert desk.poll(desk.reader(after="delete", port=wire.port), 2) == 2
    desk.put(3)
    assert desk.poll(desk.reader(), 2) == 1  # another process neither fetches nor removes them
    assert (desk.kept, desk.there()) == (only(1, 2, 3), only(1, 2, 3))
    assert [set(one.flags) for one in desk.dovecot.messages(desk.user)] == [{UNSURE}] * 3


def test_a_mail_that_breaks_the_connection(desk: Desk, wire: Proxy) -> None:
    wire.answers = lambda data: None if POISON in data else data
    desk.put(1, 2, 3, 4)
    reader = desk.reader(after="delete", port=wire.port)
    failed = polls(desk, reader, 8)
    assert len(failed) == 4  # once in a group, three times alone
    assert (desk.kept, desk.there()) == (only(1, 3, 4), only(2))
    assert [left.reason for left in desk.left] == ["unreadable"]
    assert [set(one.flags) for one in desk.dovecot.messages(desk.user)] == [{LEFT}]
    wire.answers = lambda data: data
    assert desk.poll(desk.reader()) == 1
    assert (desk.kept, desk.there()) == (only(1, 3, 4, 2), [])


@pytest.mark.parametrize("keywords", [True, False])
def test_an_empty_answer_is_no_mail(desk: Desk, wire: Proxy, keywords: bool) -> None:
    def empty(data: bytes) -> bytes:
        data = data if keywords else without_keywords(data)
        return re.sub(rb"BODY\[\] \{\d+\}\r\n[^)]*" + POISON + rb"[^)]*\)", b"BODY[] NIL)", data)

    wire.answers = empty
    desk.put(1, 2, 3)
    failed = polls(desk, desk.reader(after="delete", port=wire.port), 6)
    assert failed and set(failed) == {"no_body"}
    assert (desk.kept, desk.there()) == (only(1, 3), only(2))
    assert [left.reason for left in desk.left] == ["unreadable"]


def test_a_message_without_an_answer(desk: Desk, wire: Proxy) -> None:
    wire.answers = lambda data: re.sub(rb"\* \d+ FETCH \(UID 2 RFC822[^\n]*\n", b"", data)
    desk.put(1, 2, 3)
    assert set(polls(desk, desk.reader(after="delete", port=wire.port), 6)) == {"no_envelope"}
    assert (desk.kept, desk.there()) == (only(1, 3), only(2))


def test_cut_between_commit_and_removal(desk: Desk, wire: Proxy) -> None:
    wire.commands = lambda data: None if b"UID STORE" in data else data
    desk.put(1, 2)
    reader = desk.reader(after="delete", port=wire.port)
    with pytest.raises(Disconnected):
        desk.poll(reader)
    assert (desk.kept, desk.there()) == (only(1, 2), only(1, 2))
    wire.commands = lambda data: data
    asked: list[bytes] = []
    wire.commands = lambda data: asked.append(data) or data  # type: ignore[func-returns-value]
    assert desk.poll(desk.reader()) == 0
    assert (desk.kept, desk.there()) == (only(1, 2), [])
    assert b"BODY" not in b"".join(asked)  # not fetched again


def test_cut_between_mark_and_expunge(desk: Desk, wire: Proxy) -> None:
    wire.commands = lambda data: None if b"UID EXPUNGE" in data else data
    desk.put(1, 2)
    with pytest.raises(Disconnected):
        desk.poll(desk.reader(after="delete", port=wire.port))
    wire.commands = lambda data: data
    desk.put(3)
    desk.poll(desk.reader())
    assert (desk.kept, desk.there()) == (only(1, 2, 3), [])


def test_cut_in_the_middle_of_a_mail(desk: Desk, wire: Proxy) -> None:
    def cut(data: bytes) -> bytes | None:
        if len(data) > 5000 and b"xxxx" in data:
            wire.answers = lambda data: None  # part of it passes, then nothing any more
            return data[:3000]
        return data

    wire.answers = cut
    large = mail(1, 200_000)
    desk.dovecot.append(desk.user, large)
    reader = desk.reader(after="delete", port=wire.port)
    with pytest.raises(Disconnected):
        desk.poll(reader)
    assert (desk.kept, desk.there()) == ([], [large])
    wire.answers = lambda data: data
    assert desk.poll(reader) == 1
    assert (desk.kept, desk.there()) == ([large], [])


def test_a_server_without_keywords_forgets_nothing(desk: Desk, wire: Proxy) -> None:
    wire.answers = without_keywords
    large = mail(2, 50_000)
    desk.put(1)
    desk.dovecot.append(desk.user, large)
    desk.put(3)
    assert desk.poll(desk.reader(after="delete", port=wire.port, fetch_bytes=40_000), 3) == 2
    assert desk.poll(desk.reader(), 2) == 0  # the next process knows of no mark, and removes nothing blindly
    assert desk.there() == [large] and len(desk.left) == 2
    assert desk.poll(desk.reader(fetch_bytes=60_000)) == 1
    assert (desk.kept, desk.there()) == ([mail(1), mail(3), large], [])


def test_a_server_without_keywords_after_a_crash(desk: Desk, wire: Proxy) -> None:
    wire.answers = without_keywords
    desk.put(1, 2)
    desk.poll(desk.reader(after="keep", port=wire.port))
    desk.poll(desk.reader(after="delete"))
    # Handed over once more, for the pipeline to know them: better than to remove what may never have been kept.
    assert (desk.kept, desk.there()) == (only(1, 2, 1, 2), [])
    assert [one.cursor[1] for one in desk.spool.mails() if one.cursor] == [1, 2, 2, 2]  # and no step back


@pytest.mark.parametrize(
    "flood", [b"* OK x\r\n" * 100_000, b"x" * 65_536, b"* 1 EXISTS {99999999}\r\n" + b"y" * 60_000]
)
def test_a_server_that_never_stops(desk: Desk, wire: Proxy, flood: bytes) -> None:
    wire.answers = lambda data: data + flood * (20_000_000 // len(flood))
    with pytest.raises(Disconnected):
        desk.poll(desk.reader(Patience(connect=10, command=2), port=wire.port))


@pytest.mark.parametrize(
    "greeting", [b"* BYE go away\r\n", b"* PREAUTH hello\r\n", b"\xff\xfe\r\n", b"HTTP/1.1 400 \r\n\r\n"]
)
def test_strange_greetings(desk: Desk, wire: Proxy, greeting: bytes) -> None:
    def strange(data: bytes) -> bytes:
        return greeting if data.startswith(b"* OK [CAPABILITY") else data

    wire.answers = strange
    with pytest.raises(Disconnected):
        desk.poll(desk.reader(Patience(connect=1, command=1), port=wire.port))


@pytest.mark.parametrize("injected", [b"* CAPABILITY IMAP4rev1 EVIL\r\n", b"* half a line", b"X1 OK done\r\n"])
def test_what_was_said_before_tls_counts_for_nothing(desk: Desk, wire: Proxy, injected: bytes) -> None:
    wire.answers = lambda data: data + injected if b"Begin TLS" in data else data
    reader = desk.reader(security="starttls", port=wire.port)
    reader._tls = ssl.create_default_context(cafile=str(desk.dovecot.certificate))

    async def capabilities() -> frozenset[str]:
        connection = await reader.connect()
        connection.close()
        return connection.capabilities

    with contextlib.suppress(Disconnected):  # refused altogether: as good
        assert "EVIL" not in desk.running.run(capabilities())


def test_a_thousand_lines_at_once(desk: Desk) -> None:
    """aioimaplib recurses once a line (its issue 118): another client empties the mailbox while we look on."""
    with desk.dovecot.client(desk.user) as person:
        for number in range(1200):
            person.append("INBOX", "", "", b"Subject: %d\r\n\r\n" % number)
    reader = desk.reader(idle=True, poll_seconds=3600)
    with desk.reading(reader):
        desk.wait_for_reads(1)
        with desk.dovecot.client(desk.user, "INBOX") as person:
            person.store("1:*", "+FLAGS", "(\\Deleted)")
            person.expunge()
        desk.put(1)
        desk.spool.wait(1201)
    assert len(desk.kept) == 1201


def test_news_that_comes_while_we_are_busy(desk: Desk, wire: Proxy) -> None:
    """A server speaks of a new mail once, in answer to whatever command is next; IDLE does not say it again."""

    def another(data: bytes) -> bytes:
        if b"UID EXPUNGE" in data:
            wire.commands = lambda data: data
            desk.put(2)
        return data

    wire.commands = another
    desk.put(1)
    with desk.reading(desk.reader(idle=True, poll_seconds=3600, after="delete", port=wire.port)):
        desk.spool.wait(2)
    assert desk.kept == only(1, 2)
