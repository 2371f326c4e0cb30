"""What becomes of our own mails, and of time: replies accepted, delivered, come back; deadlines (rules C2 to C9, M4)."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from maild.desk.actions import Action, Decision, Letter, Relay
from maild.desk.case import Case
from maild.desk.client_mail import is_last, next_round_trip, resumed
from maild.desk.deadlines import closing
from maild.desk.events import Delivered, Due, Failed, Reply
from maild.desk.rules import Desk

REPLIES = ("reply", "final_reply")


def reply(case: Case, event: Reply, desk: Desk) -> Decision:
    """A counselor's reply goes to the client (P2). It costs its round trip only when it is delivered (C2)."""
    last = is_last(case, desk) and not event.interim
    supplement = case.unanswered_since is None and case.state not in ("held", "undeliverable")
    relay = Relay(
        event.entry,
        "final_reply" if last else "reply",
        case.round_trip,
        interim=event.interim,
        supplement=supplement,
    )
    case = replace(
        case,
        queued_replies=case.queued_replies + 1,
        last_reply_at=event.at,
        last_reply_by=event.counselor,
        urgent_since=None,  # somebody has answered (K4)
        urgent_count=0,
    )
    if not event.interim:
        case = replace(case, last_reply=event.entry, held_reply=None, unanswered_since=None, alerts=0)
    if case.state == "held":
        case = replace(
            resumed(replace(case, state_before="waiting_desk"), event.at), clock_since=None, silence_from=None
        )
    return Decision(case, (relay,), "accepted", "interim" if event.interim else "reply")


def delivered(case: Case, event: Delivered, desk: Desk) -> Decision:
    """The next hop took a mail of ours. Only replies move a case (C2, C3, C4)."""
    at = event.at
    if event.template == "intake_missing" and case.state == "intake":
        # the days to answer our question begin when it is there
        later = max(case.silence_from, at) if case.silence_from else at
        return Decision(replace(case, silence_from=later), (), None, "asked")
    if event.template not in REPLIES and event.template != "interim":
        return Decision(case, (), None, "delivered")
    case = replace(case, queued_replies=max(0, case.queued_replies - 1), replies=case.replies + 1)
    confirmed = Letter("delivered", "inbox", {"at": at}, entry=event.entry)
    if case.state == "closed":
        return Decision(case, (confirmed,), None, "supplement_after_end")
    interim = event.template == "interim"
    case = replace(case, last_delivered=max(case.last_delivered, at) if case.last_delivered else at)
    if interim:
        return Decision(case, (confirmed,), None, "interim_delivered")
    case = replace(case, completed=max(case.completed, event.round_trip), bounced=None)
    if case.state == "held":
        return Decision(case, (confirmed,), None, "delivered_while_held")
    if case.unanswered_since is not None:
        # a mail that arrived before this instant belongs to this round trip and still waits (C7)
        if case.unanswered_since >= at:
            case = replace(case, round_trip=next_round_trip(case, desk))
        case = replace(case, state="waiting_desk", state_before=None)
        return Decision(case, (confirmed,), None, "delivered_but_waiting")
    case, ended = _clients_turn(case, event, desk)
    letter = replace(confirmed, values={"at": at, "ended": ended})
    return Decision(case, (letter,), None, "completed" if ended else "delivered")


def _clients_turn(case: Case, event: Delivered, desk: Desk) -> tuple[Case, bool]:
    if used_up(case, desk) and not case.queued_replies:
        return ended(case, "completed", event.at), True
    started = case.clock_since if case.state == "waiting_client" else None
    case = replace(
        case,
        state="waiting_client",
        state_before=None,
        clock_since=started or event.at,
        silence_from=event.at,  # a supplement restarts the days of silence (C4), not the client's days (C5)
        floor=None,
    )
    return case, False


def used_up(case: Case, desk: Desk) -> bool:
    """Whether the last round trip is paid for and no crisis keeps the case open (C3)."""
    return 0 < desk.rules.round_trips <= case.completed and not case.crisis


def failed(case: Case, event: Failed, desk: Desk) -> Decision:
    """A mail to the client will not arrive (M4)."""
    values = {"reason": event.reason, "template": event.template}
    told = Letter("delivery_failed", "inbox", values, entry=event.entry, timer=True)
    is_reply = event.template in (*REPLIES, "interim")
    if is_reply and not event.bounced:
        case = replace(case, queued_replies=max(0, case.queued_replies - 1))
    if is_reply and event.bounced and event.round_trip == case.completed > 0 and event.template != "interim":
        case = replace(case, completed=case.completed - 1)  # it takes its round trip back
    if case.state == "undeliverable":
        return Decision(
            replace(case, bounced=event.entry if is_reply else case.bounced), (told,), None, "undeliverable"
        )
    if is_reply:
        if case.state == "closed" and (case.reason != "completed" or event.other_open):
            return Decision(case, (told,), None, "failed_after_end")
        if case.state in ("waiting_desk", "held") and case.unanswered_since is not None:
            # the client has written since, so the case is ours to answer; the reply is reported as lost
            return Decision(case, (told,), None, "failed_reported")
        before = "waiting_client"
    elif case.state in ("intake", "waiting_client"):
        before = case.state
    else:
        return Decision(case, (told,), None, "failed_reported")
    seconds = case.client_seconds
    if not is_reply and case.clock_since is not None:
        seconds += max(0.0, (event.at - case.clock_since).total_seconds())
    case = replace(
        case,
        state="undeliverable",
        state_before=before,  # type: ignore[arg-type]
        reason=None,
        closed=None,
        client_seconds=seconds,
        clock_since=None,
        silence_from=None,
        bounced=event.entry if is_reply else None,
    )
    return Decision(case, (told,), None, "undeliverable")


def due(case: Case, event: Due, desk: Desk) -> Decision:
    """A deadline was reached; each happens once, at its own instant (C11)."""
    rules = desk.rules
    if event.kind == "close":
        why = closing(case, rules, ZoneInfo(desk.timezone))
        if why is None:
            return Decision(case, (), None, "not_due")
        case = ended(case, why[1], event.at)
        return Decision(case, (Letter("closed_silence", timer=True),), None, f"closed_{why[1]}")
    if event.kind == "alert":
        index = case.alerts
        last = index >= len(rules.alert_days) - 1
        since = case.unanswered_since
        days = (event.at - since).days if since else 0
        values = {"days": days, "since": since, "last": last, "resend": False}
        actions: list[Action] = [Letter("alert_waiting", "inbox", values, entry=case.last_entry, timer=True)]
        if last:
            actions.append(Letter("operator_alert", "operators", {"code": "client_waiting", "days": days}, timer=True))
        return Decision(replace(case, alerts=index + 1), tuple(actions), None, "alert")
    if event.kind == "held":
        case = replace(case, reminders=case.reminders + 1)
        values = {"held_since": case.held_since, "days": rules.held_days * case.reminders, "held": True}
        values |= {"last": False, "resend": False, "since": case.held_since}
        return Decision(case, (Letter("alert_waiting", "inbox", values, timer=True),), None, "held_reminder")
    if event.kind == "urgent":
        return _urgent_again(case)
    return Decision(case, (), None, "not_due")


def _urgent_again(case: Case) -> Decision:
    """The urgent notice once more, to a wider circle each time (K4)."""
    case = replace(case, urgent_count=case.urgent_count + 1)
    values = {"repeat": case.urgent_count}
    circles: tuple[str, ...] = ("inbox", "on_call")
    if case.urgent_count >= 2:
        circles += ("counselors",)
    actions: list[Action] = [
        Letter("notice_urgent", circle, values, entry=case.last_entry, timer=True)  # type: ignore[arg-type]
        for circle in circles
    ]
    if case.urgent_count >= 3:
        actions.append(Letter("operator_alert", "operators", {"code": "crisis_untaken"}, timer=True))
    return Decision(case, tuple(actions), None, "urgent_again")


def ended(case: Case, reason: str, at: object) -> Case:
    """The case closed; its clocks stopped at ``at``."""
    seconds = case.client_seconds
    if case.clock_since is not None:
        seconds += max(0.0, (at - case.clock_since).total_seconds())  # type: ignore[operator]
    return replace(
        case,
        state="closed",
        reason=reason,  # type: ignore[arg-type]
        closed=at,  # type: ignore[arg-type]
        state_before=None,
        client_seconds=seconds,
        clock_since=None,
        silence_from=None,
        floor=None,
        unanswered_since=None,
        held_since=None,
        urgent_since=None,
        urgent_count=0,
        alerts=0,
        reminders=0,
    )
