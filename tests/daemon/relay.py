"""A next hop that takes mail over SMTP: there or not, and as slow as a test wants it."""

from __future__ import annotations

import asyncio
import threading
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from daemon.running import parsed, quiet_port


class Relay:
    """Answers 250 and remembers; ``hold`` keeps it silent after the final dot until ``let_go``."""

    def __init__(self) -> None:
        self.port = quiet_port()
        self.held = 0
        self._open = threading.Event()
        self._open.set()
        self._raw: list[bytes] = []
        self._controller = self._new()

    def _new(self) -> Controller:
        return Controller(self, hostname="127.0.0.1", port=self.port, data_size_limit=0)

    @property
    def table(self) -> str:
        """[send] for it."""
        return f'[send]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {self.port}\nsecurity = "none"'

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.held += 1
        await asyncio.to_thread(self._open.wait)
        self._raw.append(envelope.content)
        return "250 2.0.0 taken"

    def hold(self) -> None:
        self._open.clear()

    def let_go(self) -> None:
        self._open.set()

    def mails(self) -> list[EmailMessage]:
        return [parsed(one) for one in self._raw]

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self._open.set()
        self._controller.stop(no_assert=True)

    def again(self) -> None:
        """Back at the same port after a ``stop``."""
        self._controller = self._new()
        self.start()

    def __enter__(self) -> Relay:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
