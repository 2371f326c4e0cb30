"""What a transaction will write: kept in memory and written in bulk, table by table, when it commits.

Writing goes: numbers and keys first (the keys committed in their own store), then rows in the order that foreign keys
and the one-open-case index ask for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, bindparam, delete, insert, update

from maild.desk.case import Case
from maild.store import audit as trail
from maild.store.bulk import Bulk
from maild.store.codec import encode
from maild.store.core import Core, Numbers
from maild.store.errors import StoreError
from maild.store.instants import micros, micros_or_none
from maild.store.loaded import CaseRow, Loaded
from maild.store.records import Entry, EntryContent, Outgoing, OutgoingContent
from maild.store.tables import case_address, cases, deadline, entry, outbox, seen, spool
from maild.store.vault import Hasher, place, seal

_CASE_VALUES = ("client_hash", "state", "reason", "flags", "closed", "round_trip", "completed", "replies", "sealed")
_UPDATE_CASE = Bulk(
    update(cases)
    .where(cases.c.number == bindparam("b_number"))
    .values({name: bindparam(f"b_{name}") for name in _CASE_VALUES}),
    ("b_number", *(f"b_{name}" for name in _CASE_VALUES)),
)
_INSERT_CASES = Bulk(insert(cases), [column.name for column in cases.c])
_INSERT_CASE_ADDRESS = Bulk(insert(case_address), ("address_hash", "case_number"))
_INSERT_DEADLINE = Bulk(insert(deadline), ("case_number", "kind", "at"))
_INSERT_ENTRY = Bulk(insert(entry), [column.name for column in entry.c])
_INSERT_SEEN = Bulk(insert(seen), [column.name for column in seen.c])
_NOT_YET = ("attempted", "concluded")
_INSERT_OUTBOX = Bulk(insert(outbox), [column.name for column in outbox.c if column.name not in _NOT_YET])
_DELETE_DEADLINES = Bulk(delete(deadline).where(deadline.c.case_number == bindparam("b_number")), ("b_number",))
_DELETE_ADDRESSES = Bulk(delete(case_address).where(case_address.c.case_number == bindparam("b_number")), ("b_number",))
_SETTLE = Bulk(update(outbox).where(outbox.c.id == bindparam("b_id")).values(settled=1), ("b_id",))
_DONE = delete(spool).where(spool.c.id.in_(bindparam("wanted", expanding=True))).returning(spool.c.id, spool.c.key_id)


class Pending:
    """The buffer of one writing transaction."""

    def __init__(
        self, core: Core, hasher: Hasher, connection: Connection, loaded: Loaded, lock: Callable[[], None]
    ) -> None:
        self._lock = lock
        self._core = core
        self._hasher = hasher
        self._connection = connection
        self._loaded = loaded
        self._row_of = loaded.case_row
        self._locked = False
        self.numbers = Numbers(connection)
        self.cases: dict[int, tuple[Case, Mapping[str, datetime]]] = {}
        self._by_client: dict[bytes, set[int]] = {}
        self.entries: list[tuple[int, Entry]] = []
        self.queued: list[tuple[int, Outgoing]] = []
        self.settled: set[int] = set()
        self.audit: list[trail.Noted] = []
        self.done: set[int] = set()
        #: Message keys whose rows go with this transaction; destroyed once it is committed.
        self.spent_keys: list[int] = []
        #: New keys of cases, and the audit trail's new head: for the key store once this is committed.
        self.owners: dict[int, int] = {}
        self.anchor = ""
        #: The number this transaction took because it wrote cases, with desk and name of each (None: closed): for those
        #: who look for names of open cases, once this is committed.
        self.number: int | None = None
        self.named: dict[int, tuple[str, str | None]] = {}

    def lock(self) -> None:
        """From here on this transaction writes; each that does takes a number, by which a late one finds out."""
        if not self._locked:
            self._lock()
            self._locked = True
            self.numbers.next("transaction")

    def rename(self) -> None:
        """Cases are written: whoever keeps their names finds out by the number."""
        if self.number is None:
            self.number = self.numbers.next("names")

    def address_hashes(self, case: Case) -> list[bytes]:
        """Keyed hashes of the registered address and of the accepted ones, the registered one first."""
        hasher = self._hasher
        return list(dict.fromkeys(hasher.client(case.desk, a) for a in (case.client, *case.addresses) if a))

    def put(self, case: Case, deadlines: Mapping[str, datetime]) -> None:
        """A case to write with its deadlines."""
        before = self.cases.get(case.number)
        if before is None or (before[0].client, before[0].addresses) != (case.client, case.addresses):
            for value in () if before is None else self.address_hashes(before[0]):
                self._by_client[value].discard(case.number)
            for value in self.address_hashes(case):
                self._by_client.setdefault(value, set()).add(case.number)
        self.cases[case.number] = (case, deadlines)
        self.named[case.number] = (case.desk, (case.name or None) if case.is_open else None)

    def numbers_of(self, client: bytes) -> set[int]:
        """Cases to write that this client's address finds."""
        return self._by_client.get(client, set())

    def flush(self) -> None:
        """Write everything that waits."""
        waits = (self.cases, self.entries, self.queued, self.settled, self.audit, self.done)
        if any(waits) or self.numbers.changed:
            self.lock()
        ciphers = self._make_keys()
        if self.cases:
            self.rename()
        self._write_cases(ciphers)
        self._write_entries(ciphers)
        self._write_outbox(ciphers)
        if self.settled:
            _SETTLE.run(self._connection, [{"b_id": number} for number in sorted(self.settled)])
        if self.done:
            rows = self._connection.execute(_DONE, {"wanted": sorted(self.done)}).all()
            self.spent_keys += [row.key_id for row in rows]
        if self.audit:
            self.anchor = trail.append(self._core, self._connection, self.audit)
        self.numbers.save()
        self.cases.clear()
        self._by_client.clear()
        self.entries.clear()
        self.queued.clear()
        self.settled.clear()
        self.audit.clear()
        self.done.clear()

    # -- keys ----------------------------------------------------------------------------------------------------

    def _make_keys(self) -> dict[tuple[str, int], tuple[int | None, AESGCM]]:
        """A cipher for each case, entry and mail to write: (own key or None, cipher)."""
        core = self._core
        if not (self.cases or self.entries or self.queued):
            return {}
        rows = {number: self._row_of(number) for number in self._case_numbers()}
        lacking: list[tuple[str, int, int | None]] = [
            ("case", number, number) for number in self.cases if rows.get(number) is None
        ]
        keyed = {number for number, row in rows.items() if number in self.cases or (row is not None and row.key_id)}
        own: list[tuple[str, int, int | None]] = [
            ("entry", n, None) for n, item in self.entries if item.case not in keyed
        ]
        own += [("outbox", n, None) for n, mail in self.queued if mail.case not in keyed]
        lacking += own
        made = core.keys.take(len(lacking))
        self.owners |= {key_id: case for (_, _, case), (key_id, _) in zip(lacking, made, strict=True) if case}
        result: dict[tuple[str, int], tuple[int | None, AESGCM]] = {
            (kind, number): key for (kind, number, _), key in zip(lacking, made, strict=True)
        }
        loaded = core.keys.load({row.key_id for row in rows.values() if row is not None and row.key_id})
        for number in keyed:
            if ("case", number) not in result:
                row = rows[number]
                if row is None or row.key_id not in loaded:
                    raise StoreError(f"Case {number} was erased; nothing can be added to it.")
                result["case", number] = (row.key_id, loaded[row.key_id])
        for number, item in self.entries:
            if item.case in keyed and item.case is not None:
                result["entry", number] = (None, result["case", item.case][1])
        for number, mail in self.queued:
            if mail.case in keyed and mail.case is not None:
                result["outbox", number] = (None, result["case", mail.case][1])
        return result

    def _case_numbers(self) -> set[int]:
        numbers = set(self.cases)
        numbers |= {item.case for _, item in self.entries if item.case is not None}
        numbers |= {mail.case for _, mail in self.queued if mail.case is not None}
        return numbers

    # -- cases ---------------------------------------------------------------------------------------------------

    def _write_cases(self, ciphers: Mapping[tuple[str, int], tuple[int | None, AESGCM]]) -> None:
        if not self.cases:
            return
        new: list[dict[str, Any]] = []
        old: list[dict[str, Any]] = []
        new_addresses: list[dict[str, Any]] = []
        stale_addresses: list[int] = []
        deadlines: list[dict[str, Any]] = []
        for number, (case, due) in self.cases.items():
            row = self._row_of(number)
            key_id, cipher = ciphers["case", number]
            hashes = self.address_hashes(case)
            values = {
                "client_hash": hashes[0] if hashes else None,
                "state": case.state,
                "reason": case.reason,
                "flags": " ".join(sorted(case.flags)),
                "closed": micros_or_none(case.closed),
                "round_trip": case.round_trip,
                "completed": case.completed,
                "replies": case.replies,
                "sealed": seal(cipher, place("cases", number, "sealed"), encode(case)),
            }
            addresses = [{"address_hash": value, "case_number": number} for value in hashes]
            if row is None:
                new.append(
                    values
                    | {
                        "number": number,
                        "desk": case.desk,
                        "opened": micros(case.opened),
                        "previous": case.previous,
                        "key_id": key_id,
                    }
                )
                new_addresses += addresses
            else:
                if row.case is None or (row.case.client, row.case.addresses) != (case.client, case.addresses):
                    stale_addresses.append(number)
                    new_addresses += addresses
                old.append({f"b_{name}": value for name, value in values.items()} | {"b_number": number})
            deadlines += [{"case_number": number, "kind": kind, "at": micros(at)} for kind, at in due.items()]
        connection = self._connection
        if old:
            # What closes goes first: a client's old case may close where the new one opens.
            old.sort(key=lambda row: row["b_state"] != "closed")
            _UPDATE_CASE.run(connection, old)
            _DELETE_DEADLINES.run(connection, [{"b_number": row["b_number"]} for row in old])
        if new:
            _INSERT_CASES.run(self._connection, new)
        if stale_addresses:
            _DELETE_ADDRESSES.run(connection, [{"b_number": number} for number in stale_addresses])
        if new_addresses:
            _INSERT_CASE_ADDRESS.run(self._connection, new_addresses)
        if deadlines:
            _INSERT_DEADLINE.run(self._connection, deadlines)
        for number, (case, _) in self.cases.items():
            row = self._row_of(number)
            if row is None:
                opened, closed = micros(case.opened), micros_or_none(case.closed)
                flags = " ".join(sorted(case.flags))
                key_id = ciphers["case", number][0]
                row = CaseRow(
                    number, case.desk, case.state, case.reason, flags, opened, closed, case.previous, key_id, b""
                )
                self._loaded.cases[number] = row
            row.state, row.case = case.state, case

    # -- entries and mails ---------------------------------------------------------------------------------------

    def _write_entries(self, ciphers: Mapping[tuple[str, int], tuple[int | None, AESGCM]]) -> None:
        rows: list[dict[str, Any]] = []
        foreign: list[dict[str, Any]] = []
        hasher = self._hasher
        for number, item in self.entries:
            key_id, cipher = ciphers["entry", number]
            content = EntryContent(
                item.author, item.subject, item.text, item.own_text, item.message_id, item.address, item.extra
            )
            body_hash = None
            if item.body_key:
                body_hash = (
                    hasher.case_body(item.case, item.body_key)
                    if item.case is not None
                    else hasher.body(item.desk, item.address, item.body_key)
                )
            rows.append(
                {
                    "id": number,
                    "case_number": item.case,
                    "desk": item.desk,
                    "at": micros(item.at),
                    "kind": item.kind,
                    "disposition": item.disposition,
                    "spool_id": item.spool_id,
                    "round_trip": item.round_trip,
                    "address_hash": hasher.client(item.desk, item.address) if item.address else None,
                    "body_hash": body_hash,
                    "key_id": key_id,
                    "content": seal(cipher, place("entry", number, "content"), encode(content)),
                    "raw": None if item.raw is None else seal(cipher, place("entry", number, "raw"), item.raw),
                }
            )
            if item.message_id and item.address:
                foreign.append(
                    {
                        "entry_id": number,
                        "message_hash": hasher.foreign(item.desk, item.address, item.message_id),
                        "body_hash": hasher.body(item.desk, item.address, item.body_key),
                        "at": micros(item.at),
                        "case_number": item.case,
                    }
                )
        if rows:
            _INSERT_ENTRY.run(self._connection, rows)
            self._loaded.entries.clear()
        if foreign:
            _INSERT_SEEN.run(self._connection, foreign)

    def _write_outbox(self, ciphers: Mapping[tuple[str, int], tuple[int | None, AESGCM]]) -> None:
        rows: list[dict[str, Any]] = []
        hasher = self._hasher
        for number, mail in self.queued:
            key_id, cipher = ciphers["outbox", number]
            content = OutgoingContent(mail.message_id, mail.sender, mail.recipient)
            rows.append(
                {
                    "id": number,
                    "case_number": mail.case,
                    "desk": mail.desk,
                    "audience": mail.audience,
                    "template": mail.template,
                    "created": micros(mail.created),
                    "counted": int(mail.counted),
                    "covers": mail.covers,
                    "entry": mail.entry,
                    "round_trip": mail.round_trip,
                    "message_hash": hasher.sent(mail.message_id),
                    "once_hash": hasher.once(mail.once),
                    "recipient_hash": hasher.recipient(mail.recipient),
                    "key_id": key_id,
                    "content": seal(cipher, place("outbox", number, "content"), encode(content)),
                    "data": seal(cipher, place("outbox", number, "data"), mail.data),
                    "state": "pending",
                    "attempts": 0,
                    "next_attempt": micros(mail.not_before or mail.created),
                    "code": "",
                    "settled": 0,
                }
            )
        if rows:
            _INSERT_OUTBOX.run(self._connection, rows)
