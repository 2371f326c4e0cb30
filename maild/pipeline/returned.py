"""What becomes of our mails: outcomes of sending, and bounces (rules C2, M4, P6, P8)."""

from __future__ import annotations

from maild.desk.actions import Letter
from maild.desk.case import Case
from maild.desk.events import Delivered, Failed
from maild.desk.kinds import decide
from maild.desk.outcomes import REPLIES
from maild.mail.dsn_reasons import REASONS
from maild.pipeline.incoming import Arrived
from maild.pipeline.session import Session
from maild.pipeline.world import DeskWorld
from maild.pipeline.writing import Cause
from maild.store import Outcome, SentMail

# somebody waits behind these: whoever else can read them gets them (P8)
REROUTED = ("notice", "notice_urgent", "notice_third_party", "alert_waiting")


def settle(session: Session, outcome: Outcome) -> None:
    """A delivery or a final failure of sending comes back to the rules (C2)."""
    session.tx.settle(outcome.id)
    here = session.world.named(outcome.desk)
    if here is None:
        return
    if outcome.template == "erased":
        # it was about the erasure; now the address in it goes too (S3)
        session.tx.erase_without_case(outcome.desk, outcome.recipient, outcome.at)
        return
    why = Cause(f"outcome:{outcome.id}")
    if outcome.audience == "client":
        case = session.tx.case(outcome.case) if outcome.case is not None else None
        if case is None:
            return
        if outcome.delivered:
            delivered(
                session, case, here, Delivered(outcome.at, outcome.template, outcome.round_trip, outcome.entry), why
            )
        else:
            reason = reason_of_reply(outcome.code)
            failed = Failed(outcome.at, outcome.template, reason, outcome.round_trip, outcome.entry)
            came_back(session, case, here, failed, why)
    elif not outcome.delivered:
        staff_failed(
            session, outcome.audience, outcome.template, outcome.case, outcome.entry, outcome.recipient, here, why
        )


def delivered(session: Session, case: Case, here: DeskWorld, event: Delivered, why: Cause) -> None:
    """Hand a delivery to the rules; template mails of the desk's turn change nothing and are skipped cheaply."""
    if event.template not in (*REPLIES, "interim", "intake_missing"):
        return
    decision = decide(case, event, here.desk)
    after = session.put(decision.case, here)
    session.writer.carry_out(decision.actions, after, here, why)
    session.audit(event.at, "courier", decision.why, case.number)


def came_back(session: Session, case: Case, here: DeskWorld, event: Failed, why: Cause) -> None:
    """A mail to the client will not arrive (M4)."""
    other = session.tx.open_case(case.desk, case.client)
    if not case.is_open and other is not None and other.number != case.number:
        event = Failed(event.at, event.template, event.reason, event.round_trip, event.entry, event.bounced, True)
    decision = decide(case, event, here.desk)
    after = session.put(decision.case, here)
    session.writer.carry_out(decision.actions, after, here, why)
    session.audit(event.at, "courier", decision.why, case.number, reason=event.reason)


def staff_failed(
    session: Session,
    audience: str,
    template: str,
    number: int | None,
    entry: int | None,
    recipient: str,
    here: DeskWorld,
    why: Cause,
) -> None:
    """A notice cannot be delivered: it takes another way, and the operators hear of it (P8)."""
    if audience == "operator":
        session.audit(session.now, "courier", "operator_mail_failed", number)
        return
    case = session.tx.case(number) if number is not None else None
    alert = Letter("operator_alert", "operators", {"code": "staff_mail_failed", "lines": [], "days": 0}, timer=True)
    session.writer.letter(alert, case, here, why)
    session.audit(session.now, "courier", "staff_mail_failed", number)
    if template not in REROUTED or (case is None and entry is None):
        return
    ways = [*here.desk.on_call, *(one.address for one in here.desk.counselors)]
    shown = session.tx.entry(entry) if entry is not None else None
    again = Cause(f"again:{number}:{template}:{entry}")  # once, though that way may fail as well
    claims = shown.extra.get("claims") if shown is not None else None
    values = {"claims": int(claims) if claims else None} if template == "notice_third_party" else {}
    letter = Letter(template, "inbox", values, entry=entry, timer=True)
    for way in dict.fromkeys(ways):
        if way != recipient:
            session.writer.staff_mail(letter, case, here, again, way, shown)


def bounce(session: Session, mail: Arrived) -> str:
    """A bounce never becomes a case (M4); what cannot be matched is kept and changes nothing."""
    report = mail.facts.bounce
    sent = _matched(session, mail)
    number = session.tx.new_entry_id()
    session.tx.record(mail.entry(number, "bounce", "bounce", sent.case if sent is not None else None))
    session.audit(mail.at, "client", "mail_bounce", sent.case if sent is not None else None)
    if sent is None or report is None:
        return "bounce"
    final = [one for one in report.recipients if one.permanent]
    if not final:
        return "bounce"  # delays are only recorded
    here = session.world.named(sent.desk) or mail.here
    why = Cause(f"mail:{mail.spool}")
    if sent.audience != "client":
        staff_failed(session, sent.audience, sent.template, sent.case, sent.entry, sent.recipient, here, why)
        return "bounce"
    case = session.tx.case(sent.case) if sent.case is not None else None
    if case is not None:
        failed = Failed(mail.at, sent.template, final[0].reason, sent.round_trip, sent.entry, bounced=True)
        came_back(session, case, here, failed, why)
    return "bounce"


def _matched(session: Session, mail: Arrived) -> SentMail | None:
    report = mail.facts.bounce
    references = [report.message_id] if report is not None and report.message_id else []
    if mail.token:
        references.insert(0, f"<{mail.token}@{mail.here.domain}>")
    references += [*mail.facts.in_reply_to, *reversed(mail.facts.references)]
    for message_id in references:
        sent = session.tx.sent_mail(message_id)
        if sent is not None:
            return sent
    return None


def reason_of_reply(code: str) -> str:
    """The reason code within an outcome's code, such as ``550 5.1.1 user_unknown``."""
    word = code.split()[-1] if code.split() else ""
    return word if word in REASONS else "undefined"
