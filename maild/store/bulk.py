"""Statements that run for every mail, compiled once per dialect and handed to the driver as they are.

SQLAlchemy spends about 5 µs a row on an executemany, and as much on each row that it reads; a mail is a dozen of each.
The statements are still Core's, so both databases get their own SQL; our values need no conversion (numbers, text,
bytes).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.sql.selectable import Select

Row = Sequence[Any]
#: As many values stand in one IN. A list is filled up to the next of these sizes, so that few statements are prepared.
_SIZES = (1, 4, 16, 64, 128, 256, 512)


class Bulk:
    """A statement that changes rows. ``names`` are its parameters, in the order in which they stand in it."""

    def __init__(self, statement: ClauseElement, names: Sequence[str]) -> None:
        self._statement = statement
        self._names = tuple(names)
        self._compiled: dict[str, str] = {}

    def _for(self, connection: Connection) -> str:
        name = connection.dialect.name
        found = self._compiled.get(name)
        if found is None:
            compiled: Any = self._statement.compile(dialect=connection.dialect, column_keys=list(self._names))
            if compiled.params.keys() != set(self._names):
                raise TypeError(f"parameters are {sorted(compiled.params)}")
            if compiled.positional and tuple(compiled.positiontup) != self._names:
                raise TypeError(f"parameters stand in the order {compiled.positiontup}")
            found = self._compiled[name] = str(compiled)
        return found

    def run(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Once for each row: its values in the order of the names. How many rows of the table were met."""
        if not rows:
            return 0
        sql = self._for(connection)
        driver = _sqlite(connection)
        if driver is not None:
            return driver.executemany(sql, rows).rowcount
        named = [dict(zip(self._names, row, strict=True)) for row in rows]
        return connection.exec_driver_sql(sql, named).rowcount


class Query:
    """A query; its parameter ``wanted``, if it has one, is a list. Rows are tuples."""

    def __init__(self, statement: Select[Any]) -> None:
        self._statement = statement
        self._compiled: dict[int, tuple[str, tuple[str, ...], dict[str, Any]]] = {}

    def all(self, connection: Connection, **values: Any) -> list[Row]:
        """The rows of a query without ``wanted``."""
        driver = _sqlite(connection)
        if driver is None:
            return list(connection.execute(self._statement, values))
        sql, order, constants = self._for(connection, 0, values)
        return driver.execute(sql, [values[name] if name in values else constants[name] for name in order]).fetchall()

    def scalar(self, connection: Connection, **values: Any) -> Any:
        """The first column of the first row, None if there is none."""
        rows = self.all(connection, **values)
        return rows[0][0] if rows else None

    def rows(self, connection: Connection, wanted: Iterable[Any], **values: Any) -> list[Row]:
        """However many are wanted, none at all included."""
        found: list[Row] = []
        whole = list(wanted)
        driver = _sqlite(connection)
        for start in range(0, len(whole), _SIZES[-1]):
            chunk = whole[start : start + _SIZES[-1]]
            if driver is None:
                found += connection.execute(self._statement, {"wanted": chunk, **values})
                continue
            size = next(size for size in _SIZES if size >= len(chunk))
            chunk += [chunk[0]] * (size - len(chunk))
            sql, order, constants = self._for(connection, size, values)
            parameters: list[Any] = []
            for name in order:
                if name == "wanted":
                    parameters += chunk
                else:
                    parameters.append(values[name] if name in values else constants[name])
            found += driver.execute(sql, parameters)
        return found

    def _for(
        self, connection: Connection, size: int, values: Iterable[str]
    ) -> tuple[str, tuple[str, ...], dict[str, Any]]:
        """SQLite's statement for so many wanted values, what stands where in it, and what it says itself."""
        found = self._compiled.get(size)
        if found is None:
            compiled: Any = self._statement.compile(dialect=connection.dialect)
            state = compiled.construct_expanded_state(
                dict.fromkeys(values, 0) | ({"wanted": [0] * size} if size else {})
            )
            listed = {f"wanted_{number}" for number in range(2, size + 1)}
            order = tuple("wanted" if one == "wanted_1" else one for one in state.positiontup if one not in listed)
            found = self._compiled[size] = (state.statement, order, dict(state.parameters))
        return found


def _sqlite(connection: Connection) -> sqlite3.Connection | None:
    """sqlite3's own connection, inside the transaction that ``engine`` has begun; its errors are translated there."""
    driver = connection.connection.driver_connection
    return driver if isinstance(driver, sqlite3.Connection) else None
