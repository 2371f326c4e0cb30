"""The board of a shared inbox on a real Dovecot: what is filed where, and all that must be left alone."""

from __future__ import annotations

import asyncio
import itertools
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from maild.board import OURS, Filing, Pace
from maild.config import Board, Secret
from maild.desk.case import Case
from maild.desk.rules import Desk
from maild.pipeline import board as hook
from maild.pipeline.world import World
from maild.receive.imap_connection import Disconnected, Refused
from maild.receive.mailbox_name import encode, quote
from maild.store import Outgoing, Store
from servers.dovecot import PASSWORD, Dovecot, Kept
from servers.imap_desk import QUICK
from servers.proxy import proxy
from servers.receiving import PATIENCE, Loop

NOW = datetime(2026, 1, 10, tzinfo=UTC)
DESK = "soudan@desk.example"
INBOX, WAITING, ANSWERED, CLOSED = "INBOX", "対応待ち", "返信済み", "終了"
FAST = Pace(gap=0.05, longest=0.2, again=0.05, longest_again=0.2, failed=0.05, longest_failed=0.2)
_users = itertools.count(1)
WORLD = World(
    desks=(),
    operators=(),
    trusted_authserv=frozenset(),
    token=lambda: "",
    is_holiday=lambda desk, day: False,
    boards=frozenset(("soudan",)),
)


def mail(message_id: str, *, sender: str = DESK, subject: str = "受付1", extra: str = "") -> bytes:
    return (
        f"From: =?utf-8?B?56qT5Y+j?= <{sender}>\r\nTo: counselors@desk.example\r\nSubject: {subject}\r\n"
        f"Message-ID: {message_id}\r\n{extra}\r\n本文\r\n"
    ).encode()


class Stage:
    """A shared inbox, the store of its desk, and what files the one by the other."""

    def __init__(self, dovecot: Dovecot, running: Loop, home: Path) -> None:
        self.dovecot, self.running = dovecot, running
        self.user = f"board{next(_users)}@desk.example"
        self.store = Store.open(f"sqlite:///{home}/maild.db", bytes(32))
        secret = home / "password"
        secret.write_text(PASSWORD + "\n")
        self.board = Board(
            dovecot.host, dovecot.imap_port, "none", self.user, Secret("password_file", secret),
            INBOX, WAITING, ANSWERED, CLOSED,
        )  # fmt: skip
        self.desk = Desk("soudan", "consultation", DESK, "窓口", "ja", "Asia/Tokyo", self.user)
        self.seconds = 0.0
        self._instants = itertools.count()
        self._mails = itertools.count(1)
        self.tried: Filing | None = None

    # -- the desk

    def put(
        self, number: int, state: str = "waiting_desk", *, notices: int = 0, arrive: bool = True, **change: Any
    ) -> list[str]:
        """The case as the pipeline puts it, with so many new notices that were delivered; their Message-IDs."""
        at = NOW + timedelta(seconds=next(self._instants))
        ids = []
        if state == "closed":
            change = {"reason": "counselor", "closed": at} | change
        with self.store.transaction() as tx:
            before = tx.case(number)
            if before is None:
                assert tx.new_number() == number
            before = before or Case(number=number, desk="soudan", client=f"c{number}@x.example", opened=NOW)
            case = replace(before, state=cast(Any, state), **change)
            hook.moved(tx, WORLD, case, at)
            tx.put_case(case, {})
            for _ in range(notices):
                message_id = f"<token{next(self._mails)}.{number}@desk.example>"
                self.queue(tx, number, message_id, at)
                ids.append(message_id)
        if notices:
            self.deliver_all(at)
        if arrive:
            for message_id in ids:
                self.arrive(mail(message_id))
        return ids

    def queue(self, tx: Any, number: int, message_id: str, at: datetime, recipient: str | None = None) -> None:
        outgoing = Outgoing(
            message_id, number, "soudan", "counselor", "notice", DESK, recipient or self.user, b"x", at, message_id
        )
        tx.queue(outgoing)
        hook.mail_queued(tx, WORLD, number, at)

    def deliver_all(self, at: datetime) -> None:
        for one in self.store.claim(at, 100):
            self.store.sent(one.id, at, "250")

    def arrive(self, raw: bytes, folder: str = INBOX) -> None:
        self.dovecot.append(self.user, raw, mailbox=quote(encode(folder)))

    def remembered(self) -> dict[str, str]:
        with self.store.read() as tx:
            return tx.recalled("board:soudan:")

    # -- the board

    def filing(self, pace: Pace | None = None, **change: Any) -> Filing:
        async def run_blocking(function: Callable[..., Any], *arguments: object) -> Any:
            return await asyncio.to_thread(function, *arguments)

        board = replace(self.board, **change)
        seconds = (lambda: self.seconds) if pace is None else None
        return Filing(self.desk, board, self.store, run_blocking, pace=pace, patience=QUICK, seconds=seconds)

    def look(self, later: float = 600.0, **change: Any) -> None:
        """The board looks once, some time later."""
        self.seconds += later
        if self.tried is None or change:
            self.tried = self.filing(**change)
        self.running.run(self.tried.file())

    # -- a person

    def there(self, folder: str) -> list[Kept]:
        return self.dovecot.messages(self.user, quote(encode(folder)))

    def ids(self, folder: str) -> list[str]:
        """Message-IDs of what lies there."""
        return [
            line[12:]
            for one in self.there(folder)
            for line in one.raw.decode().split("\r\n")
            if line[:11] == "Message-ID:"
        ]

    def flags(self, folder: str) -> list[set[str]]:
        return [set(one.flags) for one in self.there(folder)]

    def does(self, folder: str, *words: str) -> None:
        """One UID command of a person's mail program on all mails of a folder."""
        with self.dovecot.client(self.user, quote(encode(folder))) as it:
            status, said = it.uid(words[0], "1:*", *words[1:])
            assert status == "OK", said

    def folders(self) -> dict[str, list[str]]:
        return {name: sorted(self.ids(name)) for name in (INBOX, WAITING, ANSWERED, CLOSED)}


@pytest.fixture
def stage(dovecot: Dovecot, running: Loop, tmp_path: Path) -> Iterator[Stage]:
    it = Stage(dovecot, running, tmp_path)
    yield it
    assert it.store.check_consistency() == []
    it.store.close()


@pytest.fixture
def own_stage(own_dovecot: Dovecot, running: Loop, tmp_path: Path) -> Iterator[Stage]:
    it = Stage(own_dovecot, running, tmp_path)
    yield it
    it.store.close()


def test_notices_go_where_the_case_goes(stage: Stage) -> None:
    (first,) = stage.put(1, notices=1)
    stage.look()
    assert stage.folders() == {INBOX: [], WAITING: [first], ANSWERED: [], CLOSED: []}
    stage.does(WAITING, "STORE", "+FLAGS", "(\\Seen)")
    (second,) = stage.put(1, "waiting_client", notices=1)
    stage.look()
    assert stage.folders() == {INBOX: [], WAITING: [], ANSWERED: [first, second], CLOSED: []}
    assert sorted(map(len, stage.flags(ANSWERED))) == [0, 1]  # read stays read, and unread unread
    stage.put(1, "closed")
    stage.look()
    assert stage.folders() == {INBOX: [], WAITING: [], ANSWERED: [], CLOSED: [first, second]}
    stage.put(1, reason=None, closed=None)
    stage.look()
    assert stage.folders()[WAITING] == [first, second]
    assert stage.remembered() == {}


def test_the_folders_are_made_and_subscribed_at_the_start(stage: Stage) -> None:
    stage.look()
    wanted = sorted(encode(one) for one in (INBOX, WAITING, ANSWERED, CLOSED))
    assert stage.dovecot.mailboxes(stage.user) == wanted
    with stage.dovecot.client(stage.user) as it:
        _, lines = it.lsub()
    assert sorted(line.decode().split()[-1].strip('"') for line in lines if line) == sorted(set(wanted) - {INBOX})
    stage.dovecot.doveadm("mailbox", "delete", "-u", stage.user, WAITING)
    (notice,) = stage.put(1, notices=1)
    stage.look()  # somebody removed the folder meanwhile
    assert stage.folders()[WAITING] == [notice]


def test_other_peoples_mail_is_never_touched(stage: Stage) -> None:
    ids = stage.put(1, notices=1, arrive=False, flags=frozenset(("crisis",)))
    ours = ids[0]
    others = [
        mail("<other@client.example>"),  # the same subject
        mail(ours, sender="evil@client.example"),
        mail(ours, sender="soudan@desk.example.evil.example"),
        mail(ours, sender=f"{DESK}> <evil@client.example"),
        mail(ours, extra="From: evil@client.example\r\n"),
        mail(ours, extra="Message-ID: <another@client.example>\r\n"),
        mail(f"<x{ours[1:]}"),
        mail(f"{ours} {ours}"),
        mail("<reply@desk.example>", extra=f"In-Reply-To: {ours}\r\nReferences: {ours}\r\n"),
        mail("<forward@desk.example>", extra=f"\r\nMessage-ID: {ours}\r\nFrom: {DESK}\r\n"),
        f"Subject: x\r\n\r\nMessage-ID: {ours}\r\n".encode(),
        b"From: \xff\xfe<\x00\r\nMessage-ID: " + ours.encode() + b"\r\n\r\n",
    ]
    for raw in others:
        stage.arrive(raw)
    before = stage.there(INBOX)
    stage.look()
    stage.arrive(mail(ours))
    stage.look()
    assert stage.there(INBOX) == before and stage.ids(WAITING) == [ours]
    stage.put(1, "closed")
    stage.look()
    assert stage.there(INBOX) == before and stage.ids(CLOSED) == [ours]


def test_a_message_id_on_a_line_of_its_own(stage: Stage) -> None:
    (ours,) = stage.put(1, notices=1, arrive=False)
    stage.arrive(mail(f"\r\n {ours}"))
    stage.look()
    assert (len(stage.there(INBOX)), len(stage.there(WAITING))) == (0, 1)


def test_only_what_went_to_the_shared_inbox(stage: Stage) -> None:
    stage.put(1)
    with stage.store.transaction() as tx:
        stage.queue(tx, 1, "<oncall@desk.example>", NOW, "oncall@desk.example")
    stage.deliver_all(NOW + timedelta(days=1))
    stage.arrive(mail("<oncall@desk.example>"))
    stage.look()
    assert stage.ids(INBOX) == ["<oncall@desk.example>"] and stage.remembered() == {}


def test_a_notice_that_has_not_arrived_yet(stage: Stage) -> None:
    (notice,) = stage.put(1, notices=1, arrive=False)
    stage.look()
    assert len(stage.remembered()) == 1
    stage.arrive(mail(notice))
    stage.look(1.0)  # too soon to look again
    assert stage.ids(INBOX) == [notice]
    stage.look(2.0)
    assert stage.ids(WAITING) == [notice] and stage.remembered() == {}


def test_a_notice_that_waits_in_the_outbox_is_waited_for(stage: Stage) -> None:
    stage.put(1)
    with stage.store.transaction() as tx:
        stage.queue(tx, 1, "<late@desk.example>", NOW)
    for _ in range(5):
        stage.look(86400.0)  # the relay is down for days
    assert len(stage.remembered()) == 1
    stage.deliver_all(NOW + timedelta(days=5))
    stage.arrive(mail("<late@desk.example>"))
    stage.look(86400.0)
    assert stage.ids(WAITING) == ["<late@desk.example>"] and stage.remembered() == {}


def test_a_person_deletes_moves_and_marks(stage: Stage) -> None:
    deleted, marked, elsewhere, kept = stage.put(1, notices=4)
    stage.dovecot.doveadm("mailbox", "create", "-u", stage.user, "個人")
    stage.look()
    for search, action in ((deleted, "expunge"), (elsewhere, "move")):
        query = ["mailbox", WAITING, "HEADER", "Message-ID", search]
        words = ["expunge", "-u", stage.user, *query]
        if action == "move":
            words = ["move", "-u", stage.user, "個人", *query]
        stage.dovecot.doveadm(*words)
    stage.dovecot.doveadm(
        "flags", "add", "-u", stage.user, "\\Deleted", "mailbox", WAITING, "HEADER", "Message-ID", marked
    )
    with stage.store.read() as tx:
        before = tx.case(1)
    stage.put(1, "closed")
    stage.look()
    assert (stage.ids(WAITING), stage.ids(CLOSED), stage.ids("個人")) == ([marked], [kept], [elsewhere])
    assert len(stage.remembered()) == 1  # they may be on their way
    for _ in range(8):
        stage.look()
    assert stage.remembered() == {}
    assert (stage.ids(WAITING), stage.ids(CLOSED), stage.ids("個人")) == ([marked], [kept], [elsewhere])
    with stage.store.read() as tx:
        after = tx.case(1)
    assert before is not None and after is not None
    assert after == replace(before, state="closed", reason=after.reason, closed=after.closed)


def test_where_a_person_puts_a_notice_it_stays_until_the_case_moves(stage: Stage) -> None:
    (notice,) = stage.put(1, notices=1)
    stage.look()
    stage.does(WAITING, "MOVE", quote(encode(CLOSED)))
    for _ in range(3):
        stage.look()
    assert stage.ids(CLOSED) == [notice]
    stage.put(1, "waiting_client")
    stage.look()
    assert stage.ids(ANSWERED) == [notice]


def test_an_urgent_notice_is_flagged_and_the_flag_goes_again(stage: Stage) -> None:
    stage.put(1, notices=2, flags=frozenset(("crisis",)))
    stage.look()
    assert stage.flags(WAITING) == [{"\\Flagged", OURS}] * 2
    stage.put(1, "waiting_client", flags=frozenset())
    stage.look()
    assert stage.flags(ANSWERED) == [set(), set()]


def test_a_persons_flag_stays_and_stays_away(stage: Stage) -> None:
    stage.put(1, notices=1)
    stage.put(2, notices=1)
    stage.does(INBOX, "STORE", "+FLAGS", "(\\Flagged)")
    stage.put(1, flags=frozenset(("crisis",)))
    stage.look()
    assert stage.flags(WAITING) == [{"\\Flagged"}] * 2
    stage.put(1, "waiting_client", flags=frozenset())
    stage.look()
    assert stage.flags(ANSWERED) == [{"\\Flagged"}]  # it was not ours
    stage.put(2, "undeliverable", flags=frozenset(("crisis",)))
    stage.does(WAITING, "STORE", "-FLAGS", "(\\Flagged)")
    stage.look()
    assert stage.flags(WAITING) == [{"\\Flagged", OURS}]
    stage.does(WAITING, "STORE", "-FLAGS", "(\\Flagged)")
    stage.put(2, "closed")
    stage.look()
    assert stage.flags(CLOSED) == [{OURS}]  # somebody has seen to it


def test_many_cases(stage: Stage) -> None:
    for number in range(1, 103):
        stage.put(number, ("waiting_desk", "waiting_client", "closed")[number % 3], notices=1)
    stage.look()
    assert {name: len(ids) for name, ids in stage.folders().items()} == {
        INBOX: 0,
        WAITING: 34,
        ANSWERED: 34,
        CLOSED: 34,
    }
    assert stage.remembered() == {}


def test_a_new_board_begins_with_the_open_cases(stage: Stage) -> None:
    stage.put(1, notices=1)
    stage.put(2, "closed", notices=1)
    with stage.store.transaction() as tx:
        for name in tx.recalled("board:soudan:"):
            tx.forget(name)  # as if there had been no board
    stage.look()
    assert {name: len(ids) for name, ids in stage.folders().items()} == {INBOX: 1, WAITING: 1, ANSWERED: 0, CLOSED: 0}
    stage.does(WAITING, "MOVE", INBOX)
    stage.look(inbox=INBOX)  # another process, the same board
    assert len(stage.there(INBOX)) == 2
    stage.look(waiting="急ぎ")
    assert len(stage.there("急ぎ")) == 1


def test_waiting_may_be_the_inbox_itself(stage: Stage) -> None:
    (notice,) = stage.put(1, notices=1, flags=frozenset(("crisis",)))
    uid = stage.there(INBOX)[0].uid
    stage.look(waiting=INBOX)
    assert stage.ids(INBOX) == [notice] and stage.there(INBOX)[0].uid == uid
    assert stage.flags(INBOX) == [{"\\Flagged", OURS}]
    stage.put(1, "waiting_client")
    stage.look()
    assert stage.ids(ANSWERED) == [notice]
    stage.put(1)
    stage.look()
    assert stage.ids(INBOX) == [notice]


def test_a_change_while_the_board_files_is_not_lost(stage: Stage) -> None:
    (notice,) = stage.put(1, notices=1)
    filing = stage.filing()
    forget = filing._forget

    def meanwhile(errands: Any) -> None:
        if errands:
            stage.put(1, "closed")
        filing._forget = forget  # type: ignore[method-assign]
        forget(errands)

    filing._forget = meanwhile  # type: ignore[method-assign]
    stage.running.run(filing.file())
    assert stage.ids(WAITING) == [notice] and len(stage.remembered()) == 1
    stage.running.run(filing.file())
    assert stage.ids(CLOSED) == [notice] and stage.remembered() == {}


@pytest.mark.parametrize("uidplus", [True, False])
def test_a_server_without_move_never_expunges_what_others_marked(stage: Stage, uidplus: bool) -> None:
    stage.arrive(mail("<marked@client.example>"))
    stage.does(INBOX, "STORE", "+FLAGS", "(\\Deleted)")
    (notice,) = stage.put(1, notices=1, flags=frozenset(("crisis",)))
    stage.does(INBOX, "STORE", "+FLAGS", "(\\Seen)")
    with proxy(stage.dovecot.imap_port) as wire:
        wire.answers = lambda data: data.replace(b" MOVE", b"").replace(b" UIDPLUS", b" UIDPLUS" if uidplus else b"")
        stage.look(port=wire.port)
        stage.look()
    left = ["<marked@client.example>"] if uidplus else ["<marked@client.example>", notice]
    assert (stage.ids(INBOX), stage.ids(WAITING)) == (left, [notice])
    assert stage.flags(WAITING) == [{"\\Seen", "\\Flagged", OURS}]


def test_a_server_without_keywords(stage: Stage) -> None:
    stage.put(1, notices=1, flags=frozenset(("crisis",)))
    with proxy(stage.dovecot.imap_port) as wire:
        wire.answers = lambda data: data.replace(b" \\*)]", b")]")
        stage.look(port=wire.port)
        assert stage.flags(WAITING) == [{"\\Flagged"}]
        stage.put(1, "closed", flags=frozenset())
        stage.look()
    assert stage.flags(CLOSED) == [{"\\Flagged"}]  # nobody knows whose it is


def test_a_mail_that_breaks_the_connection_holds_up_nobody(stage: Stage) -> None:
    (bad,) = stage.put(1, notices=1)
    (good,) = stage.put(2, notices=1)
    with proxy(stage.dovecot.imap_port) as wire:
        wire.answers = lambda data: None if bad.encode() in data else data
        stage.tried = stage.filing(port=wire.port)
        failed = 0
        for _ in range(4):
            try:
                stage.look()
            except Disconnected:
                failed += 1
    assert failed and stage.ids(WAITING) == [good] and stage.ids(INBOX) == [bad]
    stage.look(port=stage.dovecot.imap_port)
    assert sorted(stage.ids(WAITING)) == sorted([bad, good])


def test_over_tls_and_only_with_the_right_certificate(stage: Stage) -> None:
    (notice,) = stage.put(1, notices=1)
    tls: dict[str, Any] = {"security": "tls", "port": stage.dovecot.imaps_port}
    with pytest.raises(Disconnected, match="certificate_refused"):
        stage.look(**tls)
    stage.look(**tls, ca_file=stage.dovecot.certificate)
    assert stage.ids(WAITING) == [notice]
    stage.put(1, "closed")
    stage.look(security="starttls", ca_file=stage.dovecot.certificate)
    assert stage.ids(CLOSED) == [notice]


def test_a_wrong_password_is_a_code_and_nothing_more(stage: Stage, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong\n")
    with pytest.raises(Refused, match=r"^login_refused$"):
        stage.look(password=Secret("password_file", wrong))


def test_the_server_goes_and_comes_back(own_stage: Stage, capfd: pytest.CaptureFixture[str]) -> None:
    stage = own_stage
    filing = stage.filing(FAST)
    task = stage.running.start(filing.run())

    def until(folder: str, wanted: list[str]) -> None:
        for _ in range(400):
            if stage.ids(folder) == wanted:
                return
        pytest.fail(f"never filed: {stage.folders()}")

    try:
        (first,) = stage.put(1, notices=1)
        until(WAITING, [first])
        stage.dovecot.stop()
        stage.put(1, "waiting_client")
        stage.dovecot.start()
        until(ANSWERED, [first])
        stage.dovecot.signal_sessions(signal.SIGKILL)
        stage.put(1, "closed")
        until(CLOSED, [first])
        assert not task.done()
    finally:

        async def stop() -> None:
            task.cancel()
            await asyncio.wait({task}, timeout=PATIENCE)

        stage.running.run(stop())
    assert task.cancelled()
    assert "@" not in capfd.readouterr().err  # no address in any line of the log
