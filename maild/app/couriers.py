"""The courier that the config names, and one that can be exchanged while mail goes out (SIGHUP)."""

from __future__ import annotations

from maild.config import Send
from maild.courier.maildir import MaildirCourier
from maild.courier.port import Courier, Deferred, Verdict
from maild.courier.smtp import SmtpCourier
from maild.store import Claimed


def build_courier(send: Send) -> Courier:
    """SMTP to a relay, or files in a Maildir."""
    return MaildirCourier(send.maildir) if send.transport == "maildir" else SmtpCourier(send)


class Current:
    """The courier in force; mails under way end with the one they began with."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier

    async def exchange(self, courier: Courier) -> None:
        """From now on another one."""
        old, self._courier = self._courier, courier
        await old.close()

    @property
    def hop(self) -> str:
        """Where mails go."""
        return self._courier.hop

    async def deliver(self, mail: Claimed) -> Verdict:
        """Hand over one mail."""
        return await self._courier.deliver(mail)

    async def probe(self) -> Deferred | None:
        """Whether the next hop would take mail now."""
        return await self._courier.probe()

    async def close(self) -> None:
        """Let go of connections."""
        await self._courier.close()
