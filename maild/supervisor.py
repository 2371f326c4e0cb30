"""Keeps one worker process alive: wakes it, watches it, kills it when it hangs, starts it again (M9)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import sys
from collections.abc import Callable

from maild import log
from maild.config import Config

LOG = log.get("maild.supervisor")
HANG_SECONDS = float(os.environ.get("MAILD_HANG_SECONDS", "60"))  # one batch takes milliseconds
START_SECONDS = 120.0  # until a worker is first heard: it reads its lists and templates, on a busy machine slowly
LEAVE_SECONDS = 20.0
RESTART_PAUSES = (0.0, 0.2, 0.5, 2.0, 10.0)  # seconds before the nth start in a row that did no work


class Supervisor:
    """Runs ``maild.app.work``. ``outbox`` is called when there is mail to send, ``trouble`` with what is wrong."""

    def __init__(self, config: Config, outbox: Callable[[], None], trouble: Callable[[str], None]) -> None:
        self._config = config
        self._outbox = outbox
        self._trouble = trouble
        self._process: asyncio.subprocess.Process | None = None
        self._leaving = False
        self._busy = False
        self._heard = 0.0
        self._asked = False  # a wake-up that nothing was heard after
        self._started = False  # this worker was heard
        self._fruitless = 0
        self.restarts = 0
        self.fatal: str | None = None

    @property
    def pid(self) -> int | None:
        """The worker's process number while it lives."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    def wake(self) -> None:
        """There is something to do: mail in the spool, an outcome, a deadline, a source that was read."""
        process = self._process
        if process is None or process.stdin is None or process.returncode is not None:
            return
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, RuntimeError):
            if process.stdin.transport.get_write_buffer_size() == 0:
                process.stdin.write(b"w\n")
            if self._started and not self._asked and not self._busy:
                self._asked, self._heard = True, asyncio.get_running_loop().time()

    async def run(self) -> None:
        """Until ``leave``: one worker after another."""
        while not self._leaving:
            await self._live()
            if self._over():
                break
            self.restarts += 1
            pause = RESTART_PAUSES[min(self._fruitless, len(RESTART_PAUSES) - 1)]
            LOG.warning("worker_restarts", pause=pause, restarts=self.restarts)
            await asyncio.sleep(pause)

    def _over(self) -> bool:
        return self._leaving  # set by ``leave`` while a worker lived

    async def leave(self) -> None:
        """Let the worker finish what it has in hand, and end; a hanging one is killed (its work is played again)."""
        self._leaving = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), LEAVE_SECONDS)
        except TimeoutError:
            LOG.error("worker_killed", reason="would_not_leave")
            process.kill()
            await process.wait()

    async def reload(self, config: Config) -> None:
        """Go on with another config: the worker leaves, the next one starts with it."""
        self._config = config
        self.fatal = None
        process = self._process
        if process is not None and process.returncode is None and process.stdin is not None:
            process.stdin.close()

    async def _live(self) -> None:
        self._busy = self._asked = self._started = False
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "maild.app.work",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C at a terminal is ours to handle: the worker finishes first
        )
        self._process = process
        assert process.stdin is not None and process.stdout is not None
        frozen = pickle.dumps(self._config)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(len(frozen).to_bytes(8, "big") + frozen)
            await process.stdin.drain()
        if self._leaving:
            process.stdin.close()
        loop = asyncio.get_running_loop()
        self._heard = loop.time()
        watch = asyncio.create_task(self._watch(process))
        try:
            async for line in process.stdout:
                self._heard = loop.time()
                self._hear(line.decode("utf-8", "replace").strip())
            code = await process.wait()
        finally:
            watch.cancel()
        self._fruitless = 0 if code == 0 else self._fruitless + 1
        if code != 0 and not self._leaving:
            LOG.error("worker_died", code=code)

    def _hear(self, line: str) -> None:
        self._asked, self._started = False, True
        word, _, rest = line.partition(" ")
        if word == "busy":
            self._busy = True
        elif word == "idle":
            self._busy, self._fruitless, self.fatal = False, 0, None
        elif word == "outbox":
            self._fruitless = 0
            self._outbox()
        elif word == "trouble":
            self._busy = False
            self._trouble(rest)
        elif word == "fatal":
            self.fatal = rest
            self._trouble(rest)

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """Kill a worker that has been busy with one batch for too long, or does not answer a wake-up."""
        loop = asyncio.get_running_loop()
        while process.returncode is None:
            await asyncio.sleep(min(1.0, HANG_SECONDS / 4))
            patience = HANG_SECONDS if self._started else max(HANG_SECONDS, START_SECONDS)
            if (self._busy or self._asked or not self._started) and loop.time() - self._heard > patience:
                LOG.error("worker_killed", reason="hung")
                process.kill()
                return
