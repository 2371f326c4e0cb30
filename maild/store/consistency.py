"""Every invariant that must hold between two calls, as a check that can be run (``maild doctor``, and every test)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, func, select, text

from maild.store import audit as trail
from maild.store.codec import decode
from maild.store.core import Core
from maild.store.errors import StoreError
from maild.store.instants import micros, micros_or_none
from maild.store.loaded import case_rows, open_case_row
from maild.store.opening import referenced_keys
from maild.store.outbox_rows import WITH_KEY, content_of
from maild.store.records import Envelope
from maild.store.tables import case_address, cases, deadline, entry, erased_key, outbox, sequence, spool
from maild.store.vault import place, unseal


def check(core: Core) -> list[str]:
    """All faults; [] is good."""
    anchor = core.keys.anchor()
    with core.database.read() as connection:
        return [
            *_file(core, connection),
            *_keys(core, connection),
            *_cases(core, connection),
            *_addresses(core, connection),
            *_deadlines(connection),
            *_entries(connection),
            *_outbox(core, connection),
            *_spool(core, connection),
            *_numbers(connection),
            *trail.verify(core, connection, anchor),
        ]


def _file(core: Core, connection: Connection) -> Iterator[str]:
    if not core.database.sqlite:
        return
    for (line,) in connection.execute(text("PRAGMA quick_check")):
        if line != "ok":
            yield f"the database file is damaged: {line}"
    for row in connection.execute(text("PRAGMA foreign_key_check")):
        yield f"row {row[1]} of {row[0]} refers to a row of {row[2]} that does not exist"


def _keys(core: Core, connection: Connection) -> Iterator[str]:
    used, there = referenced_keys(connection), core.keys.all_ids()
    if missing := len(used - there):
        yield f"{missing} keys that rows name are not in the key store"
    erased = set(connection.execute(select(erased_key.c.key_id)).scalars())
    if living := len(erased & there):
        yield f"{living} keys of erased records still exist; restart maild to destroy them"
    if named := len(erased & used):
        yield f"{named} keys of erased records are still named by rows"


def _cases(core: Core, connection: Connection) -> Iterator[str]:
    known = set()
    hashes = {row.number: row.client_hash for row in connection.execute(select(cases.c.number, cases.c.client_hash))}
    for row in case_rows(connection, None, None):
        known.add(row.number)
        if row.previous is not None and row.previous not in known:
            yield f"case {row.number} is linked to case {row.previous}, which is not before it"
        if row.key_id is None:
            if row.state != "closed":
                yield f"case {row.number} is erased and not closed"
            continue
        try:
            case = open_case_row(core, row)
        except StoreError as error:
            yield f"case {row.number}: {error}"
            continue
        if (case.number, case.desk, case.state, case.reason, " ".join(sorted(case.flags))) != (
            row.number,
            row.desk,
            row.state,
            row.reason,
            row.flags,
        ) or (micros(case.opened), micros_or_none(case.closed)) != (row.opened, row.closed):
            yield f"case {row.number} differs from its row"
        if case.client and hashes[row.number] != core.hasher.client(case.desk, case.client):
            yield f"case {row.number} is not found by its client's address"


def _addresses(core: Core, connection: Connection) -> Iterator[str]:
    statement = (
        select(cases.c.number)
        .where(
            cases.c.client_hash.is_not(None),
            ~select(case_address.c.case_number)
            .where(case_address.c.case_number == cases.c.number, case_address.c.address_hash == cases.c.client_hash)
            .exists(),
        )
        .order_by(cases.c.number)
    )
    for number in connection.execute(statement).scalars():
        yield f"case {number} has no look-up row for its client's address"


def _deadlines(connection: Connection) -> Iterator[str]:
    statement = (
        select(deadline.c.case_number)
        .join(cases, cases.c.number == deadline.c.case_number)
        .where(cases.c.state == "closed")
        .distinct()
    )
    for number in connection.execute(statement).scalars():
        yield f"case {number} is closed and has a deadline"


def _entries(connection: Connection) -> Iterator[str]:
    statement = (
        select(entry.c.id).join(cases, cases.c.number == entry.c.case_number).where(entry.c.desk != cases.c.desk)
    )
    for number in connection.execute(statement).scalars():
        yield f"entry {number} belongs to a case of another desk"
    statement = select(entry.c.id).where(
        entry.c.content.is_not(None), entry.c.key_id.is_(None), entry.c.case_number.is_(None)
    )
    for number in connection.execute(statement).scalars():
        yield f"entry {number} has no key"
    for number in connection.execute(select(spool.c.id).join(entry, entry.c.spool_id == spool.c.id)).scalars():
        yield f"mail {number} was decided upon and is still in the spool"


def _outbox(core: Core, connection: Connection) -> Iterator[str]:
    statement = select(outbox.c.id).where(outbox.c.state == "sending", outbox.c.attempts == 0)
    for number in connection.execute(statement).scalars():
        yield f"mail {number} is being sent without a recorded attempt"
    for row in connection.execute(WITH_KEY.where(outbox.c.concluded.is_(None))):
        try:
            cipher = core.keys.cipher(row.row_key)
            content = content_of(cipher, row.id, row.content)
            unseal(cipher, place("outbox", row.id, "data"), row.data)
        except StoreError as error:
            yield f"outgoing mail {row.id}: {error}"
            continue
        if core.hasher.sent(content.message_id) != row.message_hash:
            yield f"outgoing mail {row.id} is not found by its Message-ID"


def _spool(core: Core, connection: Connection) -> Iterator[str]:
    for row in connection.execute(select(spool)):
        try:
            cipher = core.keys.cipher(row.key_id)
            decode(unseal(cipher, place("spool", row.id, "envelope"), row.envelope), Envelope)
            unseal(cipher, place("spool", row.id, "raw"), row.raw)
        except StoreError as error:
            yield f"spooled mail {row.id}: {error}"


def _numbers(connection: Connection) -> Iterator[str]:
    last = {row.name: row.value for row in connection.execute(select(sequence.c.name, sequence.c.value))}
    for name, column in (
        ("case", cases.c.number),
        ("entry", entry.c.id),
        ("outbox", outbox.c.id),
        ("spool", spool.c.id),
    ):
        highest = connection.execute(select(func.max(column))).scalar()
        if highest is not None and highest > last.get(name, 0):
            yield f"the next {name} number was given already"
