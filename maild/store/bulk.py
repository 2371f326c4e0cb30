"""Statements that run for every mail, compiled once per dialect and handed to the driver as they are.

SQLAlchemy spends about 5 µs a row on an executemany; a mail is seven rows. The statements are still Core's, so both
databases get their own SQL; our values need no conversion (numbers, text, bytes).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.sql.expression import Executable


class _Compiled(NamedTuple):
    sql: str
    order: tuple[str, ...] | None  # of positional parameters
    constants: dict[str, Any]  # values that stand in the statement itself


class Bulk:
    """One statement with named parameters."""

    def __init__(self, statement: Executable, names: Sequence[str]) -> None:
        self._statement = statement
        self._names = tuple(names)
        self._compiled: dict[str, _Compiled] = {}

    def _for(self, connection: Connection) -> _Compiled:
        name = connection.dialect.name
        found = self._compiled.get(name)
        if found is None:
            compiled = self._statement.compile(  # type: ignore[attr-defined]
                dialect=connection.dialect, column_keys=list(self._names)
            )
            order = tuple(compiled.positiontup) if compiled.positional else None
            constants = {name: value for name, value in compiled.params.items() if name not in self._names}
            found = self._compiled[name] = _Compiled(str(compiled), order, constants)
        return found

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Once for each row."""
        if not rows:
            return
        sql, order, constants = self._for(connection)
        if constants:
            rows = [{**constants, **row} for row in rows]
        if order is None:
            connection.exec_driver_sql(sql, [dict(row) for row in rows])
        else:
            _driver(connection).executemany(sql, [tuple([row[name] for name in order]) for row in rows])

    def scalar(self, connection: Connection, row: Mapping[str, Any]) -> Any:
        """The first column of the first row of a query, None if there is none."""
        sql, order, constants = self._for(connection)
        row = {**constants, **row}
        if order is None:
            return connection.exec_driver_sql(sql, row).scalar()
        found = _driver(connection).execute(sql, tuple([row[name] for name in order])).fetchone()
        return None if found is None else found[0]


def _driver(connection: Connection) -> sqlite3.Connection:
    """sqlite3's own connection, inside the transaction that ``engine`` has begun; its errors are translated there."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver
