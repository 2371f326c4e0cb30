"""The spool: raw mails that were acknowledged and not yet decided upon (rules M1, M9)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, bindparam, func, insert, select, update

from maild.store.bulk import Bulk, Query, Row
from maild.store.codec import Decoder, encode
from maild.store.codes import code
from maild.store.core import Core, Numbers
from maild.store.errors import StoreError
from maild.store.instants import instant, instant_or_none, micros
from maild.store.records import Envelope, Incoming, QuarantineRow, Spooled
from maild.store.tables import imap_cursor, spool
from maild.store.vault import place, seal, unseal

_FIELDS = ("id", "source", "arrived", "attempts", "retry_at", "key_id", "envelope", "raw")
_INSERT = Bulk(insert(spool), _FIELDS)
_COUNT = Bulk(
    update(spool).where(spool.c.id == bindparam("b_id")).values(attempts=bindparam("b_attempts")),
    ("b_attempts", "b_id"),
)
_MAIL = (
    spool.c.id, spool.c.source, spool.c.arrived, spool.c.attempts, spool.c.key_id, spool.c.envelope, spool.c.raw,
)  # fmt: skip
_WAITING = Query(
    select(spool.c.id, func.length(spool.c.raw))
    .where(spool.c.quarantined.is_(None), spool.c.retry_at <= bindparam("b_now"), spool.c.id > bindparam("b_after"))
    .order_by(spool.c.retry_at, spool.c.id)
    .limit(bindparam("b_limit"))
)
_MAILS = Query(select(*_MAIL).where(spool.c.id.in_(bindparam("wanted", expanding=True))))
_AT_ONCE = 32 << 20  # bytes of mails that are taken together
_ENVELOPE = Decoder(Envelope)


class Spool:
    """Rows of table spool."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def accept(self, mails: Sequence[Incoming]) -> list[int]:
        """Keep all of them, in one commit; on failure none."""
        if not mails:
            return []
        core = self._core
        with core.database.write() as connection:
            numbers = Numbers(connection)
            first = numbers.next("spool", len(mails))
            keys = core.keys.take(len(mails))
            rows = []
            for spool_id, (mail, (key_id, cipher)) in enumerate(zip(mails, keys, strict=True), first):
                envelope = encode(Envelope(mail.envelope_from, mail.recipients))
                rows.append(
                    (
                        spool_id,
                        mail.source,
                        micros(mail.arrived),
                        0,
                        0,  # at once, before whatever was postponed
                        key_id,
                        seal(cipher, place("spool", spool_id, "envelope"), envelope),
                        seal(cipher, place("spool", spool_id, "raw"), mail.raw),
                    )
                )
            _INSERT.run(connection, rows)
            _move_cursors(connection, mails)
            numbers.save()
        return [row[0] for row in rows]

    def take(self, limit: int, now: datetime, after: int = 0, again: Collection[int] = ()) -> list[Spooled]:
        """The oldest waiting mails, fewer where they are large; their attempt is counted and committed before this
        returns (M9). ``after``: behind this one only, for it and those before it were taken already."""
        core = self._core
        with core.database.write(durable=False) as connection:  # a kill cannot undo it; a power cut may
            numbers = _fitting(_WAITING.all(connection, b_now=micros(now), b_limit=limit, b_after=after))
            found = {row[0]: row for row in _MAILS.rows(connection, numbers)}
            rows = [found[number] for number in numbers]
            _COUNT.run(
                connection, [(attempts + (number not in again), number) for number, _, _, attempts, _, _, _ in rows]
            )
        with suppress(StoreError):  # at one go; what is wrong with one of them is said where that one is opened
            core.keys.load([key_id for _, _, _, _, key_id, _, _ in rows])
        return [self._spooled(row, int(row[0] not in again)) for row in rows]

    def _spooled(self, row: Row, more: int = 0) -> Spooled:
        number, source, arrived, attempts, key_id, envelope, raw = row
        return Spooled(
            number,
            source,
            instant(arrived),
            attempts + more,
            partial(self._envelope, number, key_id, envelope),
            partial(self._raw, number, key_id, raw),
        )

    def _envelope(self, spool_id: int, key_id: int, sealed: bytes) -> Envelope:
        return _ENVELOPE.decode(unseal(self._core.keys.cipher(key_id), place("spool", spool_id, "envelope"), sealed))

    def _raw(self, spool_id: int, key_id: int, sealed: bytes) -> bytes:
        return unseal(self._core.keys.cipher(key_id), place("spool", spool_id, "raw"), sealed)

    def get(self, spool_id: int) -> Spooled:
        """One mail, waiting or set aside, without counting an attempt; StoreError if there is none."""
        with self._core.database.read() as connection:
            row = connection.execute(select(*_MAIL).where(spool.c.id == spool_id)).first()
        if row is None:
            raise StoreError(f"There is no mail {spool_id} in the spool.")
        return self._spooled(row)

    def _update(self, spool_id: int, values: dict[str, object]) -> None:
        with self._core.database.write() as connection:
            if not connection.execute(update(spool).where(spool.c.id == spool_id), values).rowcount:
                raise StoreError(f"There is no mail {spool_id} in the spool.")

    def quarantine(self, spool_id: int, reason: str, now: datetime) -> None:
        """Set aside with its raw bytes and a reason code (M6)."""
        self._update(spool_id, {"quarantined": micros(now), "reason": code(reason)})

    def release(self, spool_id: int) -> None:
        """Back into the queue, with its attempts forgotten."""
        self._update(spool_id, {"quarantined": None, "reason": None, "attempts": 0, "retry_at": 0})

    def postpone(self, spool_id: int, until: datetime) -> None:
        """Not before ``until``."""
        self._update(spool_id, {"retry_at": micros(until)})

    def quarantined(self) -> list[QuarantineRow]:
        """What was set aside, oldest first."""
        columns = (spool.c.id, spool.c.source, spool.c.arrived, spool.c.attempts, spool.c.reason, spool.c.quarantined)
        statement = select(*columns).where(spool.c.quarantined.is_not(None)).order_by(spool.c.quarantined, spool.c.id)
        with self._core.database.read() as connection:
            return [
                QuarantineRow(r.id, r.source, instant(r.arrived), r.attempts, r.reason, instant(r.quarantined))
                for r in connection.execute(statement)
            ]

    def depth(self) -> int:
        """How many wait."""
        with self._core.database.read() as connection:
            statement = select(func.count()).select_from(spool).where(spool.c.quarantined.is_(None))
            return int(connection.execute(statement).scalar_one())

    def oldest(self) -> datetime | None:
        """Arrival of the oldest that waits."""
        with self._core.database.read() as connection:
            statement = select(func.min(spool.c.arrived)).where(spool.c.quarantined.is_(None))
            return instant_or_none(connection.execute(statement).scalar())

    def next_retry(self) -> datetime | None:
        """When a postponed mail is due next; the past where mails wait."""
        with self._core.database.read() as connection:
            statement = select(func.min(spool.c.retry_at)).where(spool.c.quarantined.is_(None))
            return instant_or_none(connection.execute(statement).scalar())


def _fitting(waiting: Sequence[Row]) -> list[int]:
    """The first mails, by number, that are not too much to be held in memory together; always one."""
    numbers: list[int] = []
    total = 0
    for number, size in waiting:
        total += size
        if numbers and total > _AT_ONCE:
            break
        numbers.append(number)
    return numbers


def _move_cursors(connection: Connection, mails: Sequence[Incoming]) -> None:
    """Progress of a mailbox in the commit that keeps its mails (M8); it never moves back within a UIDVALIDITY."""
    wanted: dict[str, tuple[int, int]] = {}
    for mail in mails:
        if mail.cursor is not None:
            known = wanted.get(mail.source)
            if known is None or known[0] != mail.cursor[0] or known[1] < mail.cursor[1]:
                wanted[mail.source] = mail.cursor
    for name, (uidvalidity, uid) in wanted.items():
        row = connection.execute(select(imap_cursor).where(imap_cursor.c.source == name)).first()
        values = {"uidvalidity": uidvalidity, "uid": uid}
        if row is None:
            connection.execute(insert(imap_cursor), {"source": name, **values})
        elif row.uidvalidity != uidvalidity or row.uid < uid:
            connection.execute(update(imap_cursor).where(imap_cursor.c.source == name), values)
