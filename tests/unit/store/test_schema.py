"""A database that was migrated is the same as one that was made; one from the future is refused."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from maild.store import Store, StoreError
from maild.store.engine import Database
from maild.store.schema import KEYS_VERSION, MAIN_VERSION, _migrate, prepare, version_of
from store.working import KEY


def schema_of(path: Path) -> dict[str, str]:
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    return {name: columns(sql) for name, sql in rows if name != "alembic_version"}


def columns(sql: str) -> str:
    """The same table written in another order of its lines is the same table."""
    return " ".join(sorted(re.sub(r"[\s,]+", " ", line).strip() for line in sql.splitlines()))


@pytest.mark.parametrize("keys", [False, True])
def test_made_and_migrated_are_the_same(tmp_path: Path, keys: bool) -> None:
    made = Database(f"sqlite:///{tmp_path / 'made.db'}")
    assert prepare(made, keys=keys, migrate=True) is True
    assert prepare(made, keys=keys, migrate=True) is False
    migrated = Database(f"sqlite:///{tmp_path / 'migrated.db'}")
    with migrated.write() as connection:
        _migrate(connection, keys=keys)
    with migrated.read() as connection:
        assert version_of(connection) == (KEYS_VERSION if keys else MAIN_VERSION)
    made.close()
    migrated.close()
    assert len(schema_of(tmp_path / "made.db")) > 4
    assert schema_of(tmp_path / "made.db") == schema_of(tmp_path / "migrated.db")


def test_a_database_from_the_future_is_refused_and_left_alone(path: Path, store: Store) -> None:
    store.close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = 'main_9999'")
    connection.commit()
    connection.close()
    before = schema_of(path)
    for migrate in (True, False):
        with pytest.raises(StoreError):
            Store.open(f"sqlite:///{path}", KEY, migrate=migrate)
    assert schema_of(path) == before


def test_a_database_of_another_program_is_refused(path: Path) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE other (x)")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError):
        Store.open(f"sqlite:///{path}", KEY, keys_url=f"sqlite:///{path.with_name('k.db')}")


def test_a_database_of_this_version_needs_no_alembic(path: Path, store: Store) -> None:
    code = (
        "import sys; from maild.store import Store; "
        f"Store.open('sqlite:///{path}', bytes(range(32))).close(); print('alembic' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert result.stdout == "False\n"
