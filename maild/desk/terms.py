"""Which version of a desk's terms holds on a day (rules C1, S7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from maild.desk.rules import Terms


def in_force(terms: Sequence[Terms], day: date) -> Terms | None:
    """The newest version whose date has come; before the first date, the earliest (S7)."""
    if not terms:
        return None
    begun = [t for t in terms if t.effective <= day]
    return max(begun, key=lambda t: t.effective) if begun else min(terms, key=lambda t: t.effective)
