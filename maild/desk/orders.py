"""What staff order about a case by ``#commands`` or the command line (rules P4, C14 to C16, D1, K4)."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from maild.desk.actions import Decision, Letter
from maild.desk.case import Case
from maild.desk.deadlines import local_date
from maild.desk.events import Command
from maild.desk.outcomes import ended, used_up
from maild.desk.rules import Desk
from maild.desk.turns import interrupted, resumed, returned_reply, uncalled
from maild.mail.values import replace

DECLINE_REASONS = ("prank", "urgent", "crisis", "illegal", "out_of_scope", "abuse")


def _did(case: Case, code: str, *letters: Letter) -> Decision:
    return Decision(case, letters, "command", code)


def _close(case: Case, order: Command, _desk: Desk) -> tuple[str, Decision]:
    if not case.is_open:
        return "close", _did(case, "already_closed")
    return "close", _did(ended(case, "counselor", order.at), "closed", Letter("closed_by_counselor", timer=True))


def _end(case: Case, order: Command, _desk: Desk) -> tuple[str, Decision]:
    if not case.is_open:
        return "close", _did(case, "already_closed")
    return "close", _did(ended(case, "client_request", order.at), "ended", Letter("closed_by_counselor", timer=True))


def _decline(case: Case, order: Command, _desk: Desk) -> tuple[str, Decision]:
    if not case.is_open:
        return "close", _did(case, "already_closed")
    closed = replace(ended(case, "declined", order.at), declined=order.argument, flags=case.flags - {"crisis"})
    return "close", _did(closed, "declined", Letter(f"declined_{order.argument}", timer=True))


def _spam(case: Case, order: Command, _desk: Desk) -> tuple[str, Decision]:
    if not case.is_open:
        return "close", _did(case, "already_closed")
    closed = replace(ended(case, "declined", order.at), declined="spam", flags=case.flags - {"crisis"} | {"spam"})
    return "close", _did(closed, "spam")


def _suspend(case: Case, order: Command, _desk: Desk) -> tuple[str, Decision]:
    if not case.is_open:
        return "close", _did(case, "suspended")
    return "close", _did(ended(case, "suspended", order.at), "suspended")


def _service_end(case: Case, order: Command, _desk: Desk) -> tuple[str, Decision]:
    if not case.is_open:
        return "close", _did(case, "already_closed")
    letter = Letter("service_end", values={"ends_on": order.day, "text": order.argument}, timer=True)
    return "close", _did(ended(case, "service_ended", order.at), "service_ended", letter)


def _hold(case: Case, order: Command, _desk: Desk) -> tuple[str, Decision]:
    if case.state == "closed":
        return "note", _did(case, "is_closed")
    if case.state == "held":
        return "hold", _did(case, "already_held")
    seconds = case.client_seconds
    if case.clock_since is not None:
        seconds += max(0.0, (order.at - case.clock_since).total_seconds())
    before = case.state_before if case.state == "undeliverable" else case.state
    held = replace(
        case,
        state="held",
        state_before=before,
        held_since=order.at,
        reminders=0,
        client_seconds=seconds,
        clock_since=None,
        silence_from=None,
    )
    return "hold", _did(held, "held")


def _reopen(case: Case, order: Command, desk: Desk) -> tuple[str, Decision]:
    if case.state == "undeliverable" and case.bounced is not None:
        # staff know that the mailbox takes mail again: the reply that came back goes once more (M4)
        case, again = returned_reply(case, desk)
        case = resumed(replace(case, state_before="waiting_desk"), order.at)
        return "reopen", Decision(case, again, "command", "reopened")
    if case.state in ("held", "undeliverable"):
        if case.bounced is not None:
            # the reply never arrived and was taken back (M4): the client still waits for one
            case = replace(case, state_before="waiting_desk", unanswered_since=order.at, bounced=None)
        return "reopen", _did(resumed(case, order.at), "reopened")
    if case.is_open:
        return "note", _did(case, "is_open")
    case = replace(case, reason=None, closed=None, declined=None, decline_told=False, limit_told=False)
    if case.unanswered_since is not None or case.bounced is not None:
        # it was closed while the client waited; the wait begins anew (C9)
        case = replace(case, state="waiting_desk", unanswered_since=order.at, bounced=None)
        return "reopen", _did(case, "reopened")
    case = replace(case, state="waiting_client", clock_since=order.at, silence_from=order.at)
    return "reopen", _did(case, "reopened")


def asks_back(case: Case, order: Command) -> bool:
    """Whether ``#no-reply`` would end the wait of somebody who never had an answer: it is meant for a mere thank-you
    (C14). Said twice, or together with ``#send``, it is meant so."""
    if order.name != "no_reply" or order.argument == "send" or case.no_reply_asked:
        return False
    return case.last_reply is None and case.state in ("waiting_desk", "held") and interrupted(case) != "intake"


def _no_reply(case: Case, order: Command, desk: Desk) -> tuple[str, Decision]:
    if case.state not in ("waiting_desk", "held") or interrupted(case) == "intake":
        return "note", _did(case, "not_our_turn")
    case = replace(
        case,
        state_before=None,
        held_since=None,
        reminders=0,
        round_trip=case.completed,  # the turn is handed back uncounted (C14)
        unanswered_since=None,
        alerts=0,
        bounced=None,
        floor=None,  # an urgent call goes on: nobody has taken it, and nobody has written (K4)
    )
    if used_up(case, desk):
        return "no_reply", _did(ended(case, "completed", order.at), "completed")
    case = replace(case, state="waiting_client", clock_since=order.at, silence_from=order.at)
    return "no_reply", _did(case, "handed_back")


def _taken(case: Case, _order: Command, _desk: Desk) -> tuple[str, Decision]:
    return "note", _did(uncalled(case), "taken")


def _clear_crisis(case: Case, order: Command, desk: Desk) -> tuple[str, Decision]:
    case = replace(uncalled(case), flags=case.flags - {"crisis"})
    if case.state != "waiting_client":
        return "note", _did(case, "crisis_cleared")
    if used_up(case, desk):
        return "note", _did(ended(case, "completed", order.at), "crisis_cleared_completed")
    # no clock ran while the flag stood (K2): the days of silence begin anew, and nothing ends in the past (C11)
    today = local_date(order.at, ZoneInfo(desk.timezone))
    floor = max(case.floor, today) if case.floor else today
    return "note", _did(replace(case, silence_from=order.at, floor=floor), "crisis_cleared")


def _accept_address(case: Case, order: Command, _desk: Desk) -> tuple[str, Decision]:
    known = {case.client, *case.addresses}
    addresses = case.addresses if order.argument in known else (*case.addresses, order.argument)
    return "note", _did(replace(case, addresses=addresses), "address_accepted")


def _note(case: Case, _order: Command, _desk: Desk) -> tuple[str, Decision]:
    return "note", _did(case, "noted")


def _ask(template: str) -> Callable[[Case, Command, Desk], tuple[str, Decision]]:
    def ask(case: Case, _order: Command, _desk: Desk) -> tuple[str, Decision]:
        return "note", _did(case, template, Letter(template, timer=True))

    return ask


def _assign(case: Case, order: Command, _desk: Desk) -> tuple[str, Decision]:
    return "note", _did(replace(case, assigned=order.argument, assigned_at=order.at), "assigned")


ORDERS: dict[str, Callable[[Case, Command, Desk], tuple[str, Decision]]] = {
    "close": _close,
    "end": _end,
    "decline": _decline,
    "spam": _spam,
    "suspend": _suspend,
    "service_end": _service_end,
    "hold": _hold,
    "reopen": _reopen,
    "no_reply": _no_reply,
    "taken": _taken,
    "clear_crisis": _clear_crisis,
    "accept_address": _accept_address,
    "note": _note,
    "ask_doctor": _ask("ask_doctor"),
    "ask_publication": _ask("ask_publication"),
    "assign": _assign,
}


def decide(case: Case, order: Command, desk: Desk) -> tuple[str, Decision]:
    """The kind of step in the table of transitions, and what follows. ``KeyError``: no such order."""
    return ORDERS[order.name](case, order, desk)
