"""Whose turn it is, and the steps of a case from one turn to the other, whatever makes it take them (C, M4, K4)."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from maild.desk.actions import Action, Relay
from maild.desk.case import Case, State
from maild.desk.deadlines import days_later
from maild.desk.rules import Desk
from maild.mail.values import replace


def interrupted(case: Case) -> State:
    """Whose turn it is, behind ``held`` and ``undeliverable``."""
    if case.state in ("held", "undeliverable"):
        return case.state_before or "waiting_desk"
    return case.state


def was_intake(case: Case) -> bool:
    """Whether a closed case never got past its intake (I1), whichever clock closed it (C5)."""
    return case.reason == "intake_silence" or (case.round_trip == 0 and case.replies == 0 and case.asked > 0)


def resumed(case: Case, at: datetime) -> Case:
    """Out of ``held`` or ``undeliverable`` into what was interrupted, with its clock started anew (C16, M4)."""
    back = interrupted(case)
    case = replace(case, state=back, state_before=None, held_since=None, reminders=0)
    if back in ("intake", "waiting_client"):
        return replace(case, clock_since=at, silence_from=at)
    if case.unanswered_since is None and not case.queued_replies:
        return replace(case, unanswered_since=at, alerts=0)  # nobody who waits is forgotten (C9)
    return case


def reopened(case: Case, at: datetime | None = None) -> Case:
    """A closed case as it was before. ``at``: of a mail in time, from which on the client's clock did not run (C7)."""
    seconds = case.client_seconds
    if at is not None and case.closed is not None:
        # the clock ran on to the deadline (C5), from our last reply at the earliest
        since = max(at, case.last_delivered) if case.last_delivered else at
        seconds = max(0.0, seconds - max(0.0, (case.closed - since).total_seconds()))
    back: State = "intake" if was_intake(case) else "waiting_client"
    return replace(case, state=back, reason=None, closed=None, client_seconds=seconds)


def on_its_old_day(case: Case, at: datetime, desk: Desk) -> Case:
    """Open again with the ``closes_on`` it had: a rejected mail gives seven days and restarts no silence (A3)."""
    rules = desk.rules
    limit = rules.intake_silence_days if was_intake(case) else rules.silence_days
    assert case.closed is not None  # by a clock, at the start of the day after closes_on
    silence = None  # closed by C5, which comes to the same day again
    if case.reason != "client_days":
        silence = days_later(case.closed, -limit - 1, ZoneInfo(desk.timezone))
    return replace(reopened(case, at), clock_since=at, silence_from=silence)


def returned_reply(case: Case, desk: Desk) -> tuple[Case, tuple[Action, ...]]:
    """The reply that came back goes out again (M4), though staff put the case on hold since; else nothing."""
    bounced = case.bounced
    if bounced is None or case.state not in ("undeliverable", "held"):
        return case, ()
    case = replace(case, round_trip=max(case.round_trip, 1))  # #no-reply may have taken the number back (C14)
    again = once_more(case, bounced, desk)
    return replace(case, bounced=None, queued_replies=case.queued_replies + 1), (again,)


def once_more(case: Case, entry: int, desk: Desk) -> Relay:
    """A reply of ours that goes again (C10, M4)."""
    return Relay(entry, "final_reply" if is_last(case, desk) else "reply", case.round_trip, again=True)


def is_last(case: Case, desk: Desk) -> bool:
    """Whether a reply in this round trip carries the closing text (C3); never to somebody in a crisis."""
    return 0 < desk.rules.round_trips <= case.round_trip and not case.crisis


def next_round_trip(case: Case, desk: Desk) -> int:
    """The number of the round trip that a new turn begins; never more than allowed (C2)."""
    following = max(case.round_trip, case.completed) + 1
    limit = desk.rules.round_trips
    return min(following, limit) if limit > 0 else following


def uncalled(case: Case) -> Case:
    """The urgent calls stop: somebody has taken it, answered or ended it (K4)."""
    return replace(case, urgent_since=None, urgent_count=0, urgent_missed=0)
