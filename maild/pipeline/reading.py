"""What a client's own words say by themselves, before anything is asked of the store: pure, and so read ahead.

Triage (K1), items (I1), company (I2), thanks (C14), wishes (C15) and the text as it is compared for a resend (C10).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from maild.desk import crisis, intake, thanks, wishes
from maild.desk.textfold import resend_key
from maild.mail.facts import Facts
from maild.pipeline.world import DeskWorld


@dataclass(frozen=True)
class Reading:
    """One mail's. ``found`` is None where items are not looked for until a decision asks for them."""

    hits: tuple[str, ...]
    body_key: str = field(repr=False)
    companions: tuple[str, ...]
    thanks: bool
    wishes: tuple[str, ...]
    found: Mapping[str, str] | None = field(repr=False)


def read_words(facts: Facts, here: DeskWorld) -> Reading:
    """The words of one mail, as this desk's lists and items read them."""
    own = facts.own_text
    return Reading(
        hits=crisis.hits(own, here.phrases, subject=facts.subject) if here.desk.rules.crisis else (),
        body_key=resend_key(own or facts.text),
        companions=intake.companions(own),
        thanks=thanks.is_thanks(own),
        wishes=wishes.find(own),
        # who answers a mail of ours told us long ago
        found=None if facts.in_reply_to or facts.references else items(facts, here),
    )


def words_of(facts: Facts) -> str:
    """What triage reads: the whole own text, and the subject (K1)."""
    return f"{facts.subject}\n{facts.own_text}"


def items(facts: Facts, here: DeskWorld) -> dict[str, str]:
    """The required items that stand in the mail (I1)."""
    return intake.find(facts.own_text, here.desk.rules.required, subject=facts.subject, from_name=facts.from_name)
