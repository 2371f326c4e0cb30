"""Two files with two life-times: what an older copy of either brings back goes again (rules S3)."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

from maild.store import Store
from maild.store.keys import KeyStore
from store.working import KEY, NOW, work


def copy(source: Path, target: Path) -> None:
    """What a backup does."""
    for file in (target, target.with_name(target.name + "-wal"), target.with_name(target.name + "-shm")):
        file.unlink(missing_ok=True)
    origin, copied = sqlite3.connect(source), sqlite3.connect(target)
    origin.backup(copied)
    origin.close()
    copied.close()


def erase(store: Store, number: int) -> None:
    with store.transaction() as transaction:
        transaction.erase_case(number, NOW)


def gone(store: Store, number: int) -> bool:
    with store.read() as transaction:
        case = transaction.case(number)
        assert case is not None
        return case.client == "" and transaction.entries(number)[0].text == "" and case.state == "closed"


def test_an_older_main_database_loses_the_erased_case_again(
    path: Path, open_store: Callable[[], Store], tmp_path: Path
) -> None:
    store = open_store()
    number = work(store)
    copy(path, tmp_path / "backup.db")
    erase(store, number)
    later = work(store, "later@x.example", "2")
    store.close()
    copy(tmp_path / "backup.db", path)
    store = open_store()
    assert gone(store, number)
    assert store.list_cases(states=["waiting_desk"]) == []
    # The trail is shorter than the key store remembers: restoring says so until it is anchored anew.
    assert [fault for fault in store.check_consistency() if "audit" not in fault] == []
    store.anchor_audit()
    assert store.check_consistency() == []
    assert work(store, "new@x.example", "3") > later  # no number comes again


def test_an_older_key_store_loses_the_erased_key_again(
    path: Path, open_store: Callable[[], Store], tmp_path: Path
) -> None:
    keys = path.with_name("maild.keys.db")
    store = open_store()
    number = work(store)
    copy(keys, tmp_path / "backup.keys.db")
    erase(store, number)
    store.close()
    copy(tmp_path / "backup.keys.db", keys)
    assert _keys_of(keys, number) == 1
    store = open_store()
    assert _keys_of(keys, number) == 0
    assert gone(store, number)
    assert store.check_consistency() == []


def test_an_erasure_that_was_cut_off_is_finished_at_the_start(
    path: Path, open_store: Callable[[], Store], tmp_path: Path
) -> None:
    """As a crash between the two commits leaves it: rows and tombstone are there, the key still is."""
    keys = path.with_name("maild.keys.db")
    store = open_store()
    number = work(store)
    store.close()
    shutil.copy(keys, tmp_path / "keys")
    store = open_store()
    erase(store, number)
    store.close()
    shutil.copy(tmp_path / "keys", keys)
    store = open_store()
    assert _keys_of(keys, number) == 0
    assert store.check_consistency() == []


def test_orphans_are_swept_but_not_the_keys_of_what_comes_later(
    path: Path, open_store: Callable[[], Store], tmp_path: Path
) -> None:
    store = open_store()
    work(store)
    copy(path, tmp_path / "backup.db")
    last = work(store, "later@x.example", "2")
    store.close()
    copy(path, tmp_path / "right.db")
    copy(tmp_path / "backup.db", path)  # the wrong backup, by mistake
    open_store().close()
    copy(tmp_path / "right.db", path)
    store = open_store()
    assert store.check_consistency() == []
    assert [case.number for case in store.list_cases(states=["waiting_desk"])][-1] == last


def test_another_process_that_opens_the_store_does_no_harm(path: Path, open_store: Callable[[], Store]) -> None:
    store = open_store()
    work(store)
    for n in range(5):
        Store.open(f"sqlite:///{path}", KEY).close()  # sweeps, while the first has keys in its pool
        work(store, f"c{n}@x.example", str(n))
    assert store.check_consistency() == []


def test_keys_swept_from_a_pool_are_noticed(path: Path, tmp_path: Path) -> None:
    keys = KeyStore(f"sqlite:///{tmp_path / 'k.db'}", KEY)
    ((first, _),) = keys.take(1)
    keys.destroy(keys.all_ids())
    again = [key_id for key_id, _ in keys.take(300)]
    assert first not in again and len(set(again)) == 300
    assert set(again) <= keys.all_ids()
    keys.close()


def test_a_store_is_not_shared_over_a_fork(store: Store) -> None:
    work(store)
    child = os.fork()
    if child == 0:
        try:
            work(store, "child@x.example", "2")
        except RuntimeError:
            os._exit(0)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    work(store, "parent@x.example", "3")
    assert store.check_consistency() == []


def _keys_of(path: Path, case: int) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("SELECT count(*) FROM data_key WHERE case_number = ?", (case,)).fetchone()[0])
    finally:
        connection.close()
