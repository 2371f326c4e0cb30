"""aioimaplib's protocol with its edges taken off: no recursion, no unbounded answer, no silence after a cut."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

from aioimaplib.aioimaplib import CRLF, Command, IMAP4ClientProtocol, IncompleteRead, literal_data_re

_EXISTS = re.compile(rb"\* \d+ EXISTS")
START_OCTETS = 1_048_576  # for all that is said before the first command


class Protocol(IMAP4ClientProtocol):  # type: ignore[misc]
    """``lost`` is done as soon as nothing more can come, whatever the reason."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.lost: asyncio.Future[None] = loop.create_future()
        self.received = 0
        self.news = False  # an EXISTS has come that nobody has looked into yet
        self._limit = START_OCTETS
        self._greeting: asyncio.Future[None] = loop.create_future()

    def allow(self, octets: int) -> None:
        """How much the server may send until the next call."""
        self._limit = self.received + octets

    async def greeted(self) -> None:
        """Until the server has said hello and its capabilities."""
        await asyncio.shield(self._greeting)

    async def welcome(self, command: bytes) -> None:
        """Called by aioimaplib in a task that nobody awaits."""
        try:
            await super().welcome(command)
        except Exception:
            self._fail()
        if not self._greeting.done():
            self._greeting.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Takes what the server says; an exception here would be logged by asyncio, with the server's words."""
        self.received += len(data)
        if self.received > self._limit:
            self._fail()
            return
        try:
            super().data_received(data)
        except Exception:
            self._fail()

    def _untagged_response(self, line: bytes) -> Any:
        self.news = self.news or _EXISTS.match(line) is not None
        return super()._untagged_response(line)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._fail()

    def _fail(self) -> None:
        if not self.lost.done():
            self.lost.set_result(None)
        if self.transport is not None:
            self.transport.abort()

    def _handle_responses(
        self, data: bytes, line_handler: Callable[[bytes, Any], Any], current_cmd: Any = None
    ) -> None:
        """As aioimaplib's, but a loop over positions: that one recurses and copies the rest at every line (118)."""
        at = 0
        while True:
            if at >= len(data):
                if self.pending_sync_command is not None:
                    self.pending_sync_command.flush()
                if current_cmd is not None and current_cmd.wait_data():
                    raise IncompleteRead(current_cmd)
                return
            if current_cmd is not None and current_cmd.wait_literal_data():
                at = len(data) - len(current_cmd.append_literal_data(data[at:]))
                if current_cmd.wait_literal_data():
                    raise IncompleteRead(current_cmd)
            end = data.find(CRLF, at)
            if end < 0:
                raise IncompleteRead(current_cmd, data[at:])
            line = data[at:end]
            at = end + len(CRLF)
            command = line_handler(line, current_cmd)
            literal = literal_data_re.match(line)
            if literal:
                command = command if command is not None else Command("NIL", "unused")
                command.begin_literal_data(int(literal.group("size")))
                current_cmd = command
            elif command is not None and command.wait_data():
                current_cmd = command
            else:
                current_cmd = None
