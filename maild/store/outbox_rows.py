"""The outbox as the courier sees it: claim, conclude, list (rules M1, C2). What is sent is queued by a transaction."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Select, bindparam, func, select, text, update

from maild.store.codec import Decoder
from maild.store.codes import code as clean
from maild.store.core import AnyRow, Core
from maild.store.errors import StoreError
from maild.store.instants import instant, instant_or_none, micros
from maild.store.records import Claimed, OutboxRow, OutgoingContent
from maild.store.tables import cases, outbox
from maild.store.vault import place, unseal

#: The key of a row is its own or its case's.
ROW_KEY = func.coalesce(outbox.c.key_id, cases.c.key_id).label("row_key")
WITH_KEY: Select[Any] = select(outbox, ROW_KEY).select_from(
    outbox.outerjoin(cases, cases.c.number == outbox.c.case_number)
)
# Partial indexes are used only where the statement says their condition word for word, not as a parameter.
IS_PENDING = text("outbox.state = 'pending'")
IS_UNSETTLED = text("outbox.settled = 0 AND outbox.concluded IS NOT NULL")
_IS_LISTED = text("outbox.state != 'delivered'")
_DUE = (
    WITH_KEY.where(IS_PENDING, outbox.c.next_attempt <= bindparam("b_now"))
    .order_by(outbox.c.next_attempt, outbox.c.id)
    .limit(bindparam("b_limit"))
)
_CLAIM = (
    update(outbox)
    .where(outbox.c.id == bindparam("b_id"))
    .values(state="sending", attempts=outbox.c.attempts + 1, attempted=bindparam("b_now"))
)


_CONTENT = Decoder(OutgoingContent)


def content_of(cipher: AESGCM, row_id: int, sealed: bytes) -> OutgoingContent:
    """The personal part of a row."""
    return _CONTENT.decode(unseal(cipher, place("outbox", row_id, "content"), sealed))


class OutboxRows:
    """Rows of table outbox."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def claim(self, now: datetime, limit: int) -> list[Claimed]:
        """Mails that are due; their attempt is recorded and committed before anybody dials."""
        core = self._core
        with core.database.write(durable=False) as connection:  # a kill cannot undo it; a power cut may
            rows = connection.execute(_DUE, {"b_now": micros(now), "b_limit": limit}).all()
            if not rows:
                return []
            connection.execute(_CLAIM, [{"b_id": row.id, "b_now": micros(now)} for row in rows])
        ciphers = core.keys.load({row.row_key for row in rows})
        claimed = []
        for row in rows:
            cipher = ciphers.get(row.row_key)
            if cipher is None:  # erased since: there is nothing left to send
                self.failed(row.id, now, "erased")
                continue
            content = content_of(cipher, row.id, row.content)
            claimed.append(
                Claimed(
                    id=row.id,
                    message_id=content.message_id,
                    sender=content.sender,
                    recipient=content.recipient,
                    data=unseal(cipher, place("outbox", row.id, "data"), row.data),
                    attempts=row.attempts + 1,
                    created=instant(row.created),
                    audience=row.audience,
                    case=row.case_number,
                    template=row.template,
                    desk=row.desk,
                )
            )
        return claimed

    def recover(self) -> int:
        """After a restart: what was in flight is due at once (M1). Returns how many."""
        with self._core.database.write() as connection:
            return connection.execute(
                update(outbox).where(_IS_LISTED, outbox.c.state == "sending"), {"state": "pending"}
            ).rowcount

    def _change(self, outbox_id: int, states: Collection[str], values: dict[str, object]) -> None:
        statement = update(outbox).where(outbox.c.id == outbox_id, outbox.c.state.in_(states))
        with self._core.database.write() as connection:
            if not connection.execute(statement, values).rowcount:
                raise StoreError(f"Mail {outbox_id} is not in the outbox, or not in a state that allows this.")

    def sent(self, outbox_id: int, at: datetime, response: str) -> None:
        """Accepted by the next hop at ``at``; it now waits for its decision. Of the response the code is kept."""
        values = {"state": "delivered", "concluded": micros(at), "code": clean(response), "settled": 0}
        self._change(outbox_id, ("sending", "pending"), values)

    def all_sent(self, outbox_ids: Collection[int], at: datetime, response: str) -> None:
        """The same for many, in one commit."""
        values = {"state": "delivered", "concluded": micros(at), "code": clean(response), "settled": 0}
        statement = update(outbox).where(outbox.c.id.in_(outbox_ids), outbox.c.state.in_(("sending", "pending")))
        with self._core.database.write() as connection:
            connection.execute(statement, values)

    def deferred(self, outbox_id: int, at: datetime, code: str, next_attempt: datetime) -> None:
        """A temporary failure; to be tried again at ``next_attempt``."""
        values = {
            "state": "pending",
            "code": clean(code),
            "next_attempt": micros(next_attempt),
            "attempted": micros(at),
        }
        self._change(outbox_id, ("sending", "pending"), values)

    def failed(self, outbox_id: int, at: datetime, code: str) -> None:
        """A permanent failure; it now waits for its decision."""
        values = {"state": "failed", "concluded": micros(at), "code": clean(code), "settled": 0}
        self._change(outbox_id, ("sending", "pending"), values)

    def retry(self, outbox_id: int) -> None:
        """By an operator: due at once, with its attempts forgotten."""
        values = {"state": "pending", "attempts": 0, "next_attempt": 0, "concluded": None, "settled": 0, "code": ""}
        statement = update(outbox).where(
            outbox.c.id == outbox_id, outbox.c.state.in_(("pending", "failed")), outbox.c.data.is_not(None)
        )
        with self._core.database.write() as connection:
            if not connection.execute(statement, values).rowcount:
                raise StoreError(f"Mail {outbox_id} cannot be tried again: it is gone, delivered, or being sent.")

    def drop(self, outbox_id: int, at: datetime | None = None) -> None:
        """By an operator: given up. To the rules it is a permanent failure with the code ``dropped``."""
        values = {"state": "failed", "concluded": micros(at or datetime.now(UTC)), "code": "dropped", "settled": 0}
        self._change(outbox_id, ("pending",), values)

    def next_attempt(self) -> datetime | None:
        """When the next mail is due."""
        with self._core.database.read() as connection:
            statement = select(func.min(outbox.c.next_attempt)).where(IS_PENDING)
            return instant_or_none(connection.execute(statement).scalar())

    def rows(self, states: Collection[str]) -> list[OutboxRow]:
        """Rows in these states, in order."""
        o = outbox.c
        columns = (o.id, o.case_number, o.desk, o.audience, o.template, o.state, o.attempts, o.created, o.next_attempt)
        statement = select(*columns, o.code).where(o.state.in_(list(states)))
        if "delivered" not in states:
            statement = statement.where(_IS_LISTED)
        with self._core.database.read() as connection:
            return sorted((_listed(row) for row in connection.execute(statement)), key=lambda row: row.id)


def _listed(r: AnyRow) -> OutboxRow:
    created, due = instant(r.created), instant(r.next_attempt)
    return OutboxRow(r.id, r.case_number, r.desk, r.audience, r.template, r.state, r.attempts, created, due, r.code)
