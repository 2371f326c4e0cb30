"""Connections: how a database is opened and how its transactions begin.

SQLite: WAL with synchronous=FULL, so that a commit that returned is on disk (rules M1). Transactions are begun
explicitly (``isolation_level=None``): sqlite3's legacy mode commits on its own (findings). PostgreSQL: one writer at a
time by an advisory lock, the same promise that BEGIN IMMEDIATE gives.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from maild.store.errors import StoreError, TemporaryStoreError, explain

BUSY_SECONDS = 30
_LOOK = 0.0005  # seconds between two looks at whether the lock of the writers is free
#: One name for maild's writers among a server's advisory locks.
_WRITER_LOCK = 0x6D61696C64
#: The key store is written while the main database is: it has a lock of its own, even in the same database.
_KEYS_LOCK = _WRITER_LOCK + 1


# sqlite3 asks every parameter but numbers and text whether it wants to be adapted, at 0.8 µs each; of the thirty that a
# mail has none does. With an adapter that changes nothing it asks no further.
sqlite3.register_adapter(bytes, bytes)
_SAME: dict[None, None] = {}
sqlite3.register_adapter(type(None), _SAME.get)  # None for None, at the speed of C


def parse_url(url: str) -> URL:
    """The URL of ``[maild] database``; psycopg is the driver of postgresql://."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreError("The database URL is malformed; allowed: sqlite:///PATH or postgresql://…") from None
    if parsed.drivername == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        raise StoreError("The database URL names an unknown kind; allowed: sqlite:///PATH or postgresql://…")
    if parsed.drivername == "sqlite" and (not parsed.database or parsed.database == ":memory:"):
        raise StoreError("The database URL names no file; allowed: sqlite:///PATH")
    return parsed


def default_keys_url(url: str) -> str:
    """Where the keys live unless configured: a file beside the database, a schema of their own on a server."""
    parsed = parse_url(url)
    if parsed.drivername == "sqlite":
        assert parsed.database is not None
        path = Path(parsed.database)
        return f"sqlite:///{path.with_name(f'{path.stem}.keys.db')}"
    return parsed.update_query_dict({"maild_schema": "maild_keys"}).render_as_string(hide_password=False)


def exists(url: str) -> bool:
    """Whether there is anything at the URL already. A server's database counts once it holds our tables."""
    parsed = parse_url(url)
    if parsed.drivername == "sqlite":
        assert parsed.database is not None
        try:
            return os.stat(parsed.database).st_size > 0
        except FileNotFoundError:
            return False
    from maild.store.schema import version_of

    database = Database(url)
    try:
        with database.read() as connection:
            return version_of(connection) is not None
    finally:
        database.close()


Begin = Callable[[sqlite3.Connection], None]  # how a transaction of SQLite begins


def _begin(driver: sqlite3.Connection) -> None:
    driver.execute("BEGIN")


def _begin_immediate(driver: sqlite3.Connection) -> None:
    """BEGIN IMMEDIATE, at the next gap between the transactions of others.

    SQLite waits longer from look to look, up to a tenth of a second: beside a process that writes without a pause, as
    mail is accepted under load, it looks on for half a second and more.
    """
    until = time.monotonic() + BUSY_SECONDS
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
                time.sleep(_LOOK)
            else:
                return
    finally:
        driver.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")


def _create_private(path: Path) -> None:
    """The file with mode 0600 in a directory with 0700; SQLite gives its WAL the mode of the database."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as error:
        raise TemporaryStoreError(
            f"The database file cannot be created ({error.strerror}); look at [maild] data_dir and database."
        ) from None


class Database:
    """One database. Writers of this process queue on a lock; those of others wait in SQLite or on the server."""

    def __init__(self, url: str, *, keys: bool = False, throw_away: bool = False) -> None:
        parsed = parse_url(url)
        self.sqlite = parsed.drivername == "sqlite"
        self._lock = threading.Lock()
        self._writer: int | None = None
        self._process = os.getpid()
        self._synchronous = "OFF" if throw_away else "FULL"
        if self.sqlite:
            assert parsed.database is not None
            _create_private(Path(parsed.database))
            self.engine: Engine = create_engine(parsed, connect_args={"timeout": BUSY_SECONDS}, pool_size=8)

            def connected(connection: sqlite3.Connection, _record: object) -> None:
                connection.isolation_level = None
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute(f"PRAGMA synchronous = {self._synchronous}")
                connection.execute("PRAGMA foreign_keys = ON")
                connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
                connection.execute("PRAGMA cache_size = -4096")  # KiB, of every connection; the system has a cache too
                connection.execute("PRAGMA wal_autocheckpoint = 4000")
                if keys:
                    connection.execute("PRAGMA secure_delete = ON")

            event.listen(self.engine, "connect", connected)
        else:
            query = dict(parsed.query)
            schema = query.pop("maild_schema", None)
            self.schema = str(schema) if schema else None
            self._writer_lock = _KEYS_LOCK if keys else _WRITER_LOCK
            arguments: dict[str, Any] = {"connect_timeout": 10}
            if self.schema:
                arguments["options"] = f"-csearch_path={self.schema}"
            self.engine = create_engine(parsed.set(query=query), connect_args=arguments, pool_pre_ping=True)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def forget_pages(self) -> None:
        """Close idle connections, and with them what they hold in memory of a database that was read whole."""
        self.engine.dispose()

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Connection]:
        """A transaction that may write: committed at the end of the block, rolled back on any error.

        ``durable`` False: the commit survives the death of every process, but the last ones may be missing after a
        power cut (no fsync of its own; the next durable commit syncs them too). For what is only counted or swept.
        """
        if self._writer == threading.get_ident():
            raise RuntimeError("a writing transaction inside a writing transaction")
        with self._lock:
            self._writer = threading.get_ident()
            try:
                with self._connection(_begin_immediate, durable=durable) as connection:
                    if not self.sqlite:
                        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({self._writer_lock})")
                    yield connection
            finally:
                self._writer = None

    @contextmanager
    def write_late(self) -> Iterator[tuple[Connection, Callable[[], None]]]:
        """A transaction that reads one state of the database, and the call that makes it a writing one.

        Writers do not wait for it until then; what it has read may be old by then, which is the caller's to find out.
        PostgreSQL: a writing one from the start.
        """
        if not self.sqlite:
            with self.write() as connection:
                yield connection, lambda: None
            return
        if self._writer == threading.get_ident():
            raise RuntimeError("a writing transaction inside a writing transaction")
        locked = False
        with self._connection(_begin) as connection:
            driver = connection.connection.driver_connection
            assert driver is not None

            def lock() -> None:
                nonlocal locked
                self._lock.acquire()
                locked = True
                self._writer = threading.get_ident()
                driver.execute("COMMIT")
                _begin_immediate(driver)

            try:
                yield connection, lock
            except BaseException:
                if locked:  # rolled back before anybody else of this process writes
                    with suppress(DBAPIError, sqlite3.Error):
                        connection.rollback()
                raise
            else:
                connection.commit()
            finally:
                if locked:
                    self._writer = None
                    self._lock.release()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database and changes nothing."""
        with self._connection(_begin) as connection:
            if not self.sqlite:
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield connection

    @contextmanager
    def _connection(self, begin: Begin, *, durable: bool = True) -> Iterator[Connection]:
        if self._process != os.getpid():
            # Neither connections nor the pool of fresh keys may be shared: two rows would get one key.
            raise RuntimeError("a store belongs to the process that opened it; open another after a fork")
        try:
            connection = self.engine.connect()
        except DBAPIError as error:
            raise explain(error) from None
        try:
            if self.sqlite:
                driver = connection.connection.driver_connection
                assert driver is not None
                if not durable and self._synchronous == "FULL":
                    driver.execute("PRAGMA synchronous = NORMAL")
                begin(driver)
                connection.begin()
            elif not durable:
                connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
            yield connection
            connection.commit()
        except BaseException as error:
            # A connection that cannot roll back is thrown away, with whatever it holds.
            try:
                connection.rollback()
            except Exception:
                connection.invalidate()
            if isinstance(error, (DBAPIError, sqlite3.Error)):
                raise explain(error) from None
            raise
        finally:
            if not durable and self.sqlite and not connection.invalidated:
                driver = connection.connection.driver_connection
                assert driver is not None
                driver.execute(f"PRAGMA synchronous = {self._synchronous}")
            connection.close()
