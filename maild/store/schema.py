"""The version of a database's schema: made whole when new, migrated when old, refused when from the future.

A new database is made from ``tables`` at one go and stamped; Alembic is imported only where there is something to
migrate, since it costs memory that the daemon then keeps. A test holds both ways against each other.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, MetaData, inspect, text

from maild.store.engine import Database
from maild.store.errors import StoreError
from maild.store.tables import for_postgresql, key_metadata, metadata

MAIN_VERSION = "main_0001"
KEYS_VERSION = "keys_0001"

_SQLITE_TRIGGERS = (
    "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'append-only'); END",
    "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'append-only'); END",
)
_POSTGRESQL_TRIGGERS = (
    "CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'append-only'; END $$",
    "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()",
)


def audit_triggers(dialect: str) -> tuple[str, ...]:
    """What makes the audit trail append-only (rules S5)."""
    return _SQLITE_TRIGGERS if dialect == "sqlite" else _POSTGRESQL_TRIGGERS


def version_of(connection: Connection) -> str | None:
    """The version stamped in the database, None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
    return None if row is None else str(row[0])


def prepare(database: Database, *, keys: bool, migrate: bool) -> bool:
    """Bring the schema to this version. True: the database was empty and has been made."""
    wanted = KEYS_VERSION if keys else MAIN_VERSION
    with database.read() as connection:
        found = version_of(connection)
    if found == wanted:
        return False
    with database.write() as connection:
        schema = None if database.sqlite else database.schema
        if schema:
            connection.exec_driver_sql(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
        found = version_of(connection)  # another process may have been faster
        if found == wanted:
            return False
        if found is None:
            _make(connection, key_metadata if keys else metadata, wanted, triggers=not keys)
            return True
        if not migrate:
            raise StoreError("The database has another version than this maild; run `maild run` once to migrate it.")
        _migrate(connection, keys=keys)
        return False


def _make(connection: Connection, tables: MetaData, version: str, *, triggers: bool) -> None:
    if inspect(connection).get_table_names():
        raise StoreError("The database holds tables that are not maild's; look at [maild] database.")
    if connection.dialect.name == "postgresql":
        for_postgresql(tables)
    tables.create_all(connection, checkfirst=False)
    if triggers:
        for statement in audit_triggers(connection.dialect.name):
            connection.exec_driver_sql(statement)
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text("INSERT INTO alembic_version (version_num) VALUES (:v)"), {"v": version})


def _migrate(connection: Connection, *, keys: bool) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    here = Path(__file__).parent / "migrations"
    config = Config()
    config.set_main_option("script_location", str(here).replace("%", "%%"))
    config.set_main_option("version_locations", str(here / ("keys" if keys else "main")).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError:
        raise StoreError(
            "The database was written by a newer maild than this one; install that version again, or restore a backup."
        ) from None
