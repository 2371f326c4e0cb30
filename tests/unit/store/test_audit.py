"""The audit trail cannot be changed, and whoever changes it all the same is found out (rules S5)."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from maild.store import Store
from store.working import NOW


@pytest.fixture
def trail(path: Path, store: Store) -> sqlite3.Connection:
    """Six rows, and a connection for whoever has the file."""
    for number in range(3):
        with store.transaction() as transaction:
            transaction.audit(NOW, "operator", "disclosed", number, {"n": number})
            transaction.audit(NOW, "maild", "closed")
    assert store.check_consistency() == []
    return sqlite3.connect(path)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET action = 'x'", "DELETE FROM audit", "DELETE FROM audit WHERE id = 6"],
)
def test_the_database_refuses_changes(trail: sqlite3.Connection, store: Store, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        trail.execute(statement)
    trail.close()
    assert store.verify_audit() == []


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE audit SET action = 'x' WHERE id = 3", "row 3 was changed"),
        ("UPDATE audit SET at = at + 1 WHERE id = 1", "row 1 was changed"),
        ("UPDATE audit SET case_number = NULL WHERE id = 3", "row 3 was changed"),
        ("UPDATE audit SET case_number = 9 WHERE id = 2", "row 2 was changed"),
        ("UPDATE audit SET hash = zeroblob(32) WHERE id = 6", "row 6"),
        ("UPDATE audit SET sealed = (SELECT sealed FROM audit WHERE id = 1) WHERE id = 3", "row 3 was changed"),
        ("DELETE FROM audit WHERE id = 4", "row 4 is missing"),
        ("DELETE FROM audit WHERE id = 1", "row 1 is missing"),
        ("DELETE FROM audit WHERE id = 6", "ends at row 5"),
        ("DELETE FROM audit", "ends at row 0"),
    ],
)
def test_a_change_past_the_database_is_found(
    trail: sqlite3.Connection, store: Store, statement: str, fault: str
) -> None:
    trail.execute("DROP TRIGGER audit_no_update")
    trail.execute("DROP TRIGGER audit_no_delete")
    trail.execute(statement)
    trail.commit()
    trail.close()
    assert any(fault in line for line in store.verify_audit())
    assert any(fault in line for line in store.check_consistency())
