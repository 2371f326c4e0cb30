"""What becomes of our own mails, and of time: replies accepted, delivered, come back; deadlines (rules C, M4)."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from maild.desk.actions import Action, Audience, Decision, Letter, Relay
from maild.desk.case import Case, State
from maild.desk.deadlines import closing, days_passed, deadlines, start_of, urgent_rounds
from maild.desk.events import Delivered, Due, Failed, Reply
from maild.desk.rules import Desk
from maild.desk.turns import interrupted, is_last, next_round_trip, uncalled
from maild.mail.values import replace

REPLIES = ("reply", "final_reply")


def reply(case: Case, event: Reply, desk: Desk) -> Decision:
    """A counselor's reply goes to the client (P2). It costs its round trip only when it is delivered (C2)."""
    supplement = case.unanswered_since is None and case.state in ("waiting_desk", "waiting_client", "closed")
    if not event.interim:
        case = _answering(case, event)
    last = is_last(case, desk) and not event.interim
    relay = Relay(
        event.entry,
        "final_reply" if last else "reply",
        case.round_trip,
        interim=event.interim,
        supplement=supplement,
        ends=event.ends,
    )
    case = replace(uncalled(case), queued_replies=case.queued_replies + 1)
    if not event.interim:
        case = replace(
            case,
            last_reply=event.entry,
            last_reply_at=event.at,  # a word in between is no answer that another one would repeat (P5, C14)
            last_reply_by=event.counselor,
            unanswered_since=None,
            alerts=0,
        )
    return Decision(case, (relay,), "accepted", "interim" if event.interim else "reply")


def _answering(case: Case, event: Reply) -> Case:
    """A reply ends a hold (C16), and an intake: whoever answers takes the mail as it is. Not so ``#interim`` (C14)."""
    if case.state == "closed":
        return case
    seconds = case.client_seconds
    if interrupted(case) == "intake":
        if case.clock_since is not None:
            seconds += max(0.0, (event.at - case.clock_since).total_seconds())
        case = replace(case, clock_since=None, silence_from=None, floor=None, client_seconds=seconds)
        case = (
            replace(case, state="waiting_desk")
            if case.state == "intake"
            else replace(case, state_before="waiting_desk")
        )
    if case.state == "held":
        case = replace(case, state="waiting_desk", state_before=None, held_since=None, reminders=0)
        case = replace(case, clock_since=None, silence_from=None)
    return replace(case, round_trip=max(case.round_trip, 1))


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
        if event.template != "interim":
            # it completes its round trip, though #close or a clock was quicker than the next hop (C2)
            completed = max(case.completed, event.round_trip)
            case = replace(case, bounced=None, completed=completed, round_trip=max(case.round_trip, completed))
            if case.reason != "completed":
                # a mail still on its way that proves to have been in time has crossed this one (C7)
                case = replace(case, last_delivered=max(case.last_delivered, at) if case.last_delivered else at)
        return Decision(case, (confirmed,), None, "supplement_after_end")
    if event.template == "interim":
        # it counts nothing (C14), but the last reply may have waited for it to end the case (C3)
        over = case.state == "waiting_client" and _over(case, desk)
        case = ended(case, "completed", at) if over else case
        return Decision(case, (confirmed,), None, "completed" if over else "interim_delivered")
    in_turn = event.round_trip >= case.round_trip
    completed = max(case.completed, event.round_trip)
    case = replace(
        case,
        last_delivered=max(case.last_delivered, at) if case.last_delivered else at,
        completed=completed,
        round_trip=max(case.round_trip, completed),  # #no-reply may have taken the number back meanwhile (C14)
        bounced=None,
    )
    waits = case.unanswered_since
    if waits is not None:
        # a mail that arrived before this instant belongs to this round trip and still waits (C7); at the same instant
        # the order of the two counts: what the mail itself made us send again is after it (M4)
        if waits <= at:
            case = replace(case, round_trip=max(completed, event.round_trip))
        elif in_turn:
            seconds = case.client_seconds + (waits - at).total_seconds()  # C5
            case = replace(case, round_trip=next_round_trip(case, desk), client_seconds=seconds)
        if case.state != "held":
            case = replace(case, state="waiting_desk", state_before=None)
        return Decision(case, (confirmed,), None, "delivered_but_waiting")
    if case.state == "held" and not _over(case, desk):
        # the hold stands, but the turn behind it is the client's now
        return Decision(replace(case, state_before="waiting_client"), (confirmed,), None, "delivered_while_held")
    case, over = _clients_turn(case, event, desk)
    letter = replace(confirmed, values={"at": at, "ended": over})
    return Decision(case, (letter,), None, "completed" if over else "delivered")


def _over(case: Case, desk: Desk) -> bool:
    return used_up(case, desk) and not case.queued_replies


def _clients_turn(case: Case, event: Delivered, desk: Desk) -> tuple[Case, bool]:
    if _over(case, desk):
        return ended(case, "completed", event.at), True
    started = case.clock_since if case.state == "waiting_client" else None
    case = replace(
        case,
        state="waiting_client",
        state_before=None,
        clock_since=started or event.at,
        silence_from=event.at,  # a supplement restarts the days of silence (C4), not the client's days (C5)
        floor=case.floor if started else None,  # the seven days of A3 outlast a supplement
    )
    return case, False


def used_up(case: Case, desk: Desk) -> bool:
    """Whether the last round trip is paid for and no crisis keeps the case open (C3)."""
    return 0 < desk.rules.round_trips <= case.completed and not case.crisis


def failed(case: Case, event: Failed, desk: Desk) -> Decision:
    """A mail to the client will not arrive (M4)."""
    values = {"reason": event.reason, "template": event.template}
    told = Letter("delivery_failed", "inbox", values, entry=event.entry, timer=True)
    is_reply = event.template in REPLIES  # an interim counts nothing and is not sent again by itself (C14)
    if (is_reply or event.template == "interim") and not event.bounced:
        case = replace(case, queued_replies=max(0, case.queued_replies - 1))
    taken_back = is_reply and event.bounced and event.round_trip == case.completed > 0
    if taken_back:
        case = replace(case, completed=case.completed - 1)
    if case.state == "undeliverable":
        bounced = event.entry if is_reply else case.bounced
        return Decision(replace(case, bounced=bounced), (told,), None, "undeliverable")
    if is_reply:
        if case.state == "closed" and (case.reason != "completed" or not taken_back or event.other_open):
            return Decision(case, (told,), None, "failed_after_end")
        if case.state in ("waiting_desk", "held") and case.unanswered_since is not None:
            # the client has written since, so the case is ours to answer; the reply is reported as lost
            if taken_back and not case.queued_replies:
                case = replace(case, round_trip=min(case.round_trip, event.round_trip))  # and costs nothing
            return Decision(case, (told,), None, "failed_reported")
        before: State = "waiting_client"
    elif case.state in ("intake", "waiting_client"):
        before = case.state
    else:
        return Decision(case, (told,), None, "failed_reported")
    seconds = case.client_seconds
    if not taken_back and case.clock_since is not None:
        seconds += max(0.0, (event.at - case.clock_since).total_seconds())
    case = replace(
        case,
        state="undeliverable",
        state_before=before,
        reason=None,
        closed=None,
        client_seconds=seconds,
        clock_since=None,
        silence_from=None,
        held_since=None,
        reminders=0,
        bounced=event.entry if is_reply else None,
    )
    return Decision(case, (told,), None, "undeliverable")


def due(case: Case, event: Due, desk: Desk) -> Decision:
    """A deadline was reached; each happens once, at its own instant (C11). What it says of days is true when said."""
    rules, zone = desk.rules, ZoneInfo(desk.timezone)
    seen = max(event.at, event.seen or event.at)
    if event.kind not in deadlines(case, desk):
        return Decision(case, (), None, "not_due")
    if event.kind == "close":
        why = closing(case, rules, zone)
        if why is None or event.at < start_of(why[0] + timedelta(days=1), zone):
            return Decision(case, (), None, "not_due")  # the deadline has moved since it was read (C4, A3)
        case = ended(case, why[1], event.at)
        told = Letter("closed_silence", values={"closes_on": why[0]}, timer=True)
        return Decision(case, (told,), None, f"closed_{why[1]}")
    if event.kind == "alert":
        alerts = max(case.alerts + 1, event.fallen)  # one for all that fell due meanwhile (C11, C16)
        last = alerts >= len(rules.alert_days)
        since = case.unanswered_since
        days = days_passed(since, seen, zone) if since else 0
        values = {"days": days, "since": since, "last": last, "resend": False}
        actions: list[Action] = [Letter("alert_waiting", "inbox", values, entry=case.last_entry, timer=True)]
        if last:
            actions.append(Letter("operator_alert", "operators", {"code": "client_waiting", "days": days}, timer=True))
        # a case that waits this long goes back to the pool, whoever took it on
        case = replace(case, alerts=alerts, assigned="", assigned_at=None)
        return Decision(case, tuple(actions), None, "alert")
    if event.kind == "held":
        days = days_passed(case.held_since, seen, zone) if case.held_since else 0
        case = replace(case, reminders=max(case.reminders + 1, days // rules.held_days))  # once for all of them, too
        values = {"held_since": case.held_since, "days": days, "held": True}
        values |= {"last": False, "resend": False, "since": case.held_since}
        return Decision(case, (Letter("alert_waiting", "inbox", values, timer=True),), None, "held_reminder")
    if event.kind == "urgent":
        return _urgent_again(case, event.fallen, staffed=event.staffed or not desk.on_call)
    return Decision(case, (), None, "not_due")


def _urgent_again(case: Case, fallen: int, *, staffed: bool) -> Decision:
    """The urgent notice once more, to a wider circle each time (K4): the inbox and ``on_call`` had the first one, so
    every counselor is next, then the operators. Outside the desk's hours ``on_call`` is asked once more before. One
    call stands for all rounds that were missed: somebody has waited as long, so it goes as far (C11)."""
    rounds = max(urgent_rounds(case) + 1, fallen)
    case = replace(case, urgent_count=case.urgent_count + 1)
    case = replace(case, urgent_missed=rounds - case.urgent_count)
    values = {"repeat": case.urgent_count}
    circle = rounds + 1 if staffed else rounds
    circles: tuple[Audience, ...] = ("on_call",)
    if circle >= 2:
        circles = ("inbox", "on_call", "counselors")
    actions: list[Action] = [Letter("notice_urgent", one, values, entry=case.last_entry, timer=True) for one in circles]
    if circle >= 3:
        actions.append(Letter("operator_alert", "operators", {"code": "crisis_untaken"}, timer=True))
    return Decision(case, tuple(actions), None, "urgent_again")


def ended(case: Case, reason: str, at: object) -> Case:
    """The case closed; its clocks stopped at ``at``. Who had no answer is remembered, in case it is reopened."""
    seconds = case.client_seconds
    if case.clock_since is not None:
        seconds += max(0.0, (at - case.clock_since).total_seconds())  # type: ignore[operator]
    return replace(
        uncalled(case),
        state="closed",
        reason=reason,  # type: ignore[arg-type]
        closed=at,  # type: ignore[arg-type]
        state_before=None,
        client_seconds=seconds,
        clock_since=None,
        silence_from=None,
        floor=None,
        held_since=None,
        alerts=0,
        reminders=0,
    )
