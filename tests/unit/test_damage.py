"""A store that fails for a while, one damaged value in it: healthy mail is worked on, nobody is set aside in silence
(rules M1, M9)."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event

from benchmarks import mails
from benchmarks.installation import write_config
from maild.app.assembly import build_world, open_store
from maild.config import Config, load
from maild.pipeline import Pipeline
from maild.store import Incoming, Store, TemporaryStoreError
from maild.worker import MOST_ATTEMPTS, Worker

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")  # of fork: pytest's threads


class House:
    """A store, and lives of a worker on it."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.store = open_store(config)
        self.ends = os.pipe()

    def worker(self) -> Worker:
        return Worker(
            self.store, Pipeline(build_world(self.config, eight_bit=False), self.store), self.ends[0], [].append
        )

    def accept(self, count: int, prefix: str = "a") -> list[int]:
        at = datetime.now(UTC)
        load = [mails.first(number, prefix=prefix) for number in range(count)]
        return self.store.accept([Incoming("smtp", at, one.sender, (mails.DESK,), one.raw) for one in load])

    def sql(self, statement: str, *values: object, keys: bool = False) -> list[tuple[object, ...]]:
        name = "maild.keys.db" if keys else "maild.db"
        with closing(sqlite3.connect(self.config.maild.data_dir / name)) as database, database:
            return list(database.execute(statement, values))

    def damage(self, table: str, column: str, number: int, *, keys: bool = False) -> None:
        ((value,),) = self.sql(f"SELECT {column} FROM {table} WHERE id = ?", number, keys=keys)
        assert isinstance(value, bytes)
        changed = value[:20] + bytes([value[20] ^ 1]) + value[21:]
        self.sql(f"UPDATE {table} SET {column} = ? WHERE id = ?", changed, number, keys=keys)

    def reopen(self) -> None:
        self.store.close()
        self.store = open_store(self.config)

    def waiting(self) -> list[tuple[object, ...]]:
        """(number, attempts, set aside)"""
        return self.sql("SELECT id, attempts, quarantined IS NOT NULL FROM spool ORDER BY id")

    def letters(self) -> dict[object, object]:
        return dict(self.sql("SELECT template, count(*) FROM outbox GROUP BY template"))  # type: ignore[arg-type]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    it = House(load(write_config(tmp_path, 8025)))
    yield it
    it.store.close()
    for end in it.ends:
        os.close(end)


def fill_up(store: Store) -> Callable[[], None]:
    """No page may be added to the key store any more; what frees it again."""
    keys = store._core.keys
    keys._pool.clear()  # keys that were made beforehand
    engine = keys._database.engine
    full = True

    @event.listens_for(engine, "connect")
    def limited(connection: sqlite3.Connection, _: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages if full else 1_000_000}")

    def free() -> None:
        nonlocal full
        full = False
        engine.dispose()

    engine.dispose()
    return free


def test_m1_an_outage_of_the_store_is_no_fault_of_the_mail(house: House) -> None:
    numbers = house.accept(5)
    free = fill_up(house.store)
    worker = house.worker()
    for _ in range(3 * MOST_ATTEMPTS):
        with pytest.raises(TemporaryStoreError):
            worker._work()
    assert [row[0] for row in house.waiting()] == numbers
    assert all(attempts in (0, 1) and not aside for _, attempts, aside in house.waiting())
    free()
    worker._work()
    assert house.waiting() == [] and house.letters() == {"ack": 5, "notice": 5}
    house.store.check_consistency()


def test_m9_whoever_is_set_aside_is_told_of(house: House) -> None:
    """Where the word cannot be kept, nothing is set aside yet: else nobody would ever hear of it."""
    (number,) = house.accept(1)
    free = fill_up(house.store)
    pipeline = Pipeline(build_world(house.config, eight_bit=False), house.store)
    with pytest.raises(TemporaryStoreError):
        pipeline.set_aside(house.store._spool.get(number), "test", datetime.now(UTC))
    assert house.waiting() == [(number, 0, 0)]
    free()
    pipeline.set_aside(house.store._spool.get(number), "test", datetime.now(UTC))
    assert house.waiting() == [(number, 0, 1)] and house.letters() == {"operator_alert": 1}


@pytest.mark.parametrize(("count", "which"), [(5, 1), (200, 100)])
@pytest.mark.parametrize("where", ["key", "mail"])
def test_m9_one_damaged_mail_holds_up_nobody(house: House, count: int, which: int, where: str) -> None:
    bad = house.accept(count)[which]
    if where == "key":
        ((key,),) = house.sql("SELECT key_id FROM spool WHERE id = ?", bad)
        house.damage("data_key", "wrapped", int(str(key)), keys=True)
    else:
        house.damage("spool", "raw", bad)
    house.reopen()
    house.worker()._work()
    assert [(number, aside) for number, _, aside in house.waiting()] == [(bad, 1)]
    assert house.letters() == {"ack": count - 1, "notice": count - 1, "operator_alert": 1}


def test_m9_one_damaged_letter_of_ours_holds_up_nobody(house: House) -> None:
    house.accept(3)
    house.worker()._work()
    now = datetime.now(UTC)
    house.store.all_sent([one.id for one in house.store.claim(now, 100)], now, "250")
    house.damage("outbox", "content", 1)
    house.accept(4, prefix="b")
    house.worker()._work()
    assert house.waiting() == [] and house.letters()["ack"] == 7
    assert house.sql("SELECT count(*) FROM outbox WHERE state = 'delivered' AND settled = 0") == [(0,)]
