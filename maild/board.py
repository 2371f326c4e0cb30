"""Files the notices of a desk's shared inbox into folders by whose turn it is, over IMAP (``[desk.board]``).

The pipeline remembers with a case where its notices belong (``maild.pipeline.board``); here that is read, done, and
forgotten. It is a convenience: a board that is down, slow or refuses holds up no mail, and nothing that a person does
in the folders changes a case.

Only mails of ours are touched: their Message-ID is one that the store says went to the shared inbox, and From is the
desk. Who moved one elsewhere or deleted it is right: it is looked for during an hour, for it may still be on its way,
and then left alone. ``\\Seen`` is never touched; ``\\Flagged`` is taken away only where a keyword says that it is ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from email.utils import parseaddr
from itertools import islice
from typing import Any

from maild.config import Board
from maild.desk import board as rule
from maild.desk.board import Spot
from maild.desk.rules import Desk
from maild.errors import UserError
from maild.log import get
from maild.receive.imap_connection import Connection, Disconnected, Patience, Refused, Selected, connect, uid_set
from maild.receive.mailbox_name import quote
from maild.receive.port import Clock, utc_now
from maild.store import Store, StoreError

log = get(__name__)

OURS = "$MaildUrgent"  # beside \Flagged: we set it, so we may take it away again
AT_ONCE = 50  # cases in one reading of the store
IDS_AT_ONCE = 10  # Message-IDs in one SEARCH: its line stays under a kilobyte (RFC 2683 section 3.2.1.5)
COPIES = 100  # of mails with these Message-IDs in one folder; more is somebody's game


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds."""

    gap: float = 1.0  # between two looks, however often we are woken
    longest: float = 60.0  # between two looks at the store
    again: float = 2.0  # until a mail that was not there is looked for again; doubled up to …
    longest_again: float = 300.0
    give_up: float = 3600.0  # what was not there by then was taken away by somebody
    failed: float = 2.0  # after a failure; doubled up to …
    longest_failed: float = 300.0


@dataclass(slots=True)
class _Search:
    """One case's change, and how far we got with it."""

    kept: str  # as it was remembered: another text is another change
    next: float = 0.0  # loop time before which there is nothing to do
    tries: int = 0
    done: set[str] = field(default_factory=set, repr=False)
    first: dict[str, float] = field(default_factory=dict, repr=False)  # Message-ID to the first look for it


@dataclass(frozen=True, slots=True)
class _Errand:
    """A case's notices, and where they belong."""

    name: str
    search: _Search
    spot: Spot
    mails: tuple[str, ...] = field(repr=False)  # delivered to the shared inbox
    whole: bool  # none is still to be sent


class Filing:
    """The board of one desk. ``woken`` is set by whoever knows that something may have changed."""

    def __init__(
        self,
        desk: Desk,
        board: Board,
        store: Store,
        run_blocking: Callable[..., Awaitable[Any]],
        *,
        woken: asyncio.Event | None = None,
        pace: Pace | None = None,
        patience: Patience | None = None,
        clock: Clock = utc_now,
        seconds: Callable[[], float] | None = None,
    ) -> None:
        self._desk, self._address, self._shared = desk.name, desk.address, desk.shared_inbox
        self._board, self._store, self._run_blocking = board, store, run_blocking
        self.woken = woken or asyncio.Event()
        self._pace, self._patience, self._clock = pace or Pace(), patience or Patience(), clock
        self._seconds = seconds or (lambda: asyncio.get_running_loop().time())
        self._searches: dict[str, _Search] = {}
        self._prepared = False
        self._careful = False  # the connection broke over somebody's mails: one case at a time

    async def run(self) -> None:
        """Until cancelled. Never raises what a server, a network or the store can cause."""
        failures = 0
        while True:
            self.woken.clear()
            try:
                await self.file()
                failures = 0
            except (Disconnected, Refused) as error:
                log.warning("board_failed", desk=self._desk, code=str(error), failures=failures)
                failures += 1
            except (UserError, StoreError) as error:
                log.warning("board_failed", desk=self._desk, code=type(error).__name__, failures=failures)
                failures += 1
            except Exception as error:
                log.error("board_failed", error=error, desk=self._desk, failures=failures)
                failures += 1
            await self._wait(failures)

    async def _wait(self, failures: int) -> None:
        pace = self._pace
        if failures:
            pause = min(pace.longest_failed, pace.failed * 2.0 ** min(failures - 1, 16))
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            return
        await asyncio.sleep(pace.gap)
        due = min((one.next for one in self._searches.values()), default=float("inf")) - self._seconds()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.woken.wait(), max(0.0, min(pace.longest, due)))

    async def file(self) -> int:
        """Do all that is due; how many cases are settled. Connects only where there is something to do."""
        connection: Connection | None = None
        settled = 0
        try:
            if not self._prepared:
                connection = await self._connect()
                await self._prepare(connection)
                await self._run_blocking(self._begin)
                self._prepared = True
            names = self._due(await self._run_blocking(self._remembered))
            step = 1 if self._careful else AT_ONCE
            for start in range(0, len(names), step):
                errands = await self._run_blocking(self._errands, names[start : start + step])
                if any(self._wanted(one) for one in errands):
                    connection = connection or await self._connect()
                    self._careful = True
                    for one in errands:
                        self._put_off(one)  # where it is these that break the connection, the next try is the others'
                    await self._carry_out(connection, errands)
                over = [one for one in errands if self._over(one)]
                await self._run_blocking(self._forget, over)
                settled += len(over)
            self._careful = False
        finally:
            if connection is not None:
                connection.close()
        return settled

    # -- the store: what was remembered, and what is forgotten ----------------------------------------------------

    def _begin(self) -> None:
        """A board that is new, or has other folders now, begins with every open case."""
        board = self._board
        identity = "\0".join((board.host, str(board.port), board.username, *board.folders))
        made = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
        name = f"board-made:{self._desk}"
        with self._store.read() as tx:
            if tx.recall(name) == made:
                return
        now = self._clock()
        with self._store.transaction() as tx:
            for case in tx.open_cases(self._desk):
                tx.remember(rule.key(self._desk, case.number), rule.spot(case).kept(now))
            tx.remember(name, made)

    def _remembered(self) -> dict[str, str]:
        with self._store.read() as tx:
            return tx.recalled(rule.prefix(self._desk))

    def _due(self, remembered: Mapping[str, str]) -> list[str]:
        """Whose time has come; of what is no longer remembered, or differently, nothing is known any more."""
        now = self._seconds()
        before, self._searches = self._searches, {}
        for name, kept in remembered.items():
            known = before.get(name)
            self._searches[name] = known if known is not None and known.kept == kept else _Search(kept, now)
        due = [(search.next, name) for name, search in self._searches.items() if search.next <= now]
        return [name for _, name in sorted(due)]

    def _errands(self, names: Sequence[str]) -> list[_Errand]:
        found = []
        with self._store.read() as tx:
            for name in names:
                search = self._searches[name]
                spot, number = rule.read(search.kept), rule.number_of(self._desk, name)
                ours = [] if spot is None or number is None else tx.counselor_mails(number)
                ours = [one for one in ours if one.recipient == self._shared and _searchable(one.message_id)]
                mails = tuple(one.message_id for one in ours if one.delivered is not None)
                found.append(_Errand(name, search, spot or Spot("closed"), mails, len(mails) == len(ours)))
        return found

    def _wanted(self, errand: _Errand) -> list[str]:
        """Which mails are still to be filed."""
        now, search = self._seconds(), errand.search
        return [
            mail
            for mail in errand.mails
            if mail not in search.done and now - search.first.get(mail, now) < self._pace.give_up
        ]

    def _over(self, errand: _Errand) -> bool:
        """Whether nothing is left to do."""
        if errand.whole and not self._wanted(errand):
            return True
        if errand.search.next <= self._seconds():
            self._put_off(errand)
        return False

    def _put_off(self, errand: _Errand) -> None:
        pace, search = self._pace, errand.search
        longest = pace.longest_again if errand.whole else pace.longest
        search.next = self._seconds() + min(longest, pace.again * 2.0 ** min(search.tries, 16))
        search.tries += 1

    def _forget(self, errands: Sequence[_Errand]) -> None:
        """What has changed meanwhile stays remembered."""
        if not errands:
            return
        with self._store.transaction() as tx:
            for one in errands:
                if tx.recall(one.name) == one.search.kept:
                    tx.forget(one.name)

    # -- the server -----------------------------------------------------------------------------------------------

    async def _connect(self) -> Connection:
        board = self._board
        context = None
        if board.security != "none":
            context = ssl.create_default_context(cafile=str(board.ca_file) if board.ca_file else None)
        password = board.password.read()
        return await connect(
            board.host, board.port, board.security, board.username, password, tls=context, patience=self._patience
        )

    async def _prepare(self, connection: Connection) -> None:
        """The folders are there, and mail programs show them."""
        for folder in self._board.folders:
            try:
                await connection.select(folder)
            except Refused:
                await connection.create(folder)
            if folder != self._board.inbox:
                with contextlib.suppress(Refused):
                    await connection.subscribe(folder)

    async def _carry_out(self, connection: Connection, errands: Sequence[_Errand]) -> None:
        wanted = {mail: errand for errand in errands for mail in self._wanted(errand)}
        filed: dict[str, str] = {}
        refused: set[str] = set()
        for folder in self._board.folders:
            # what has just been moved here is in its place
            here = [mail for mail in wanted if filed.get(mail) != folder]
            for start in range(0, len(here), IDS_AT_ONCE):
                ids = here[start : start + IDS_AT_ONCE]
                try:
                    selected = await connection.select(folder)
                    found = await self._find(connection, ids)
                    filed |= await self._file(connection, folder, selected, found, wanted)
                except Refused as error:
                    log.warning("board_refused", desk=self._desk, code=str(error))
                    refused.update(ids)
        now = self._seconds()
        for mail in wanted.keys() - refused:
            wanted[mail].search.first.setdefault(mail, now)
            if mail in filed:
                wanted[mail].search.done.add(mail)
        if filed:
            log.info("board_filed", desk=self._desk, count=len(filed))

    async def _find(self, connection: Connection, ids: Sequence[str]) -> dict[int, str]:
        """UID to Message-ID of the mails in the selected folder that are ours beyond doubt, and not deleted."""
        criteria = ["OR"] * (len(ids) - 1) + [f"HEADER Message-ID {quote(one)}" for one in ids]
        found = {}
        for uid in islice(await connection.search("UNDELETED", *criteria), COPIES):
            message_id, sender = identity_of(await connection.head(uid))
            if message_id in ids and sender == self._address:
                found[uid] = message_id
        return found

    async def _file(
        self,
        connection: Connection,
        folder: str,
        selected: Selected,
        found: Mapping[int, str],
        wanted: Mapping[str, _Errand],
    ) -> dict[str, str]:
        """Flag and move; Message-ID to the folder where it now lies."""
        spots = {uid: wanted[message_id].spot for uid, message_id in found.items()}
        await self._flag(connection, selected, spots)
        filed: dict[str, str] = {}
        for target in self._board.folders:
            uids = [uid for uid, spot in spots.items() if getattr(self._board, spot.category) == target]
            if uids and target != folder:
                await self._move(connection, uids, target)
            filed |= {found[uid]: target for uid in uids}
        return filed

    async def _flag(self, connection: Connection, selected: Selected, spots: Mapping[int, Spot]) -> None:
        """Once: who takes the flag away from an urgent notice does not find it there again."""
        urgent = [uid for uid, spot in spots.items() if spot.urgent]
        calm = [uid for uid, spot in spots.items() if not spot.urgent]
        both = f"\\Flagged {OURS}" if selected.keywords else "\\Flagged"
        if urgent:
            bare = ["UNFLAGGED", "UNKEYWORD", OURS] if selected.keywords else ["UNFLAGGED"]
            new = await connection.search("UID", uid_set(urgent), *bare)
            if new:
                await connection.flag(new, both)
        if calm and selected.keywords:  # without keywords nobody knows whose flag it is: it stays
            old = await connection.search("UID", uid_set(calm), "KEYWORD", OURS)
            if old:
                await connection.flag(old, both, on=False)

    async def _move(self, connection: Connection, uids: Sequence[int], target: str) -> None:
        move = "MOVE" in connection.capabilities
        act = connection.move if move else connection.copy
        try:
            await act(uids, target)
        except Refused:
            with contextlib.suppress(Refused):
                await connection.create(target)  # somebody removed the folder
                await connection.subscribe(target)
            await act(uids, target)
        if move:
            return
        await connection.flag(uids, "\\Deleted")
        if "UIDPLUS" in connection.capabilities:
            await connection.expunge(uids)
        # Without it they stay marked until somebody empties the folder: a plain EXPUNGE takes what others marked, too.


def identity_of(head: bytes) -> tuple[str, str]:
    """Message-ID and From address of a header; "" for what is not there exactly once or cannot be read."""
    try:
        message = BytesHeaderParser().parsebytes(head)
        ids, senders = message.get_all("Message-ID", []), message.get_all("From", [])
        message_id = "".join(str(ids[0]).split()) if len(ids) == 1 else ""
        author = " ".join(str(senders[0]).split()).lower() if len(senders) == 1 else ""
        sender = parseaddr(author)[1]
        if author != sender and not author.endswith(f"<{sender}>"):
            sender = ""  # more than one address, or one that programs read differently
    except Exception:  # whatever a stranger's header does to the parser: it is not ours
        return "", ""
    return message_id, sender


def _searchable(message_id: str) -> bool:
    return message_id.isascii() and message_id.isprintable() and 2 < len(message_id) < 500
