"""The unit of work: what the pipeline reads and writes between BEGIN and COMMIT.

Reads answer from what this transaction wrote or prefetched, and go to the database for the rest. Writes are kept in
memory (``pending``) and go out in bulk at the commit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from maild.desk.case import Case
from maild.store import audit as trail
from maild.store import erasure, marks
from maild.store.bulk import Query, Row
from maild.store.codes import code as clean
from maild.store.core import Core
from maild.store.errors import Overtaken
from maild.store.instants import instant, micros
from maild.store.loaded import WITH_CASE_KEY, Loaded, open_entries, open_names
from maild.store.open_names import DeskNames
from maild.store.our_mails import OurMails
from maild.store.outlasting import Outlasting
from maild.store.pending import Pending
from maild.store.records import (
    Due,
    Entry,
    Seen,
)
from maild.store.tables import cases, deadline, entry, seen

_ENTRIES_OF = WITH_CASE_KEY.where(entry.c.case_number == bindparam("b_case")).order_by(entry.c.id)
_ENTRY = WITH_CASE_KEY.where(entry.c.id == bindparam("b_id"))
_BODIES = Query(
    select(entry.c.body_hash, func.max(entry.c.id))
    .where(entry.c.body_hash.in_(bindparam("wanted", expanding=True)))
    .group_by(entry.c.body_hash)
)
_SEEN = Query(
    select(seen.c.message_hash, seen.c.at, seen.c.body_hash, seen.c.case_number, seen.c.entry_id)
    .where(seen.c.message_hash.in_(bindparam("wanted", expanding=True)))
    .order_by(seen.c.entry_id)
)
_DUE = (
    select(deadline.c.case_number, deadline.c.kind, deadline.c.at)
    .where(deadline.c.at <= bindparam("b_now"))
    .order_by(deadline.c.at, deadline.c.case_number, deadline.c.kind)
    .limit(bindparam("b_limit"))
)
_DUE_AT = _DUE.join(cases, cases.c.number == deadline.c.case_number).where(
    cases.c.desk.in_(bindparam("b_desks", expanding=True))
)
_DUE_BUT_CLOSINGS = _DUE_AT.where(deadline.c.kind != "close")


class Transaction(OurMails, Outlasting):
    """One transaction; use it within the ``with`` block of Store.transaction() or Store.read() only."""

    def __init__(
        self, core: Core, connection: Connection, *, writing: bool, lock: Callable[[], None] | None = None
    ) -> None:
        self._core = core
        self._connection = connection
        self._hasher = core.hasher.fresh()
        self._writing = writing
        self._loaded = Loaded(core, connection)
        self._lock = lock
        self._pending = Pending(core, self._hasher, connection, self._loaded, self._begin_to_write)
        self._marks = marks.Marks(core, connection)
        self._erased: list[erasure.Tombstone] = []
        self._seen: dict[bytes, list[Seen]] = {}
        self._bodies: dict[bytes, int | None] = {}
        self._once: dict[bytes, int] = {}
        self._counted: dict[bytes, list[int]] = {}
        self._counted_since: int | None = None
        self._names: dict[str, DeskNames] = {}

    def _write(self) -> Pending:
        if not self._writing:
            raise RuntimeError("a reading transaction cannot write")
        return self._pending

    def _write_now(self) -> Pending:
        """For what does not wait for the flush."""
        pending = self._write()
        pending.lock()
        return pending

    def _begin_to_write(self) -> None:
        if self._lock is not None:
            self._pending.numbers.load()  # as they were when everything else was read
            self._lock()
            if not self._pending.numbers.are_ours():
                raise Overtaken("Another process of maild wrote meanwhile; it is decided again.")

    def flush(self) -> None:
        """Write what waits; the commit does so by itself."""
        self._pending.flush()

    # -- bulk ----------------------------------------------------------------------------------------------------

    def prefetch(
        self,
        *,
        clients: Iterable[tuple[str, str]] = (),
        message_ids: Iterable[str] = (),
        numbers: Iterable[int] = (),
        seen: Iterable[tuple[str, str, str]] = (),
        bodies: Iterable[tuple[int | None, str, str, str]] = (),
        templates_since: datetime | None = None,
        entries: bool = False,
    ) -> None:
        """Fetch at few statements what a batch will ask for: cases of clients (desk, address), mails of ours by
        Message-ID together with their cases, cases by number, foreign Message-IDs (desk, address, id), bodies (case or
        None, desk, address, normalised body), the template mails that went to the clients since an instant, and the
        ``entries`` of the open cases among all these."""
        clients = list(clients)
        hashes = [self._hasher.client(desk, address) for desk, address in clients]
        if hashes:
            self._loaded.load_clients(hashes)
            self._marks.load_suspensions(hashes)
        if templates_since is not None and clients:
            self._load_counted({self._hasher.recipient(a) for _, a in clients}, micros(templates_since))
        sent = [self._hasher.sent(message_id) for message_id in message_ids]
        if sent:
            self._loaded.load_sent(sent)
        wanted = set(numbers)
        wanted |= {mail.case for h in sent if (mail := self._loaded.sent.get(h)) is not None and mail.case is not None}
        if wanted:
            self._loaded.load_cases(wanted)
        if entries:
            rows = [row for row in self._loaded.cases.values() if row is not None]
            self._loaded.load_entries(row.number for row in rows if row.state != "closed")
        self._load_seen([self._hasher.foreign(*triple) for triple in seen])
        self._load_bodies([self._body_hash(*quadruple) for quadruple in bodies])
        self._loaded.load_keys()

    def _load_seen(self, hashes: Iterable[bytes]) -> None:
        wanted = [value for value in set(hashes) if value not in self._seen]
        for value in wanted:
            self._seen[value] = []
        for value, at, body_hash, case, number in _SEEN.rows(self._connection, wanted):
            self._seen[value].append(Seen(instant(at), body_hash, case, number))

    def _load_bodies(self, hashes: Iterable[bytes]) -> None:
        wanted = [value for value in set(hashes) if value not in self._bodies]
        for value in wanted:
            self._bodies[value] = None
        for value, number in _BODIES.rows(self._connection, wanted):
            self._bodies[value] = number

    # -- cases ---------------------------------------------------------------------------------------------------

    def case(self, number: int) -> Case | None:
        """A case by its number; of an erased one what is left."""
        waiting = self._pending.cases.get(number)
        if waiting is not None:
            return waiting[0]
        row = self._loaded.case_row(number)
        return None if row is None else self._loaded.case(row)

    def open_case(self, desk: str, address: str) -> Case | None:
        """The open case of a client, by registered or accepted address; the registered one first (C8, D2)."""
        value = self._hasher.client(desk, address)
        found = None
        for number in self._numbers_of(value):
            waiting = self._pending.cases.get(number)
            if waiting is not None:
                if not waiting[0].is_open:
                    continue
            else:
                row = self._loaded.case_row(number)
                if row is None or row.state == "closed":
                    continue
            case = self.case(number)
            assert case is not None
            if case.client == address:
                return case
            found = found or case
        return found

    def cases_of(self, desk: str, address: str) -> list[Case]:
        """All cases of a client, newest first."""
        numbers = self._numbers_of(self._hasher.client(desk, address))
        return [case for number in numbers if (case := self.case(number)) is not None]

    def _numbers_of(self, client: bytes) -> list[int]:
        by_client, pending = self._loaded.by_client, self._pending
        if client not in by_client:
            self._loaded.load_clients((client,))
        # what was put may have other addresses now
        numbers = {number for number in by_client[client] if number not in pending.cases}
        return sorted(numbers | pending.numbers_of(client), reverse=True)

    def has_open_cases(self, desk: str) -> bool:
        """Whether a desk has any open case."""
        self.flush_if_writing()
        wanted = select(cases.c.number).where(cases.c.desk == desk, cases.c.state != "closed").limit(1)
        return self._connection.scalar(wanted) is not None

    def open_cases(self, desk: str) -> list[Case]:
        """Every open case of a desk, oldest first."""
        self.flush_if_writing()
        wanted = select(cases.c.number).where(cases.c.desk == desk, cases.c.state != "closed").order_by(cases.c.number)
        numbers = list(self._connection.scalars(wanted))
        return [self._loaded.case(row) for row in self._loaded.cases_of(numbers)]

    def open_names_in(self, desk: str, text: str, besides: int) -> list[str]:
        """Names that clients of other open cases of a desk chose and that may stand in a folded text (P5). What it
        costs grows with the text, not with the number of cases."""
        pending = self._pending
        as_of = pending.numbers.last("names") if pending.number is None else pending.number - 1
        if desk not in self._names:
            self._names[desk] = self._core.open_names.of(
                desk,
                as_of,
                lambda: open_names(self._core, self._connection, desk),
                keep=pending.number is None,  # else what was read may yet be rolled back
            )
        known = self._names[desk]
        mine = {name for number, (where, name) in pending.named.items() if name and where == desk and number != besides}
        return sorted(known.within(text, {besides, *pending.named}) | mine)

    def last_case_number(self) -> int:
        """The highest number that a case has had."""
        return self._pending.numbers.last("case")

    def looked_automatic(self, desk: str, since: datetime) -> list[datetime]:
        """When mails arrived that looked automatic and belong to no case (K0), oldest first."""
        self.flush_if_writing()
        wanted = (
            select(entry.c.at)
            .where(entry.c.desk == desk, entry.c.kind == "automatic", entry.c.case_number.is_(None))
            .where(entry.c.at >= micros(since))
            .order_by(entry.c.at)
        )
        return [instant(at) for at in self._connection.scalars(wanted)]

    def new_number(self) -> int:
        """A case number that no case had or will have again."""
        number = self._write().numbers.next("case")
        self._loaded.cases.setdefault(number, None)  # nobody else can have written anything for it
        self._loaded.entries.setdefault(number, [])
        return number

    def put_case(self, case: Case, deadlines: Mapping[str, datetime]) -> None:
        """Insert or update a case and replace its deadlines. A closed case has none."""
        if not case.is_open and deadlines:
            raise ValueError("a closed case has no deadlines")
        self._write().put(case, dict(deadlines))

    # -- entries -------------------------------------------------------------------------------------------------

    def record(self, item: Entry) -> int:
        """Keep one accepted mail, reply or note; returns its number."""
        pending = self._write()
        number = item.id or pending.numbers.next("entry")
        pending.record(number, item)
        if item.message_id and item.address:
            value = self._hasher.foreign(item.desk, item.address, item.message_id)
            if value in self._seen:
                body_hash = self.fingerprint(item.desk, item.address, item.body_key)
                self._seen[value].append(Seen(item.at, body_hash, item.case, number))
        if item.body_key:
            self._bodies[self._body_hash(item.case, item.desk, item.address, item.body_key)] = number
        return number

    def new_entry_id(self) -> int:
        """A number for an entry that is recorded later in this transaction, so that a decision can name it."""
        return self._write().numbers.next("entry")

    def entries(self, case: int, *, with_raw: bool = False) -> list[Entry]:
        """What was recorded for a case, oldest first. ``raw`` only where asked for."""
        rows: Sequence[Row]
        if with_raw:
            rows = self._connection.execute(_ENTRIES_OF.add_columns(entry.c.raw), {"b_case": case}).all()
        else:
            if case not in self._loaded.entries:
                self._loaded.load_entries((case,))
            rows = self._loaded.entries[case]
        waiting = self._pending.entries_of(case)
        return open_entries(self._core, rows) + waiting if rows else waiting

    def entry(self, entry_id: int, *, with_raw: bool = False) -> Entry | None:
        """One entry by its number. ``raw`` only where asked for."""
        waiting = self._pending.entry(entry_id)
        if waiting is not None:
            return waiting
        statement = _ENTRY.add_columns(entry.c.raw) if with_raw else _ENTRY
        return next(iter(open_entries(self._core, self._connection.execute(statement, {"b_id": entry_id}).all())), None)

    def seen(self, desk: str, address: str, message_id: str) -> list[Seen]:
        """Earlier records of a mail with this Message-ID from this address to this desk, oldest first."""
        value = self._hasher.foreign(desk, address, message_id)
        if value not in self._seen:
            self._load_seen((value,))
            for number, item in self._pending.entries.items():
                if (item.desk, item.address, item.message_id) == (desk, address, message_id):
                    body_hash = self.fingerprint(desk, address, item.body_key)
                    self._seen[value].append(Seen(item.at, body_hash, item.case, number))
        return list(self._seen[value])

    def fingerprint(self, desk: str, address: str, body: str) -> bytes:
        """What Seen.body_hash holds for this normalised body."""
        return self._hasher.body(desk, address, body)

    def _body_hash(self, case: int | None, desk: str, address: str, body: str) -> bytes:
        if case is None:
            return self._hasher.body(desk, address, body)
        return self._hasher.case_body(case, body)

    def same_body(self, case: int, body: str) -> Entry | None:
        """The newest entry of a case with this normalised body (C10)."""
        return self._entry_of(self._hasher.case_body(case, body))

    def same_body_without_case(self, desk: str, address: str, body: str) -> Entry | None:
        """The same for mails that belong to no case."""
        return self._entry_of(self._hasher.body(desk, address, body))

    def _entry_of(self, body_hash: bytes) -> Entry | None:
        if body_hash not in self._bodies:
            self._load_bodies((body_hash,))
        number = self._bodies[body_hash]
        return None if number is None else self.entry(number)

    # -- deadlines -----------------------------------------------------------------------------------------------

    def due(
        self, now: datetime, limit: int, desks: Collection[str] | None = None, *, closings: bool = True
    ) -> list[Due]:
        """Deadlines that have come, in order of their instants (C11), of these desks, with those that close a case or
        without: what may not happen yet must not stand before what must."""
        self.flush_if_writing()
        values: dict[str, object] = {"b_now": micros(now), "b_limit": limit}
        statement = _DUE
        if desks is not None:
            statement = _DUE_AT if closings else _DUE_BUT_CLOSINGS
            values["b_desks"] = list(desks)
        rows = self._connection.execute(statement, values)
        return [Due(row.case_number, row.kind, instant(row.at)) for row in rows]

    # -- audit, spool, erasure -----------------------------------------------------------------------------------

    def audit(
        self,
        at: datetime,
        actor: str,
        action: str,
        case: int | None = None,
        detail: Mapping[str, str | int] | None = None,
    ) -> None:
        """One line of the audit trail. Actor and detail are sealed; the action is a code in clear."""
        self._write().audit.append(trail.Noted(at, actor, clean(action), case, dict(detail or {})))

    def done(self, spool_id: int) -> None:
        """The mail was decided upon: its spool row goes, and its key with it."""
        self._write().done.add(spool_id)

    def erase_case(self, number: int, at: datetime) -> None:
        """Erase a case (S3): its key is destroyed when this transaction has committed; number, desk, dates, outcome
        and counts stay. What was still to be sent for it is given up; a mail about the erasure is queued without case.
        """
        self._write_now().flush()
        row = self._loaded.case_row(number)
        if row is not None:
            self._pending.rename()
            self._pending.named[number] = (row.desk, None)
        self._erased += erasure.erase_case(self._connection, number, micros(at))
        self._reread()

    def erase_without_case(self, desk: str, address: str, at: datetime) -> int:
        """Erase what is recorded of an address outside of cases, mails to it included; returns how many records."""
        self._write_now().flush()
        client, recipient = self._hasher.client(desk, address), self._hasher.recipient(address)
        gone = erasure.erase_without_case(self._connection, desk, client, recipient, micros(at))
        self._erased += gone
        self._reread()
        return len(gone)

    def _reread(self) -> None:
        self._loaded.cases.clear()
        self._loaded.by_client.clear()
        self._loaded.sent.clear()
        self._loaded.entries.clear()
        self._bodies.clear()

    @property
    def erased(self) -> list[erasure.Tombstone]:
        """What the store has to destroy once this is committed."""
        return self._erased

    @property
    def written(self) -> Pending:
        """What the key store has to hear of once this is committed."""
        return self._pending
