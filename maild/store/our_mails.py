"""The part of a transaction that deals with mails of ours: the outbox's rows, what went out, what became of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, text

from maild.store.bulk import Query
from maild.store.core import AnyRow, Core
from maild.store.errors import StoreError, TemporaryStoreError
from maild.store.instants import instant, micros
from maild.store.loaded import Loaded
from maild.store.outbox_rows import IS_UNSETTLED, ROW_KEY, WITH_KEY, content_of
from maild.store.pending import QUEUED, Pending
from maild.store.records import CounselorMail, Outcome, Outgoing, OutgoingContent, SentMail
from maild.store.tables import cases, outbox
from maild.store.vault import Hasher

_COUNTED = Query(
    select(outbox.c.recipient_hash, outbox.c.created).where(
        text("outbox.counted = 1"),  # word for word: see outbox_rows
        outbox.c.recipient_hash.in_(bindparam("wanted", expanding=True)),
        outbox.c.created >= bindparam("b_since"),
    )
)
_OUTCOMES = WITH_KEY.where(IS_UNSETTLED).order_by(outbox.c.concluded, outbox.c.id).limit(bindparam("b_limit"))
_TO_COUNSELORS = (
    select(outbox.c.id, outbox.c.content, outbox.c.state, outbox.c.concluded, ROW_KEY)
    .select_from(outbox.outerjoin(cases, cases.c.number == outbox.c.case_number))
    .where(outbox.c.case_number == bindparam("b_case"), outbox.c.audience == "counselor", outbox.c.state != "failed")
    .order_by(outbox.c.id)
)


class OurMails:
    """Methods of ``Transaction``."""

    _core: Core
    _connection: Connection
    _hasher: Hasher
    _loaded: Loaded
    _pending: Pending
    _writing: bool
    _once: dict[bytes, int]
    _counted: dict[bytes, list[int]]
    _counted_since: int | None
    _write: Callable[[], Pending]

    def _load_counted(self, hashes: set[bytes], since: int) -> None:
        if self._counted_since != since:
            self._counted = {}
            self._counted_since = since
        wanted = [value for value in hashes if value not in self._counted]
        for value in wanted:
            self._counted[value] = []
        for value, created in _COUNTED.rows(self._connection, wanted, b_since=since):
            self._counted[value].append(created)

    def sent_mail(self, message_id: str) -> SentMail | None:
        """A mail of ours by its Message-ID."""
        waiting = self._pending.queued_as.get(message_id)
        if waiting is not None:
            return _unsent(*waiting)
        value, sent = self._hasher.sent(message_id), self._loaded.sent
        if value not in sent:
            self._loaded.load_sent((value,))
        return sent[value]

    def outgoing(self, outbox_id: int) -> SentMail | None:
        """A mail of ours by its number."""
        waiting = self._pending.queued.get(outbox_id)
        if waiting is not None:
            return _unsent(outbox_id, waiting)
        return self._loaded.sent_by_id(outbox_id)

    def queue(self, mail: Outgoing) -> int:
        """Put a mail into the outbox, pending at once. The same ``once`` again queues nothing and returns the first.
        (Of what is ``surely_new`` and is not: the number that it would have had.)"""
        pending = self._write()
        value = self._hasher.once(mail.once)
        known = self._once.get(value)
        if known is None and not mail.surely_new:
            known = next((number for _, number in QUEUED.rows(self._connection, (value,))), None)
        if known is None:
            known = pending.numbers.next("outbox")
            pending.queue(known, mail)
            if mail.surely_new:
                pending.unchecked[value] = known
            if mail.counted and self._counted_since is not None and micros(mail.created) >= self._counted_since:
                waiting = self._counted.get(self._hasher.recipient(mail.recipient))
                if waiting is not None:
                    waiting.append(micros(mail.created))
            self._loaded.sent.pop(self._hasher.sent(mail.message_id), None)
        self._once[value] = known
        return known

    def templates_sent(self, address: str, since: datetime) -> int:
        """How many template mails that count for the cap (M3) were queued for this address since then."""
        value, start = self._hasher.recipient(address), micros(since)
        covered = self._counted_since is not None and self._counted_since <= start and value in self._counted
        if not covered:
            self.flush_if_writing()
            return len(_COUNTED.rows(self._connection, [value], b_since=start))
        return sum(1 for created in self._counted[value] if created >= start)

    def flush_if_writing(self) -> None:
        """So that a query sees what this transaction has written."""
        if self._writing:
            self._pending.flush()

    def outcomes(self, limit: int) -> list[Outcome]:
        """Mails that were delivered or failed for good and were not decided upon yet, in order of their instants."""
        rows: list[AnyRow] = list(self._connection.execute(_OUTCOMES, {"b_limit": limit + len(self._pending.settled)}))
        rows = [row for row in rows if row.id not in self._pending.settled][:limit]
        with suppress(StoreError):  # at one go; what is wrong with one of them is seen where that one is opened
            self._core.keys.load({row.row_key for row in rows if row.row_key is not None})
        found = []
        for row in rows:
            content = self._content(row)
            found.append(
                Outcome(
                    id=row.id,
                    case=row.case_number,
                    desk=row.desk,
                    audience=row.audience,
                    template=row.template,
                    delivered=row.state == "delivered",
                    at=instant(row.concluded),
                    code=row.code,
                    round_trip=row.round_trip,
                    entry=row.entry,
                    message_id=content.message_id,
                    recipient=content.recipient,
                    covers=row.covers,
                )
            )
        return found

    def _content(self, row: AnyRow) -> OutgoingContent:
        """Nothing of one that was erased, or is damaged: what became of it is decided upon all the same, and nobody
        behind it waits (M9). ``maild doctor`` names the damaged."""
        if row.row_key is None or row.content is None:
            return OutgoingContent("", "", "")
        try:
            return content_of(self._core.keys.cipher(row.row_key), row.id, row.content)
        except TemporaryStoreError:
            raise
        except StoreError:
            return OutgoingContent("", "", "")

    def counselor_mails(self, case: int) -> list[CounselorMail]:
        """What went and will go to counselors about a case, in order; nothing of an erased one."""
        self.flush_if_writing()
        rows: list[AnyRow] = list(self._connection.execute(_TO_COUNSELORS, {"b_case": case}))
        ciphers = self._core.keys.load({row.row_key for row in rows if row.row_key is not None})
        found = []
        for row in rows:
            cipher = ciphers.get(row.row_key)
            if cipher is not None and row.content is not None:
                content = content_of(cipher, row.id, row.content)
                delivered = instant(row.concluded) if row.state == "delivered" else None
                found.append(CounselorMail(content.message_id, content.recipient, delivered))
        return found

    def settle(self, outbox_id: int) -> None:
        """The outcome was decided upon."""
        self._write().settled.add(outbox_id)


def _unsent(number: int, mail: Outgoing) -> SentMail:
    content = OutgoingContent(mail.message_id, mail.sender, mail.recipient)
    return SentMail(
        number,
        mail.case,
        mail.desk,
        mail.audience,
        mail.template,
        mail.created,
        mail.covers,
        mail.round_trip,
        mail.entry,
        lambda: content,
        lambda: mail.data,
    )
