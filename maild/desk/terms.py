"""Which version of a desk's terms holds on a day (rules C1, S7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from maild.desk.actions import Action, Decision, Letter, Relay
from maild.desk.rules import Terms
from maild.mail.values import replace


def in_force(terms: Sequence[Terms], day: date) -> Terms | None:
    """The newest version whose date has come; before the first date, the earliest (S7)."""
    if len(terms) < 2:
        return terms[0] if terms else None
    begun = [t for t in terms if t.effective <= day]
    return max(begun, key=lambda t: t.effective) if begun else min(terms, key=lambda t: t.effective)


def said(decision: Decision, terms: Sequence[Terms], day: date) -> Decision:
    """The decision with the change of terms told in the first acknowledgement or reply after it (S7).

    Only these two say it; whatever else goes out leaves it to the next one.
    """
    if decision.case is not None and any(_welcomes(action) for action in decision.actions):
        decision = replace(decision, case=replace(decision.case, welcomed=True))
    case, current = decision.case, in_force(terms, day)
    if case is None or current is None or not case.terms_told or case.terms_told == current.version:
        return decision
    actions: list[Action] = []
    told = False
    for action in decision.actions:
        if isinstance(action, Relay):
            action, told = replace(action, terms_changed=True), True
        elif isinstance(action, Letter) and action.template == "ack":
            action, told = replace(action, values={**action.values, "terms_changed": True}), True
        actions.append(action)
    if not told:
        return decision
    return replace(decision, case=replace(case, terms_told=current.version), actions=tuple(actions))


def _welcomes(action: Action) -> bool:
    """Whether this letter tells what a first mail is told (C1)."""
    return isinstance(action, Letter) and action.template == "ack" and bool(action.values.get("first"))
