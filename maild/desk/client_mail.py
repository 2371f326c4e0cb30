"""A client's mail: which turn it belongs to, what is missing, what goes back (rules C, I1, A, K2, D1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from maild.desk import intake
from maild.desk.actions import Action, Decision, Letter
from maild.desk.case import Case, Thread
from maild.desk.deadlines import closes_on, local_date
from maild.desk.events import ClientMail
from maild.desk.rules import Desk
from maild.desk.terms import in_force
from maild.desk.turns import (
    interrupted,
    next_round_trip,
    on_its_old_day,
    once_more,
    reopened,
    resumed,
    returned_reply,
    uncalled,
    was_intake,
)
from maild.mail.values import replace

_NEW = Case(number=0, desk="", client="", opened=datetime.min.replace(tzinfo=UTC))
ONCE_A_DAY = timedelta(hours=24)
KEEP_REFERENCES = 12  # enough for any mail program to thread; the header stays short


def decide(case: Case | None, mail: ClientMail, desk: Desk) -> tuple[str, Decision]:
    """The kind of event this mail turned out to be, and what follows."""
    if mail.crisis:
        return "crisis", _crisis(case, mail, desk)
    if mail.attachments and desk.rules.attachments != "strip" and not _service_ended(case):
        return "rejected", _rejected(case, mail, desk)
    if case is None:
        return "mail", _first(mail, desk)
    if case.state == "closed":
        return "mail", _closed(case, mail, desk)
    if mail.resend_of is not None and _may_be_resend(case):
        return "resend", _resend(case, mail, desk)
    return "mail", _open(case, mail, desk)


def _service_ended(case: Case | None) -> bool:
    # C12 answers whatever comes; to ask for the text without the file would mislead
    return case is not None and case.reason == "service_ended"


def _in_time(case: Case, mail: ClientMail) -> bool:
    """Whether the case was closed by a clock that this mail arrived before (C7)."""
    by_clock = case.reason in ("silence", "intake_silence", "client_days")
    return by_clock and case.closed is not None and mail.at < case.closed


def _may_be_resend(case: Case) -> bool:
    """In ``intake`` the same text is an intake mail; without a reply of ours there is none to send again (C10)."""
    turn = interrupted(case)
    if case.state == "undeliverable" and case.bounced is not None:
        return True
    return turn == "waiting_desk" or (turn == "waiting_client" and case.last_reply is not None)


# -- first mails ---------------------------------------------------------------------------------------------------


def opened(mail: ClientMail, desk: Desk) -> Case:
    """A new case as its first mail makes it (C1)."""
    terms = in_force(desk.terms, local_date(mail.at, ZoneInfo(desk.timezone)))
    return replace(
        _NEW,
        desk=desk.name,
        client=mail.sender,
        opened=mail.at,
        terms_version=terms.version if terms else "",
        terms_sha256=terms.sha256 if terms else "",
        terms_told=terms.version if terms else "",
        clock_since=mail.at,
        silence_from=mail.at,
    )


def _first(mail: ClientMail, desk: Desk) -> Decision:
    return _intake(opened(mail, desk), mail, desk)


def _intake(case: Case, mail: ClientMail, desk: Desk) -> Decision:
    """A mail in ``intake``: ask for what is missing, at most ``intake_asks`` times (I1)."""
    case = _received(case, mail)
    missing = intake.missing(dict(case.items), desk.rules.required)
    if missing and case.asked < desk.rules.intake_asks:
        case = replace(case, state="intake", asked=case.asked + 1, silence_from=mail.at)
        case = replace(case, state_before=None, held_since=None, reminders=0)
        if case.clock_since is None:
            case = replace(case, clock_since=mail.at)
        values = {"missing": missing, "asked": case.asked, "closes_on": closes_on(case, desk)}
        letters: tuple[Action, ...] = (Letter("intake_missing", values=values, entry=mail.entry),)
        if mail.attachments:
            letters += (_stripped(case, mail, desk),)
        return Decision(case, letters, "accepted", "intake_missing")
    if missing:
        case = replace(case, flags=case.flags | {"incomplete"})
    case = _to_desk(case, mail, desk, round_trip=1)
    return Decision(case, _welcome(case, mail, desk, new_turn=True, missing=missing), "accepted", "turn_begins")


# -- open cases ----------------------------------------------------------------------------------------------------


def _open(case: Case, mail: ClientMail, desk: Desk) -> Decision:
    # the client can be reached after all: the reply that came back goes once more (M4)
    case, again = returned_reply(case, desk)
    before = "waiting_desk" if again else interrupted(case)
    if before == "intake":
        decision = _intake(case, mail, desk)
        return replace(decision, actions=again + decision.actions)
    late = case.last_delivered is not None and mail.at < case.last_delivered
    new_turn = before == "waiting_client" and not late
    round_trip = next_round_trip(case, desk) if new_turn else case.round_trip
    case = _to_desk(_received(case, mail), mail, desk, round_trip=round_trip)
    actions = _welcome(case, mail, desk, new_turn=new_turn)
    return Decision(case, again + actions, "accepted", "turn_begins" if new_turn else "turn_goes_on")


def _resend(case: Case, mail: ClientMail, desk: Desk) -> Decision:
    """The same text again (C10): on our turn say that it is here, on theirs send our reply once more."""
    # nothing new to read: a reply to the notice of the first one still answers it (P5)
    case = replace(_received(case, mail), resends=case.resends + 1, last_entry=case.last_entry)
    late = case.last_delivered is not None and mail.at < case.last_delivered
    stored = case.last_reply
    if case.bounced is not None and case.state in ("undeliverable", "held"):
        # they write because our reply did not arrive: it goes again, and after it the turn is theirs (M4)
        case, again = returned_reply(case, desk)
        return Decision(resumed(replace(case, state_before="waiting_desk"), mail.at), again, "accepted", "resend_heals")
    if case.state == "undeliverable":
        case = resumed(case, mail.at)
    shown = Letter("alert_waiting", "inbox", {"resend": True, "last": False}, entry=mail.entry)
    if case.state == "waiting_client" and not late and stored is not None:
        if _sent_again_today(case, mail):
            # an auto-responder would have it for ever (M3), a person is seen by the counselors
            return Decision(case, (shown,), "accepted", "resend_again")
        case = replace(case, queued_replies=case.queued_replies + 1, resent=stored, resend_told=mail.at)
        return Decision(case, (once_more(case, stored, desk),), "accepted", "resend_on_clients_turn")
    if case.state == "held":
        case = replace(case, state="waiting_desk", held_since=None, reminders=0, state_before=None)
        case = replace(case, unanswered_since=case.unanswered_since or mail.at, clock_since=None, silence_from=None)
    if case.resend_told is not None and mail.at - case.resend_told < ONCE_A_DAY:
        return Decision(case, (shown,), "accepted", "resend_again")  # told once a day, whatever its headers say (M3)
    case = replace(case, resend_told=mail.at)
    told = Letter("resend_received", values={"first_on": mail.resend_of}, entry=mail.entry)
    return Decision(case, (told, shown), "accepted", "resend_on_our_turn")


def _sent_again_today(case: Case, mail: ClientMail) -> bool:
    """Whether the newest reply has gone once more within a day."""
    told = case.resend_told
    return case.resent == case.last_reply and told is not None and mail.at - told < ONCE_A_DAY


# -- closed cases --------------------------------------------------------------------------------------------------


def _closed(case: Case, mail: ClientMail, desk: Desk) -> Decision:
    before_reply = case.last_delivered is not None and mail.at < case.last_delivered
    if case.reason == "completed" and before_reply:
        # it crossed our last reply: it belongs to that round trip, and answering it costs nothing (C7)
        case = _to_desk(_received(reopened(case), mail), mail, desk, round_trip=case.round_trip)
        return Decision(case, _welcome(case, mail, desk, new_turn=False), "accepted", "crossed_last_reply")
    if _in_time(case, mail):
        if was_intake(case):
            return _intake(reopened(case, mail.at), mail, desk)
        round_trip = case.round_trip if before_reply else next_round_trip(case, desk)
        case = _to_desk(_received(reopened(case, mail.at), mail), mail, desk, round_trip=round_trip)
        return Decision(case, _welcome(case, mail, desk, new_turn=not before_reply), "accepted", "was_in_time")
    case = _received(case, mail)
    if case.reason == "declined":
        if case.declined in (None, "spam") or case.decline_told:
            return Decision(case, (), "accepted", "declined_recorded")
        told = Letter(f"declined_{case.declined}", entry=mail.entry)
        return Decision(replace(case, decline_told=True), (told,), "accepted", "declined_told")
    if case.reason == "service_ended":
        ended = Letter("service_end", values={"ends_on": None, "text": ""}, entry=mail.entry)
        return Decision(case, (ended,), "accepted", "service_ended")
    shown = Letter("notice", "inbox", {"late": True, "attachments_dropped": bool(mail.attachments)}, entry=mail.entry)
    actions: tuple[Action, ...] = (_stripped(case, mail, desk), shown) if mail.attachments else (shown,)
    stored = case.last_reply
    if mail.resend_of is not None and stored is not None and not _sent_again_today(case, mail):
        # the last reply evidently did not reach them; to be told that it was the last would help nobody (C10, C3)
        again = once_more(case, stored, desk)
        case = replace(case, queued_replies=case.queued_replies + 1, resent=stored, resend_told=mail.at)
        return Decision(case, (again, *actions), "accepted", "resend_after_the_end")
    if mail.thanks or case.limit_told:
        return Decision(case, actions, "accepted", "after_the_end")
    told = Letter("limit_reached", entry=mail.entry)
    return Decision(replace(case, limit_told=True), (told, *actions), "accepted", "limit_reached")


# -- crisis and attachments ----------------------------------------------------------------------------------------


def _crisis(case: Case | None, mail: ClientMail, desk: Desk) -> Decision:
    """A hit of K1: to the counselors at once, whatever is missing (K2)."""
    again: tuple[Action, ...] = ()
    new = case is None or case.state == "closed"
    if case is None or case.state == "closed":
        base, before = replace(opened(mail, desk), previous=case.number if case is not None else None), "intake"
    else:
        # the reply that comes again completes the round trip it was taken from, as in any other mail (M4)
        base, again = returned_reply(case, desk)
        before = "waiting_desk" if again else interrupted(case)
    late = base.last_delivered is not None and mail.at < base.last_delivered
    if before == "intake":
        round_trip = 1
    elif before == "waiting_client" and not late and not mail.automatic:
        round_trip = next_round_trip(base, desk)
    else:
        # what looked automatic counts nothing, though people read it (M3); the first turn is one whoever began it
        round_trip = base.round_trip or 1
    base = _to_desk(_received(base, mail), mail, desk, round_trip=round_trip)
    pause = timedelta(hours=desk.rules.crisis_ack_hours)
    tell = not mail.automatic and (base.crisis_ack is None or mail.at - base.crisis_ack >= pause)
    base = replace(
        uncalled(base),
        flags=base.flags | {"crisis"} | ({"automatic"} if mail.automatic and new else set()),
        crisis_ack=mail.at if tell else base.crisis_ack,
        urgent_since=mail.at,
        floor=None,
    )
    values = {"attachments_dropped": bool(mail.attachments)}
    actions: list[Action] = [Letter("crisis_ack", entry=mail.entry)] if tell else []
    actions.append(Letter("notice_urgent", "inbox", values, entry=mail.entry))
    actions.append(Letter("notice_urgent", "on_call", values, entry=mail.entry))
    return Decision(base, (*again, *actions), "automatic" if mail.automatic else "accepted", "crisis")


def _rejected(case: Case | None, mail: ClientMail, desk: Desk) -> Decision:
    """A mail with an attachment (A1): nothing of it is kept, the client is told, and the clock leaves time (A3)."""
    if case is None:
        told = Letter("attachment_rejected", values={"closes_on": None, "first": True, "stripped": False})
        return Decision(None, (told,), "rejected", "attachment")
    again: tuple[Action, ...] = ()
    if case.state == "closed" and not _in_time(case, mail):
        return _rejected_after_end(case, mail)
    if case.state == "closed":
        # in time after all (C7): open again until the day it had closed on, or the seven days of A3
        case = on_its_old_day(case, mail.at, desk)
    elif case.state == "undeliverable":
        case, again = returned_reply(case, desk)
        case = resumed(replace(case, state_before="waiting_desk") if again else case, mail.at)
    if case.state in ("intake", "waiting_client"):
        zone = ZoneInfo(desk.timezone)
        least = local_date(mail.at, zone) + timedelta(days=desk.rules.attachment_grace_days)
        case = replace(case, floor=max(case.floor, least) if case.floor else least)
    case = replace(case, thread=_thread(case, mail))
    told = Letter("attachment_rejected", values={"closes_on": closes_on(case, desk), "first": False, "stripped": False})
    return Decision(case, (*again, told), "rejected", "attachment")


def _rejected_after_end(case: Case, mail: ClientMail) -> Decision:
    """The conversation is over: the file is rejected as ever (A1), and what C3 and D1 say once stays to be said."""
    case = replace(case, thread=_thread(case, mail))
    if case.declined == "spam" or case.decline_told:
        return Decision(case, (), "rejected", "attachment_after_end")  # only recorded (D1)
    values = {"closes_on": None, "first": False, "stripped": False, "over": True}
    return Decision(case, (Letter("attachment_rejected", values=values),), "rejected", "attachment_after_end")


def _stripped(case: Case, mail: ClientMail, desk: Desk) -> Letter:
    values = {"closes_on": closes_on(case, desk), "first": False, "stripped": True}
    return Letter("attachment_rejected", values=values, entry=mail.entry)


# -- shared steps --------------------------------------------------------------------------------------------------


def _thread(case: Case, mail: ClientMail) -> Thread:
    """The client's side of the conversation with this mail at its end."""
    if mail.message_id is None:
        return case.thread
    chain = (*case.thread.references, *mail.references, mail.message_id)
    kept = tuple(dict.fromkeys(chain))
    if len(kept) > KEEP_REFERENCES:
        kept = (kept[0], *kept[1 - KEEP_REFERENCES :])
    return Thread(mail.message_id, kept, mail.subject or case.thread.subject)


def _received(case: Case, mail: ClientMail) -> Case:
    """What every accepted mail adds, whatever the state."""
    items = dict(case.items)
    for item, value in mail.found.items():
        items.setdefault(item, intake.as_kept(item, value))
    flags = case.flags
    if mail.companions or mail.wishes:
        flags |= {f"wish_{wish}" for wish in mail.wishes} | ({"companion"} if mail.companions else set())
    name = mail.name if case.name is None and mail.name else case.name
    thread = _thread(case, mail)
    return replace(case, items=tuple(items.items()), flags=flags, last_entry=mail.entry, name=name, thread=thread)


def _to_desk(case: Case, mail: ClientMail, desk: Desk, *, round_trip: int) -> Case:
    """The turn is ours: the client's clock stops, and somebody waits from now on."""
    seconds = case.client_seconds
    if case.clock_since is not None and case.state in ("intake", "waiting_client"):
        seconds += max(0.0, (mail.at - case.clock_since).total_seconds())
    earlier = case.unanswered_since if case.state in ("waiting_desk", "held") else None
    return replace(
        case,
        state="waiting_desk",
        state_before=None,
        held_since=None,
        reminders=0,
        round_trip=round_trip,
        client_seconds=seconds,
        clock_since=None,
        silence_from=None,
        floor=None,
        no_reply_asked=False,
        unanswered_since=min(earlier, mail.at) if earlier else mail.at,  # two sources may hand over out of order
        alerts=case.alerts if earlier else 0,
    )


def _welcome(
    case: Case, mail: ClientMail, desk: Desk, *, new_turn: bool, missing: tuple[str, ...] = ()
) -> tuple[Action, ...]:
    """The acknowledgement where one is due (I1, C1), and the notice (P1)."""
    actions: list[Action] = []
    # what a first mail is told is not told in a crisis; then the first calm turn is (C1, K2)
    untold = case.crisis_ack is not None and not case.welcomed
    first = new_turn and ((case.completed == 0 and case.replies == 0) or untold)
    if new_turn and (desk.rules.ack == "turn" or (desk.rules.ack == "case" and first)):
        actions.append(Letter("ack", values={"first": first}, entry=mail.entry))
    if mail.attachments:
        actions.append(_stripped(case, mail, desk))
    values = {"attachments_dropped": bool(mail.attachments), "missing": missing, "companions": mail.companions}
    actions.append(Letter("notice", "inbox", values, entry=mail.entry))
    return tuple(actions)
