"""What a transaction has read so far: rows by number and by keyed hash, fetched in bulk, decrypted when looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import Connection, bindparam, func, select

from maild.desk.case import Case
from maild.store.bulk import Query, Row
from maild.store.codec import Decoder
from maild.store.core import Core
from maild.store.instants import instant, instant_or_none
from maild.store.keys import KeyGone
from maild.store.outbox_rows import ROW_KEY, content_of
from maild.store.records import Entry, EntryContent, OutgoingContent, SentMail
from maild.store.tables import case_address, cases, entry, outbox
from maild.store.vault import place, unseal

_CHUNK = 500


@dataclass(slots=True)
class CaseRow:
    """A row of table cases, and the case once it was decrypted."""

    number: int
    desk: str
    state: str
    reason: str | None
    flags: str
    opened: int
    closed: int | None
    previous: int | None
    key_id: int | None
    sealed: bytes | None = field(repr=False)
    case: Case | None = field(default=None, repr=False)


_COLUMNS = (
    cases.c.number,
    cases.c.desk,
    cases.c.state,
    cases.c.reason,
    cases.c.flags,
    cases.c.opened,
    cases.c.closed,
    cases.c.previous,
    cases.c.key_id,
    cases.c.sealed,
)
_BY_NUMBER = Query(select(*_COLUMNS).where(cases.c.number.in_(bindparam("wanted", expanding=True))))
_BY_ADDRESS = Query(
    select(case_address.c.address_hash, *_COLUMNS)
    .join(cases, cases.c.number == case_address.c.case_number)
    .where(case_address.c.address_hash.in_(bindparam("wanted", expanding=True)))
)
_SENT = select(
    outbox.c.message_hash,
    outbox.c.id,
    outbox.c.case_number,
    outbox.c.desk,
    outbox.c.audience,
    outbox.c.template,
    outbox.c.created,
    outbox.c.covers,
    outbox.c.round_trip,
    outbox.c.entry,
    outbox.c.content,
    outbox.c.data,
    ROW_KEY,
).select_from(outbox.outerjoin(cases, cases.c.number == outbox.c.case_number))
_SENT_BY_HASH = Query(_SENT.where(outbox.c.message_hash.in_(bindparam("wanted", expanding=True))))
_SENT_BY_ID = Query(_SENT.where(outbox.c.id == bindparam("b_id")))


def erased_case(row: CaseRow) -> Case:
    """What is left of an erased case: its number, desk, dates and outcome."""
    return Case(
        number=row.number,
        desk=row.desk,
        client="",
        opened=instant(row.opened),
        state=row.state,  # type: ignore[arg-type]
        reason=row.reason,  # type: ignore[arg-type]
        closed=instant_or_none(row.closed),
        previous=row.previous,
        flags=frozenset(row.flags.split()),
    )


class Loaded:
    """The rows of one transaction."""

    def __init__(self, core: Core, connection: Connection) -> None:
        self._core = core
        self._connection = connection
        self.cases: dict[int, CaseRow | None] = {}
        self.by_client: dict[bytes, list[int]] = {}
        self.sent: dict[bytes, SentMail | None] = {}
        self.entries: dict[int, list[Row]] = {}  # of a case, as they are in the database

    # -- cases ---------------------------------------------------------------------------------------------------

    def _keep(self, number: int, row: Row) -> None:
        if self.cases.get(number) is None:
            self.cases[number] = CaseRow(*row)

    def load_cases(self, numbers: Iterable[int]) -> None:
        """Rows by number; those that do not exist are remembered as such."""
        wanted = [number for number in set(numbers) if number not in self.cases]
        for row in _BY_NUMBER.rows(self._connection, wanted):
            self._keep(row[0], row)
        for number in wanted:
            self.cases.setdefault(number, None)

    def load_clients(self, hashes: Iterable[bytes]) -> None:
        """All cases of these clients."""
        wanted = [value for value in set(hashes) if value not in self.by_client]
        for value in wanted:
            self.by_client[value] = []
        for value, *row in _BY_ADDRESS.rows(self._connection, wanted):
            self._keep(row[0], row)
            self.by_client[value].append(row[0])

    def cases_of(self, numbers: Sequence[int]) -> Iterator[CaseRow]:
        """Rows by number with their keys at hand, however many there are: so many at a time as are kept."""
        for start in range(0, len(numbers), _CHUNK):
            chunk = numbers[start : start + _CHUNK]
            self.load_cases(chunk)
            rows = [row for number in chunk if (row := self.cases[number]) is not None]
            self._core.keys.load({row.key_id for row in rows if row.key_id and row.state != "closed"})
            yield from rows

    def load_keys(self) -> None:
        """The keys of the open cases among the rows, at one go."""
        self._core.keys.load(
            {r.key_id for r in self.cases.values() if r is not None and r.key_id and r.state != "closed"}
        )

    def case_row(self, number: int) -> CaseRow | None:
        """One row."""
        if number not in self.cases:
            self.load_cases((number,))
        return self.cases[number]

    def case(self, row: CaseRow) -> Case:
        """The case of a row; a bare one if it was erased."""
        if row.case is None:
            row.case = open_case_row(self._core, row)
        return row.case

    # -- entries -------------------------------------------------------------------------------------------------

    def load_entries(self, numbers: Iterable[int]) -> None:
        """The entries of these cases, without raw mails; they are decrypted when looked at."""
        wanted = [number for number in set(numbers) if number not in self.entries]
        for number in wanted:
            self.entries[number] = []
        for row in _ENTRIES_OF_CASES.rows(self._connection, wanted):
            self.entries[row[1]].append(row)

    # -- our mails -----------------------------------------------------------------------------------------------

    def load_sent(self, hashes: Iterable[bytes]) -> None:
        """Mails of ours by the hash of their Message-ID."""
        wanted = [value for value in set(hashes) if value not in self.sent]
        for value in wanted:
            self.sent[value] = None
        for value, *row in _SENT_BY_HASH.rows(self._connection, wanted):
            self.sent[value] = _sent_mail(self._core, row)

    def sent_by_id(self, outbox_id: int) -> SentMail | None:
        """One mail of ours by its number."""
        for _, *row in _SENT_BY_ID.all(self._connection, b_id=outbox_id):
            return _sent_mail(self._core, row)
        return None


_CASE = Decoder(Case)


def open_case_row(core: Core, row: CaseRow) -> Case:
    """Decrypt a case; a bare one if it was erased."""
    if row.key_id is None or row.sealed is None:
        return erased_case(row)
    try:
        cipher = core.keys.cipher(row.key_id)
    except KeyGone:  # the erasure is half done: the start finishes it
        return erased_case(row)
    return _CASE.decode(unseal(cipher, place("cases", row.number, "sealed"), row.sealed))


@dataclass(frozen=True, slots=True)
class _Named:
    """What of a case tells its name."""

    name: str | None = field(default=None, repr=False)


_NAMED = Decoder(_Named)


def open_names(core: Core, connection: Connection, desk: str) -> Iterator[tuple[int, str]]:
    """Number and chosen name of every open case of a desk that has one."""
    wanted = select(cases.c.number, cases.c.key_id, cases.c.sealed).where(
        cases.c.desk == desk, cases.c.state != "closed", cases.c.sealed.is_not(None), cases.c.key_id.is_not(None)
    )
    rows = connection.execute(wanted).all()
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        core.keys.load({row.key_id for row in chunk})  # so many at a time as are kept
        for row in chunk:
            try:
                cipher = core.keys.cipher(row.key_id)
            except KeyGone:  # the erasure is half done
                continue
            name = _NAMED.decode(unseal(cipher, place("cases", row.number, "sealed"), row.sealed)).name
            if name:
                yield row.number, name


def opened_case_rows(core: Core, rows: Sequence[CaseRow]) -> Iterator[Case]:
    """Cases of rows, decrypted, however many: their keys are read so many at a time as are kept."""
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        core.keys.load({row.key_id for row in chunk if row.key_id is not None})
        yield from (open_case_row(core, row) for row in chunk)


def case_rows(connection: Connection, states: Iterable[str] | None, desk: str | None) -> list[CaseRow]:
    """Rows in these states, by number."""
    statement = select(*_COLUMNS)
    if states is not None:
        statement = statement.where(cases.c.state.in_(list(states)))
    if desk is not None:
        statement = statement.where(cases.c.desk == desk)
    return sorted((CaseRow(*row) for row in connection.execute(statement)), key=lambda row: row.number)


def _sent_mail(core: Core, row: Row) -> SentMail:
    """A mail of ours from a row of _SENT, the hash left out."""
    number, case, desk, audience, template, created, covers, round_trip, entry_id, content, data, key_id = row
    return SentMail(
        number,
        case,
        desk,
        audience,
        template,
        instant(created),
        covers,
        round_trip,
        entry_id,
        partial(_content, core, number, key_id, content),
        partial(_data, core, number, key_id, data),
    )


def _content(core: Core, row_id: int, key_id: int | None, sealed: bytes | None) -> OutgoingContent:
    cipher = None if key_id is None or sealed is None else core.keys.load((key_id,)).get(key_id)
    if cipher is None or sealed is None:
        return OutgoingContent("", "", "")
    return content_of(cipher, row_id, sealed)


def _data(core: Core, row_id: int, key_id: int | None, sealed: bytes | None) -> bytes:
    cipher = None if key_id is None or sealed is None else core.keys.load((key_id,)).get(key_id)
    if cipher is None or sealed is None:
        return b""
    return unseal(cipher, place("outbox", row_id, "data"), sealed)


# -- entries -----------------------------------------------------------------------------------------------------

ENTRY_COLUMNS = (
    entry.c.id,
    entry.c.case_number,
    entry.c.desk,
    entry.c.at,
    entry.c.kind,
    entry.c.disposition,
    entry.c.spool_id,
    entry.c.round_trip,
    entry.c.content,
)


_ROW_KEY = len(ENTRY_COLUMNS)
_ENTRY_CONTENT = Decoder(EntryContent)
WITH_CASE_KEY = select(*ENTRY_COLUMNS, func.coalesce(entry.c.key_id, cases.c.key_id).label("row_key")).select_from(
    entry.outerjoin(cases, cases.c.number == entry.c.case_number)
)
_ENTRIES_OF_CASES = Query(
    WITH_CASE_KEY.where(entry.c.case_number.in_(bindparam("wanted", expanding=True))).order_by(entry.c.id)
)


def open_entries(core: Core, rows: Sequence[Row]) -> list[Entry]:
    """Entries from rows of ENTRY_COLUMNS, row_key and perhaps raw; erased ones are empty."""
    ciphers = core.keys.load({row[_ROW_KEY] for row in rows if row[_ROW_KEY] is not None})
    found = []
    for number, case, desk, at, kind, disposition, spool_id, round_trip, sealed, key_id, *more in rows:
        cipher = ciphers.get(key_id)
        content, raw = EntryContent(), None
        if cipher is not None and sealed is not None:
            content = _ENTRY_CONTENT.decode(unseal(cipher, place("entry", number, "content"), sealed))
            if more and more[0] is not None:
                raw = unseal(cipher, place("entry", number, "raw"), more[0])
        found.append(
            Entry(
                case=case,
                desk=desk,
                at=instant(at),
                kind=kind,
                disposition=disposition,
                spool_id=spool_id,
                author=content.author,
                subject=content.subject,
                text=content.text,
                own_text=content.text if content.all_own else content.own_text,
                message_id=content.message_id,
                raw=raw,
                address=content.address,
                round_trip=round_trip,
                extra=content.extra,
                id=number,
            )
        )
    return found
