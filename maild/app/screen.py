"""A look at a mail before it is accepted, for desks that refuse attachments at SMTP DATA (rules A1, A4, P5)."""

from __future__ import annotations

import asyncio
from pathlib import Path

from maild.config import Config
from maild.desk import crisis
from maild.mail.address import canonical
from maild.mail.parse import read
from maild.store import Incoming

REFUSAL = "554 5.6.1 Please send the text without attachments / ファイルを付けずにお送りください"


class Refuse:
    """Refuses a mail whose recipients' desks all refuse attachments, unless its text needs a person at once."""

    def __init__(self, config: Config) -> None:
        self._config = config

    async def __call__(self, mail: Incoming) -> str | None:
        return await asyncio.to_thread(self.look, mail)

    def look(self, mail: Incoming) -> str | None:
        """The refusal, or None."""
        wanted = {canonical(one) for one in mail.recipients}
        # with plus_addressing each answer to a letter of ours goes to an address with a token (M7)
        desks = [desk for desk in self._config.desks if any(desk.owns(one) for one in wanted)]
        if not desks or any(desk.rules.attachments != "refuse" for desk in desks):
            return None
        facts = read(mail.raw, envelope_from=mail.envelope_from)
        if not facts.attachments or facts.kind != "mail":
            return None
        # staff as the pipeline tells them: it holds their reply with a file (P5), and refuses whoever only claims to be
        # one of them (P3, M10)
        sender = facts.from_address or canonical(mail.envelope_from or "")
        if any(sender in desk.staff for desk in desks):
            return None
        words = f"{facts.subject}\n{facts.own_text}"
        for desk in desks:
            phrases = crisis.Phrases.load([Path(one) for one in desk.rules.crisis_phrases], language=desk.language)
            if desk.rules.crisis and crisis.hits(words, phrases):
                return None
        return REFUSAL.encode("ascii", "ignore").decode().strip(" /")
