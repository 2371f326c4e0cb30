"""Each kind of desk has a rule book of its own over shared parts: this is the table of them.

``booking`` and ``aftercare`` have their place in the config and their letters; their rules (section B) come later.
"""

from __future__ import annotations

from collections.abc import Callable

from maild.desk import consultation
from maild.desk.actions import Decision
from maild.desk.case import Case
from maild.desk.events import Event
from maild.desk.rules import Desk

Decide = Callable[[Case | None, Event, Desk], Decision]

KINDS: dict[str, Decide] = {"consultation": consultation.decide}


def decide(case: Case | None, event: Event, desk: Desk) -> Decision:
    """What follows from an event at a desk of this kind. Raises ``IllegalTransition``, changes nothing then."""
    return KINDS[desk.kind](case, event, desk)
