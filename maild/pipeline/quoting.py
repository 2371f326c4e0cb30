"""The client's own words below a counselor's reply, where the desk says so (rule P10)."""

from __future__ import annotations

from maild.desk.case import Case
from maild.desk.notice_marks import internal_sign
from maild.mail import quotes
from maild.pipeline.world import DeskWorld
from maild.store import Transaction

MOST = 4_000  # characters of a quote
CUT = "…"


def words_answered(tx: Transaction, case: Case, reply: int, here: DeskWorld) -> str:
    """What the client wrote last before this reply; empty where the desk quotes nobody.

    Theirs alone: what they quoted of our mails goes by the same rule as at triage, also where their program put no
    signs around it, and a line that looks internal is left out whoever wrote it (P5).
    """
    if not here.desk.rules.quote_client:
        return ""
    entries = [one for one in tx.entries(case.number) if one.id < reply]
    answered = next((one for one in reversed(entries) if one.kind == "client" and one.text.strip()), None)
    if answered is None:
        return ""
    ours = [*here.ours, *[one.text for one in entries if one.kind in ("reply", "interim")]]
    own = quotes.without_known(answered.own_text or answered.text, ours)
    return cut("\n".join(line.rstrip() for line in own.split("\n") if not internal_sign(line)).strip("\n"))


def cut(text: str) -> str:
    """The whole lines that fit; of a single line that does not, its beginning."""
    if len(text) <= MOST:
        return text
    head, end, _ = text[: MOST + 1].rpartition("\n")
    return (head.rstrip() if end else text[:MOST]) + "\n" + CUT
