"""Carrying out one ``#command`` of a counselor about a case (rules P4): what changed, and what to tell them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from maild.desk.case import Case
from maild.desk.commands import Order
from maild.desk.deadlines import closes_on, start_of
from maild.desk.events import Command
from maild.desk.kinds import decide
from maild.desk.orders import asks_back
from maild.mail.values import replace
from maild.pipeline import held, referrals
from maild.pipeline.incoming import Arrived
from maild.pipeline.session import Session
from maild.pipeline.writing import Cause
from maild.store import SentMail, Suspension

# these are decided by the rule book; the others below are answered here
RULED = frozenset(
    {"close", "end", "decline", "spam", "hold", "reopen", "no_reply", "taken", "clear_crisis"}
    | {"ask_doctor", "ask_publication", "accept_address"}
)
_UNTIL = re.compile(r"(\d{4})[-/年](\d{1,2})[-/月](\d{1,2})日?")


def carry_out(session: Session, mail: Arrived, case: Case, order: Order, notice: SentMail) -> tuple[Case, list[str]]:
    """Apply one order; returns the case as it now is and result codes (see ``words``)."""
    name = order.name or ""
    if name == "reopen" and not case.is_open and _other_open(session, case):
        return case, ["other_case_open"]
    if name in RULED:
        return _ruled(session, mail, case, order)
    match name:
        case "status":
            return case, _status(session, mail, case)
        case "suspend":
            return _suspend(session, mail, case, order)
        case "assign":
            return _assign(session, mail, case, order)
        case "unassign":
            case = replace(case, assigned="", assigned_at=None)
            session.put(case, mail.here)
            return case, ["unassigned"]
        case "refer":
            if referrals.text_of(mail.here.desk, order.argument) is None:
                return case, [f"unknown_referral:{order.argument}"]
            case = replace(case, referrals=tuple(dict.fromkeys((*case.referrals, order.argument))))
            session.put(case, mail.here)
            return case, [f"refer_next:{order.argument}"]
        case "disclose":
            return case, ["disclose_by_operator"]
        case "interim":
            return case, ["interim_needs_text"]
        case "approve":
            return _approve(session, mail, case, notice)
        case "help" | "send":
            return case, []
    return case, [f"unknown:{order.raw.strip()}"]


def _other_open(session: Session, case: Case) -> bool:
    other = session.tx.open_case(case.desk, case.client)
    return other is not None and other.number != case.number


def _ruled(session: Session, mail: Arrived, case: Case, order: Order) -> tuple[Case, list[str]]:
    name = order.name or ""
    if name in ("ask_doctor", "ask_publication") and not case.is_open:
        return case, ["is_closed"]
    if name == "accept_address":
        if not order.argument:
            return case, ["needs_argument:#accept-address"]
        if session.tx.open_case(case.desk, order.argument) is not None and order.argument != case.client:
            return case, ["address_in_use"]
    command = Command(session.now, name, order.argument)
    if asks_back(case, command):
        case = replace(case, no_reply_asked=True)
        session.put(case, mail.here)
        return case, ["no_answer_yet"]
    decision = decide(case, command, mail.here.desk)
    after = session.put(decision.case, mail.here) or case
    session.writer.carry_out(decision.actions, after, mail.here, Cause(f"mail:{mail.spool}:{name}"))
    session.audit(session.now, "counselor", decision.why, case.number)
    return after, [decision.why]


def _status(session: Session, mail: Arrived, case: Case) -> list[str]:
    desk = mail.here.desk
    until = closes_on(case, desk)
    lines = [f"state_{case.state}", f"round_trip:{case.round_trip}/{desk.rules.round_trips or '-'}"]
    if until is not None:
        lines.append(f"closes_on:{until.isoformat()}")
    if case.crisis:
        lines.append("is_crisis")
    return lines


def _suspend(session: Session, mail: Arrived, case: Case, order: Order) -> tuple[Case, list[str]]:
    reasons = mail.here.desk.rules.suspend_reasons
    argument = order.argument
    until, rest = _until(argument, mail)
    reason = rest.strip() or (reasons[0] if reasons else "unspecified")
    if reasons and reason not in reasons:
        return case, [f"unknown_suspend_reason:{'、'.join(reasons)}"]
    index = reasons.index(reason) if reason in reasons else 0
    session.tx.suspend(case.client, Suspension(case.desk, f"reason_{index}", session.now, until))
    decision = decide(case, Command(session.now, "suspend", reason), mail.here.desk)
    after = session.put(decision.case, mail.here) or case
    session.audit(session.now, "counselor", "suspended", case.number, reason=f"reason_{index}")
    return after, ["suspended"]


def _until(argument: str, mail: Arrived) -> tuple[datetime | None, str]:
    found = _UNTIL.search(argument)
    if found is None:
        return None, argument
    try:
        day = date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None, argument
    # the whole of the last day counts
    return start_of(day + timedelta(days=1), mail.here.zone).astimezone(UTC), _UNTIL.sub("", argument)


def _assign(session: Session, mail: Arrived, case: Case, order: Order) -> tuple[Case, list[str]]:
    wanted = order.argument.strip().lower()
    for counselor in mail.here.desk.counselors:
        if wanted in (counselor.address, counselor.name.lower(), counselor.address.partition("@")[0]):
            decision = decide(case, Command(session.now, "assign", counselor.address), mail.here.desk)
            after = session.put(decision.case, mail.here) or case
            session.audit(session.now, "counselor", "assigned", case.number)
            return after, [f"assigned:{counselor.name}"]
    return case, [f"unknown_counselor:{order.argument}"]


def _approve(session: Session, mail: Arrived, case: Case, notice: SentMail) -> tuple[Case, list[str]]:
    from maild.pipeline.staff import Answer, cause_of, orders_with, relay

    entry, why = held.chosen(session, mail, case, notice, cause_of(mail), another=True)
    if entry is None:
        return case, [why]
    answer = Answer(mail, notice, case, (), entry.text)
    after, lines = relay(session, answer, entry.text, orders_with(entry), sent=entry, approved=True)
    return after, ["approved", *lines]
