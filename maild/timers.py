"""Wake-ups. Durable deadlines are rows; APScheduler only makes the code look at them (findings, "APScheduler")."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from apscheduler.schedulers.asyncio import AsyncIOScheduler

TICK_SECONDS = 10  # the longest a deadline waits to be seen, a clock set forward included
BEAT_SECONDS = 20


class Timers:
    """``tick`` wakes the worker; ``beat`` records that our listeners listen (C6)."""

    def __init__(self, tick: Callable[[], None], beat: Callable[[], Awaitable[None]]) -> None:
        # late is better than never, and once is enough
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._scheduler = AsyncIOScheduler(timezone="UTC", job_defaults=defaults)
        self._tick = tick
        self._beat = beat

    def start(self) -> None:
        """In the running loop."""

        async def tick() -> None:
            self._tick()

        self._scheduler.add_job(tick, "interval", seconds=TICK_SECONDS, id="tick")
        self._scheduler.add_job(self._beat, "interval", seconds=BEAT_SECONDS, id="beat")
        self._scheduler.start()

    def stop(self) -> None:
        """No more wake-ups."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
