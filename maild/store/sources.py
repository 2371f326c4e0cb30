"""Sources of mail: when each was last read, and when it could not be (rules C6, M8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from maild.store.bulk import Query, Row
from maild.store.core import Core
from maild.store.instants import instant, instant_or_none, micros
from maild.store.records import Outage, SourceState
from maild.store.tables import imap_cursor, outage, source

_SHORTEST_OUTAGE = 120_000_000  # two minutes: polls are late now and then
_MISSED = 3
_SOURCES = Query(select(source.c.name, source.c.every_us, source.c.last_read).order_by(source.c.name))
_OUTAGES = Query(
    select(outage.c.source, outage.c.start, outage.c.end)
    .where(or_(outage.c.end.is_(None), outage.c.end > bindparam("b_since")))
    .order_by(outage.c.start, outage.c.source)
)


def _allowed(every_us: int) -> int:
    return max(_MISSED * every_us, _SHORTEST_OUTAGE)


class Sources:
    """Rows of the tables source, outage and imap_cursor."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def register(self, every_seconds: Mapping[str, float]) -> None:
        """The configured sources and how often each is read; others are forgotten, their cursors are kept."""
        with self._core.database.write() as connection:
            known = set(connection.execute(select(source.c.name)).scalars())
            for name in known - set(every_seconds):
                connection.execute(delete(source).where(source.c.name == name))
                connection.execute(delete(outage).where(outage.c.source == name, outage.c.end.is_(None)))
            for name, seconds in every_seconds.items():
                every_us = round(seconds * 1_000_000)
                if name in known:
                    connection.execute(update(source).where(source.c.name == name), {"every_us": every_us})
                else:
                    connection.execute(insert(source), {"name": name, "every_us": every_us})

    def read(self, name: str, at: datetime) -> None:
        """Read successfully at ``at``. If that is late, the span since the last time becomes an outage."""
        now = micros(at)
        with self._core.database.write(durable=False) as connection:
            row = connection.execute(select(source).where(source.c.name == name)).first()
            if row is None:
                connection.execute(insert(source), {"name": name, "every_us": 0, "last_read": now})
                return
            closed = connection.execute(
                update(outage).where(outage.c.source == name, outage.c.end.is_(None)), {"end": now}
            ).rowcount
            late = row.last_read is not None and now - row.last_read > _allowed(row.every_us)
            if late and not closed:
                _start(connection, name, row.last_read, now)
            if row.last_read is None or row.last_read < now:
                connection.execute(update(source).where(source.c.name == name), {"last_read": now})

    def down(self, name: str, since: datetime) -> None:
        """Known to be unreadable since; ends with the next ``read``. Said twice it is one outage."""
        with self._core.database.write() as connection:
            open_ = select(outage.c.start).where(outage.c.source == name, outage.c.end.is_(None))
            if connection.execute(open_).first() is None:
                last = connection.execute(select(source.c.last_read).where(source.c.name == name)).scalar()
                start = micros(since) if last is None else min(last, micros(since))
                _start(connection, name, start, None)

    def outages(self, since: datetime, now: datetime | None = None) -> list[Outage]:
        """Outages that end after ``since`` or last. With ``now``, sources that are late at this moment count too."""
        with self._core.database.read() as connection:
            return _outages(connection, since, now, () if now is None else _SOURCES.all(connection))

    def states(self) -> list[SourceState]:
        """All registered sources."""
        with self._core.database.read() as connection:
            return _states(_SOURCES.all(connection))

    def standing(self, since: datetime, now: datetime) -> tuple[list[SourceState], list[Outage]]:
        """Both at one moment: what is asked for each batch of mails."""
        with self._core.database.read() as connection:
            rows = _SOURCES.all(connection)
            return _states(rows), _outages(connection, since, now, rows)

    def cursor(self, name: str) -> tuple[int, int] | None:
        """UIDVALIDITY and UID of the last mail kept from this source."""
        with self._core.database.read() as connection:
            row = connection.execute(select(imap_cursor).where(imap_cursor.c.source == name)).first()
        return None if row is None else (row.uidvalidity, row.uid)


def _states(rows: Sequence[Row]) -> list[SourceState]:
    return [SourceState(name, instant_or_none(last), every_us / 1_000_000) for name, every_us, last in rows]


def _outages(connection: Connection, since: datetime, now: datetime | None, sources: Sequence[Row]) -> list[Outage]:
    rows = _OUTAGES.all(connection, b_since=micros(since))
    found = [Outage(name, instant(start), instant_or_none(end)) for name, start, end in rows]
    if now is not None:
        down = {one.source for one in found if one.end is None}
        for name, every_us, last in sources:
            if last is not None and name not in down and micros(now) - last > _allowed(every_us):
                found.append(Outage(name, instant(last), None))
    return found


def _start(connection: Connection, name: str, start: int, end: int | None) -> None:
    known = connection.execute(select(outage.c.start).where(outage.c.source == name, outage.c.start == start)).first()
    if known is None:
        connection.execute(insert(outage), {"source": name, "start": start, "end": end})
    else:
        connection.execute(update(outage).where(outage.c.source == name, outage.c.start == start), {"end": end})
