"""The checks before a reply is sent (rules P5): each holds it and asks the counselor; ``#send`` overrides."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from maild.desk import commands, leak
from maild.desk.case import Case
from maild.desk.folded import fold
from maild.pipeline.incoming import Arrived
from maild.pipeline.session import Session

if TYPE_CHECKING:
    from maild.pipeline.staff import Answer


def checks(session: Session, answer: Answer, body: str, names: set[str | None]) -> tuple[list[str], list[str]]:
    """Codes of what holds this reply back, and details for the counselor."""
    case, sender = answer.case, answer.mail.sender
    held: list[str] = []
    if (
        case.last_reply_by
        and case.last_reply_by != sender
        and case.last_reply_at is not None
        and case.last_reply_at >= answer.notice.created
    ):
        held.append("answered_already")
    if case.last_entry is not None and case.last_entry > (answer.notice.covers or 0):
        held.append("client_wrote_again")
    if case.state == "closed" and case.reason != "completed" and "reopen" not in names:
        held.append("closed")
    if case.state == "intake":
        held.append("closed")
    details = list(leak.find(body, secrets(session, case, answer.mail, body)))
    if details:
        held.append("leak")
    if not body.strip():
        held.append("empty")
    if {"internal_text", "inside_internal"} & set(answer.doubts):
        held.append("internal_block")
    doubts = [doubt for doubt in answer.doubts if doubt not in ("internal_text", "inside_internal")]
    if commands.disguised(body) and "stray_command" not in doubts:
        doubts.append("stray_command")
    held += doubts  # each in words of its own: whoever is asked has to know what is in doubt
    if answer.mail.facts.attachments:
        held.append("attachment")
    if reviewed(answer.mail):
        held.append("review")
    return held, details


def reviewed(mail: Arrived) -> bool:
    """Whether another counselor approves what this one writes."""
    return any(one.review for one in mail.here.desk.counselors if one.address == mail.sender)


def secrets(session: Session, case: Case, mail: Arrived, body: str) -> leak.Secrets:
    """What must not reach this client in ``body``: staff, other clients, other cases."""
    desk = mail.here.desk
    everyone = [counselor for one in session.world.desks for counselor in one.desk.counselors]
    inside = {one.desk.shared_inbox for one in session.world.desks} | set(desk.on_call) | set(session.world.operators)
    public = " ".join([one.text for one in desk.rules.referrals] + [line.url for line in desk.rules.hotlines])
    return leak.Secrets(
        counselors=everyone,
        addresses=sorted(inside),
        allowed={*(one.desk.address for one in session.world.desks), case.client, *case.addresses, *mails_in(public)},
        allowed_phones=[line.phone for line in desk.rules.hotlines],
        words=desk.rules.leak_words,
        other_names=session.tx.open_names_in(desk.name, fold(body).text, case.number),
        case=case.number,
        names=desk.anonymous_counselors,
        own_name=case.name or "",
        other_cases=range(1, max(case.number, session.tx.last_case_number()) + 1),
    )


def mails_in(text: str) -> list[str]:
    """The addresses that stand in a text of the config: public ones, since it goes to clients."""
    return [hit.lower().rstrip(".") for hit in _MAIL.findall(text)]


_MAIL = re.compile(r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9.\-]{1,253}")
