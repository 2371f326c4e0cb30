"""A receiving side that runs in a loop of its own, and a spool that is files: what the tests here hand mail to."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from maild.receive.port import Incoming

T = TypeVar("T")
PATIENCE = 60.0  # of a test for something that must happen; only a failing test waits that long


class Loop:
    """An event loop in a thread."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.complaints: list[dict[str, Any]] = []  # what asyncio found nobody to tell
        self.loop.set_exception_handler(lambda loop, context: self.complaints.append(context))
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], timeout: float = PATIENCE) -> T:
        """The result of the coroutine, from the test's thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout)

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """The coroutine as a task of the loop."""

        async def begin() -> asyncio.Task[T]:
            return asyncio.ensure_future(work)

        return self.run(begin())

    def close(self) -> None:
        async def end() -> None:
            rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)

        self.run(end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE)
        self.loop.close()


@contextmanager
def loop() -> Iterator[Loop]:
    it = Loop()
    try:
        yield it
    finally:
        it.close()


class FileSpool:
    """Keeps each mail as a file, fsynced and renamed, before it returns; ``before`` comes first and may raise."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._count = len(list(directory.glob("*.mail")))
        self._numbers = itertools.count(self._count)
        self._changed = threading.Condition()
        self.before: Callable[[Incoming], Awaitable[None]] | None = None

    async def __call__(self, mail: Incoming, /) -> None:
        if self.before is not None:
            await self.before(mail)
        head = {
            "source": mail.source,
            "arrived": mail.arrived.isoformat(),
            "sender": mail.envelope_from,
            "recipients": mail.recipients,
            "cursor": mail.cursor,
        }
        name = self.directory / f"{next(self._numbers):06}"
        with open(name.with_suffix(".tmp"), "wb") as file:
            file.write(json.dumps(head).encode() + b"\n" + mail.raw)
            file.flush()
            os.fsync(file.fileno())
        os.rename(name.with_suffix(".tmp"), name.with_suffix(".mail"))
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def mails(self) -> list[Incoming]:
        """What was kept, oldest first."""
        found = []
        for path in sorted(self.directory.glob("*.mail")):
            head, _, raw = path.read_bytes().partition(b"\n")
            said = json.loads(head)
            cursor = said["cursor"]
            found.append(
                Incoming(
                    source=said["source"],
                    arrived=datetime.fromisoformat(said["arrived"]),
                    envelope_from=said["sender"],
                    recipients=tuple(said["recipients"]),
                    raw=raw,
                    cursor=None if cursor is None else (cursor[0], cursor[1]),
                )
            )
        return found

    def wait(self, count: int) -> list[Incoming]:
        """At least so many mails; fails when they do not come."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._count >= count, PATIENCE), f"{self._count} mails of {count}"
        return self.mails()

    async def cursor(self) -> tuple[int, int] | None:
        """Progress as the store would tell it: of the mail kept last."""
        cursors = [mail.cursor for mail in self.mails() if mail.cursor is not None]
        return cursors[-1] if cursors else None


class Wire:
    """A client that says exactly the bytes it is told to say."""

    def __init__(self, address: tuple[str, int] | str) -> None:
        if isinstance(address, str):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(PATIENCE)
            self.socket.connect(address)
        else:
            self.socket = socket.create_connection(address, PATIENCE)
        self._file = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def reply(self) -> str:
        """One reply, of several lines perhaps; empty at the end of the connection."""
        lines = []
        while True:
            try:
                line = self._file.readline().decode()
            except ConnectionResetError:
                line = ""
            lines.append(line.rstrip("\r\n"))
            if line[3:4] != "-":
                return "\n".join(lines)

    def ask(self, command: bytes) -> str:
        self.send(command + b"\r\n")
        return self.reply()

    def close(self) -> None:
        self._file.close()
        self.socket.close()

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
