"""A listening maild and clients in any state of a conversation with it: the stage of the SMTP tests."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from maild.receive import smtp
from maild.receive.listener import Listener
from maild.receive.port import Incoming
from servers.receiving import FileSpool, Loop, Wire

DESK = "soudan@desk.example"
OTHER = "yoyaku@desk.example"
CLIENT = "hanako@docomo.example"
MAIL = b"From: hanako@docomo.example\r\nSubject: x\r\n\r\ntext\r\n"


def ours(address: str) -> bool:
    return address.lower() in {DESK, OTHER, "postmaster"}


class Server:
    def __init__(self, running: Loop, spool: FileSpool) -> None:
        self.loop, self.spool = running, spool
        self.listeners: list[Listener] = []

    def start(self, **options: Any) -> Listener:
        listener = self.loop.run(smtp.serve("127.0.0.1:0", self.spool, ours, **options))
        self.listeners.append(listener)
        return listener

    def wire(self, listener: Listener, *commands: bytes) -> Wire:
        """A client that has said these commands and was answered."""
        wire = Wire(("127.0.0.1", listener.port))
        assert wire.reply().startswith("220 ")
        for command in commands:
            reply = wire.ask(command)
            assert reply[0] in "23", (command, reply)
        return wire

    def at_data(self, listener: Listener) -> Wire:
        return self.wire(listener, b"EHLO c", b"MAIL FROM:<a@b.example>", b"RCPT TO:<" + DESK.encode() + b">", b"DATA")


class Gate:
    """Holds commits until the test opens it."""

    def __init__(self, server: Server) -> None:
        self.reached, self._open = threading.Event(), asyncio.Event()
        self._loop = server.loop.loop
        server.spool.before = self

    async def __call__(self, mail: Incoming) -> None:
        self.reached.set()
        await self._open.wait()

    def open(self) -> None:
        self._loop.call_soon_threadsafe(self._open.set)
