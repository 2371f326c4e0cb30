"""What a transaction will write: kept in memory and written in bulk, table by table, when it commits.

Writing goes: numbers and keys first (the keys committed in their own store), then rows in the order that foreign keys
and the one-open-case index ask for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from weakref import WeakMethod

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from maild.desk.case import Case
from maild.mail.values import replace
from maild.store import audit as trail
from maild.store.bulk import Bulk, Query, Row
from maild.store.codec import encode
from maild.store.core import Core, Numbers
from maild.store.errors import StoreError
from maild.store.instants import micros, micros_or_none
from maild.store.loaded import CaseRow, Loaded
from maild.store.records import Entry, EntryContent, Outgoing, OutgoingContent
from maild.store.tables import case_address, cases, deadline, entry, outbox, seen, spool
from maild.store.vault import Hasher, fresh_nonces, seal

_CASE_VALUES = ("client_hash", "state", "reason", "flags", "closed", "round_trip", "completed", "replies", "sealed")
_UPDATE_CASE = Bulk(
    update(cases)
    .where(cases.c.number == bindparam("b_number"))
    .values({name: bindparam(f"b_{name}") for name in _CASE_VALUES}),
    (*(f"b_{name}" for name in _CASE_VALUES), "b_number"),
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
_SETTLE = Bulk(
    update(outbox).where(outbox.c.id == bindparam("b_id")).values(settled=bindparam("b_settled")), ("b_settled", "b_id")
)
#: Which of these were queued, by the hash of their ``once``.
QUEUED = Query(
    select(outbox.c.once_hash, outbox.c.id).where(outbox.c.once_hash.in_(bindparam("wanted", expanding=True)))
)
_SPOOLED = Query(select(spool.c.id, spool.c.key_id).where(spool.c.id.in_(bindparam("wanted", expanding=True))))
_DONE = Bulk(delete(spool).where(spool.c.id == bindparam("b_id")), ("b_id",))
#: A row's own key, None where its case's seals it, and the cipher of either.
Key = tuple[int | None, AESGCM]


class Pending:
    """The buffer of one writing transaction."""

    def __init__(
        self, core: Core, hasher: Hasher, connection: Connection, loaded: Loaded, lock: Callable[[], None]
    ) -> None:
        # weak: a circle would keep all that a batch has read until the collector comes round to it
        self._lock = WeakMethod(lock)
        self._core = core
        self._hasher = hasher
        self._connection = connection
        self._loaded = loaded
        self._row_of = loaded.case_row
        self._locked = False
        self.numbers = Numbers(connection)
        self.cases: dict[int, tuple[Case, Mapping[str, datetime]]] = {}
        self._by_client: dict[bytes, set[int]] = {}
        self.entries: dict[int, Entry] = {}
        self._of_case: dict[int, list[int]] = {}  # entries by case
        self.queued: dict[int, Outgoing] = {}
        self.queued_as: dict[str, tuple[int, Outgoing]] = {}  # by Message-ID
        self.unchecked: dict[bytes, int] = {}  # of these, those whose ``once`` was not looked for yet
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
            begin = self._lock()
            assert begin is not None  # whoever writes holds the transaction
            begin()
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

    def record(self, number: int, item: Entry) -> None:
        """An entry to write."""
        if number in self.entries:
            raise ValueError(f"entry {number} was recorded already")
        self.entries[number] = item if item.id == number else replace(item, id=number)
        if item.case is not None:
            self._of_case.setdefault(item.case, []).append(number)

    def entry(self, number: int) -> Entry | None:
        """An entry to write."""
        return self.entries.get(number)

    def entries_of(self, case: int) -> list[Entry]:
        """Entries to write of a case, oldest first."""
        return [self.entries[number] for number in self._of_case.get(case, ())]

    def queue(self, number: int, mail: Outgoing) -> None:
        """A mail to write."""
        self.queued[number] = mail
        self.queued_as.setdefault(mail.message_id, (number, mail))

    def flush(self) -> None:
        """Write everything that waits."""
        waits = (self.cases, self.entries, self.queued, self.settled, self.audit, self.done)
        if any(waits) or self.numbers.changed:
            self.lock()
        self._take_away()
        self._drop_known()
        case_keys, entry_keys, mail_keys = self._make_keys()
        if self.cases:
            self.rename()
            self._write_cases(case_keys)
        self._write_entries(entry_keys)
        self._write_outbox(mail_keys)
        _SETTLE.run(self._connection, [(1, number) for number in sorted(self.settled)])
        if self.audit:
            self.anchor = trail.append(self._core, self._connection, self.audit)
        self.numbers.save()
        for client, numbers in self._loaded.by_client.items():  # asked for once more, they are found where they are now
            kept = [number for number in numbers if number not in self.cases]
            self._loaded.by_client[client] = [*kept, *self._by_client.get(client, ())]
        self.cases.clear()
        self._by_client.clear()
        self.entries.clear()
        self._of_case.clear()
        self.queued.clear()
        self.queued_as.clear()
        self.unchecked.clear()
        self.settled.clear()
        self.audit.clear()
        self.done.clear()

    def _take_away(self) -> None:
        """The mails that were decided upon leave the spool. First of all: what is written next takes their pages, so
        that each is written once."""
        if self.done:
            numbers = sorted(self.done)
            self.spent_keys += [key_id for _, key_id in _SPOOLED.rows(self._connection, numbers)]
            _DONE.run(self._connection, [(number,) for number in numbers])

    def _drop_known(self) -> None:
        """What was queued before after all goes out once (M1)."""
        for value, _ in QUEUED.rows(self._connection, self.unchecked):
            del self.queued[self.unchecked.pop(value)]

    # -- keys ----------------------------------------------------------------------------------------------------

    def _make_keys(self) -> tuple[dict[int, tuple[int, AESGCM]], dict[int, Key], dict[int, Key]]:
        """The key of each case, entry and mail to write."""
        core = self._core
        if not (self.cases or self.entries or self.queued):
            return {}, {}, {}
        rows = {number: self._row_of(number) for number in self._case_numbers()}
        keyed = {number for number, row in rows.items() if number in self.cases or (row is not None and row.key_id)}
        new = [number for number in self.cases if rows[number] is None]
        entries = [number for number, item in self.entries.items() if item.case not in keyed]
        mails = [number for number, mail in self.queued.items() if mail.case not in keyed]
        made = core.keys.take(len(new) + len(entries) + len(mails))
        of_case = dict(zip(new, made, strict=False))
        self.owners |= {key_id: number for number, (key_id, _) in of_case.items()}
        loaded = core.keys.load({row.key_id for row in rows.values() if row is not None and row.key_id})
        for number in keyed:
            if number not in of_case:
                row = rows[number]
                key_id = row.key_id if row is not None else None
                if key_id is None or key_id not in loaded:
                    raise StoreError(f"Case {number} was erased; nothing can be added to it.")
                of_case[number] = (key_id, loaded[key_id])
        of_entry: dict[int, Key] = dict(zip(entries, made[len(new) :], strict=False))
        of_mail: dict[int, Key] = dict(zip(mails, made[len(new) + len(entries) :], strict=True))
        for number, item in self.entries.items():
            if item.case in keyed and item.case is not None:
                of_entry[number] = (None, of_case[item.case][1])
        for number, mail in self.queued.items():
            if mail.case in keyed and mail.case is not None:
                of_mail[number] = (None, of_case[mail.case][1])
        return of_case, of_entry, of_mail

    def _case_numbers(self) -> set[int]:
        numbers = set(self.cases)
        numbers |= {item.case for item in self.entries.values() if item.case is not None}
        numbers |= {mail.case for mail in self.queued.values() if mail.case is not None}
        return numbers

    # -- cases ---------------------------------------------------------------------------------------------------

    def _write_cases(self, keys: Mapping[int, tuple[int, AESGCM]]) -> None:
        new: list[Row] = []
        closing: list[Row] = []
        staying: list[Row] = []
        addresses: list[Row] = []
        moved: list[Row] = []  # cases whose addresses are not what they were
        deadlines: list[Row] = []
        loaded = self._loaded.cases
        for number, (case, due) in self.cases.items():
            row = self._row_of(number)
            key_id, cipher = keys[number]
            hashes = self.address_hashes(case)
            client = hashes[0] if hashes else None
            flags = " ".join(sorted(case.flags))
            closed = micros_or_none(case.closed)
            sealed = seal(cipher, b"cases/%d/sealed" % number, encode(case))
            counts = (case.round_trip, case.completed, case.replies)
            deadlines += [(number, kind, micros(at)) for kind, at in due.items()]
            if row is None:
                opened = micros(case.opened)
                dates = (opened, closed, case.previous)
                new.append((number, case.desk, client, case.state, case.reason, flags, *dates, *counts, key_id, sealed))
                addresses += [(value, number) for value in hashes]
                loaded[number] = CaseRow(
                    number, case.desk, case.state, case.reason, flags, opened, closed, case.previous, key_id, b"", case
                )
                continue
            if row.case is None or (row.case.client, row.case.addresses) != (case.client, case.addresses):
                moved.append((number,))
                addresses += [(value, number) for value in hashes]
            to = staying if case.is_open else closing
            to.append((client, case.state, case.reason, flags, closed, *counts, sealed, number))
            row.state, row.case = case.state, case
        connection = self._connection
        # What closes goes first: a client's old case may close where the new one opens.
        old = closing + staying
        _UPDATE_CASE.run(connection, old)
        _DELETE_DEADLINES.run(connection, [row[-1:] for row in old])
        _INSERT_CASES.run(connection, new)
        _DELETE_ADDRESSES.run(connection, moved)
        _INSERT_CASE_ADDRESS.run(connection, addresses)
        _INSERT_DEADLINE.run(connection, deadlines)

    # -- entries and mails ---------------------------------------------------------------------------------------

    def _write_entries(self, keys: Mapping[int, Key]) -> None:
        rows: list[Row] = []
        foreign: list[Row] = []
        hasher = self._hasher
        nonces = fresh_nonces(2 * len(self.entries))
        for number, item in self.entries.items():
            key_id, cipher = keys[number]
            desk, case, address, body = item.desk, item.case, item.address, item.body_key
            at = micros(item.at)
            all_own = item.own_text == item.text
            own = "" if all_own else item.own_text
            content = EntryContent(
                item.author, item.subject, item.text, own, item.message_id, address, item.extra, all_own
            )
            body_hash = None
            if body:
                body_hash = hasher.case_body(case, body) if case is not None else hasher.body(desk, address, body)
            rows.append(
                (
                    number,
                    case,
                    desk,
                    at,
                    item.kind,
                    item.disposition,
                    item.spool_id,
                    item.round_trip,
                    hasher.client(desk, address) if address else None,
                    body_hash,
                    key_id,
                    seal(cipher, b"entry/%d/content" % number, encode(content), next(nonces)),
                    None if item.raw is None else seal(cipher, b"entry/%d/raw" % number, item.raw, next(nonces)),
                )
            )
            if item.message_id and address:
                message_hash = hasher.foreign(desk, address, item.message_id)
                foreign.append((number, message_hash, hasher.body(desk, address, body), at, case))
        if rows:
            _INSERT_ENTRY.run(self._connection, rows)
            self._loaded.entries.clear()
        _INSERT_SEEN.run(self._connection, foreign)

    def _write_outbox(self, keys: Mapping[int, Key]) -> None:
        rows: list[Row] = []
        hasher = self._hasher
        nonces = fresh_nonces(2 * len(self.queued))
        for number, mail in self.queued.items():
            key_id, cipher = keys[number]
            content = OutgoingContent(mail.message_id, mail.sender, mail.recipient)
            created = micros(mail.created)
            rows.append(
                (
                    number,
                    mail.case,
                    mail.desk,
                    mail.audience,
                    mail.template,
                    created,
                    int(mail.counted),
                    mail.covers,
                    mail.entry,
                    mail.round_trip,
                    hasher.sent(mail.message_id),
                    hasher.once(mail.once),
                    hasher.recipient(mail.recipient),
                    key_id,
                    seal(cipher, b"outbox/%d/content" % number, encode(content), next(nonces)),
                    seal(cipher, b"outbox/%d/data" % number, mail.data, next(nonces)),
                    "pending",
                    0,
                    created if mail.not_before is None else micros(mail.not_before),
                    "",
                    0,
                )
            )
        _INSERT_OUTBOX.run(self._connection, rows)
