"""What the receiving side asks of the rest: somewhere to keep a mail, whose addresses are ours, and the clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Protocol

from maild.store.records import Incoming

__all__ = ["Accept", "Clock", "Incoming", "Ours", "Screen", "utc_now"]


class Accept(Protocol):
    """Keeps one mail. Returns only after the durable commit (rules M1); any exception means that it was not kept."""

    async def __call__(self, mail: Incoming, /) -> None: ...


Ours = Callable[[str], bool]
"""Whether we take mail for this address: canonical comparison, plus addressing and bounce addresses included."""

Screen = Callable[[Incoming], Awaitable[str | None]]
"""A look at the mail before it is kept (rules A1, mode ``refuse``): a whole 5xx reply, or None to take it."""

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The instant, in UTC."""
    return datetime.now(UTC)
