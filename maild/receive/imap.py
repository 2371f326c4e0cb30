"""Mail from an IMAP mailbox: progress is UIDVALIDITY and UID, and nothing is removed that is not kept (rules M8).

The order of things, and what a crash between two of them leaves:

1. sizes, then bodies in small groups, never marked as seen;
2. each mail goes to ``accept`` with its UID as the new cursor: both are one commit, or none. A crash before it: the
   mail is fetched again. After it: the cursor says so;
3. only then is it deleted or moved, by UID. A crash before that: at the next look it lies at or under the cursor, and
   is removed without being fetched again.

A mail that cannot be taken (too large, unreadable for the server, refused by the spool three times) must neither hold
up those behind it nor be taken for kept once the cursor has passed it. So it is marked on the server with the keyword
``$MaildLeft`` *before* any later mail is committed, told to the operator, and tried again later. Where a server has no
keywords, whatever lies under the cursor at the start is fetched and handed over once more instead of being removed
blindly; the pipeline knows a mail that it has seen.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime

from maild.errors import Temporary
from maild.log import get
from maild.receive.imap_connection import (
    Connection,
    Disconnected,
    Envelope,
    Patience,
    Refused,
    Selected,
    connect,
    uid_set,
)
from maild.receive.imap_mailbox import BATCH, LeftMail, Mailbox, Reason
from maild.receive.imap_removal import can_finish, remove
from maild.receive.port import Accept, Clock, Incoming, utc_now

log = get(__name__)

Cursor = Callable[[], Awaitable[tuple[int, int] | None]]
OnRead = Callable[[str, datetime], Awaitable[None]]

LEFT = "$MaildLeft"  # not taken yet; to be tried again
UNSURE = "$MaildUnsure"  # taken, but the server's size is not that of its bytes: never to be removed
GROUP_OCTETS = 1_048_576  # of bodies in one command; a larger mail comes alone
ATTEMPTS = 3
RETRY_SECONDS = 300.0
BACK_OFF_SECONDS = 60.0
LOGIN_BACK_OFF_SECONDS = 300.0  # servers lock accounts out


OnLeft = Callable[[LeftMail], Awaitable[None]]


async def _nothing(*_: object) -> None:
    return None


class Reader:
    """Reads one mailbox until cancelled. ``cursor`` is the store's progress; ``accept`` advances it.

    ``recipients`` tells which of our addresses a mail is for, as a mailbox has no envelope.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        accept: Accept,
        cursor: Cursor,
        *,
        on_read: OnRead = _nothing,
        on_left: OnLeft = _nothing,
        recipients: Callable[[bytes], tuple[str, ...]] = lambda _raw: (),
        clock: Clock = utc_now,
        tls: ssl.SSLContext | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.mailbox = mailbox
        self.last_read: datetime | None = None  # start of the last successful whole poll (rules C6, M8)
        self._accept, self._cursor = accept, cursor
        self._on_read, self._on_left, self._recipients = on_read, on_left, recipients
        self._clock, self._tls, self._patience = clock, tls, patience or Patience()
        self._validity = 0
        self._done = 0  # highest UID committed
        self._attempts: dict[int, int] = {}
        self._left: dict[int, float] = {}  # UID to the loop time of the next try
        self._remembered = False
        self._kept: set[int] = set()  # committed by this process, so surely removable
        self._unsure: set[int] = set()
        self._refused: set[int] = set()  # left because of the spool
        self._told: set[int] = set()  # left, and somebody knows
        self._alone: set[int] = set()  # were in a group that could not be fetched

    async def run(self) -> None:
        """Until cancelled. Never raises what a server or a network can cause."""
        failures = 0
        while True:
            connection = None
            code = ""
            try:
                connection = await self.connect()
                while True:
                    await self.poll(connection)
                    failures = 0
                    await self._wait(connection)
            except (Disconnected, Refused) as error:
                code = str(error)
                log.warning("imap_failed", source=self.mailbox.source, code=code, failures=failures)
            except Exception as error:
                log.error("imap_failed", error=error, source=self.mailbox.source, failures=failures)
            finally:
                if connection is not None:
                    connection.close()
            failures += 1
            longest = LOGIN_BACK_OFF_SECONDS if code == "login_refused" else BACK_OFF_SECONDS
            await asyncio.sleep(min(longest, 2.0 ** min(failures - 1, 16)) * random.uniform(0.5, 1.0))

    async def connect(self) -> Connection:
        """Logged in; raises Disconnected or Refused, with a code that says why."""
        box = self.mailbox
        return await connect(
            box.host, box.port, box.security, box.username, box.password, tls=self._tls, patience=self._patience
        )

    async def poll(self, connection: Connection) -> int:
        """One whole look at the mailbox; how many mails were kept. Raises where it was not whole."""
        at = self._clock()
        selected = await connection.select(self.mailbox.mailbox)
        await self._resume(selected)
        removing = self.mailbox.after != "keep"
        kept = 0
        if selected.keywords:
            await self._remember(connection)
        if self._done and removing:
            kept += await self._clear_rest(connection, selected)
        waiting = self._waiting()
        kept += await self._take(
            connection, sorted(uid for uid in self._left.keys() - waiting if uid <= self._done), selected
        )
        fresh = [uid for uid in await connection.look("UID", f"{self._done + 1}:*") if uid > self._done]
        kept += await self._take(connection, [uid for uid in fresh if uid not in waiting], selected)
        if kept:
            log.info("imap_read", source=self.mailbox.source, count=kept)
        self.last_read = at
        await self._on_read(self.mailbox.source, at)
        return kept

    async def _resume(self, selected: Selected) -> None:
        stored = await self._cursor()
        known = stored is not None and stored[0] == selected.validity
        if stored is not None and not known:
            # The server numbers anew: all is read again, and the pipeline knows what it has seen.
            log.warning("imap_uidvalidity_changed", source=self.mailbox.source)
        if selected.validity != self._validity:
            self._validity = selected.validity
            memories = (self._attempts, self._left, self._kept, self._unsure, self._refused, self._told, self._alone)
            for memory in memories:
                memory.clear()
            self._remembered = False
        self._done = stored[1] if stored is not None and known else 0

    async def _remember(self, connection: Connection) -> None:
        """What an earlier process had to leave."""
        if not self._remembered:
            self._left |= dict.fromkeys(await connection.search("KEYWORD", LEFT), 0.0)
            self._remembered = True

    async def _clear_rest(self, connection: Connection, selected: Selected) -> int:
        """Remove what is kept but still there: a crash, or a removal that failed."""
        criteria = ["UID", f"1:{self._done}"]
        if not can_finish(connection, self.mailbox):
            criteria.append("UNDELETED")  # all that we could do is done
        if selected.keywords:
            criteria += ["UNKEYWORD", LEFT, "UNKEYWORD", UNSURE]
        there = [uid for uid in await connection.search(*criteria) if uid not in self._left and uid not in self._unsure]
        sure = [uid for uid in there if selected.keywords or uid in self._kept]
        self._kept.difference_update(await remove(connection, self.mailbox, sure))
        return await self._take(connection, [uid for uid in there if uid not in sure], selected)

    def _waiting(self) -> set[int]:
        """Left, and not to be tried again yet."""
        now = asyncio.get_running_loop().time()
        return {uid for uid, at in self._left.items() if at > now}

    async def _take(self, connection: Connection, uids: Sequence[int], selected: Selected) -> int:
        """Fetch, keep, remove; how many were kept."""
        kept = 0
        for start in range(0, len(uids), BATCH):
            envelopes = await connection.envelopes(uids[start : start + BATCH])
            without = [uid for uid in uids[start : start + BATCH] if uid not in envelopes]
            for uid in await self._still_there(connection, without):
                if self._attempts[uid] < ATTEMPTS:
                    raise Disconnected("no_envelope")
                await self._leave(connection, uid, Envelope(0, None), "unreadable", selected)
            for group in self._groups(envelopes):
                kept += await self._take_group(connection, group, selected)
        return kept

    def _groups(self, envelopes: Mapping[int, Envelope]) -> Iterator[dict[int, Envelope]]:
        """In the order of UIDs, so that the cursor never passes a mail that is neither kept nor marked."""
        group: dict[int, Envelope] = {}
        octets = 0
        for uid in sorted(envelopes):
            envelope = envelopes[uid]
            alone = uid in self._alone or envelope.size > self.mailbox.fetch_bytes
            if group and (alone or octets + envelope.size > GROUP_OCTETS):
                yield group
                group, octets = {}, 0
            group[uid] = envelope
            octets += envelope.size
            if alone:
                yield group
                group, octets = {}, 0
        if group:
            yield group

    async def _take_group(self, connection: Connection, group: Mapping[int, Envelope], selected: Selected) -> int:
        uids = list(group)
        octets = sum(envelope.size for envelope in group.values())
        if len(uids) == 1 and octets > self.mailbox.fetch_bytes:
            await self._leave(connection, uids[0], group[uids[0]], "too_large", selected)
            return 0
        if len(uids) == 1 and self._attempts.get(uids[0], 0) >= ATTEMPTS and uids[0] not in self._left:
            await self._leave(connection, uids[0], group[uids[0]], "unreadable", selected)
            return 0
        bodies = await self._bodies(connection, group, octets)
        kept: list[int] = []
        try:
            for uid, raw in bodies.items():
                if await self._keep(connection, uid, group[uid], raw, selected):
                    kept.append(uid)
        finally:
            if self.mailbox.after != "keep":
                self._kept.update(kept)
        self._kept.difference_update(
            await remove(connection, self.mailbox, [uid for uid in kept if uid not in self._unsure])
        )
        return len(kept)

    async def _bodies(self, connection: Connection, group: Mapping[int, Envelope], octets: int) -> dict[int, bytes]:
        """The mails of the group. A group that fails is fetched one by one next time, and the bad one stands alone."""
        uids = list(group)
        try:
            bodies = await connection.bodies(uids, octets)
            for uid in uids:
                if len(bodies.get(uid, b"")) != group[uid].size:
                    bodies |= await connection.bodies([uid], max(group[uid].size, len(bodies.get(uid, b""))))
        except (Disconnected, Refused):
            if len(uids) > 1:
                self._alone.update(uids)
            else:
                self._failed(uids[0])
            raise
        # An empty answer is no mail: it may be the server that is ill.
        without = [uid for uid in uids if not bodies.get(uid) and (uid not in bodies or group[uid].size)]
        there = await self._still_there(connection, without)
        if there:
            self._alone.update(there)
            raise Disconnected("no_body")
        return {uid: bodies[uid] for uid in uids if uid in bodies and uid not in without}

    async def _still_there(self, connection: Connection, uids: Sequence[int]) -> list[int]:
        """Which of these, that the server did not give, were not simply removed by somebody; counts the failure."""
        there = await connection.search("UID", uid_set(uids)) if uids else []
        for uid in uids:
            if uid in there:
                self._failed(uid)
            else:
                self._left.pop(uid, None)
        return there

    def _failed(self, uid: int) -> None:
        self._attempts[uid] = self._attempts.get(uid, 0) + 1
        if uid in self._left:
            self._left[uid] = asyncio.get_running_loop().time() + RETRY_SECONDS

    async def _keep(self, connection: Connection, uid: int, envelope: Envelope, raw: bytes, selected: Selected) -> bool:
        now = self._clock()
        cursor = (self._validity, max(uid, self._done))
        arrived = min(envelope.arrived or now, now)  # a server's clock may be ahead; an arrival never is
        if len(raw) != envelope.size and self.mailbox.after != "keep":
            self._unsure.add(uid)
            log.warning("imap_size_differs", source=self.mailbox.source, uid=uid, said=envelope.size, got=len(raw))
            if selected.keywords:
                await connection.flag([uid], UNSURE)  # first: the cursor is about to pass it
        try:
            await self._accept(
                Incoming(
                    source=self.mailbox.source,
                    arrived=arrived,
                    envelope_from=None,
                    recipients=self._recipients(raw),
                    raw=raw,
                    cursor=cursor,
                )
            )
        except Exception as error:
            self._attempts[uid] = self._attempts.get(uid, 0) + 1
            tried = self._attempts[uid]
            log.error("not_kept", error=error, source=self.mailbox.source, uid=uid, attempts=tried)
            if uid not in self._left and (tried < ATTEMPTS or not self._may_leave(selected)):
                raise Temporary("not_kept") from None
            await self._leave(connection, uid, envelope, "not_kept", selected)
            self._refused.add(uid)
            return False
        self._done = cursor[1]
        self._attempts.pop(uid, None)
        self._alone.discard(uid)
        self._refused.discard(uid)
        if self._left.pop(uid, None) is not None and selected.keywords:
            await connection.flag([uid], LEFT, on=False)
        self._left |= dict.fromkeys(self._refused, 0.0)  # the spool works again: try them at the next look
        self._refused.clear()
        return True

    def _may_leave(self, selected: Selected) -> bool:
        """Whether a mail can be passed by without being forgotten: see the top of this module."""
        return selected.keywords or self.mailbox.after != "keep"

    async def _leave(
        self,
        connection: Connection,
        uid: int,
        envelope: Envelope,
        reason: Reason,
        selected: Selected,
    ) -> None:
        """Pass this mail by: mark it first, tell somebody once, come back later."""
        if selected.keywords:
            await connection.flag([uid], LEFT)
        self._left[uid] = asyncio.get_running_loop().time() + RETRY_SECONDS
        if uid not in self._told:
            log.warning("imap_left", source=self.mailbox.source, uid=uid, reason=reason, size=envelope.size)
            head = b""
            if reason != "unreadable":
                with contextlib.suppress(Refused):
                    head = await connection.head(uid)
            arrived = envelope.arrived or self._clock()
            try:
                await self._on_left(LeftMail(self.mailbox.source, uid, reason, envelope.size, arrived, head))
            except Exception as error:
                log.error("left_mail_not_told", error=error, source=self.mailbox.source, uid=uid)
                return
            self._told.add(uid)
        if reason == "too_large":
            self._left[uid] = float("inf")  # it stays so: once a process is enough

    async def _wait(self, connection: Connection) -> None:
        """Until there is news, or the poll is due; with a sign of life every half minute (rules M8)."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self.mailbox.poll_seconds
        while (left := until - loop.time()) > 0:
            span = min(left, self._patience.renew)
            if self.mailbox.idle and "IDLE" in connection.capabilities:
                if await connection.idle(span):
                    return
            else:
                await asyncio.sleep(span)
                await connection.noop()
                if connection.news:
                    return
