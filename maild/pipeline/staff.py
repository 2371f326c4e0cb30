"""A mail from inside the house: a counselor answers a notice (rules P2 to P5)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from maild.desk import commands, reply_text
from maild.desk.actions import Letter
from maild.desk.case import Case
from maild.desk.commands import Order
from maild.desk.events import Reply
from maild.desk.kinds import decide
from maild.desk.rules import Desk
from maild.desk.signatures import Identity, is_only_signature
from maild.mail.values import replace
from maild.pipeline import held, referrals
from maild.pipeline.incoming import Arrived
from maild.pipeline.orders import carry_out
from maild.pipeline.reply_checks import checks, reviewed
from maild.pipeline.session import Session
from maild.pipeline.writing import Cause, inboxes_of, text_of
from maild.store import Entry, SentMail

_BEFORE = frozenset({"reopen", "taken", "clear_crisis"})
_AFTER = frozenset({"close", "end", "refer"})
_MAY_LACK = frozenset({"text_after_quote", "inside_internal"})
_SHOWN_CUT = 20  # lines of a signature that are shown back
_RULE = re.compile(r"\s*[-‐―_=＿*＊~]{2,}\s*(?:\n|\Z)")


@dataclass(frozen=True, slots=True)
class Answer:
    """A counselor's mail taken apart."""

    mail: Arrived
    notice: SentMail
    case: Case
    orders: tuple[Order, ...]
    body: str = field(repr=False)
    doubts: tuple[str, ...] = ()
    cut: tuple[str, ...] = field(default=(), repr=False)  # what was left out as no part of the reply


def take(session: Session, mail: Arrived) -> str:
    """Process one mail of somebody inside; returns its disposition. Nothing automatic is ever relayed (P2b)."""
    if mail.facts.kind == "automatic":
        return _kept(session, mail, "automatic", None)
    if session.forged(mail):
        return _kept(session, mail, "refused", None)  # no answer: whoever wrote this is not who they say (M10)
    if session.tx.seen(mail.here.desk.name, mail.sender, mail.message_id):
        # a machine's repeat: relaying it again would show the client the same reply twice (M1)
        return _kept(session, mail, "duplicate", None)
    notice = answered(session, mail)
    known = any(mail.sender == one.address for one in mail.here.desk.counselors)
    on_call = mail.sender in mail.here.desk.on_call
    if notice is not None and on_call and not known:
        return _on_call(session, mail, notice)
    if notice is None or not known:
        # everybody here is configured: whoever believes that they have answered must hear that they have not (P3)
        _explain(session, mail, None, ["no_token" if known or on_call else "not_a_counselor"])
        return _kept(session, mail, "refused", None)
    number = notice.case
    case = session.tx.case(number) if number is not None else None
    if case is None:
        return _third_party_answer(session, mail, notice)
    text = written(mail, notice)
    orders = commands.read_all([line.raw for line in text.commands])
    answer = Answer(mail, notice, case, orders, text.body.strip("\n"), text.doubts, text.cut)
    return _answered(session, answer)


def identity(desk: Desk) -> Identity:
    """Who may sign at a desk."""
    return Identity(
        names=tuple(name for one in desk.counselors for name in (one.name, *one.readings)),
        addresses=(*(one.address for one in desk.counselors), desk.shared_inbox, *desk.inboxes, desk.address),
        phones=tuple(one.phone for one in desk.counselors if one.phone),
        desk=desk.display_name,
    )


def written(mail: Arrived, notice: SentMail) -> reply_text.ReplyText:
    """What the counselor wrote this time (P2)."""
    facts, who = mail.facts, identity(mail.here.desk)
    return reply_text.extract(
        facts.plain or facts.text, notice=text_of(notice.data), subject=facts.subject, identity=who
    )


def answered(session: Session, mail: Arrived) -> SentMail | None:
    """The mail of ours that this one answers, by its token (P3): a notice, not a mail to a client."""
    references = [*mail.facts.in_reply_to, *reversed(mail.facts.references)]
    if mail.token:
        references.insert(0, f"<{mail.token}@{mail.here.domain}>")
    for message_id in references:
        sent = session.tx.sent_mail(message_id)
        if sent is not None and sent.audience == "counselor" and sent.desk == mail.here.desk.name:
            return sent
    return None


def _on_call(session: Session, mail: Arrived, notice: SentMail) -> str:
    """``#taken`` from who is on call and no counselor: they are the ones called, so they may end the calls (K4). That
    is all they may (P3); it counts whatever stands beside it, a signature nobody here knows above all."""
    case = session.tx.case(notice.case) if notice.case is not None else None
    if case is None:
        _explain(session, mail, None, ["not_about_a_case"])  # a mail shown apart (D2, D6): nobody is called again
        return _kept(session, mail, "refused", None)
    text = written(mail, notice)
    orders = commands.read_all([line.raw for line in text.commands])
    taken = [order for order in orders if order.name == "taken"][:1]
    lines = [] if taken and len(orders) == 1 and not text.body.strip() else ["on_call_only"]
    for order in taken:
        case, done = carry_out(session, mail, case, order, notice)
        lines = done + lines
    # about the case, so that a #taken in answer to this explanation counts as well (P2c)
    _result(session, Answer(mail, notice, case, orders, ""), case, lines)
    return _kept(session, mail, "command" if taken else "refused", case)


# -- what the counselor wrote --------------------------------------------------------------------------------------


def _answered(session: Session, answer: Answer) -> str:
    faults = [order for order in answer.orders if order.fault]
    if faults:
        _explain(session, answer.mail, answer, [f"{order.fault}:{order.raw.strip()}" for order in faults])
        return _kept(session, answer.mail, "refused", answer.case)
    names = {order.name for order in answer.orders}
    if "send" in names and _MAY_LACK & set(answer.doubts):
        # a part of the text may be taken for the quote: neither that nor an older text that is held must go out
        _explain(session, answer.mail, answer, ["send_unclear"])
        return _kept(session, answer.mail, "refused", answer.case)
    # words on the line of the order itself belong to the text: «#メモ 次の当番の方へ»
    spoken = [order.argument for order in answer.orders if order.name in ("note", "interim") and order.argument]
    if spoken:
        answer = replace(answer, body="\n".join([*spoken, answer.body]).strip("\n"))
    if "note" in names:
        return _note(session, answer)
    framed = "signature_unclear" in answer.doubts and _RULE.match(answer.body) is not None
    signed = bool(names) and is_only_signature(answer.body, identity(answer.mail.here.desk))
    if signed or ("send" in names and framed):
        answer = replace(answer, body="")  # a signature below the order is no text of its own
    sends = bool(answer.body) and not (names - commands.WITH_TEXT - {"reopen"})
    if answer.body and not sends:
        return _note(session, answer, orders=True)
    if not answer.orders or (sends and names):
        return _reply(session, answer, names)
    if names == {"send"}:
        return _send_held(session, answer)
    return _orders(session, answer)


def _orders(session: Session, answer: Answer) -> str:
    case, lines = _all_orders(session, answer)
    _result(session, answer, case, lines, wants_help=any(order.name == "help" for order in answer.orders))
    return _kept(session, answer.mail, "command", case)


def _all_orders(session: Session, answer: Answer) -> tuple[Case, list[str]]:
    """Carry out every order but ``#note``, whose text the caller keeps; the case as it is then, and what to say."""
    case, lines = answer.case, list[str]()
    sends = any(order.name == "send" for order in answer.orders)
    for order in answer.orders:
        if order.name == "note":
            continue
        if order.name == "no_reply" and sends:
            order = replace(order, argument="send")  # asked nothing back (C14)
        case, line = carry_out(session, answer.mail, case, order, answer.notice)
        lines += line
    return case, lines


def _note(session: Session, answer: Answer, *, orders: bool = False) -> str:
    """``#note``: kept for the colleagues, never sent (P4). Text under an order that takes none is kept the same way."""
    case, lines = _all_orders(session, answer)
    _record(session, answer, "note", "command", answer.body)
    _result(session, answer, case, [*lines, "text_not_sent" if orders else "note_kept"])
    return "command"


def _reply(session: Session, answer: Answer, names: set[str | None]) -> str:
    case = answer.case
    desk = answer.mail.here.desk
    named = [order.argument for order in answer.orders if order.name == "refer"]
    unknown = [f"unknown_referral:{name}" for name in named if referrals.text_of(desk, name) is None]
    if unknown:
        _explain(session, answer.mail, answer, unknown)
        return _kept(session, answer.mail, "refused", case)
    body = referrals.added(replace(case, referrals=()) if "interim" in names else case, desk, answer.body, named)
    reasons, details = checks(session, answer, body, names)
    if reasons and ("send" not in names or "review" in reasons):
        return _hold_back(session, answer, body, reasons, details)
    return _relayed(session, answer, body, answer.orders)


def _relayed(session: Session, answer: Answer, body: str, orders: Sequence[Order], *, sent: Entry | None = None) -> str:
    case, lines = relay(session, answer, body, orders, sent=sent)
    if lines:
        _result(session, answer, case, lines)
    return "accepted"


def relay(
    session: Session,
    answer: Answer,
    body: str,
    orders: Sequence[Order],
    *,
    sent: Entry | None = None,
    approved: bool = False,
) -> tuple[Case, list[str]]:
    """Send ``body`` with the orders that go with a text, each before or after it as it must be."""
    case = answer.case
    names = {order.name for order in orders}
    for order in orders:
        if order.name in _BEFORE:
            case, _ = carry_out(session, answer.mail, case, order, answer.notice)
    ends = bool({"close", "end"} & names)
    case = send(session, answer, case, body, interim="interim" in names, ends=ends, sent=sent, approved=approved)
    lines: list[str] = []
    for order in orders:
        if order.name == "refer":
            lines.append(f"referred:{order.argument}")  # it stands in the body
        elif order.name in _AFTER:
            case, line = carry_out(session, answer.mail, case, order, answer.notice)
            lines += line
    return case, lines


def orders_with(entry: Entry) -> tuple[Order, ...]:
    """The orders that came with a text that is held."""
    return commands.read_all(entry.extra.get("orders", "").split("\n")) if entry.extra.get("orders") else ()


def send(
    session: Session,
    answer: Answer,
    case: Case,
    body: str,
    *,
    interim: bool = False,
    ends: bool = False,
    sent: Entry | None = None,
    approved: bool = False,
) -> Case:
    """Relay ``body`` to the client (P2); ``sent`` is the held text that it is."""
    desk = answer.mail.here.desk
    if not interim:
        body = referrals.added(case, desk, body)
        case = replace(case, referrals=())
    kind = "interim" if interim else "reply"
    # an approval is an order, with a row of its own for the mail that gave it
    spool = None if approved else answer.mail.spool
    entry = _record(session, answer, kind, "accepted", body, round_trip=case.round_trip, spool=spool)
    case = held.after_reply(session, case, entry, sent)
    event = Reply(session.now, entry.id, answer.mail.sender, interim, ends)
    decision = decide(case, event, desk)
    after = session.put(decision.case, answer.mail.here)
    session.writer.carry_out(decision.actions, after, answer.mail.here, Cause(f"mail:{answer.mail.spool}"))
    session.audit(session.now, "counselor", decision.why, case.number)
    for _ in range(referrals.count_in(desk, body)):
        session.audit(session.now, "counselor", "referred", case.number)
    return after or case


# -- checks before a reply is sent (P5) ----------------------------------------------------------------------------


def _hold_back(session: Session, answer: Answer, body: str, reasons: list[str], details: list[str]) -> str:
    with_it = [order.raw for order in answer.orders if order.name in _BEFORE | _AFTER | {"interim"}]
    cut = [line[:200] for line in answer.cut[:_SHOWN_CUT]]
    extra = held.kept_with(with_it, reasons=reasons, details=details, cut=cut)
    entry = _record(session, answer, held.KIND, "refused", body, round_trip=answer.case.round_trip, extra=extra)
    case = held.holding(session, answer.case, entry)
    session.put(case, answer.mail.here)
    letter = held.letter(entry)
    _to_counselor(session, answer, letter, case)
    if "review" in reasons:
        _to_inbox(session, answer, letter, case)
    session.audit(session.now, "counselor", "reply_held", case.number, reasons=",".join(reasons))
    return "refused"


def _send_held(session: Session, answer: Answer) -> str:
    case = answer.case
    mail, another = answer.mail, reviewed(answer.mail)
    entry, why = held.chosen(session, mail, case, answer.notice, cause_of(mail), another=another)
    if entry is None:
        if why in ("nothing_held", "approve_needs_another"):  # else they are asked by a letter of its own
            _explain(session, mail, answer, [why])
        return _kept(session, mail, "refused", case)
    return _relayed(session, answer, entry.text, orders_with(entry), sent=entry)


# -- answers to the counselor --------------------------------------------------------------------------------------


def _record(
    session: Session,
    answer: Answer,
    kind: str,
    disposition: str,
    text: str,
    *,
    round_trip: int = 0,
    spool: int | None = -1,
    extra: dict[str, str] | None = None,
) -> Entry:
    """The row of a reply or a note; by default it is also the row of the mail that brought it."""
    entry = Entry(
        id=session.tx.new_entry_id(),
        case=answer.case.number,
        desk=answer.mail.here.desk.name,
        at=answer.mail.at,
        kind=kind,
        disposition=disposition,
        spool_id=answer.mail.spool if spool == -1 else spool,
        author=answer.mail.sender,
        subject=answer.mail.facts.subject,
        text=text,
        message_id=answer.mail.message_id,
        address=answer.mail.sender,
        round_trip=round_trip,
        extra=extra or {},
    )
    session.tx.record(entry)
    return entry


def _kept(session: Session, mail: Arrived, disposition: str, case: Case | None) -> str:
    number = session.tx.new_entry_id()
    kind = disposition if disposition in ("automatic", "duplicate") else "staff"
    entry = mail.entry(number, kind, disposition, case.number if case else None)
    session.tx.record(replace(entry, author=mail.sender))
    session.audit(mail.at, "counselor", f"mail_{disposition}", case.number if case else None)
    return disposition


def _explain(session: Session, mail: Arrived, answer: Answer | None, codes: list[str]) -> None:
    """Why nothing was sent, and what was understood (P3, P4)."""
    lines = [word(code, mail.here.desk.language) for code in codes]
    letter = Letter("command_result", "inbox", {"lines": lines, "help": answer is not None})
    case = answer.case if answer is not None else None
    session.writer.staff_mail(letter, case, mail.here, cause_of(mail), mail.sender, None)


def _result(session: Session, answer: Answer, case: Case, lines: list[str], *, wants_help: bool = False) -> None:
    words = [word(code, answer.mail.here.desk.language) for code in lines]
    letter = Letter("command_result", "inbox", {"lines": words, "help": wants_help})
    _to_counselor(session, answer, letter, case)


def _to_counselor(session: Session, answer: Answer, letter: Letter, case: Case) -> None:
    session.writer.staff_mail(letter, case, answer.mail.here, cause_of(answer.mail), answer.mail.sender, None)


def _to_inbox(session: Session, answer: Answer, letter: Letter, case: Case) -> None:
    for inbox in inboxes_of(case, answer.mail.here):
        session.writer.staff_mail(letter, case, answer.mail.here, cause_of(answer.mail), inbox, None)


def cause_of(mail: Arrived) -> Cause:
    """Why we write to a counselor: the mail of theirs that is answered."""
    return Cause(f"mail:{mail.spool}", mail.sender, mail.facts.message_id, mail.facts.references, staff=True)


def _third_party_answer(session: Session, mail: Arrived, notice: SentMail) -> str:
    """``#accept-address`` in answer to the notice about a stranger's mail (D2); anything else is not sent."""
    entry = session.tx.entry(notice.entry) if notice.entry is not None else None
    claims = entry.extra.get("claims") if entry is not None else None
    case = session.tx.case(int(claims)) if claims else None
    text = written(mail, notice)
    orders = commands.read_all([line.raw for line in text.commands])
    wanted = bool(orders) and all(order.name == "accept_address" for order in orders)
    if case is None or entry is None or not wanted:
        _explain(session, mail, None, ["not_about_a_case"])
        return _kept(session, mail, "refused", None)
    order = Order("#accept-address", "accept_address", entry.address)
    case, lines = carry_out(session, mail, case, order, notice)
    words = [word(code, mail.here.desk.language) for code in lines]
    letter = Letter("command_result", "inbox", {"lines": words, "help": False})
    session.writer.staff_mail(letter, case, mail.here, cause_of(mail), mail.sender, None)
    return _kept(session, mail, "command", case)


def word(code: str, language: str) -> str:
    """A result code in words; ``code:detail`` carries what was written."""
    from maild.pipeline.words import RESULTS

    key, _, detail = code.partition(":")
    table = RESULTS.get(language, RESULTS["en"])
    return table.get(key, key).format(detail=detail.replace("{", "").replace("}", ""))
