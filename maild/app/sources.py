"""The ways in, as the config names them: started, restarted on a reload, and their heartbeat for C6."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from maild import log
from maild.app.acceptor import Acceptor
from maild.config import Config, Imap
from maild.errors import UserError
from maild.receive import lmtp, smtp
from maild.receive.addressee import addressees, header_of
from maild.receive.imap import Reader
from maild.receive.imap_mailbox import LeftMail, Mailbox
from maild.receive.limits import Limits
from maild.receive.listener import Listener
from maild.store import Store, TemporaryStoreError

LOG = log.get("maild.sources")
BEAT_SECONDS = 20.0  # a listener that listens counts as read this often (C6)


class Sources:
    """All of them."""

    def __init__(
        self,
        store: Store,
        acceptor: Acceptor,
        run_blocking: Callable[..., asyncio.Future[Any]],
        ours: Callable[[str], bool],
        read: Callable[[], None],
    ) -> None:
        self._store = store
        self._acceptor = acceptor
        self._run_blocking = run_blocking
        self._ours = ours
        self._read = read
        self._listeners: list[Listener] = []
        self._readers: list[asyncio.Task[None]] = []

    async def start(self, config: Config) -> None:
        """Open all. Raises UserError where one cannot be; what was opened by then is closed again."""
        every = {box.source: float(box.poll_seconds) for box in config.receive.imap}
        if config.receive.smtp is not None:
            every["smtp"] = BEAT_SECONDS
        if config.receive.lmtp is not None:
            every["lmtp"] = BEAT_SECONDS
        await self._run_blocking(self._store.register_sources, every)
        try:
            await self._listen(config)
        except UserError:
            await self.stop(1.0)
            raise
        await self.beat()
        for box in config.receive.imap:
            self._readers.append(asyncio.create_task(self._reader(box).run(), name=f"imap-{box.source[-10:]}"))

    async def _listen(self, config: Config) -> None:
        from maild.app.daemon import hostname, tls_context

        receive = config.receive
        if receive.smtp is not None:
            one = receive.smtp
            listen = f"[{one.host}]:{one.port}" if ":" in one.host else f"{one.host}:{one.port}"
            context = tls_context(one.tls_cert_file, one.tls_key_file)
            limits = Limits(message_bytes=one.max_message_bytes)
            self._listeners.append(
                await smtp.serve(
                    listen, self._acceptor, self._ours, limits=limits, hostname=hostname(), tls=context,
                    screen=self._screen(config),
                )
            )  # fmt: skip
        if receive.lmtp is not None:
            there = receive.lmtp
            if there.unix is not None:
                listen = f"unix:{there.unix}"
            else:
                listen = f"[{there.host}]:{there.port}" if ":" in there.host else f"{there.host}:{there.port}"
            limits = Limits(message_bytes=there.max_message_bytes)
            self._listeners.append(
                await lmtp.serve(
                    listen, self._acceptor, self._ours, limits=limits, hostname=hostname(), screen=self._screen(config)
                )
            )

    def _screen(self, config: Config) -> Any:
        """A refusal at SMTP DATA where a desk says ``attachments = "refuse"`` (A1); a crisis passes (A4)."""
        if all(desk.rules.attachments != "refuse" for desk in config.desks):
            return None
        from maild.app.screen import Refuse

        return Refuse(config)

    def _reader(self, box: Imap) -> Reader:
        import ssl

        mailbox = Mailbox(
            source=box.source,
            host=box.host,
            port=box.port,
            security=box.security,
            username=box.username,
            password=box.password.read(),
            mailbox=box.mailbox,
            poll_seconds=box.poll_seconds,
            idle=box.idle,
            after=box.after,
            move_to=box.move_to,
        )
        context = None
        if box.security != "none":
            context = ssl.create_default_context(cafile=str(box.ca_file) if box.ca_file else None)

        async def cursor() -> tuple[int, int] | None:
            found: tuple[int, int] | None = await self._run_blocking(self._store.imap_cursor, box.source)
            return found

        async def left(mail: LeftMail) -> None:
            LOG.error("imap_mail_left", source=mail.source, uid=mail.uid, reason=mail.reason, size=mail.size)
            await self._run_blocking(self._remember_left, mail)
            self._read()

        def recipients(raw: bytes) -> tuple[str, ...]:
            # a mailbox that belongs to one desk tells no addressee: the pipeline knows whose it is (World.mailboxes)
            return () if box.desk else addressees(header_of(raw), self._ours)

        return Reader(
            mailbox,
            self._acceptor,
            cursor,
            on_read=self._was_read,
            on_left=left,
            recipients=recipients,
            tls=context,
        )

    async def _was_read(self, source: str, at: datetime) -> None:
        await self._record(source, at)
        self._read()  # a deadline may have waited for this (C6)

    def _remember_left(self, mail: LeftMail) -> None:
        with self._store.transaction() as tx:
            tx.remember(f"left:{mail.source}:{mail.uid}", f"{mail.reason} ({mail.size} bytes)")

    async def beat(self) -> None:
        """Our listeners listen: as good as read, now."""
        at = datetime.now(UTC)
        for listener in self._listeners:
            if not listener.closing:
                await self._record(listener.source, at)

    async def _record(self, source: str, at: datetime) -> None:
        try:
            await self._run_blocking(self._store.source_read, source, at)
        except TemporaryStoreError:
            LOG.warning("source_not_recorded", source=source)  # C6 then waits for the next one

    async def stop(self, grace: float) -> None:
        """No new mail; what is being committed ends."""
        for task in self._readers:
            task.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        self._readers.clear()
        await asyncio.gather(*(listener.close(grace) for listener in self._listeners))
        self._listeners.clear()

    async def restart(self, old: Config, new: Config) -> None:
        """Close all, open what the new config names; where that fails, open the old ones again."""
        await self.stop(5.0)
        try:
            await self.start(new)
        except UserError:
            await self.start(old)
            raise
