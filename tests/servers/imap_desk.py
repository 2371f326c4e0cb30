"""A mailbox on a real Dovecot, what reads it, and a person who looks at it: the stage of the IMAP tests."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from maild.receive.imap import Reader
from maild.receive.imap_connection import Patience
from maild.receive.imap_mailbox import LeftMail, Mailbox
from servers.dovecot import PASSWORD, Dovecot
from servers.receiving import PATIENCE, FileSpool, Loop

_numbers = itertools.count(1)
QUICK = Patience(connect=10, command=10, renew=5)


def mail(number: int, size: int = 0) -> bytes:
    text = f"From: c@client.example\r\nSubject: {number}\r\n\r\n相談 {number}\r\n".encode("shift_jis")
    return text + b"x" * max(0, size - len(text))


class Desk:
    """A mailbox of its own on the server, and what reads it."""

    def __init__(self, dovecot: Dovecot, running: Loop, spool: FileSpool) -> None:
        self.dovecot, self.running, self.spool = dovecot, running, spool
        self.user = f"desk{next(_numbers)}@desk.example"
        self.box = Mailbox(
            "imap:desk", dovecot.host, dovecot.imap_port, "none", self.user, PASSWORD, idle=False, after="keep"
        )
        self.left: list[LeftMail] = []
        self.reads: list[datetime] = []
        self.read = threading.Condition()

    def reader(self, patience: Patience = QUICK, **changes: Any) -> Reader:
        async def on_left(mail: LeftMail) -> None:
            self.left.append(mail)

        async def on_read(source: str, at: datetime) -> None:
            assert source == "imap:desk"
            with self.read:
                self.reads.append(at)
                self.read.notify_all()

        self.box = replace(self.box, **changes)
        return Reader(self.box, self.spool, self.spool.cursor, on_left=on_left, on_read=on_read, patience=patience)

    def poll(self, reader: Reader, times: int = 1) -> int:
        async def once() -> int:
            connection = await reader.connect()
            try:
                return sum([await reader.poll(connection) for _ in range(times)])
            finally:
                connection.close()

        return self.running.run(once())

    @contextmanager
    def reading(self, reader: Reader) -> Iterator[None]:
        task = self.running.start(reader.run())
        try:
            yield
        finally:

            async def stop() -> None:
                task.cancel()
                await asyncio.wait({task})

            self.running.run(stop())

    def wait_for_reads(self, count: int) -> None:
        with self.read:
            goal = len(self.reads) + count
            assert self.read.wait_for(lambda: len(self.reads) >= goal, PATIENCE)

    def put(self, *numbers: int, mailbox: str = "INBOX") -> None:
        for number in numbers:
            self.dovecot.append(self.user, mail(number), mailbox=mailbox)

    def there(self, mailbox: str = "INBOX") -> list[bytes]:
        return [kept.raw for kept in self.dovecot.messages(self.user, mailbox)]

    @property
    def kept(self) -> list[bytes]:
        return [one.raw for one in self.spool.mails()]


def only(*numbers: int) -> list[bytes]:
    return [mail(number) for number in numbers]
