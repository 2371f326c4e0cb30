"""A transaction that decides before it takes the write lock: nobody waits for it, and it never decides on old facts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Thread

import pytest

from maild.store import Incoming, Overtaken, Store

NOW = datetime(2026, 1, 10, 14, 50, tzinfo=UTC)


def _mail() -> Incoming:
    return Incoming(
        "smtp", NOW, "hanako@docomo.example", ("soudan@soudan.example",), b"Subject: x\r\n\r\ntext\r\n", None
    )


def _in_a_thread(work: Callable[[], object]) -> None:
    thread = Thread(target=work)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()


def test_mail_is_accepted_while_it_decides(open_store: Callable[[], Store]) -> None:
    """By another process, and by another thread of this one; and that is no reason to decide again."""
    store, other = open_store(), open_store()
    with store.late_transaction() as tx:
        assert tx.recall("key") is None
        other.accept([_mail()])
        _in_a_thread(lambda: store.accept([_mail()]))
        tx.audit(NOW, "test", "decided")
    assert store.spool_depth() == 2
    assert [row.action for row in store.audit_trail()] == ["decided"]
    assert store.check_consistency() == []


def test_what_another_transaction_wrote_meanwhile_is_found_out(open_store: Callable[[], Store]) -> None:
    """Nothing is kept, whatever was asked to be written; decided again it sees what was written."""
    store, other = open_store(), open_store()
    with pytest.raises(Overtaken), store.late_transaction() as tx:
        assert tx.recall("paused") is None
        with other.transaction() as quick:
            quick.remember("paused", "yes")
        tx.audit(NOW, "test", "decided on old facts")
    assert list(store.audit_trail()) == []
    with store.transaction() as tx:
        assert tx.recall("paused") == "yes"
    assert store.check_consistency() == []


@pytest.mark.parametrize("late", [True, False])
def test_two_that_take_numbers_do_not_share_them(open_store: Callable[[], Store], late: bool) -> None:
    """A number that was taken is a write, even where no row came of it."""
    store, other = open_store(), open_store()
    with pytest.raises(Overtaken), store.late_transaction() as tx:
        tx.new_entry_id()
        with other.late_transaction() if late else other.transaction() as quick:
            quick.new_entry_id()
    with store.transaction() as tx:
        assert tx.new_entry_id() == 2


def test_a_change_at_once_locks_at_once(open_store: Callable[[], Store]) -> None:
    """What does not wait for the end is written under the lock, and rolled back with the rest."""
    store = open_store()
    with pytest.raises(ValueError, match="undone"), store.late_transaction() as tx:
        tx.remember("key", "value")
        raise ValueError("undone")
    with store.late_transaction() as tx:
        assert tx.recall("key") is None
        tx.remember("key", "value")
    with store.read() as tx:
        assert tx.recall("key") == "value"
    store.accept([_mail()])  # the lock was given back both times


def test_reading_alone_takes_no_lock(open_store: Callable[[], Store]) -> None:
    """Nothing was decided: no writer is met."""
    store, other = open_store(), open_store()
    with other.transaction() as held:
        held.remember("key", "value")
        with store.late_transaction() as tx:
            assert tx.recall("key") is None


def test_one_inside_another_is_refused(open_store: Callable[[], Store]) -> None:
    """The inner one would wait for the outer one for ever."""
    store = open_store()
    with store.transaction(), pytest.raises(RuntimeError), store.late_transaction():
        pass
