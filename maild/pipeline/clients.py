"""A mail from outside: triaged first (K0), then screened, threaded, decided, recorded."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from maild.desk import crisis, intake
from maild.desk.actions import Action, Letter
from maild.desk.case import Case
from maild.desk.events import ClientMail
from maild.desk.kinds import decide
from maild.desk.threads import Route, registered, route, tagged
from maild.mail import quotes
from maild.mail.values import replace
from maild.pipeline.incoming import Arrived
from maild.pipeline.reading import items, quotes_something, words_of
from maild.pipeline.session import Session
from maild.pipeline.writing import Cause, text_of
from maild.store import Seen

REPEAT = timedelta(hours=24)  # C10: the same Message-ID within a day is a machine's repeat
UNREAD = {"too_many_parts", "nesting_too_deep"}  # what may hide an attachment counts as one (A2, M6)
MOST_KNOWN = 8  # mails of ours that one answer quotes
_TOKEN = re.compile(r"[a-z2-7]{20,64}\Z")


def take(session: Session, mail: Arrived) -> str:
    """Process one mail of a client; returns its disposition."""
    desk, tx = mail.here.desk, session.tx
    seen = tx.seen(desk.name, mail.sender, mail.message_id)
    if _machine_repeat(session, mail, seen):
        return _record(session, mail, "duplicate", "duplicate", None, keep=False)
    mail = own_words(session, mail)
    claimed = claimed_case(session, mail)
    own = tx.cases_of(desk.name, mail.sender)
    hits = triage(session, mail, claimed)
    if mail.facts.kind == "automatic" and not hits:
        known = claimed if claimed is not None and registered(claimed, mail.sender) else None
        return _record(session, mail, "automatic", "automatic", known)
    if session.forged(mail):
        # whoever wrote this joins, counts and gets nothing; triage ran, and staff see both marks (D6, K0)
        flags = ("unauthenticated", "crisis") if hits else ("unauthenticated",)
        return _third_party(session, mail, Route("third_party", None), flags=flags)
    if not hits:
        turned = _turned_away(session, mail, claimed, own)
        if turned is not None:
            return turned
    session.time_out(claimed, own, mail)
    claimed = tx.case(claimed.number) if claimed is not None else None
    own = tx.cases_of(desk.name, mail.sender)
    where = route(mail.sender, mail.at, claimed, own, crisis=bool(hits))
    if where.kind == "third_party":
        return _third_party(session, mail, where, flags=())
    return _decided(session, mail, where, seen, hits)


def _machine_repeat(session: Session, mail: Arrived, seen: list[Seen]) -> bool:
    if not seen:
        return False
    keys = [mail.body_key, mail.again_key]
    if mail.facts.attachments or mail.oversize or mail.facts.kind == "automatic":
        keys.append(mail.unread_key)  # the text without the file it was rejected for is no repeat, whatever its ID (A1)
    mine = {session.tx.fingerprint(mail.here.desk.name, mail.sender, key) for key in keys}
    return any(one.body_hash in mine and abs(mail.at - one.at) < REPEAT for one in seen)


def _record(
    session: Session, mail: Arrived, kind: str, disposition: str, case: Case | None, *, keep: bool = True
) -> str:
    number = session.tx.new_entry_id()
    entry = mail.entry(number, kind, disposition, case.number if case else None, keep=keep)
    if disposition == "duplicate":
        # not remembered as a mail: the day of C10 counts from the one that was taken
        entry = replace(entry, message_id="", body_key="")
    session.tx.record(entry)
    session.audit(mail.at, "client", f"mail_{disposition}", case.number if case else None)
    return disposition


def own_words(session: Session, mail: Arrived) -> Arrived:
    """The mail with its own text read again, knowing the mails of ours that it answers: what somebody typed into a
    quote without marks (Outlook) is told from the quote itself, and is theirs (K1)."""
    facts = mail.facts
    if not quotes_something(facts):
        return mail
    answered = dict.fromkeys((*facts.in_reply_to, *reversed(facts.references)))
    ours = [sent for message_id in answered if (sent := session.tx.sent_mail(message_id)) is not None]
    if not ours:
        return mail
    own = mail.reading.own
    if own is None:
        known = [text_of(sent.data) for sent in ours[:MOST_KNOWN]]
        parties = (mail.here.desk.address, mail.sender)
        own = quotes.own_text(facts.text, subject=facts.subject, parties=parties, known=known)
    return mail if own == facts.own_text else replace(mail, facts=replace(facts, own_text=own), ahead=None)


# -- which case ----------------------------------------------------------------------------------------------------


def claimed_case(session: Session, mail: Arrived) -> Case | None:
    """The case that the mail's signs name, in order of trust (M2); whether it may join is for ``route``."""
    tx, domain = session.tx, mail.here.domain
    references = (*mail.facts.in_reply_to, *reversed(mail.facts.references))
    if mail.token and _TOKEN.match(mail.token):
        references = (f"<{mail.token}@{domain}>", *references)
    for message_id in references:
        sent = tx.sent_mail(message_id)
        if sent is not None and sent.case is not None and sent.desk == mail.here.desk.name:
            found = tx.case(sent.case)
            if found is not None:
                return found
    number = tagged(mail.facts.subject)
    if number is None:
        return None
    found = tx.case(number)
    return found if found is not None and found.desk == mail.here.desk.name else None


# -- before the case: K0, then what turns a mail away --------------------------------------------------------------


def triage(session: Session, mail: Arrived, claimed: Case | None) -> tuple[str, ...]:
    """The phrases of K1 in what is the client's own, subject included; our words quoted back do not count."""
    here = mail.here
    if not here.desk.rules.crisis:
        return ()
    if not mail.reading.hits:
        return ()
    # only ours: a cry for help that stands in an earlier mail of theirs as well is still a cry for help
    known = list(here.ours)
    if claimed is not None:
        known += [entry.text for entry in session.tx.entries(claimed.number) if entry.kind in ("reply", "interim")]
    return crisis.hits(quotes.without_known(words_of(mail.facts), known), here.phrases)


def _turned_away(session: Session, mail: Arrived, claimed: Case | None, own: list[Case]) -> str | None:
    """Suspended, unauthenticated and form-only desks' senders (D4, D6, I3); None: the mail goes on."""
    desk, tx = mail.here.desk, session.tx
    suspension = tx.suspension(desk.name, mail.sender, mail.at)
    in_crisis = any(case.is_open and case.crisis for case in own)  # that conversation goes on (K0, K2)
    if suspension is not None and suspension.kind != "restrict" and not in_crisis:
        number = tx.new_entry_id()
        tx.record(mail.entry(number, "suspended", "suspended", None))
        if not suspension.told:
            # until is the first instant after the last day
            last = (
                (suspension.until - timedelta(seconds=1)).astimezone(mail.here.zone).date()
                if suspension.until
                else None
            )
            letter = Letter("suspended", values={"until": last})
            session.writer.letter(letter, None, mail.here, cause(mail))
            tx.told_suspended(desk.name, mail.sender)
        session.audit(mail.at, "client", "mail_suspended", None)
        return "suspended"
    ended = session.end_of_service(desk.name)
    if ended is not None and (claimed is None or not claimed.is_open) and not any(case.is_open for case in own):
        session.writer.letter(Letter("service_end", values=ended), None, mail.here, cause(mail))
        return _record(session, mail, "client", "accepted", None)
    if mail.oversize:
        letter = Letter("too_large", values={"limit_mb": max(1, mail.oversize // 1_048_576)})
        case = next((one for one in own if one.is_open), None)
        session.writer.letter(letter, case, mail.here, cause(mail))
        return _record(session, mail, "rejected", "rejected", None, keep=False)
    first = claimed is None and not own
    if first and (desk.rules.form_only if mail.form is None else not _consented(mail)):
        session.writer.letter(Letter("use_the_form"), None, mail.here, cause(mail))
        return _record(session, mail, "client", "rejected", None)
    return None


def _consented(mail: Arrived) -> bool:
    """Whether every consent of the form was ticked (I3)."""
    form = mail.here.form
    return form is not None and mail.form is not None and all(item in mail.form for item in form.consents())


def _third_party(session: Session, mail: Arrived, where: Route, flags: tuple[str, ...]) -> str:
    """Somebody else writes into a case (D2), or a sender is not who they say (D6): shown apart, nothing confirmed."""
    tx, desk = session.tx, mail.here.desk
    number = tx.new_entry_id()
    entry = mail.entry(number, "third_party", "third_party", None)
    claims = where.case.number if where.case is not None else None
    entry = replace(entry, extra={"claims": str(claims)} if claims is not None else {})
    tx.record(entry)
    if not flags:
        session.writer.letter(Letter("third_party"), None, mail.here, cause(mail))
    values = {
        "claims": claims,
        "flags": flags,
        "address": mail.sender if desk.show_client_address else None,
        "attachments_dropped": bool(mail.facts.attachments),
    }
    session.writer.letter(Letter("notice_third_party", "inbox", values, entry=number), None, mail.here, cause(mail))
    if "crisis" in flags:
        session.writer.letter(
            Letter("notice_third_party", "on_call", values, entry=number), None, mail.here, cause(mail)
        )
    session.audit(mail.at, "client", "mail_third_party", claims)
    return "third_party"


def cause(mail: Arrived) -> Cause:
    """The mail as the reason for what we write."""
    return Cause(
        f"mail:{mail.spool}", mail.sender, mail.message_id if mail.facts.message_id else None, mail.facts.references
    )


# -- into the case -------------------------------------------------------------------------------------------------


def _decided(session: Session, mail: Arrived, where: Route, seen: list[Seen], hits: tuple[str, ...]) -> str:
    tx, here, facts = session.tx, mail.here, mail.facts
    desk = here.desk
    number = tx.new_entry_id()
    joined = where.case if where.kind == "join" else None
    needs_intake = joined is None or joined.state == "intake" or joined.reason == "intake_silence"
    wanted = {item.item for item in desk.rules.required}
    found = {item: value for item, value in (mail.form or {}).items() if item in wanted}
    found |= (
        (items(facts, here) if mail.reading.found is None else mail.reading.found)
        if needs_intake or hits or (joined is not None and joined.state_before == "intake")
        else {}
    )
    if joined is None and where.case is not None:
        # they told us before; to ask for it again would hurt more than it helps (I1), only the matter is new
        found = {item: value for item, value in where.case.items if item != "content"} | found
    event = ClientMail(
        at=_arrival(session, mail, joined),
        entry=number,
        message_id=facts.message_id,
        references=facts.references,
        subject=facts.subject,
        sender=mail.sender,
        name=intake.chosen_name(found, facts.from_name),
        found=found,
        crisis=hits,
        attachments=len(facts.attachments) + (1 if UNREAD & set(facts.defects) else 0),
        companions=mail.reading.companions,
        thanks=mail.reading.thanks,
        wishes=mail.reading.wishes,
        resend_of=_resend_of(session, mail, joined, seen),
        automatic=facts.kind == "automatic",
    )
    decision = decide(joined, event, desk)
    if joined is None and decision.case is not None and where.case is not None and decision.case.previous is None:
        decision = replace(decision, case=replace(decision.case, previous=where.case.number))
    disposition = decision.disposition or "accepted"
    case = session.put(decision.case, here)
    kind = "rejected" if disposition == "rejected" else "client"
    entry = mail.entry(number, kind, disposition, case.number if case else None, keep=disposition != "rejected")
    if event.resend_of is not None:
        entry = replace(entry, body_key=mail.again_key)  # the date told is that of the first one (C10)
    tx.record(entry)
    session.writer.quoted[number] = facts.quoted
    if mail.reading.discreet:
        session.writer.lacking[number] = mail.sender
    session.writer.carry_out(_allowed(session, mail, decision.actions), case, here, cause(mail))
    session.audit(mail.at, "client", f"mail_{decision.why}", case.number if case else None)
    return disposition


def _arrival(session: Session, mail: Arrived, joined: Case | None) -> datetime:
    """The arrival instant; never before our newest reply where the mail answers that reply. INTERNALDATE knows whole
    seconds only and runs on the server's clock (C7)."""
    delivered = joined.last_delivered if joined is not None else None
    if joined is None or delivered is None or mail.at >= delivered:
        return mail.at
    for message_id in (*mail.facts.in_reply_to, *mail.facts.references):
        sent = session.tx.sent_mail(message_id)
        if sent is not None and sent.case == joined.number and sent.entry == joined.last_reply is not None:
            return delivered
    return mail.at


def _allowed(session: Session, mail: Arrived, actions: tuple[Action, ...]) -> tuple[Action, ...]:
    """A restricted client's mail goes to staff only, without templates (D4); somebody in danger is told (K0)."""
    found = session.tx.suspension(mail.here.desk.name, mail.sender, mail.at)
    if found is None or found.kind != "restrict":
        return actions
    return tuple(
        one for one in actions
        if not (isinstance(one, Letter) and one.to == "client" and one.template != "crisis_ack")
    )  # fmt: skip


def _resend_of(session: Session, mail: Arrived, joined: Case | None, seen: list[Seen]) -> datetime | None:
    """When the client first sent this text, where this is the same once more (C10)."""
    if joined is None:
        return None
    earlier = [one.at for one in seen if one.case == joined.number and mail.at - one.at >= REPEAT]
    if earlier and session.tx.fingerprint(joined.desk, mail.sender, mail.body_key) in {one.body_hash for one in seen}:
        return min(earlier)
    if mail.reading.brief:
        return None
    same = session.tx.same_body(joined.number, mail.body_key)
    return same.at if same is not None else None
