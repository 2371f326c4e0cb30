"""What can go wrong with the store, in words for the person who must act; never with a value of a row (rules S2)."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError


class StoreError(Exception):
    """The store cannot be used as it is; somebody has to act."""


class WrongKey(StoreError):
    """The master key, or the key store, is not the one of this database."""


class MissingKey(StoreError):
    """A database exists, but the key that opens it does not."""


class TemporaryStoreError(StoreError):
    """Nothing of the call was kept; the same call may work later (disk full, locked, I/O)."""


class Overtaken(TemporaryStoreError):
    """Somebody else wrote between the reading and the writing of a late transaction: nothing of it was kept, and what
    it was decided upon may be old. Decide again."""


_TEMPORARY = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space, work then goes on by itself",
    sqlite3.SQLITE_IOERR: "the disk gave an input/output error; look at the disk and its free space",
    sqlite3.SQLITE_BUSY: "another process held the database for more than 30 seconds; end it or wait",
    sqlite3.SQLITE_LOCKED: "another connection held a table of the database; wait",
    sqlite3.SQLITE_CANTOPEN: "the database file cannot be opened; look at its directory, owner and free space",
    sqlite3.SQLITE_READONLY: "the database file is read-only; look at its owner, mode and mount",
    sqlite3.SQLITE_NOMEM: "the system is out of memory",
    sqlite3.SQLITE_PROTOCOL: "the database file is locked by too many processes; wait",
}
_BROKEN = {
    sqlite3.SQLITE_CORRUPT: "the database file is damaged; stop maild and restore the last backup",
    sqlite3.SQLITE_NOTADB: "the file is not a database; look at the path in [maild] database",
    sqlite3.SQLITE_PERM: "the database file may not be used; look at its owner and mode",
    sqlite3.SQLITE_AUTH: "the database file may not be used; look at its owner and mode",
}
#: SQLSTATE classes of PostgreSQL that mean "try again": connection, resources, operator, system, rollback.
_TEMPORARY_CLASSES = ("08", "40", "53", "55", "57", "58")


def explain(error: DBAPIError | sqlite3.Error) -> StoreError:
    """Our error for one of the driver's. Its text is ours: the driver's may hold values of the statement."""
    original = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, sqlite3.Error):
        code = getattr(original, "sqlite_errorcode", 0) & 0xFF
        if code in _TEMPORARY:
            return TemporaryStoreError(f"Nothing was stored: {_TEMPORARY[code]}.")
        if code in _BROKEN:
            return StoreError(f"The store cannot be used: {_BROKEN[code]}.")
        name = getattr(original, "sqlite_errorname", type(original).__name__)
        return StoreError(f"The database refused a statement ({name}); this is an error in maild, please report it.")
    state = getattr(original, "sqlstate", None)
    lost = isinstance(error, OperationalError | InterfaceError) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    )
    if (lost and state is None) or (state is not None and state[:2] in _TEMPORARY_CLASSES):
        word = state or "no connection"
        return TemporaryStoreError(f"Nothing was stored: the database server is not available ({word}).")
    return StoreError(f"The database refused a statement (SQLSTATE {state}); please report it.")
