"""The boards of the desks that have one: one task each, beside the mail and never in its way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from maild.board import Filing
from maild.config import Config
from maild.store import Store


class Boards:
    """All of them."""

    def __init__(self, store: Store, run_blocking: Callable[..., asyncio.Future[Any]]) -> None:
        self._store = store
        self._run_blocking = run_blocking
        self._tasks: list[asyncio.Task[None]] = []
        self._filings: list[Filing] = []

    def start(self, config: Config) -> None:
        """In the running loop; what cannot be reached is tried again."""
        for name, board in config.boards:
            desk = config.desk(name)
            if desk is not None:
                filing = Filing(desk, board, self._store, self._run_blocking)
                self._filings.append(filing)
                self._tasks.append(asyncio.create_task(filing.run(), name=f"board-{name}"))

    def wake(self) -> None:
        """A case may have moved, or a notice have gone out."""
        for filing in self._filings:
            filing.woken.set()

    async def stop(self) -> None:
        """At once: what was not filed is filed later."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        self._filings.clear()

    async def restart(self, config: Config) -> None:
        """With another config."""
        await self.stop()
        self.start(config)
