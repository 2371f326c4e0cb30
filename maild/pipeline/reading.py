"""What a client's own words say by themselves, before anything is asked of the store: pure, and so read ahead.

Triage (K1), items (I1), company (I2), thanks (C14), wishes (C15) and the text as it is compared for a resend (C10).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from maild.desk import crisis, intake, thanks, wishes
from maild.desk.address_forms import surely_lacks
from maild.desk.textfold import resend_key
from maild.mail import quotes
from maild.mail.facts import Facts
from maild.pipeline.world import DeskWorld

LEAST_RESEND = 30  # characters: shorter texts are never taken for a resend (C10)


@dataclass(frozen=True)
class Reading:
    """One mail's. ``found`` is None where items are not looked for until a decision asks for them."""

    hits: tuple[str, ...]
    body_key: str = field(repr=False)  # the same for the same text: a digest, so that nobody carries the text along
    brief: bool  # shorter than what is taken for a resend (C10)
    companions: tuple[str, ...]
    thanks: bool
    wishes: tuple[str, ...]
    found: Mapping[str, str] | None = field(repr=False)
    #: The sender's own words as the addresses in what they quote tell them (``clients.own_words``); None: the mails of
    #: ours that they answer have to be asked.
    own: str | None = field(repr=False)
    #: Whether the sender's address surely stands nowhere in what a notice shows of the mail (P1a).
    discreet: bool


def read_words(mails: Sequence[tuple[Facts, DeskWorld, str]]) -> list[Reading]:
    """The words of mails, each as its desk's lists and items read them; the third is who sent it.

    One step after the other, each for all of them: a twelfth faster than mail by mail, for what a step needs stays in
    the caches of the processor.
    """
    hits = [
        crisis.hits(facts.own_text, here.phrases, subject=facts.subject) if here.desk.rules.crisis else ()
        for facts, here, _ in mails
    ]
    same = [(*_compared(facts.own_text or facts.text), thanks.is_thanks(facts.own_text)) for facts, _, _ in mails]
    companions = [intake.companions(facts.own_text) for facts, _, _ in mails]
    wished = [wishes.find(facts.own_text) for facts, _, _ in mails]
    # who answers a mail of ours told us long ago
    found = [None if facts.in_reply_to or facts.references else items(facts, here) for facts, here, _ in mails]
    own = [_of_exchange(facts, here.desk.address, sender) for facts, here, sender in mails]
    discreet = [bool(sender) and surely_lacks(shown_of(facts), sender) for facts, _, sender in mails]
    return [
        Reading(hit, key, brief, company, thank, wish, item, word, quiet)
        for hit, (key, brief, thank), company, wish, item, word, quiet in zip(
            hits, same, companions, wished, found, own, discreet, strict=True
        )
    ]


def _compared(text: str) -> tuple[str, bool]:
    """``body_key`` and ``brief``."""
    body = resend_key(text)
    key = hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest() if body else ""
    return key, len(body) < LEAST_RESEND


def shown_of(facts: Facts) -> str:
    """All that a notice shows of a mail: subject, own words and quote."""
    return f"{facts.subject}\n{facts.own_text or facts.text}\n{facts.quoted}"


def quotes_something(facts: Facts) -> bool:
    """Whether anything in the mail is not its sender's own."""
    return facts.text.strip() != facts.own_text.strip()


def _of_exchange(facts: Facts, desk: str, sender: str) -> str | None:
    if not quotes_something(facts) or not (facts.in_reply_to or facts.references):
        return facts.own_text
    found = quotes.split(facts.text, subject=facts.subject, parties=(desk, sender))
    return None if found.unmarked else found.own


def words_of(facts: Facts) -> str:
    """What triage reads: the whole own text, and the subject (K1)."""
    return f"{facts.subject}\n{facts.own_text}"


def items(facts: Facts, here: DeskWorld) -> dict[str, str]:
    """The required items that stand in the mail (I1), as a case keeps them."""
    found = intake.find(facts.own_text, here.desk.rules.required, subject=facts.subject, from_name=facts.from_name)
    return {item: intake.as_kept(item, value) for item, value in found.items()}
