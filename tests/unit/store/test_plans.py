"""No statement of the daemon reads a whole table that grows: 20,000 cases must change nothing."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.engine import Engine

from maild.store import Incoming, Store
from store.working import DESK, KEY, NOW, SENTINELS, work

#: Small by nature: as many rows as there are sources, names of sequences, suspended clients asked for.
SMALL = ("source", "sequence", "outage", "imap_cursor", "key_meta", "secret", "meta")


def test_every_statement_searches_by_index(path: Path) -> None:
    # As sent to the driver, where a partial index must not depend on a parameter's value; and as sqlite3 saw it, where
    # the statements are that go past SQLAlchemy.
    statements: set[str] = set()

    def executed(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        statements.add(statement)

    def connected(connection: sqlite3.Connection, _record: object) -> None:
        connection.set_trace_callback(statements.add)

    event.listen(Engine, "connect", connected)
    event.listen(Engine, "before_cursor_execute", executed)
    store = Store.open(f"sqlite:///{path}", KEY)
    number = work(store)
    statements.clear()
    try:
        work(store, "second@x.example", "2")
        with store.transaction() as t:
            t.prefetch(
                clients=[(DESK, SENTINELS["address"])],
                message_ids=[f"<{SENTINELS['our id']}.{number}@desk.example>"],
                numbers=[number],
                seen=[(DESK, SENTINELS["address"], "<x>")],
                bodies=[(number, DESK, SENTINELS["address"], "x")],
                templates_since=NOW - timedelta(days=1),
            )
            t.entries(number)
            t.entry(1)
            t.outgoing(1)
            t.counselor_mails(number)
            t.outcomes(10)
            t.due(NOW + timedelta(days=40), 10)
            case = t.case(number)
            assert case is not None
            t.put_case(case, {})
            t.settle(1)
            t.recall("note")
            t.recalled("no")
            t.marks(DESK, SENTINELS["address"], "no_show")
        spool_id = store.accept([Incoming("imap", NOW, None, (), b"x", cursor=(1, 2))])[0]
        store.take(10, NOW)
        store.postpone(spool_id, NOW)
        store.next_attempt()
        store.next_deadline()
        store.next_retry()
        store.oldest_waiting()
        store.quarantined()
        store.recover()
        store.claim(NOW, 10)
        store.outbox()
        store.source_read("smtp", NOW)
        store.list_cases(states=["held"])
        with store.transaction() as t:
            t.erase_case(number, NOW)
            t.erase_without_case(DESK, SENTINELS["address"], NOW)
    finally:
        event.remove(Engine, "connect", connected)
        event.remove(Engine, "before_cursor_execute", executed)
        store.close()
    read = [s for s in statements if s.lstrip().split()[0] in ("SELECT", "UPDATE", "DELETE")]
    assert len(read) > 30
    found = scans(path, read)
    assert not found, "\n".join(found)


def scans(path: Path, statements: list[str]) -> list[str]:
    found = []
    for statement in sorted(statements):
        plans = []
        for file in (path, path.with_name("maild.keys.db")):
            connection = sqlite3.connect(file)
            try:
                rows = connection.execute(f"EXPLAIN QUERY PLAN {statement}", [None] * statement.count("?")).fetchall()
                plans += [row[3] for row in rows]
            except sqlite3.OperationalError as error:
                if "no such table" not in str(error):
                    raise
            finally:
                connection.close()
        assert plans, statement
        for plan in plans:
            words = plan.split()
            whole = words[0] == "SCAN" and words[1] not in SMALL and not partial(plan)
            if whole or ("TEMP B-TREE" in plan and "GROUP BY" not in plan):
                found.append(f"{plan}: {statement}")
    return found


def partial(plan: str) -> bool:
    """A walk along an index that holds only the few rows in question is as good as a search."""
    return any(name in plan for name in ("spool_waiting", "spool_quarantined", "spool_by_arrival", "outbox_unsettled"))


def test_the_plan_test_itself_finds_a_scan(path: Path, store: Store) -> None:
    work(store)
    assert scans(path, ["SELECT number FROM cases WHERE replies = 1"]) != []
