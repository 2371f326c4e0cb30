"""One accepted mail on its way: what was read in it, for which desk, and the row it will be recorded under."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from maild.desk import intake
from maild.mail.address import canonical
from maild.mail.facts import Facts
from maild.mail.values import replace
from maild.pipeline.reading import Reading, read_words
from maild.pipeline.world import DeskWorld
from maild.store import Entry


@dataclass(frozen=True)  # without slots: changed by ``values.replace``
class Arrived:
    """A parsed mail. ``sender`` is the From address, or the envelope sender where From is unusable (M2)."""

    spool: int
    source: str
    at: datetime  # arrival instant
    raw: bytes = field(repr=False)
    facts: Facts
    envelope_from: str | None = field(repr=False)
    here: DeskWorld
    token: str | None = field(repr=False)  # behind the + of the recipient address
    sender: str = field(repr=False)
    nobodys: bool = False  # no desk can be told: ``here`` is only who keeps it
    oversize: int = 0  # the limit in bytes it is over; 0: it is not (M6)
    form: Mapping[str, str] | None = field(default=None, repr=False)  # fields of a web form's mail (I3)
    ahead: Reading | None = field(default=None, repr=False)  # its words, where they were read before

    @property
    def message_id(self) -> str:
        """The Message-ID; made from the bytes where there is none (findings, freescout 4740)."""
        return self.facts.message_id or f"<{hashlib.sha256(self.raw).hexdigest()[:32]}@no-message-id.invalid>"

    @property
    def body_key(self) -> str:
        """What two sendings of the same text have in common (C10)."""
        return self.reading.body_key

    @cached_property
    def reading(self) -> Reading:
        """What its own words say."""
        return self.ahead or read_words([(self.facts, self.here, self.sender)])[0]

    @property
    def unread_key(self) -> str:
        """The same for a mail nobody reads (A1, M3): its text sent once more is no resend, it is there for the first
        time."""
        return f"unread\n{self.body_key}"

    @property
    def again_key(self) -> str:
        """The same for a resend: the next one is a resend of the first (C10)."""
        return f"again\n{self.body_key}"

    def entry(self, number: int, kind: str, disposition: str, case: int | None, *, keep: bool = True) -> Entry:
        """The row that says what became of this mail. ``keep`` False: nothing of its text is stored (A1)."""
        facts = self.facts
        return Entry(
            id=number,
            case=case,
            desk=self.here.desk.name,
            at=self.at,
            kind=kind,
            disposition=disposition,
            spool_id=self.spool,
            author="client",
            subject=facts.subject if keep else "",
            text=facts.text if keep else "",
            own_text=facts.own_text if keep else "",
            message_id=self.message_id,
            raw=self.raw if keep and not facts.attachments else None,
            address=self.sender,
            body_key=self.unread_key if kind in ("rejected", "automatic") else self.body_key,
        )


def of_form(mail: Arrived) -> Arrived:
    """A web form's mail as the client's own: their address from its field, and not automatic (rules I3)."""
    form = mail.here.form
    if form is None or mail.sender != form.sender:
        return mail
    fields = intake.parse_form(mail.facts.plain or mail.facts.text, form.labels())
    address = canonical(fields.get("email", ""))
    if not address:
        return replace(mail, form={})
    facts = replace(
        mail.facts,
        kind="mail",
        automatic=None,
        from_address=address,
        from_name="",
        in_reply_to=(),
        references=(),
    )
    return replace(mail, sender=address, facts=facts, form=fields)
