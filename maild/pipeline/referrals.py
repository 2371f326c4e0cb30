"""Entries of ``[[desk.referral]]`` in replies (rules P4, ``#refer NAME``)."""

from __future__ import annotations

from collections.abc import Sequence

from maild.desk.case import Case
from maild.desk.commands import fold
from maild.desk.rules import Desk


def text_of(desk: Desk, name: str) -> str | None:
    """The text of the entry; None where there is none of that name."""
    wanted = fold(name)
    return next((one.text for one in desk.rules.referrals if fold(one.name) == wanted), None)


def added(case: Case, desk: Desk, body: str, names: Sequence[str] = ()) -> str:
    """A reply's text with the named entries below it, and those that waited for it; each once."""
    found = [text_of(desk, name) for name in (*names, *(case.referrals if body.strip() else ()))]
    for text in dict.fromkeys(one for one in found if one):
        if text not in body:
            body = f"{body}\n\n{text}".strip("\n")
    return body


def count_in(desk: Desk, body: str) -> int:
    """How many entries a text holds: what the report counts."""
    return sum(1 for one in desk.rules.referrals if one.text and one.text in body)
