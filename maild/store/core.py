"""What every part of the store works with: main database, key store, hasher; and the numbers that rows get."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Row, bindparam, insert, select, update

from maild.store.bulk import Bulk, Query
from maild.store.engine import Database
from maild.store.keys import KeyStore
from maild.store.open_names import OpenNames
from maild.store.tables import sequence
from maild.store.vault import Hasher, Mac

#: A row of a statement whose columns a type checker cannot follow.
AnyRow = Row[*tuple[Any, ...]]


class Core:
    """The two databases and what derives from their secrets."""

    def __init__(self, database: Database, keys: KeyStore) -> None:
        self.database = database
        self.keys = keys
        self.hasher = Hasher(Mac(keys.secrets["lookup"]))
        self.audit_mac = Mac(keys.secrets["audit"])
        self.open_names = OpenNames()

    @cached_property
    def audit_cipher(self) -> AESGCM:
        """Seals actor and detail of the audit trail; it outlives cases."""
        return AESGCM(self.keys.secrets["audit"])

    @cached_property
    def memory_cipher(self) -> AESGCM:
        """Seals the small facts of the daemon."""
        return AESGCM(self.keys.secrets["memory"])


class Numbers:
    """The next numbers of rows, for one writing transaction; ``save`` before it commits."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._last: dict[str, int] | None = None
        self._stored: dict[str, int] = {}

    def next(self, name: str, count: int = 1) -> int:
        """The first of ``count`` fresh numbers."""
        self.load()
        assert self._last is not None
        first = self._last.get(name, 0) + 1
        self._last[name] = first + count - 1
        return first

    def load(self) -> None:
        """Read the last numbers, if that was not done yet."""
        if self._last is None:
            self._stored = self._read()
            self._last = dict(self._stored)

    def last(self, name: str) -> int:
        """The last number given."""
        self.load()
        assert self._last is not None
        return self._last.get(name, 0)

    @property
    def changed(self) -> bool:
        """Whether a number was taken that is not written yet."""
        return self._last is not None and self._last != self._stored

    def are_ours(self) -> bool:
        """Whether nobody else has taken numbers since, but for those of the spool."""
        ours, now = dict(self._stored), self._read()
        ours.pop("spool", None)
        now.pop("spool", None)
        return ours == now

    def _read(self) -> dict[str, int]:
        return {name: value for name, value in _SEQUENCES.all(self._connection)}

    def save(self) -> None:
        """Write the last numbers given."""
        if self._last is None:
            return
        changed = {name: value for name, value in self._last.items() if self._stored.get(name) != value}
        _INSERT.run(self._connection, [(name, last) for name, last in changed.items() if name not in self._stored])
        _RAISE.run(self._connection, [(last, name) for name, last in changed.items() if name in self._stored])
        self._stored = dict(self._last)


_UPDATE = update(sequence).where(sequence.c.name == bindparam("b_name")).values(value=bindparam("b_value"))
_RAISE = Bulk(_UPDATE, ("b_value", "b_name"))
_INSERT = Bulk(insert(sequence), ("name", "value"))
_SEQUENCES = Query(select(sequence.c.name, sequence.c.value))


def raise_sequences(connection: Connection, at_least: Mapping[str, int]) -> None:
    """Never again give a number up to these."""
    stored = {row.name: row.value for row in connection.execute(select(sequence.c.name, sequence.c.value))}
    for name, value in at_least.items():
        if name not in stored:
            connection.execute(insert(sequence), {"name": name, "value": value})
        elif stored[name] < value:
            connection.execute(_UPDATE, {"b_name": name, "b_value": value})
