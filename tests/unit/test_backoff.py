"""When a mail is tried again (rules M1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from maild.courier.backoff import GIVE_UP, STEPS, next_attempt

T0 = datetime(2026, 1, 10, tzinfo=UTC)
CHANCE = st.floats(0, 1)


@given(CHANCE)
def test_the_first_failure_is_tried_again_within_30_seconds(chance: float) -> None:
    at = next_attempt(1, T0, T0, lambda: chance)
    assert at is not None and timedelta(seconds=5) < at - T0 < timedelta(seconds=30)


@given(st.integers(-3, 10_000), st.timedeltas(timedelta(days=-1), timedelta(days=9)), CHANCE, st.booleans())
def test_always_later_never_past_five_days(attempts: int, age: timedelta, chance: float, urgent: bool) -> None:
    now = T0 + age
    at = next_attempt(attempts, T0, now, lambda: chance, urgent=urgent)
    if age >= GIVE_UP:
        assert at is None
        return
    assert at is not None and now < at <= T0 + GIVE_UP
    if urgent:
        assert at - now <= timedelta(minutes=2)


def test_pauses_grow_to_four_hours() -> None:
    waits = []
    for attempts in range(1, 12):
        at = next_attempt(attempts, T0, T0, lambda: 0.5)
        assert at is not None
        waits.append((at - T0).total_seconds())
    assert waits == [*STEPS, 14400, 14400, 14400]
    assert waits == sorted(waits)


def test_jitter_keeps_mails_apart() -> None:
    low, high = next_attempt(5, T0, T0, lambda: 0.0), next_attempt(5, T0, T0, lambda: 1.0)
    assert low is not None and high is not None
    assert high - low == timedelta(seconds=1800 * 0.4)


def test_the_whole_life_of_a_mail_that_nobody_takes() -> None:
    """Some forty attempts, the last one at the very end, then no more."""
    now, attempts = T0, 0
    while True:
        attempts += 1
        at = next_attempt(attempts, T0, now, lambda: 0.5)
        if at is None:
            break
        now = at
    assert now == T0 + GIVE_UP
    assert 30 < attempts < 60
