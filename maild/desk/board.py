"""The shared inbox as a board: which of its folders the notices of a case belong into, and whether they are urgent.

Three folders say whose turn it is. ``waiting`` is everything that somebody at the desk has to do something about;
``answered`` is the client's turn; ``closed`` is over. The outcome is kept as a short text under a key of the store, so
that whoever files the mails (``maild.board``) needs to know nothing of cases.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from maild.desk.case import Case

Category = Literal["waiting", "answered", "closed"]

_KEPT = re.compile(r"(waiting|answered|closed)(:urgent)?(?:@.{1,40})?", re.ASCII)
CATEGORIES: tuple[Category, ...] = get_args(Category)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where on the board a case stands."""

    category: Category
    urgent: bool = False

    def kept(self, at: datetime) -> str:
        """As it is remembered; the instant tells one change from the next."""
        return f"{self.category}{':urgent' if self.urgent else ''}@{at.isoformat()}"


def spot(case: Case) -> Spot:
    """The place of a case on the board."""
    return Spot(_category(case), case.crisis)


def _category(case: Case) -> Category:
    if not case.is_open:
        return "closed"
    if case.state in ("waiting_desk", "held", "undeliverable"):
        return "waiting"  # undeliverable: the client cannot know that anything is asked of them (rules M4)
    if case.held_replies or case.urgent_since is not None:
        return "waiting"  # a reply that is kept back (P5), a crisis nobody has answered #taken to (K4)
    return "answered"  # intake too: what is missing is asked of the client (I1)


def prefix(desk: str) -> str:
    """What the keys of a desk's board begin with; no name of a desk holds a colon."""
    return f"board:{desk}:"


def key(desk: str, number: int) -> str:
    """The key of a case."""
    return f"{prefix(desk)}{number}"


def number_of(desk: str, name: str) -> int | None:
    """The case of a key; None where it is no key of this desk."""
    digits = name.removeprefix(prefix(desk)) if name.startswith(prefix(desk)) else ""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else None


def read(kept: str) -> Spot | None:
    """What was remembered; None where it cannot be read."""
    found = _KEPT.fullmatch(kept)
    if found is None:
        return None
    category: Category = next(one for one in CATEGORIES if one == found[1])
    return Spot(category, found[2] is not None)
