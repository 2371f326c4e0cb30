"""The audit trail: append-only, each row bound to the one before it (rules S5).

``hash = HMAC-SHA256(audit secret, hash of the row before + the row)``. A change, an insertion or a gap in the middle
breaks the chain. A trail cut off at its end is found by the anchor: a head noted in the key store after each
commit, so it may be behind the trail and never ahead of it.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select

from maild.store.bulk import Bulk, Query
from maild.store.codec import decode, encode
from maild.store.core import Core
from maild.store.instants import instant, micros
from maild.store.records import AuditRow
from maild.store.tables import audit
from maild.store.vault import Mac, place, seal, unseal

_START = b"\0" * 32
_INSERT = Bulk(insert(audit), ("id", "at", "action", "case_number", "sealed", "hash"))
_HEAD = Query(select(audit.c.id, audit.c.hash).where(audit.c.id == select(func.max(audit.c.id)).scalar_subquery()))


class Noted(NamedTuple):
    """A line to be appended."""

    at: datetime
    actor: str
    action: str
    case: int | None
    detail: dict[str, str | int]


def _link(mac: Mac, before: bytes, number: int, at: int, action: str, case: int | None, sealed: bytes) -> bytes:
    head = f"{number}|{at}|{case if case is not None else '-'}|{len(action)}|{action}|".encode()
    return mac.digest(before + head + sealed)


def append(core: Core, connection: Connection, lines: Sequence[Noted]) -> str:
    """Add lines under the write lock; returns the new head."""
    number, before = next(iter(_HEAD.all(connection)), (0, _START))
    rows = []
    for line in lines:
        number += 1
        at = micros(line.at)
        content = encode({"actor": line.actor, "detail": line.detail})
        sealed = seal(core.audit_cipher, place("audit", number, "sealed"), content)
        before = _link(core.audit_mac, before, number, at, line.action, line.case, sealed)
        rows.append((number, at, line.action, line.case, sealed, before))
    _INSERT.run(connection, rows)
    return _head(number, before)


def head(connection: Connection) -> str:
    """The newest row as the anchor notes it."""
    return next((_head(number, value) for number, value in _HEAD.all(connection)), "")


def _head(number: int, value: bytes) -> str:
    return f"{number}:{value.hex()}"


def rows(core: Core, connection: Connection, case: int | None = None) -> Iterator[AuditRow]:
    """The trail in order, opened; of one case only where given."""
    statement = select(audit).order_by(audit.c.id)
    if case is not None:
        statement = statement.where(audit.c.case_number == case)
    for row in connection.execute(statement):
        content = decode(unseal(core.audit_cipher, place("audit", row.id, "sealed"), row.sealed), dict)
        yield AuditRow(row.id, instant(row.at), content["actor"], row.action, row.case_number, content["detail"])


def verify(core: Core, connection: Connection, anchor: str) -> list[str]:
    """Every break of the chain in words; [] is whole. ``anchor``: read before ``connection`` began."""
    faults: list[str] = []
    number, before = 0, _START
    anchor_id, _, anchor_hash = anchor.partition(":")
    for row in connection.execute(select(audit).order_by(audit.c.id)):
        number += 1
        if row.id != number:
            faults.append(f"audit row {number} is missing")
            number = row.id
        link = _link(core.audit_mac, before, row.id, row.at, row.action, row.case_number, row.sealed)
        if not hmac.compare_digest(link, row.hash):
            faults.append(f"audit row {row.id} was changed, or a row before it")
        before = row.hash  # so that one change is one fault
        if anchor_id == str(row.id) and anchor_hash != row.hash.hex():
            faults.append(f"audit row {row.id} is not the one that the key store remembers")
    if anchor_id and int(anchor_id) > number:
        faults.append(f"the audit trail ends at row {number}; the key store remembers row {anchor_id}")
    return faults
