"""Erasure (rules S3): rows lose what is personal, and the keys that could read old backups are named for destruction.

Order: the rows and a tombstone (``erased_key``) commit first, then the key is destroyed in the key store. A crash in
between is mended at the next start, which replays the tombstones; a restored backup of either database is, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from maild.store.keys import chunks
from maild.store.tables import case_address, cases, deadline, entry, erased_key, outbox


class Tombstone(NamedTuple):
    """A key to destroy."""

    key_id: int
    case: int | None
    at: int


_BLANK_ENTRY = {"content": None, "raw": None, "address_hash": None, "body_hash": None, "key_id": None}
_BLANK_MAIL = {"content": None, "data": None, "recipient_hash": None, "key_id": None}


def erase_case(connection: Connection, number: int, at: int) -> list[Tombstone]:
    """Blank everything of a case; [] where there is nothing left to erase."""
    row = connection.execute(select(cases.c.key_id, cases.c.state).where(cases.c.number == number)).first()
    if row is None or row.key_id is None:
        return []
    own = [
        *connection.execute(select(entry.c.key_id).where(entry.c.case_number == number)).scalars(),
        *connection.execute(select(outbox.c.key_id).where(outbox.c.case_number == number)).scalars(),
    ]
    connection.execute(delete(case_address).where(case_address.c.case_number == number))
    connection.execute(delete(deadline).where(deadline.c.case_number == number))
    connection.execute(update(entry).where(entry.c.case_number == number), _BLANK_ENTRY)
    _give_up(connection, outbox.c.case_number == number, at)
    connection.execute(update(outbox).where(outbox.c.case_number == number), _BLANK_MAIL)
    values: dict[str, object] = {"client_hash": None, "sealed": None, "key_id": None}
    if row.state != "closed":
        values |= {"state": "closed", "reason": "erased", "closed": at}
    connection.execute(update(cases).where(cases.c.number == number), values)
    gone = [Tombstone(row.key_id, number, at)] + [Tombstone(key_id, number, at) for key_id in own if key_id is not None]
    _bury(connection, gone)
    return gone


def erase_without_case(connection: Connection, desk: str, client: bytes, recipient: bytes, at: int) -> list[Tombstone]:
    """Blank entries and mails of an address that belong to no case."""
    of_client = (entry.c.address_hash == client) & entry.c.case_number.is_(None)
    to_client = (outbox.c.recipient_hash == recipient) & outbox.c.case_number.is_(None) & (outbox.c.desk == desk)
    keys = [
        *connection.execute(select(entry.c.key_id).where(of_client)).scalars(),
        *connection.execute(select(outbox.c.key_id).where(to_client, outbox.c.concluded.is_not(None))).scalars(),
    ]
    connection.execute(update(entry).where(of_client), _BLANK_ENTRY)
    # What is still to be sent (the mail that tells of the erasure) goes out first.
    connection.execute(update(outbox).where(to_client, outbox.c.concluded.is_not(None)), _BLANK_MAIL)
    gone = [Tombstone(key_id, None, at) for key_id in keys if key_id is not None]
    _bury(connection, gone)
    return gone


def erase_keys(connection: Connection, key_ids: Iterable[int], at: int) -> None:
    """Blank whatever still refers to destroyed keys (a main database restored from an older backup)."""
    for chunk in chunks(key_ids):
        for number in connection.execute(select(cases.c.number).where(cases.c.key_id.in_(chunk))).scalars().all():
            erase_case(connection, number, at)
        connection.execute(update(entry).where(entry.c.key_id.in_(chunk)), _BLANK_ENTRY)
        _give_up(connection, outbox.c.key_id.in_(chunk), at)
        connection.execute(update(outbox).where(outbox.c.key_id.in_(chunk)), _BLANK_MAIL)


def _give_up(connection: Connection, where: object, at: int) -> None:
    values = {"state": "failed", "concluded": at, "code": "erased", "settled": 1}
    connection.execute(update(outbox).where(where, outbox.c.concluded.is_(None)), values)  # type: ignore[arg-type]
    connection.execute(update(outbox).where(where, outbox.c.settled == 0), {"settled": 1})  # type: ignore[arg-type]


def _bury(connection: Connection, gone: list[Tombstone]) -> None:
    known: set[int] = set()
    for chunk in chunks(tombstone.key_id for tombstone in gone):
        known |= set(connection.execute(select(erased_key.c.key_id).where(erased_key.c.key_id.in_(chunk))).scalars())
    rows = [{"key_id": t.key_id, "case_number": t.case, "at": t.at} for t in gone if t.key_id not in known]
    if rows:
        connection.execute(insert(erased_key), rows)
