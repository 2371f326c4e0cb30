"""Nothing that was confided is in clear in any file, and nothing in a repr or an error (rules S1, S2, S3)."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from maild.store import Incoming, MissingKey, Store, StoreError, WrongKey, load_or_create_key
from store.working import DESK, KEY, NOW, SENTINELS, work


def leaks(directory: Path) -> list[str]:
    found = []
    for file in sorted(directory.rglob("*")):
        if file.is_file():
            content = file.read_bytes()
            for name, word in SENTINELS.items():
                encodings = {word.encode(e) for e in ("utf-8", "utf-16-le", "iso-2022-jp")}
                encodings.add(word.encode("unicode_escape"))
                if any(data in content for data in encodings):
                    found.append(f"{name} in {file.name}")
    return found


def test_no_file_holds_anything_in_clear(path: Path, store: Store) -> None:
    work(store)
    store.accept([Incoming("smtp", NOW, SENTINELS["address"], (SENTINELS["address"],), SENTINELS["raw"].encode())])
    waiting = store.accept([Incoming("smtp", NOW, SENTINELS["address"], (), b"x")])[0]
    store.quarantine(waiting, f"hung: {SENTINELS['address']}", NOW)
    names = {file.name for file in path.parent.iterdir()}
    assert {"maild.db", "maild.db-wal", "maild.keys.db", "maild.keys.db-wal"} <= names
    assert leaks(path.parent) == []
    store.close()
    assert leaks(path.parent) == []


def test_the_leak_test_itself_finds_a_leak(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"..." + SENTINELS["name"].encode() + b"...")
    assert leaks(tmp_path) == ["name in x.db"]


def test_no_repr_holds_anything(store: Store) -> None:
    number = work(store)
    with store.transaction() as transaction:
        shown = [
            transaction.case(number),
            transaction.entries(number, with_raw=True),
            transaction.sent_mail(f"<{SENTINELS['our id']}.{number}@desk.example>"),
            transaction.outcomes(10),
            transaction.seen(DESK, SENTINELS["address"], f"<{SENTINELS['foreign id']}@docomo.example>"),
        ]
    store.accept([Incoming("smtp", NOW, SENTINELS["address"], (), SENTINELS["raw"].encode())])
    shown += [store.take(5, NOW), store.claim(NOW, 5), store.outbox(), store.audit_trail(), store.list_cases()]
    assert all(shown)
    assert [name for name, word in SENTINELS.items() if word in repr(shown)] == []


def test_an_error_of_the_database_holds_nothing(store: Store) -> None:
    work(store)
    with pytest.raises(StoreError) as caught:
        work(store)  # a second open case of the same client
    assert [word for word in SENTINELS.values() if word in repr(caught.value)] == []
    assert caught.value.__cause__ is None and caught.value.__suppress_context__


def test_only_the_owner_may_read_the_files(path: Path, store: Store) -> None:
    work(store)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_an_erased_key_is_in_no_file_any_more(path: Path, store: Store) -> None:
    import sqlite3

    number = work(store)
    with sqlite3.connect(path.with_name("maild.keys.db")) as connection:
        query = "SELECT wrapped FROM data_key WHERE case_number = ?"
        wrapped = connection.execute(query, (number,)).fetchone()[0]
    connection.close()
    assert any(wrapped in file.read_bytes() for file in path.parent.glob("maild.keys.db*"))
    with store.transaction() as transaction:
        transaction.erase_case(number, NOW)
    assert not any(wrapped in file.read_bytes() for file in path.parent.glob("maild.keys.db*"))


def test_a_value_moved_to_another_row_is_found(path: Path, store: Store) -> None:
    import sqlite3

    first, second = work(store), work(store, "second@x.example", "2")
    assert store.check_consistency() == []
    connection = sqlite3.connect(path)
    connection.execute(
        "UPDATE cases SET sealed = (SELECT sealed FROM cases WHERE number = ?), "
        "key_id = (SELECT key_id FROM cases WHERE number = ?) WHERE number = ?",
        (first, first, second),
    )
    connection.commit()
    connection.close()
    assert any(f"case {second}: A stored value was changed or moved" in fault for fault in store.check_consistency())


# -- the master key ------------------------------------------------------------------------------------------------


def test_the_key_is_made_only_for_a_new_database(tmp_path: Path) -> None:
    file = tmp_path / "secrets" / "maild.key"
    with pytest.raises(MissingKey):
        load_or_create_key(file, False)
    assert not file.exists()
    key = load_or_create_key(file, True)
    assert len(key) == 32 and key == load_or_create_key(file, False) == load_or_create_key(file, True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert os.listdir(file.parent) == ["maild.key"]


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_key_of_another_length_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "maild.key"
    file.write_bytes(content)
    with pytest.raises(WrongKey):
        load_or_create_key(file, False)


def test_a_database_without_its_key_store_is_refused(path: Path, store: Store) -> None:
    work(store)
    store.close()
    for file in path.parent.glob("maild.keys.db*"):
        file.rename(path.parent / f"away-{file.name}")
    with pytest.raises(MissingKey):
        Store.open(f"sqlite:///{path}", KEY)
    assert not path.with_name("maild.keys.db").exists()


def test_the_key_store_of_another_database_is_refused(
    path: Path, open_store: Callable[[], Store], tmp_path: Path
) -> None:
    open_store().close()
    Store.open(f"sqlite:///{tmp_path / 'other.db'}", KEY).close()
    with pytest.raises(WrongKey):
        Store.open(f"sqlite:///{path}", KEY, keys_url=f"sqlite:///{tmp_path / 'other.keys.db'}")


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "nonsense"])
def test_a_url_that_names_no_database_is_refused(url: str) -> None:
    with pytest.raises(StoreError):
        Store.open(url, KEY)


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreError):
        Store.open(f"sqlite:///{path}", KEY)
    assert path.read_bytes() == b"not a database" * 1000
