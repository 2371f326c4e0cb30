"""Texts that are kept back, one of each counselor at a time, and which of them an answer means (rules P4, P5).

Whoever writes ``#send`` or ``#approve`` has read one letter. What goes out is the text that this letter shows, or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from maild.desk.actions import Letter
from maild.desk.case import Case
from maild.mail.values import replace
from maild.pipeline.incoming import Arrived
from maild.pipeline.session import Session
from maild.pipeline.writing import Cause
from maild.store import Entry, SentMail

KIND = "held_reply"
_SHOWN = ("reasons", "details", "cut")  # what a letter says beside the text, kept to be said again


def kept_with(orders: Sequence[str], **shown: Sequence[str]) -> dict[str, str]:
    """What is kept with a text: its orders, since a bare ``#send`` must not turn an ``#interim`` into a counted reply;
    and why it is held, since who is shown it again has to know."""
    lines = {"orders": orders, **{name: shown[name] for name in _SHOWN}}
    return {name: "\n".join(found) for name, found in lines.items() if found}


def letter(entry: Entry, *more: str) -> Letter:
    """The letter that shows a text and asks; by its entry, an answer to it is known to mean this text."""
    shown = {name: tuple(entry.extra[name].split("\n")) if name in entry.extra else () for name in _SHOWN}
    shown["reasons"] = tuple(dict.fromkeys((*more, *shown["reasons"])))
    return Letter("reply_held", "inbox", {**shown, "text": entry.text}, entry=entry.id)


def holding(session: Session, case: Case, entry: Entry) -> Case:
    """The case with one more text held. It takes the place of its author's earlier one, and of nobody else's; an empty
    one of none, there is nothing in it to send."""
    if not entry.text.strip():
        return case
    others = [one.id for one in waiting(session, case) if one.author != entry.author]
    return replace(case, held_replies=(*others, entry.id))


def after_reply(session: Session, case: Case, reply: Entry, sent: Entry | None) -> Case:
    """The case once ``reply`` goes out: ``sent`` if that is a text that was held, else one just written, which takes
    the place of what is held of its author. What others wrote stays: they were asked, and may answer. Only what is of
    an earlier round trip was passed over; the case does not wait for it for ever."""
    left = [one for one in waiting(session, case) if sent is None or one.id != sent.id]
    if reply.kind != "interim":  # a word in between takes nobody's place (C14)
        left = [one for one in left if one.round_trip >= case.round_trip]
        left = [one for one in left if sent is not None or one.author != reply.author]
    return replace(case, held_replies=tuple(one.id for one in left))


def waiting(session: Session, case: Case) -> list[Entry]:
    """The texts that are held now, oldest first."""
    found = [session.tx.entry(number) for number in case.held_replies]
    return [entry for entry in found if entry is not None]


def meant(session: Session, case: Case, notice: SentMail) -> Entry | None:
    """The held text that an answer to ``notice`` means: the one it shows. Another letter shows none, so there it is the
    only one there was in this round trip. None where it is gone or cannot be told."""
    now = waiting(session, case)
    if notice.template == "reply_held":
        return next((one for one in now if one.id == notice.entry), None)
    known = {one.id for one in now}
    for one in session.tx.entries(case.number):
        if one.kind == KIND and one.text.strip() and one.round_trip == case.round_trip:
            known.add(one.id)
    return now[0] if now and len(known) == 1 else None


def chosen(
    session: Session, mail: Arrived, case: Case, notice: SentMail, cause: Cause, *, another: bool
) -> tuple[Entry | None, str]:
    """The text that the answer ``mail`` lets go, or None and a code that says why. Unless there is none, or it is their
    own and ``another`` has to approve it, the counselor is shown what is held, each text in a letter to answer."""
    entry = meant(session, case, notice)
    if entry is not None and another and entry.author == mail.sender:
        return None, "approve_needs_another"
    if entry is not None and not _answered(case, mail.sender, max(entry.at, notice.created)):
        return entry, ""
    asked = [entry] if entry is not None else waiting(session, case)
    for one in asked:
        reasons = [] if entry is not None else ["which_text"]
        if _answered(case, mail.sender, one.at):
            reasons.append("answered_already")
        once = replace(cause, once=f"{cause.once}:{one.id}")
        session.writer.staff_mail(letter(one, *reasons), case, mail.here, once, mail.sender, None)
    if entry is not None:
        return None, "answered_since"
    return None, "which_text" if asked else "nothing_held"


def _answered(case: Case, sender: str, since: datetime) -> bool:
    """Whether a colleague has answered the client since: nobody who does not know it adds a second reply (P5)."""
    by, at = case.last_reply_by, case.last_reply_at
    return bool(by) and by != sender and at is not None and at >= since
