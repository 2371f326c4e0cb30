"""One suite over every database the store runs on. SQLite always; PostgreSQL where its server is installed."""

from __future__ import annotations

import gc
import os
import shutil
import socket
import subprocess
import tempfile
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import maild.store.spool as spool
from maild.desk.case import Case
from maild.store import (
    Entry,
    Incoming,
    Outage,
    Outgoing,
    Store,
    StoreError,
    Suspension,
    WrongKey,
)

NOW = datetime(2026, 1, 10, 14, 50, tzinfo=UTC)
KEY = bytes(range(32))
DESK = "soudan"
HANAKO = "hanako@docomo.example"
TARO = "taro@ezweb.example"


def _binaries() -> Path | None:
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").exists() and (place / "pg_ctl").exists()), None)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A PostgreSQL server of our own on loopback; both programs refuse root, so nobody runs them."""
    binaries = _binaries()
    if binaries is None:
        if os.environ.get("CI") == "true":
            pytest.fail("PostgreSQL is not installed, and CI must test it")
        pytest.skip("PostgreSQL IS NOT TESTED: no server installed")
    # Not under pytest's directory: that is closed to the user nobody, and other runs clean it up.
    directory = Path(tempfile.mkdtemp(prefix="maild-postgresql-"))
    as_root = os.geteuid() == 0
    user = ["runuser", "-u", "nobody", "--"] if as_root else []
    if as_root:
        shutil.chown(directory, "nobody")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = directory / "data"
    initdb = [*user, str(binaries / "initdb"), "-D", str(data), "-U", "maild", "--no-sync", "-A", "trust", "-E", "UTF8"]
    subprocess.run([*initdb, "--locale=C"], check=True, capture_output=True, cwd=directory)
    options = f"-k {directory} -p {port} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200"
    control = [*user, str(binaries / "pg_ctl"), "-D", str(data), "-w", "-l", str(directory / "log")]
    subprocess.run([*control, "-o", options, "start"], check=True, capture_output=True, cwd=directory)
    try:
        yield f"postgresql://maild@127.0.0.1:{port}/"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, capture_output=True, cwd=directory)
        shutil.rmtree(directory, ignore_errors=True)


_databases = iter(range(1_000_000))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'var' / 'maild.db'}"
    import psycopg

    base = request.getfixturevalue("server")
    name = f"maild_{next(_databases)}"
    with psycopg.connect(f"{base}postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{base}{name}"


@pytest.fixture
def reopen(url: str) -> Iterator[Callable[[], Store]]:
    """Open the database; every store that was opened is checked and closed at the end."""
    stores: list[Store] = []

    def opened() -> Store:
        stores.append(Store.open(url, KEY))
        return stores[-1]

    yield opened
    faults = stores[-1].check_consistency() if stores else []
    for store in stores:
        store.close()
    assert faults == []


@pytest.fixture
def store(reopen: Callable[[], Store]) -> Store:
    return reopen()


def incoming(raw: bytes = b"raw", **change: object) -> Incoming:
    mail = Incoming("smtp", NOW, HANAKO, (f"{DESK}@desk.example",), raw)
    return replace(mail, **change)  # type: ignore[arg-type]


def a_case(number: int, client: str = HANAKO, **change: object) -> Case:
    return replace(Case(number=number, desk=DESK, client=client, opened=NOW, state="waiting_desk"), **change)  # type: ignore[arg-type]


def outgoing(once: str, case: int | None, **change: object) -> Outgoing:
    mail = Outgoing(
        message_id=f"<{once}@desk.example>",
        case=case,
        desk=DESK,
        audience="client",
        template="ack",
        sender=f"{DESK}@desk.example",
        recipient=HANAKO,
        data=b"Subject: x\r\n\r\nbody of " + once.encode(),
        created=NOW,
        once=once,
        counted=True,
    )
    return replace(mail, **change)  # type: ignore[arg-type]


def client_mail(case: int | None, **change: object) -> Entry:
    entry = Entry(
        case=case,
        desk=DESK,
        at=NOW,
        kind="client",
        disposition="accepted",
        subject="相談です",
        text="本文",
        own_text="本文",
        message_id="<m1@docomo.example>",
        raw=b"raw bytes",
        address=HANAKO,
        body_key="本文",
        extra={"terms": "2026-04"},
    )
    return replace(entry, **change)  # type: ignore[arg-type]


def open_a_case(store: Store, client: str = HANAKO, **change: object) -> int:
    with store.transaction() as transaction:
        number = transaction.new_number()
        transaction.put_case(a_case(number, client, **change), {"silence": NOW + timedelta(days=30)})
    return number


class Boom(Exception):
    """What a test throws into a transaction."""


# -- spool ---------------------------------------------------------------------------------------------------------


def test_what_was_accepted_is_taken_once_restarted(reopen: Callable[[], Store]) -> None:
    ids = reopen().accept([incoming(b"first"), incoming(b"second", envelope_from=None)])
    taken = reopen().take(10, NOW)
    assert [(mail.id, mail.raw, mail.attempts) for mail in taken] == [(ids[0], b"first", 1), (ids[1], b"second", 1)]
    assert [mail.envelope_from for mail in taken] == [HANAKO, None]
    assert taken[0].recipients == (f"{DESK}@desk.example",)
    assert taken[0].arrived == NOW


def test_an_attempt_counts_even_if_nothing_comes_of_it(store: Store) -> None:
    store.accept([incoming()])
    assert [store.take(1, NOW)[0].attempts for _ in range(3)] == [1, 2, 3]


def test_large_mails_are_not_all_taken_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """In their order, and always one."""
    monkeypatch.setattr(spool, "_AT_ONCE", 300)
    ids = store.accept([incoming(b"1" * 200), incoming(b"2"), incoming(b"3" * 900), incoming(b"4")])
    for expected in (ids[:2], ids[2:3], ids[3:]):
        taken = store.take(10, NOW)
        assert [mail.id for mail in taken] == expected
        for mail in taken:
            store.quarantine(mail.id, "seen", NOW)
    assert store.take(10, NOW) == []


def test_postponed_and_quarantined_mails_let_the_others_pass(store: Store) -> None:
    first, second, third = store.accept([incoming(b"1"), incoming(b"2"), incoming(b"3")])
    store.postpone(first, NOW + timedelta(minutes=5))
    store.quarantine(second, "hung on <b@c.example>", NOW)
    assert [mail.id for mail in store.take(10, NOW)] == [third]
    assert [mail.id for mail in store.take(10, NOW + timedelta(minutes=5))] == [third, first]
    row = store.quarantined()[0]
    assert (row.id, row.reason, row.quarantined) == (second, "hung on (address)", NOW)
    assert store.raw(second) == b"2"
    assert store.spool_depth() == 2
    store.release(second)
    assert [(m.id, m.attempts) for m in store.take(10, NOW) if m.id == second] == [(second, 1)]
    assert store.quarantined() == []


def test_the_spool_knows_its_oldest(store: Store) -> None:
    assert store.oldest_waiting() is None
    store.accept([incoming(), incoming(arrived=NOW - timedelta(hours=2))])
    assert store.oldest_waiting() == NOW - timedelta(hours=2)


def test_the_imap_cursor_moves_with_the_commit_and_never_back(store: Store) -> None:
    assert store.imap_cursor("imap") is None
    store.accept([incoming(source="imap", cursor=(7, 12)), incoming(source="imap", cursor=(7, 10))])
    assert store.imap_cursor("imap") == (7, 12)
    store.accept([incoming(source="imap", cursor=(7, 3))])
    assert store.imap_cursor("imap") == (7, 12)
    store.accept([incoming(source="imap", cursor=(8, 1))])
    assert store.imap_cursor("imap") == (8, 1)


def test_addresses_and_bytes_of_any_kind_survive(store: Store) -> None:
    raw = bytes(range(256)) * 50
    store.accept([incoming(raw, envelope_from="a..b.\udc83@docomo.example", recipients=("x\x00y", ""))])
    mail = store.take(1, NOW)[0]
    assert (mail.raw, mail.envelope_from, mail.recipients) == (raw, "a..b.\udc83@docomo.example", ("x\x00y", ""))


# -- cases ---------------------------------------------------------------------------------------------------------


def test_a_case_comes_back_whole(store: Store) -> None:
    number = open_a_case(store)
    case = a_case(
        number,
        name="花子",
        flags=frozenset({"crisis", "companion"}),
        items=(("name", "花子\udc80"), ("age", "24歳")),
        unanswered_since=NOW,
        client_seconds=12.5,
        addresses=(TARO,),
    )
    with store.transaction() as transaction:
        transaction.put_case(case, {"silence": NOW})
        assert transaction.case(number) == case
    with store.read() as transaction:
        assert transaction.case(number) == case
        assert transaction.open_case(DESK, HANAKO) == case
        assert transaction.open_case(DESK, TARO) == case
        assert transaction.open_case("other", HANAKO) is None
        assert transaction.case(number + 1) is None


def test_an_address_that_was_taken_away_finds_nothing(store: Store) -> None:
    number = open_a_case(store, addresses=(TARO,))
    with store.transaction() as transaction:
        transaction.put_case(a_case(number), {})
        assert transaction.open_case(DESK, TARO) is None
    with store.read() as transaction:
        assert transaction.open_case(DESK, TARO) is None
        assert transaction.open_case(DESK, HANAKO) is not None


def test_one_client_has_one_open_case(store: Store) -> None:
    first = open_a_case(store)
    with pytest.raises(StoreError):
        open_a_case(store)
    with store.transaction() as transaction:  # closing the old one and opening a new one is one step
        second = transaction.new_number()
        transaction.put_case(a_case(second, previous=first), {})
        transaction.put_case(a_case(first, state="closed", reason="silence", closed=NOW), {})
        assert [case.number for case in transaction.cases_of(DESK, HANAKO)] == [second, first]
        found = transaction.open_case(DESK, HANAKO)
        assert found is not None and found.number == second
    with store.read() as transaction:
        assert [case.number for case in transaction.cases_of(DESK, HANAKO)] == [second, first]
    assert [case.number for case in store.list_cases(states=["closed"])] == [first]
    assert [case.number for case in store.list_cases(desk=DESK)] == [first, second]
    assert store.list_cases(desk="other") == []


def test_what_was_put_is_found_by_its_addresses_after_a_flush(store: Store) -> None:
    """Somebody asks for all open cases in the middle of a batch: the next mail of a new client still finds its case."""
    moved = open_a_case(store, TARO)
    with store.transaction() as transaction:
        transaction.prefetch(clients=[(DESK, HANAKO), (DESK, TARO)])
        fresh = transaction.new_number()
        transaction.put_case(a_case(fresh), {})
        transaction.put_case(a_case(moved, "third@x.example"), {})
        transaction.flush()
        found = transaction.open_case(DESK, HANAKO)
        assert found is not None and found.number == fresh
        assert transaction.open_case(DESK, TARO) is None
        found = transaction.open_case(DESK, "third@x.example")
        assert found is not None and found.number == moved


def test_a_number_is_never_given_twice(reopen: Callable[[], Store]) -> None:
    store = reopen()
    used = {open_a_case(store)}
    with pytest.raises(Boom), store.transaction() as transaction:
        transaction.put_case(a_case(transaction.new_number(), TARO), {})
        raise Boom
    used.add(open_a_case(store, TARO))
    with store.transaction() as transaction:
        numbers = [transaction.new_number() for _ in range(3)]
    used |= set(numbers)
    last = open_a_case(reopen(), "third@x.example")
    assert len(used) == 5 and last > max(used)


def test_after_a_rollback_a_number_can_come_again_with_another_key(store: Store) -> None:
    with pytest.raises(Boom), store.transaction() as transaction:
        lost = transaction.new_number()
        transaction.put_case(a_case(lost), {})
        transaction.record(client_mail(lost))
        transaction.flush()
        raise Boom
    number = open_a_case(store, TARO)
    with store.transaction() as transaction:
        transaction.record(client_mail(number, address=TARO))
    with store.read() as transaction:
        case = transaction.case(number)
        assert case is not None and case.client == TARO
        assert [entry.text for entry in transaction.entries(number)] == ["本文"]


def test_a_rollback_leaves_nothing(store: Store) -> None:
    spool_id = store.accept([incoming()])[0]
    with pytest.raises(Boom), store.transaction() as transaction:
        number = transaction.new_number()
        transaction.put_case(a_case(number), {"silence": NOW})
        transaction.queue(outgoing("ack", number))
        transaction.record(client_mail(number, spool_id=spool_id))
        transaction.audit(NOW, "maild", "opened", number, {})
        transaction.remember("k", "v")
        transaction.done(spool_id)
        transaction.flush()
        raise Boom
    assert store.list_cases() == [] and store.outbox() == [] and store.audit_trail() == []
    assert store.spool_depth() == 1 and store.next_deadline() is None
    with store.read() as transaction:
        assert transaction.recall("k") is None
        assert transaction.seen(DESK, HANAKO, "<m1@docomo.example>") == []


def test_reading_transactions_cannot_write(store: Store) -> None:
    with store.read() as transaction, pytest.raises(RuntimeError):
        transaction.put_case(a_case(1), {})


# -- deadlines -----------------------------------------------------------------------------------------------------


def test_deadlines_come_in_the_order_of_their_instants(store: Store) -> None:
    later, sooner = open_a_case(store), open_a_case(store, TARO)
    with store.transaction() as transaction:
        transaction.put_case(a_case(later), {"silence": NOW + timedelta(days=2), "alert": NOW + timedelta(days=1)})
        transaction.put_case(a_case(sooner, TARO), {"silence": NOW})
        due = transaction.due(NOW + timedelta(days=2), 10)
    assert [(d.case, d.kind) for d in due] == [(sooner, "silence"), (later, "alert"), (later, "silence")]
    assert store.next_deadline() == NOW
    with store.transaction() as transaction:
        transaction.put_case(a_case(sooner, TARO, state="closed", reason="silence", closed=NOW), {})
        assert [d.kind for d in transaction.due(NOW + timedelta(days=1), 10)] == ["alert"]
        assert transaction.due(NOW, 10) == []
    assert store.next_deadline() == NOW + timedelta(days=1)


def test_a_closed_case_has_no_deadline(store: Store) -> None:
    number = open_a_case(store)
    with pytest.raises(ValueError), store.transaction() as transaction:
        transaction.put_case(a_case(number, state="closed", reason="silence", closed=NOW), {"silence": NOW})


# -- outbox --------------------------------------------------------------------------------------------------------


def test_the_same_once_queues_once(store: Store) -> None:
    number = open_a_case(store)
    with store.transaction() as transaction:
        first = transaction.queue(outgoing("ack:1", number))
        assert transaction.queue(outgoing("ack:1", number, message_id="<other@desk.example>")) == first
    with store.transaction() as transaction:
        assert transaction.queue(outgoing("ack:1", number, message_id="<third@desk.example>")) == first
        assert transaction.queue(outgoing("ack:2", None)) != first
    assert len(store.outbox()) == 2


def test_what_is_surely_new_and_is_not_queues_once(store: Store) -> None:
    """It is looked for when all is written, at a flush or at the end; what is new beside it goes out (M1)."""
    number = open_a_case(store)
    with store.transaction() as transaction:
        first = transaction.queue(outgoing("ack:1", number, surely_new=True))
        assert transaction.queue(outgoing("ack:1", number, message_id="<b@desk.example>", surely_new=True)) == first
        transaction.flush()
        transaction.queue(outgoing("ack:1", number, message_id="<c@desk.example>", surely_new=True))
    with store.transaction() as transaction:
        transaction.queue(outgoing("ack:1", number, message_id="<d@desk.example>", surely_new=True))
        transaction.queue(outgoing("ack:1", None, message_id="<e@desk.example>", surely_new=True))
        second = transaction.queue(outgoing("ack:2", None, surely_new=True))
    with store.transaction() as transaction:
        for name in ("<b@desk.example>", "<c@desk.example>", "<d@desk.example>", "<e@desk.example>"):
            assert transaction.sent_mail(name) is None
        transaction.queue(outgoing("ack:1", number, message_id="<f@desk.example>", surely_new=True))
    assert [row.id for row in store.outbox()] == [first, second]
    assert store.check_consistency() == []


def test_a_mail_is_claimed_delivered_and_settled(store: Store) -> None:
    number = open_a_case(store)
    with store.transaction() as transaction:
        entry = transaction.record(client_mail(number))
        outbox_id = transaction.queue(outgoing("notice", number, audience="counselor", covers=entry, round_trip=2))
        transaction.queue(outgoing("later", number, not_before=NOW + timedelta(hours=1)))
    assert store.next_attempt() == NOW
    (claimed,) = store.claim(NOW, 10)
    assert (claimed.id, claimed.attempts, claimed.case, claimed.recipient) == (outbox_id, 1, number, HANAKO)
    assert claimed.data.endswith(b"body of notice") and claimed.message_id == "<notice@desk.example>"
    assert store.claim(NOW, 10) == []
    store.sent(outbox_id, NOW + timedelta(seconds=1), f"250 2.1.5 <{HANAKO}> queued")
    with store.transaction() as transaction:
        (outcome,) = transaction.outcomes(10)
        assert (outcome.id, outcome.delivered, outcome.covers, outcome.round_trip) == (outbox_id, True, entry, 2)
        assert outcome.at == NOW + timedelta(seconds=1) and HANAKO not in outcome.code
        transaction.settle(outbox_id)
        assert transaction.outcomes(10) == []
    with store.read() as transaction:
        assert transaction.outcomes(10) == []


def test_outcomes_come_in_the_order_of_their_instants(store: Store) -> None:
    with store.transaction() as transaction:
        ids = [transaction.queue(outgoing(f"m{n}", None)) for n in range(3)]
    store.claim(NOW, 10)
    store.sent(ids[0], NOW + timedelta(seconds=9), "250")
    store.failed(ids[1], NOW + timedelta(seconds=3), "5.1.1")
    with store.read() as transaction:
        assert [(o.id, o.delivered, o.code) for o in transaction.outcomes(10)] == [
            (ids[1], False, "5.1.1"),
            (ids[0], True, "250"),
        ]


def test_what_was_in_flight_is_due_at_once_after_a_restart(reopen: Callable[[], Store]) -> None:
    store = reopen()
    with store.transaction() as transaction:
        outbox_id = transaction.queue(outgoing("m", None))
    store.claim(NOW, 1)
    store = reopen()
    assert store.recover() == 1
    assert [(c.id, c.attempts) for c in store.claim(NOW, 1)] == [(outbox_id, 2)]


def test_a_deferred_mail_waits_and_an_operator_can_hurry_or_drop_it(store: Store) -> None:
    with store.transaction() as transaction:
        outbox_id = transaction.queue(outgoing("m", None))
    store.claim(NOW, 1)
    store.deferred(outbox_id, NOW, "451 4.7.1", NOW + timedelta(seconds=30))
    assert store.claim(NOW + timedelta(seconds=29), 1) == []
    assert store.next_attempt() == NOW + timedelta(seconds=30)
    store.retry(outbox_id)
    assert len(store.claim(NOW, 1)) == 1
    store.deferred(outbox_id, NOW, "451 4.7.1", NOW + timedelta(minutes=30))
    store.drop(outbox_id, NOW)
    with store.read() as transaction:
        assert [(o.delivered, o.code) for o in transaction.outcomes(10)] == [(False, "dropped")]
    with pytest.raises(StoreError):
        store.sent(outbox_id, NOW, "250")
    with pytest.raises(StoreError):
        store.drop(4711)


def test_a_mail_of_ours_is_found_by_its_message_id(store: Store) -> None:
    number = open_a_case(store)
    with store.transaction() as transaction:
        entry = transaction.record(client_mail(number))
        outbox_id = transaction.queue(outgoing("n", number, covers=entry, round_trip=1, template="notice"))
        found = transaction.sent_mail("<n@desk.example>")
        assert found is not None and (found.id, found.recipient) == (outbox_id, HANAKO)
    with store.transaction() as transaction:
        transaction.prefetch(message_ids=["<n@desk.example>", "<unknown@x.example>"])
        found = transaction.sent_mail("<n@desk.example>")
        assert found is not None
        assert (found.id, found.case, found.covers, found.template) == (outbox_id, number, entry, "notice")
        assert (found.recipient, found.sender) == (HANAKO, f"{DESK}@desk.example")
        assert found.data.endswith(b"body of n") and transaction.outgoing(outbox_id) is not None
        assert transaction.sent_mail("<unknown@x.example>") is None
        assert transaction.outgoing(99) is None


def test_the_cap_counts_template_mails_to_an_address(store: Store) -> None:
    since = NOW - timedelta(days=1)
    for prefetched in (False, True):
        base = 2 if prefetched else 0
        with store.transaction() as transaction:
            if prefetched:
                transaction.prefetch(clients=[(DESK, HANAKO)], templates_since=since)
            assert transaction.templates_sent(HANAKO, since) == base
            transaction.queue(outgoing(f"a{base}", None))
            transaction.queue(outgoing(f"b{base}", None, counted=False))
            transaction.queue(outgoing(f"c{base}", None, recipient=TARO))
            assert transaction.templates_sent(HANAKO, since) == base + 1
            transaction.queue(outgoing(f"d{base}", None))
            assert transaction.templates_sent(HANAKO, since) == base + 2
            assert transaction.templates_sent(HANAKO, NOW + timedelta(seconds=1)) == 0


# -- entries -------------------------------------------------------------------------------------------------------


def test_entries_come_back_whole_and_in_order(store: Store) -> None:
    number = open_a_case(store)
    spool_id = store.accept([incoming()])[0]
    mail = client_mail(number, spool_id=spool_id, round_trip=1)
    with store.transaction() as transaction:
        first = transaction.record(mail)
        second = transaction.record(client_mail(number, kind="reply", author="counselor:1", raw=None))
        transaction.done(spool_id)
        assert [entry.id for entry in transaction.entries(number)] == [first, second]
        assert transaction.entry(first) == replace(mail, id=first)
    with store.read() as transaction:
        assert [entry.id for entry in transaction.entries(number)] == [first, second]
        assert transaction.entry(first, with_raw=True) == replace(mail, id=first, body_key="")
        found = transaction.entry(second)
        assert found is not None and (found.kind, found.author, found.raw) == ("reply", "counselor:1", None)
        assert transaction.entry(99) is None


def test_an_accepted_mail_has_one_disposition(store: Store) -> None:
    spool_id = store.accept([incoming()])[0]
    with pytest.raises(StoreError), store.transaction() as transaction:
        transaction.record(client_mail(None, spool_id=spool_id))
        transaction.record(client_mail(None, spool_id=spool_id, kind="automatic"))
    with store.transaction() as transaction:
        transaction.record(client_mail(None, spool_id=spool_id))
        transaction.done(spool_id)


@pytest.mark.parametrize("count", [0, 1, 4, 5, 513, 1200])
def test_a_query_finds_each_of_however_many(store: Store, count: int) -> None:
    """Lists are filled up to a few sizes and cut into pieces: nothing is found twice, and nothing is missed."""
    ids = store.accept([incoming(b"%d" % number) for number in range(count)])
    with store.transaction() as transaction:
        for number in ids:
            transaction.record(client_mail(None, spool_id=number, message_id=f"<{number}@x>", body_key=""))
            transaction.done(number)
    with store.read() as transaction:
        transaction.prefetch(seen=[(DESK, HANAKO, f"<{number}@x>") for number in [*ids, 10**9]])
        found = [transaction.seen(DESK, HANAKO, f"<{number}@x>") for number in ids]
        assert [len(one) for one in found] == [1] * count
        assert len({one[0].entry_id for one in found}) == count
        assert transaction.seen(DESK, HANAKO, f"<{10**9}@x>") == []


@pytest.mark.parametrize("own", ["本文", "", "本", "本文\ud800"])
def test_the_own_text_is_kept_whether_it_is_the_whole_or_not(store: Store, own: str) -> None:
    with store.transaction() as transaction:
        number = transaction.record(client_mail(None, own_text=own))
        empty = transaction.record(client_mail(None, text="", own_text="", message_id="", extra={}))
    with store.read() as transaction:
        found, nothing = transaction.entry(number), transaction.entry(empty)
    assert found is not None and (found.text, found.own_text) == ("本文", own)
    assert nothing is not None and (nothing.text, nothing.own_text, nothing.extra) == ("", "", {})


@pytest.mark.parametrize("prefetched", [False, True])
def test_a_mail_that_was_seen_is_recognised(store: Store, prefetched: bool) -> None:
    number = open_a_case(store)
    key = (DESK, HANAKO, "<m1@docomo.example>")
    with store.transaction() as transaction:
        entry = transaction.record(client_mail(number))
    with store.transaction() as transaction:
        if prefetched:
            transaction.prefetch(seen=[key], bodies=[(number, DESK, HANAKO, "本文"), (None, DESK, HANAKO, "本文")])
        (seen,) = transaction.seen(*key)
        assert (seen.at, seen.case, seen.entry_id) == (NOW, number, entry)
        assert seen.body_hash == transaction.fingerprint(DESK, HANAKO, "本文")
        assert seen.body_hash != transaction.fingerprint(DESK, HANAKO, "別の本文")
        assert transaction.seen("other", HANAKO, key[2]) == []
        assert transaction.seen(DESK, TARO, key[2]) == []
        same = transaction.same_body(number, "本文")
        assert same is not None and same.id == entry
        assert transaction.same_body(number, "別の本文") is None
        assert transaction.same_body_without_case(DESK, HANAKO, "本文") is None
        again = transaction.record(client_mail(None, message_id="<m1@docomo.example>"))
        assert [item.entry_id for item in transaction.seen(*key)] == [entry, again]
        found = transaction.same_body_without_case(DESK, HANAKO, "本文")
        assert found is not None and found.id == again


# -- what outlives cases -------------------------------------------------------------------------------------------


def test_a_suspension_holds_in_its_span_and_is_told_once(store: Store) -> None:
    until = NOW + timedelta(days=10)
    with store.transaction() as transaction:
        assert transaction.suspension(DESK, HANAKO, NOW) is None
        transaction.suspend(HANAKO, Suspension(DESK, "abuse", NOW, until))
    with store.transaction() as transaction:
        assert transaction.suspension(DESK, HANAKO, NOW) == Suspension(DESK, "abuse", NOW, until)
        assert transaction.suspension(DESK, HANAKO, until) is None
        assert transaction.suspension(DESK, HANAKO, NOW - timedelta(seconds=1)) is None
        assert transaction.suspension("other", HANAKO, NOW) is None
        transaction.told_suspended(DESK, HANAKO)
        found = transaction.suspension(DESK, HANAKO, NOW)
        assert found is not None and found.told
    with store.transaction() as transaction:
        transaction.suspend(HANAKO, Suspension(DESK, "threat", NOW, None))
        found = transaction.suspension(DESK, HANAKO, until)
        assert found is not None and (found.reason, found.told) == ("threat", False)
        assert transaction.lift(DESK, HANAKO) is True
        assert transaction.lift(DESK, HANAKO) is False
        assert transaction.suspension(DESK, HANAKO, NOW) is None


def test_marks_are_counted_and_taken_back(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.mark(DESK, HANAKO, "no_show", NOW)
        transaction.mark(DESK, HANAKO, "no_show", NOW)
        transaction.mark(DESK, HANAKO, "no_show", NOW + timedelta(days=1))
        assert transaction.marks(DESK, HANAKO, "no_show") == [NOW, NOW + timedelta(days=1)]
        assert transaction.marks(DESK, HANAKO, "enrolled") == []
        transaction.unmark(DESK, HANAKO, "no_show")
        assert transaction.marks(DESK, HANAKO, "no_show") == []


def test_small_facts_are_remembered(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.remember("pause:a", "2026")
        transaction.remember("pause:a", "2027")
        transaction.remember("pause:b", "花子")
        transaction.remember("pausf", "no")
    with store.transaction() as transaction:
        assert transaction.recall("pause:a") == "2027"
        assert transaction.recalled("pause:") == {"pause:a": "2027", "pause:b": "花子"}
        transaction.forget("pause:a")
        assert transaction.recall("pause:a") is None


def test_the_audit_trail_comes_back_and_is_whole(store: Store) -> None:
    for action in ("opened", "disclosed"):
        with store.transaction() as transaction:
            transaction.audit(NOW, "operator", action, 3, {"to": "警察", "n": 1})
            transaction.audit(NOW, "maild", action)
    assert store.verify_audit() == []
    assert [(row.id, row.actor, row.action, row.case) for row in store.audit_trail(3)] == [
        (1, "operator", "opened", 3),
        (3, "operator", "disclosed", 3),
    ]
    assert store.audit_trail()[0].detail == {"to": "警察", "n": 1}


# -- sources -------------------------------------------------------------------------------------------------------


def test_a_source_that_is_read_too_late_had_an_outage(store: Store) -> None:
    store.register_sources({"imap": 60, "smtp": 10})
    assert [state.last_read for state in store.sources()] == [None, None]
    store.source_read("imap", NOW)
    store.source_read("imap", NOW + timedelta(seconds=180))
    assert store.outages(NOW - timedelta(days=1)) == []
    late = NOW + timedelta(seconds=180 + 181)
    store.source_read("imap", late)
    assert store.outages(NOW) == [Outage("imap", NOW + timedelta(seconds=180), late)]
    assert store.outages(late) == []
    assert {state.source: state.last_read for state in store.sources()} == {"imap": late, "smtp": None}


def test_a_source_that_is_down_is_down_until_it_is_read(store: Store) -> None:
    store.register_sources({"imap": 60})
    store.source_read("imap", NOW)
    store.source_down("imap", NOW + timedelta(seconds=30))
    store.source_down("imap", NOW + timedelta(seconds=40))
    assert store.outages(NOW) == [Outage("imap", NOW, None)]
    end = NOW + timedelta(hours=1)
    store.source_read("imap", end)
    assert store.outages(NOW) == [Outage("imap", NOW, end)]
    quiet = end + timedelta(hours=1)
    assert store.outages(end) == []
    assert store.outages(end, quiet) == [Outage("imap", end, None)]


def test_a_source_that_left_the_config_is_forgotten_but_not_its_cursor(store: Store) -> None:
    store.register_sources({"imap": 60, "smtp": 10})
    store.accept([incoming(source="imap", cursor=(1, 2))])
    store.source_down("imap", NOW)
    store.register_sources({"smtp": 20})
    assert [(state.source, state.every_seconds) for state in store.sources()] == [("smtp", 20)]
    assert store.outages(NOW - timedelta(days=1)) == []
    assert store.imap_cursor("imap") == (1, 2)


# -- erasure and keys ----------------------------------------------------------------------------------------------


def test_erasure_leaves_counts_and_the_memory_of_the_mail(reopen: Callable[[], Store]) -> None:
    store = reopen()
    number, other = open_a_case(store), open_a_case(store, TARO)
    with store.transaction() as transaction:
        entry = transaction.record(client_mail(number))
        transaction.record(client_mail(other, address=TARO))
        outbox_id = transaction.queue(outgoing("a", number))
        transaction.queue(outgoing("erased", None, template="erased"))
        transaction.suspend(HANAKO, Suspension(DESK, "abuse", NOW))
    with store.transaction() as transaction:
        transaction.erase_case(number, NOW)
        assert transaction.open_case(DESK, HANAKO) is None
    for again in (store, reopen()):
        with again.read() as transaction:
            case = transaction.case(number)
            assert case is not None
            assert (case.state, case.reason, case.client, case.opened) == ("closed", "erased", "", NOW)
            assert transaction.cases_of(DESK, HANAKO) == []
            (item,) = transaction.entries(number, with_raw=True)
            assert (item.id, item.kind, item.text, item.raw, item.address) == (entry, "client", "", None, "")
            sent = transaction.outgoing(outbox_id)
            assert sent is not None and (sent.recipient, sent.data) == ("", b"")
            assert len(transaction.seen(DESK, HANAKO, "<m1@docomo.example>")) == 1
            assert transaction.suspension(DESK, HANAKO, NOW) is not None
            assert [e.text for e in transaction.entries(other)] == ["本文"]
        assert again.check_consistency() == []
    assert [claimed.template for claimed in store.claim(NOW, 10)] == ["erased"]
    with store.read() as transaction:
        assert transaction.outcomes(10) == []


def test_what_belongs_to_no_case_can_be_erased_too(store: Store) -> None:
    with store.transaction() as transaction:
        entry = transaction.record(client_mail(None))
        outbox_id = transaction.queue(outgoing("t", None))
        kept = transaction.record(client_mail(None, address=TARO))
    store.claim(NOW, 1)
    store.sent(outbox_id, NOW, "250")
    with store.transaction() as transaction:
        assert transaction.erase_without_case(DESK, HANAKO, NOW) == 2
        assert transaction.erase_without_case(DESK, HANAKO, NOW) == 0
    with store.read() as transaction:
        gone, there, sent = transaction.entry(entry), transaction.entry(kept), transaction.outgoing(outbox_id)
        assert gone is not None and there is not None and sent is not None
        assert (gone.text, there.text, sent.recipient) == ("", "本文", "")


def test_another_master_key_is_refused_and_a_rotated_one_opens(url: str, reopen: Callable[[], Store]) -> None:
    store = reopen()
    number = open_a_case(store)
    with pytest.raises(WrongKey):
        Store.open(url, bytes(32))
    store.rotate_key(KEY, bytes(32))
    with pytest.raises(WrongKey):
        Store.open(url, KEY)
    again = Store.open(url, bytes(32))
    with again.read() as transaction:
        found = transaction.open_case(DESK, HANAKO)
        assert found is not None and found.number == number
    again.rotate_key(bytes(32), KEY)
    again.close()


def test_those_who_receive_and_those_who_work_do_not_hinder_each_other(reopen: Callable[[], Store]) -> None:
    receiving, working, sending = reopen(), reopen(), reopen()

    def receive() -> list[int]:
        return [n for _ in range(20) for n in receiving.accept([incoming(b"a"), incoming(b"b"), incoming(b"c")])]

    def work() -> list[int]:
        done: list[int] = []
        while len(done) < 60:
            taken = working.take(8, NOW)
            with working.transaction() as transaction:
                for mail in taken:
                    number = transaction.new_number()
                    transaction.put_case(a_case(number, f"c{mail.id}@x.example"), {"silence": NOW})
                    transaction.record(client_mail(number, spool_id=mail.id))
                    transaction.queue(outgoing(f"ack:{mail.id}", number))
                    transaction.done(mail.id)
            done += [mail.id for mail in taken]
        return done

    def send() -> list[int]:
        sent: list[int] = []
        while len(sent) < 60:
            for mail in sending.claim(NOW, 4):
                sending.sent(mail.id, NOW, "250")
                sent.append(mail.id)
        return sent

    with ThreadPoolExecutor(3) as threads:
        received, worked, delivered = [threads.submit(part) for part in (receive, work, send)]
        assert sorted(received.result()) == sorted(worked.result())
        assert len(set(delivered.result())) == 60
    assert receiving.spool_depth() == 0 and len(receiving.list_cases()) == 60


def test_a_writing_transaction_inside_another_is_a_bug_and_says_so(store: Store) -> None:
    with store.transaction(), pytest.raises(RuntimeError):
        store.accept([incoming()])


def test_mails_to_counselors_about_a_case(store: Store) -> None:
    with store.transaction() as transaction:
        number, other = transaction.new_number(), transaction.new_number()
        for each, client in ((number, HANAKO), (other, TARO)):
            transaction.put_case(a_case(each, client), {})
        for once, case, audience in (
            ("a", number, "counselor"), ("b", number, "client"), ("c", other, "counselor"), ("d", number, "counselor"),
            ("e", number, "counselor"), ("f", None, "counselor"),
        ):  # fmt: skip
            transaction.queue(outgoing(once, case, audience=audience, recipient="inbox@desk.example"))
        assert [one.delivered for one in transaction.counselor_mails(number)] == [None] * 3
    claimed = {one.message_id: one.id for one in store.claim(NOW, 10)}
    store.sent(claimed["<a@desk.example>"], NOW + timedelta(seconds=1), "250")
    store.failed(claimed["<d@desk.example>"], NOW, "5.1.1")
    with store.read() as transaction:
        found = [(one.message_id, one.recipient, one.delivered) for one in transaction.counselor_mails(number)]
    assert found == [
        ("<a@desk.example>", "inbox@desk.example", NOW + timedelta(seconds=1)),
        ("<e@desk.example>", "inbox@desk.example", None),
    ]
    with store.transaction() as transaction:
        transaction.erase_case(number, NOW)
    with store.read() as transaction:
        assert transaction.counselor_mails(number) == []


@pytest.mark.parametrize("way", ["transaction", "late_transaction", "read"])
def test_a_transaction_is_gone_when_it_is_over(store: Store, way: str) -> None:
    """Nothing goes in a circle: all that a batch has read would stay until the collector comes round to it."""
    number = open_a_case(store)
    gc.disable()
    try:
        with getattr(store, way)() as transaction:
            assert transaction.case(number) is not None
            if way != "read":
                transaction.queue(outgoing("ack:1", number))
        gone = weakref.ref(transaction)
        del transaction
        assert gone() is None
    finally:
        gc.enable()
