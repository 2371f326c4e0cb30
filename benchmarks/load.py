"""The load generator, a process of its own: the same for every server, without pipelining, lean enough to be no brake.

``python -m benchmarks.load PORT CONNECTIONS`` reads pickled mails from its input and prints two instants of the
system's monotonic clock: when it began to dial, and when the last mail was accepted.
"""

from __future__ import annotations

import asyncio
import json
import pickle
import sys
import time
from typing import cast

import uvloop

from benchmarks.mails import DESK, Mail

Wire = tuple[bytes, bytes, bytes, bytes]


def wire(mail: Mail) -> Wire:
    """What is said for one mail, command by command."""
    data = mail.raw if mail.raw.endswith(b"\r\n") else mail.raw + b"\r\n"
    stuffed = data.replace(b"\r\n.", b"\r\n..") + b".\r\n"
    return f"MAIL FROM:<{mail.sender}>\r\n".encode(), f"RCPT TO:<{DESK}>\r\n".encode(), b"DATA\r\n", stuffed


class Talk(asyncio.Protocol):
    """One connection that sends its mails one after another."""

    def __init__(self, mails: list[Mail], done: asyncio.Future[int]) -> None:
        self._words = [b"EHLO load.example\r\n"] + [word for mail in mails for word in wire(mail)]
        self._next = 0
        self._done = done
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        # a reply is whole once its last line is: three digits and a space
        if not self._buffer.endswith(b"\r\n"):
            return
        start = self._buffer.rfind(b"\r\n", 0, -2) + 2 if b"\r\n" in self._buffer[:-2] else 0
        line = self._buffer[start:]
        if line[3:4] == b"-":
            return
        self._buffer = b""
        if line[:1] not in (b"2", b"3"):
            self._end(RuntimeError(f"refused: {line!r}"))
        elif self._next == len(self._words):
            self._end(None)
        elif self._transport is not None:
            self._transport.write(self._words[self._next])
            self._next += 1

    def connection_lost(self, error: Exception | None) -> None:
        self._end(error or ConnectionError("the server hung up"))

    def _end(self, error: Exception | None) -> None:
        if not self._done.done():
            if error is None:
                self._done.set_result(0)
            else:
                self._done.set_exception(error)
        if self._transport is not None:
            self._transport.close()


async def run(port: int, connections: int, mails: list[Mail]) -> tuple[float, float]:
    """Send all; when it began and when the last was accepted."""
    loop = asyncio.get_running_loop()
    shares = [mails[at::connections] for at in range(connections)]
    began = time.monotonic()
    waits = []
    for share in shares:
        done: asyncio.Future[int] = loop.create_future()
        waits.append(done)
        await loop.create_connection(lambda share=share, done=done: Talk(share, done), "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*waits)
    return began, time.monotonic()


def main() -> None:
    """As a process."""
    mails = pickle.load(sys.stdin.buffer)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        began, ended = runner.run(run(int(sys.argv[1]), int(sys.argv[2]), mails))
    print(json.dumps({"began": began, "ended": ended}))


if __name__ == "__main__":
    main()
