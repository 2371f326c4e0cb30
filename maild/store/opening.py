"""Opening both databases, and mending what a crash or a restored backup left between them (rules M1, S3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress

from sqlalchemy import Connection, func, insert, select, union_all

from maild.store.core import Core, raise_sequences
from maild.store.engine import Database, exists
from maild.store.erasure import Tombstone, erase_keys
from maild.store.errors import MissingKey, TemporaryStoreError, WrongKey
from maild.store.keys import KeyStore
from maild.store.schema import prepare
from maild.store.tables import cases, entry, erased_key, meta, outbox, spool


def open_core(url: str, keys_url: str, master_key: bytes, *, migrate: bool, throw_away: bool = False) -> Core:
    """Both databases, known to belong together, with a schema of this version."""
    if exists(url) and not exists(keys_url):
        raise MissingKey(
            "The database exists but its key store (the file …keys.db beside it) does not; put it back from a backup: "
            "without it nothing in the database can be read."
        )
    keys = KeyStore(keys_url, master_key, migrate=migrate, throw_away=throw_away)
    try:
        database = Database(url, throw_away=throw_away)
    except BaseException:
        keys.close()
        raise
    core = Core(database, keys)
    try:
        prepare(database, keys=False, migrate=migrate)
        with database.write() as connection:
            _pair(connection, keys)
            gone = _mend(core, connection)
        if gone:
            keys.destroy([t.key_id for t in gone], gone)
        _sweep(core)
        database.forget_pages()
        keys.forget_pages()
    except BaseException:
        database.close()
        keys.close()
        raise
    return core


def _pair(connection: Connection, keys: KeyStore) -> None:
    found = connection.execute(select(meta.c.value).where(meta.c.name == "identity")).scalar()
    if found is None:
        connection.execute(insert(meta), {"name": "identity", "value": keys.identity})
    elif found != keys.identity:
        raise WrongKey("The key store is not the one of this database; put back the two files that belong together.")


def _mend(core: Core, connection: Connection) -> list[Tombstone]:
    """Replay erasures both ways, and never give a number again. Returns keys that still have to be destroyed."""
    keys = core.keys
    here = {
        row.key_id: Tombstone(row.key_id, row.case_number, row.at) for row in connection.execute(select(erased_key))
    }
    there = keys.tombstones()
    for key_id, (_, at) in there.items():
        if key_id not in here:  # this database is older than that erasure
            erase_keys(connection, [key_id], at)
    raise_sequences(connection, {"case": keys.highest_case()})
    keys.reserve(max((*here, *there, _highest_key(connection)), default=0))
    return [tombstone for key_id, tombstone in here.items() if key_id not in there]


def _highest_key(connection: Connection) -> int:
    highest = [connection.execute(select(func.max(table.c.key_id))).scalar() for table in (cases, entry, outbox, spool)]
    return max((value for value in highest if value is not None), default=0)


def referenced_keys(connection: Connection) -> set[int]:
    """Every key that a row names."""
    parts = [select(t.c.key_id).where(t.c.key_id.is_not(None)) for t in (cases, entry, outbox, spool)]
    return set(connection.execute(union_all(*parts)).scalars())


def _sweep(core: Core) -> None:
    """Destroy orphans: keys whose rows never came. Only below the highest key in use: if an older backup of the main
    database was put back by mistake, the keys of what came later must still be there for the right one."""
    with core.database.write() as connection:  # no key can be half used while we hold the write lock
        used = referenced_keys(connection)
        if not used:
            return
        highest = max(used)
        core.keys.destroy([key_id for key_id in core.keys.all_ids() if key_id < highest and key_id not in used])


def conclude(
    core: Core, owners: Mapping[int, int], spent: Sequence[int], erased: Collection[Tombstone], anchor: str
) -> None:
    """After a commit: tell the key store. What fails here is done at the next start and must not look as if the
    transaction had failed; but an erasure that is not complete is the caller's to know (TemporaryStoreError)."""
    if owners or spent or anchor:
        with suppress(TemporaryStoreError):
            core.keys.conclude(owners, spent, anchor)
    if erased:
        core.keys.destroy([t.key_id for t in erased], erased)
