"""The next mails are read while the last ones are decided upon, in a process of its own.

Reading is more than half of what a mail costs, and it is pure. Under load the worker forks a reader (which shares its
memory with the worker, lists and templates included), hands it the raw mails of the next batch, and decides upon the
one before meanwhile. When it has done so it reads what is left of the batch itself: whose turn the next mail is, both
ask one pipe, so none of them waits for the other for longer than one mail takes. Nothing hangs on it: a reader that
dies, fails or takes too long has read nothing, and the worker reads those mails itself, as it does where there is
little to do or only one processor. So what M9 says of a mail that crashes, hangs or bloats holds for the worker as
before.

The reader never touches the store it has inherited, and ends when the worker closes its pipe or is gone.
"""

from __future__ import annotations

import fcntl
import os
import pickle
import select
import signal
import struct
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from itertools import pairwise
from typing import Final

from maild import log
from maild.pipeline import Arrived, Pipeline
from maild.store import Envelope, Spooled, StoreError
from maild.store.instants import instant, micros

LOG = log.get("maild.readahead")
MOST = 256  # mails of a batch: a turn is one byte
PATIENCE = 20.0  # seconds for one batch; it takes a tenth of one
_SIZE: Final = struct.Struct("!Q")
_PIPE = 1 << 20  # bytes: a batch and its answer fit in, so that neither side wakes for each piece of them
#: What is read of a mail: number, source, instant, bytes, envelope sender and recipients. Plain values cross fast.
Job = tuple[int, str, int, bytes, str | None, tuple[str, ...]]


class ReadAhead:
    """At most one batch is under way, of at most :data:`MOST` mails."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._reader: int | None = None
        self._requests = self._answers = -1
        self._turns = (-1, -1)
        self._jobs: list[Job] = []
        self.useful = len(os.sched_getaffinity(0)) > 1

    def start(self, batch: Sequence[Spooled]) -> None:
        """Let these be read."""
        if not self.useful:
            return
        if self._reader is None and not self._fork():
            return
        try:
            self._jobs = [_job(mail) for mail in batch]
        except StoreError:  # one of them cannot be opened: the worker finds out which
            self._jobs = []
            return
        try:
            os.write(self._turns[1], bytes(range(len(batch))))
            _write(self._requests, pickle.dumps(self._jobs, protocol=5))
        except OSError:
            self._lost("gone")

    def result(self) -> list[Arrived] | None:
        """The batch that was started last as it was read, what was left of it here; None: nothing, read it yourself."""
        jobs, self._jobs = self._jobs, []
        if self._reader is None or not jobs:
            return None
        mine = self._read_the_rest(jobs)
        try:
            if not select.select([self._answers], [], [], PATIENCE)[0]:
                self._lost("too_slow")
                return None
            found: dict[int, bytes] | None = pickle.loads(_read(self._answers))
        except (OSError, EOFError, pickle.UnpicklingError):
            self._lost("gone")
            return None
        if found is None or mine is None or len(found) + len(mine) != len(jobs):
            return None  # one of them could not be read: the worker finds out which
        read = mine | {turn: self._pipeline.was_read(one, jobs[turn][3]) for turn, one in found.items()}
        return [read[turn] for turn in range(len(jobs))]

    def _read_the_rest(self, jobs: Sequence[Job]) -> dict[int, Arrived] | None:
        """The mails whose turn has not come yet. None where one of them cannot be read."""
        mine: dict[int, Arrived] = {}
        while (turn := _turn(self._turns[0])) is not None:
            try:
                mine[turn] = self._pipeline.read_through(*_told(jobs[turn]))
            except Exception as error:
                LOG.warning("reader_failed", error=error)
                while _turn(self._turns[0]) is not None:
                    pass  # the next batch has turns of its own
                return None
        return mine

    def close(self) -> None:
        """There is little to do: no reader is needed."""
        self._jobs = []
        if self._reader is None:
            return
        for descriptor in (self._requests, self._answers, *self._turns):
            os.close(descriptor)
        reader, self._reader = self._reader, None
        with suppress(ProcessLookupError):
            os.kill(reader, signal.SIGKILL)  # it holds nothing that could be lost
        with suppress(ChildProcessError):
            os.waitpid(reader, 0)

    def _lost(self, reason: str) -> None:
        LOG.warning("reader_lost", reason=reason)
        self.close()

    def _fork(self) -> bool:
        requests, answers, turns = _pipe(), _pipe(), os.pipe()
        os.set_blocking(turns[0], False)
        try:
            reader = os.fork()
        except OSError:  # no process to be had: one is enough
            self.useful = False
            for descriptor in (*requests, *answers, *turns):
                os.close(descriptor)
            return False
        if reader == 0:
            try:
                os.close(requests[1])
                os.close(answers[0])
                os.close(turns[1])
                _serve(self._pipeline, requests[0], answers[1], turns[0])
            finally:
                os._exit(0)  # no handler, no destructor of what belongs to the worker
        os.close(requests[0])
        os.close(answers[1])
        self._reader, self._requests, self._answers, self._turns = reader, requests[1], answers[0], turns
        return True


def _serve(pipeline: Pipeline, requests: int, answers: int, turns: int) -> None:
    """The reader's life. The worker's own pipes are let go: their ends tell the supervisor that the worker is gone."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(nothing, descriptor)
    # so are its database's: a server holds the locks of a killed worker for as long as anybody has its connection open
    kept = sorted((2, requests, answers, turns, os.sysconf("SC_OPEN_MAX")))
    for before, after in pairwise(kept):
        os.closerange(before + 1, after)
    for number in (signal.SIGALRM, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    while True:
        jobs: list[Job] = pickle.loads(_read(requests))
        signal.setitimer(signal.ITIMER_REAL, PATIENCE + 5)  # what hangs ends, even where the worker is gone
        try:
            read: dict[int, bytes] = {}
            while (turn := _turn(turns)) is not None:
                read[turn] = pipeline.read_ahead(*_told(jobs[turn]))
            found: dict[int, bytes] | None = read
        except Exception as error:
            LOG.warning("reader_failed", error=error)
            found = None
        _write(answers, pickle.dumps(found, protocol=5))
        signal.setitimer(signal.ITIMER_REAL, 0)


def _job(mail: Spooled) -> Job:
    envelope = mail.envelope
    return mail.id, mail.source, micros(mail.arrived), mail.raw, envelope.sender, envelope.recipients


def _told(job: Job) -> tuple[int, str, datetime, bytes, Envelope]:
    number, source, at, raw, sender, recipients = job
    return number, source, instant(at), raw, Envelope(sender, recipients)


def _turn(descriptor: int) -> int | None:
    """Which mail of the batch is the next to be read, by whoever asks first; None: all were given out."""
    try:
        return os.read(descriptor, 1)[0]
    except BlockingIOError:
        return None


def _pipe() -> tuple[int, int]:
    ends = os.pipe()
    with suppress(OSError):  # it works with what the system allows, too
        fcntl.fcntl(ends[1], fcntl.F_SETPIPE_SZ, _PIPE)
    return ends


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(_SIZE.pack(len(data)) + data)
    while view:
        view = view[os.write(descriptor, view) :]


def _read(descriptor: int) -> bytearray:
    return _exactly(descriptor, _SIZE.unpack(_exactly(descriptor, _SIZE.size))[0])


def _exactly(descriptor: int, size: int) -> bytearray:
    found = bytearray()
    while len(found) < size:
        piece = os.read(descriptor, min(size - len(found), 1 << 20))
        if not piece:
            raise EOFError
        found += piece
    return found
