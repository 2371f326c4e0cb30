"""From many conversations into the spool: mails that wait together are committed together, then each is told (M1)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from maild import log
from maild.errors import Temporary
from maild.mail.address import canonical
from maild.store import Incoming, StoreError

LOG = log.get("maild.acceptor")
MOST_AT_ONCE = 64
Blocking = Callable[..., "asyncio.Future[object]"]


class Spool(Protocol):
    """What keeps mail."""

    def accept(self, mails: Sequence[Incoming]) -> list[int]: ...


class Acceptor:
    """One commit at a time; while it runs, the next group gathers. ``kept`` is called after every commit, ``trouble``
    with words for an operator when mail cannot be kept any more, and when it can again."""

    def __init__(
        self,
        spool: Spool,
        run_blocking: Blocking,
        desk_of: Callable[[str], str | None],
        kept: Callable[[], None],
        trouble: Callable[[str], None] = lambda _words: None,
    ) -> None:
        self._spool = spool
        self._run_blocking = run_blocking
        self._desk_of = desk_of
        self._kept = kept
        self._trouble = trouble
        self._troubled = False
        self._waiting: list[tuple[list[Incoming], asyncio.Future[None]]] = []
        self._committing: asyncio.Task[None] | None = None

    async def __call__(self, mail: Incoming) -> None:
        """Returns after the commit; raises where the mail was not kept."""
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((self.per_desk(mail), told))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit())
        # whoever waits may be cut off (a client that hangs up); the commit goes on for the others
        await asyncio.shield(told)

    def per_desk(self, mail: Incoming) -> list[Incoming]:
        """One spooled mail for each desk it is addressed to: each ends in a disposition of its own."""
        desks: dict[str, list[str]] = {}
        for recipient in mail.recipients:
            desks.setdefault(self._desk_of(canonical(recipient)) or "", []).append(recipient)
        if len(desks) <= 1:
            return [mail]
        return [replace(mail, recipients=tuple(recipients)) for recipients in desks.values()]

    async def _commit(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
                mails = [mail for several, _ in group for mail in several]
                try:
                    await self._run_blocking(self._spool.accept, mails)
                except Exception as error:
                    await self._one_by_one(group, error)
                else:
                    self._store_is(None)
                    for _, told in group:
                        if not told.done():
                            told.set_result(None)
                self._kept()
        finally:
            self._committing = None

    async def _one_by_one(self, group: list[tuple[list[Incoming], asyncio.Future[None]]], why: Exception) -> None:
        """A group failed as a whole: one bad mail must not refuse the others (M9)."""
        self._store_is(why)
        for several, told in group:
            error: Exception | None = why
            if len(group) > 1:
                try:
                    await self._run_blocking(self._spool.accept, several)
                    error = None
                except Exception as again:
                    error = again
            if told.done():
                continue
            if error is None:
                told.set_result(None)
            else:
                told.set_exception(Temporary("the mail could not be kept; try again later"))
                told.exception()  # it may be that nobody waits any more

    def _store_is(self, error: Exception | None) -> None:
        """What an operator hears: once when it begins, once when it is over."""
        if (error is not None) == self._troubled:
            return
        self._troubled = error is not None
        if error is None:
            LOG.info("mail_is_kept_again")
            self._trouble("mail is kept again")
            return
        LOG.error("mail_cannot_be_kept", error=error)
        # the words of the store's errors hold nothing personal; of others nobody knows
        words = str(error) if isinstance(error, StoreError) else type(error).__name__
        self._trouble(f"no mail can be accepted, senders are told to try again later: {words}")
