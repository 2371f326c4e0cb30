"""When a mail that was not taken is tried again (rules M1; RFC 5321 section 4.5.4.1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

GIVE_UP: Final = timedelta(days=5)  # after it was written
#: Seconds after the first, second, … attempt; the last one repeats. With jitter the first stays under 30 (M1).
STEPS: Final = (20, 60, 300, 900, 1800, 3600, 7200, 14400)
JITTER: Final = 0.2  # of a step, either way: mails that were deferred together do not come back together
URGENT_STEP: Final = 120  # seconds; nobody in danger waits longer for us
URGENT: Final = frozenset({"crisis_ack", "notice_urgent"})


def next_attempt(
    attempts: int, created: datetime, now: datetime, rand: Callable[[], float], *, urgent: bool = False
) -> datetime | None:
    """The instant of the next attempt after ``attempts`` in vain; None: give up, the mail has expired.

    ``rand`` gives numbers from 0 to 1. There is a last attempt at the very end of the five days.
    """
    end = created + GIVE_UP
    if now >= end:
        return None
    step = float(STEPS[min(max(attempts, 1), len(STEPS)) - 1])
    if urgent:
        step = min(step, URGENT_STEP)
    wait = step * (1 - JITTER + 2 * JITTER * min(max(rand(), 0.0), 1.0))
    if urgent:
        wait = min(wait, URGENT_STEP)
    return min(now + timedelta(seconds=wait), end)
