"""``maild run``: everything that talks, in one event loop (architecture, "Accept, then process").

SMTP, LMTP and IMAP in, the outbox out, timers; the worker process does the deciding. SIGTERM finishes what is in
flight, SIGHUP reads the config again or keeps the old one and says why.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import signal
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from maild import log
from maild.app.acceptor import Acceptor
from maild.app.addresses import desk_of
from maild.app.boards import Boards
from maild.app.couriers import Current, build_courier
from maild.app.proof import prove
from maild.app.sources import Sources
from maild.app.stores import open_store
from maild.config import Config, ConfigErrors, load
from maild.errors import MaildError, UserError
from maild.operate import wake
from maild.operate.notify import notify, reloading, watchdog_seconds
from maild.outbox import Outbox
from maild.store import Store
from maild.supervisor import Supervisor
from maild.timers import Timers

LOG = log.get("maild.app")
FINISH_SECONDS = 10.0


class Daemon:
    """One life of the daemon."""

    def __init__(self, path: Path, config: Config) -> None:
        self._path = path
        self.config = config
        self._blocking = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._stop = asyncio.Event()
        self._reload = asyncio.Event()
        self._outbox_woken = asyncio.Event()

    def run_blocking(self, function: Callable[..., Any], *arguments: object) -> asyncio.Future[Any]:
        """A call of the store, off the event loop; calls run one after another."""
        return asyncio.get_running_loop().run_in_executor(self._blocking, functools.partial(function, *arguments))

    async def run(self, ready: Callable[[Daemon], None] | None = None) -> None:
        """Until SIGTERM or SIGINT. Raises UserError where it cannot start."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(log.asyncio_handler)
        await prove(self.config)  # every template once, before anybody is let in
        store: Store = await self.run_blocking(open_store, self.config)
        try:
            await self._serve(store, ready)
        finally:
            await self.run_blocking(store.close)
            self._blocking.shutdown()

    async def _serve(self, store: Store, ready: Callable[[Daemon], None] | None) -> None:
        loop = asyncio.get_running_loop()
        put_back = await self.run_blocking(store.recover)
        if put_back:
            LOG.info("outbox_recovered", mails=put_back)
        boards = Boards(store, self.run_blocking)

        def queued() -> None:
            self._outbox_woken.set()
            boards.wake()

        supervisor = Supervisor(self.config, queued, self._trouble)
        acceptor = Acceptor(store, self.run_blocking, self._desk_of, supervisor.wake, self._trouble)
        sources = Sources(store, acceptor, self.run_blocking, self.is_ours, supervisor.wake)
        timers = Timers(supervisor.wake, sources.beat)
        courier = Current(build_courier(self.config.send))

        def settled() -> None:
            supervisor.wake()
            boards.wake()

        outbox = Outbox(store, courier, now, run_blocking=self.run_blocking, woken=self._outbox_woken, settled=settled)
        await sources.start(self.config)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)
        working = asyncio.create_task(supervisor.run(), name="supervisor")
        sending = asyncio.create_task(outbox.run(self._stop), name="outbox")
        timers.start()
        boards.start(self.config)

        def poked() -> None:
            supervisor.wake()
            self._outbox_woken.set()

        deaf = await wake.listen(self.config.maild.data_dir, poked)
        beating = asyncio.create_task(self._watchdog(), name="watchdog")
        notify("READY=1", "STATUS=running")
        LOG.info("running", desks=len(self.config.desks))
        if ready is not None:
            ready(self)
        try:
            await self._until_stopped(sources, supervisor, courier, boards, [working, sending])
        finally:
            notify("STOPPING=1")
            LOG.info("stopping")
            self._stop.set()
            timers.stop()
            await boards.stop()
            deaf()
            await sources.stop(FINISH_SECONDS)  # commits under way end first
            await supervisor.leave()
            await asyncio.wait([working, sending], timeout=FINISH_SECONDS + 20)
            for task in (working, sending, beating):
                task.cancel()
            await asyncio.gather(working, sending, beating, return_exceptions=True)
            LOG.info("stopped")

    async def _until_stopped(
        self,
        sources: Sources,
        supervisor: Supervisor,
        courier: Current,
        boards: Boards,
        tasks: list[asyncio.Task[None]],
    ) -> None:
        while not self._stop.is_set():
            waits = [asyncio.create_task(self._stop.wait()), asyncio.create_task(self._reload.wait())]
            done, _ = await asyncio.wait([*waits, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
            for task in tasks:
                if task in done and not self._stop.is_set():
                    # no part may end by itself: rather all of it starts anew than half of it sleeps
                    task.result()
                    raise RuntimeError(f"{task.get_name()} ended")
            if self._reload.is_set():
                self._reload.clear()
                await self._read_again(sources, supervisor, courier, boards)

    # -- reload ----------------------------------------------------------------------------------------------------

    async def _read_again(self, sources: Sources, supervisor: Supervisor, courier: Current, boards: Boards) -> None:
        reloading()
        old = self.config
        try:
            new = await asyncio.to_thread(load, self._path)
            await prove(new)
            if (new.maild.database, new.maild.key_file, new.maild.data_dir) != (
                old.maild.database,
                old.maild.key_file,
                old.maild.data_dir,
            ):
                raise UserError("[maild] database, key_file and data_dir change only with a restart")
            # the old parts go on where the new ones cannot start
            if new.receive != old.receive:
                await sources.restart(old, new)
            if new.send != old.send:
                await courier.exchange(build_courier(new.send))
        except MaildError as error:
            faults = len(error.faults) if isinstance(error, ConfigErrors) else 1
            LOG.error("config_kept", reason="new_one_has_faults", faults=faults)
            print(f"maild: the old config stays in force. {error}", flush=True)
            notify("READY=1", f"STATUS=the old config stays in force: {faults} faults in the new one")
            return
        self.config = new
        await supervisor.reload(new)
        if (new.boards, new.desks) != (old.boards, old.desks):
            await boards.restart(new)
        LOG.info("config_reloaded", desks=len(new.desks))
        notify("READY=1", "STATUS=running")

    # -- small things ------------------------------------------------------------------------------------------------

    def is_ours(self, address: str) -> bool:
        """Whether we take mail for this address; nobody else's: no open relay."""
        return self._desk_of(address) is not None

    def _desk_of(self, address: str) -> str | None:
        return desk_of(self.config, address)

    def _trouble(self, words: str) -> None:
        """Words for the operator, who reads the journal; the store's messages hold no personal data."""
        print(f"maild: {words}", flush=True)
        notify(f"STATUS={words[:200]}")

    async def _watchdog(self) -> None:
        seconds = watchdog_seconds()
        while seconds is not None:
            notify("WATCHDOG=1")
            await asyncio.sleep(seconds)


def now() -> datetime:
    """The instant."""
    return datetime.now(UTC)


def hostname() -> str:
    """Our name in HELO and greetings."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else f"{name or 'maild'}.invalid"


def tls_context(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """STARTTLS for our listeners, where a certificate is configured."""
    if cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as error:
        raise UserError(f"receive.smtp: the certificate or key cannot be used: {type(error).__name__}") from error
    return context


def run_daemon(path: Path, config: Config, ready: Callable[[Daemon], None] | None = None) -> None:
    """Run on uvloop where it is installed."""
    factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    with contextlib.suppress(ImportError):
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(Daemon(path, config).run(ready))
