"""Instants as the tables hold them: whole microseconds since 1970 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """The number for an aware instant; a naive one is a bug of the caller (ValueError)."""
    if at.tzinfo is None:
        raise ValueError("an instant without time zone")
    return (at - EPOCH) // _MICROSECOND


def micros_or_none(at: datetime | None) -> int | None:
    """As ``micros``, None for None."""
    return None if at is None else micros(at)


def instant(number: int) -> datetime:
    """The aware instant in UTC."""
    return EPOCH + timedelta(microseconds=number)


def instant_or_none(number: int | None) -> datetime | None:
    """As ``instant``, None for None."""
    return None if number is None else instant(number)
