"""The next mails are read while the last ones are decided upon, in a process of its own.

Reading is nearly half of what a mail costs, and it is pure. Under load the worker forks a reader (which shares its
memory with the worker, lists and templates included), hands it the raw mails of the next batch, and decides upon the
one before meanwhile. Nothing hangs on it: a reader that dies, fails or takes too long has read nothing, and the worker
reads those mails itself, as it does where there is little to do or only one processor. So what M9 says of a mail that
crashes, hangs or bloats holds for the worker as before.

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
from typing import Final

from maild import log
from maild.pipeline import Arrived, Pipeline
from maild.store import Envelope, Spooled
from maild.store.instants import instant, micros

LOG = log.get("maild.readahead")
PATIENCE = 20.0  # seconds for one batch; it takes a tenth of one
_SIZE: Final = struct.Struct("!Q")
_PIPE = 1 << 20  # bytes: a batch and its answer fit in, so that neither side wakes for each piece of them
#: What is read of a mail: number, source, instant, bytes, envelope sender and recipients. Plain values cross fast.
Job = tuple[int, str, int, bytes, str | None, tuple[str, ...]]


class ReadAhead:
    """At most one batch is under way."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._reader: int | None = None
        self._requests = self._answers = -1
        self._raws: list[bytes] = []
        self.useful = len(os.sched_getaffinity(0)) > 1

    def start(self, batch: Sequence[Spooled]) -> None:
        """Let these be read."""
        if not self.useful:
            return
        if self._reader is None and not self._fork():
            return
        jobs = [_job(mail) for mail in batch]
        self._raws = [raw for _, _, _, raw, _, _ in jobs]
        try:
            _write(self._requests, pickle.dumps(jobs, protocol=5))
        except OSError:
            self._lost("gone")

    def result(self) -> list[Arrived] | None:
        """What was read in the batch that was started last; None: nothing, read it yourself."""
        raws, self._raws = self._raws, []
        if self._reader is None or not raws:
            return None
        try:
            if not select.select([self._answers], [], [], PATIENCE)[0]:
                self._lost("too_slow")
                return None
            found: list[bytes] | None = pickle.loads(_read(self._answers))
        except (OSError, EOFError, pickle.UnpicklingError):
            self._lost("gone")
            return None
        if found is None:
            return None  # one of them could not be read: the worker finds out which
        return [self._pipeline.was_read(one, raw) for one, raw in zip(found, raws, strict=True)]

    def close(self) -> None:
        """There is little to do: no reader is needed."""
        self._raws = []
        if self._reader is None:
            return
        for descriptor in (self._requests, self._answers):
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
        requests, answers = _pipe(), _pipe()
        try:
            reader = os.fork()
        except OSError:  # no process to be had: one is enough
            self.useful = False
            for descriptor in (*requests, *answers):
                os.close(descriptor)
            return False
        if reader == 0:
            try:
                os.close(requests[1])
                os.close(answers[0])
                _serve(self._pipeline, requests[0], answers[1])
            finally:
                os._exit(0)  # no handler, no destructor of what belongs to the worker
        os.close(requests[0])
        os.close(answers[1])
        self._reader, self._requests, self._answers = reader, requests[1], answers[0]
        return True


def _serve(pipeline: Pipeline, requests: int, answers: int) -> None:
    """The reader's life. The worker's own pipes are let go: their ends tell the supervisor that the worker is gone."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(nothing, descriptor)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    while True:
        jobs: list[Job] = pickle.loads(_read(requests))
        signal.setitimer(signal.ITIMER_REAL, PATIENCE + 5)  # what hangs ends, even where the worker is gone
        try:
            found: list[bytes] | None = [
                pipeline.read_ahead(number, source, instant(at), raw, Envelope(sender, recipients))
                for number, source, at, raw, sender, recipients in jobs
            ]
        except Exception as error:
            LOG.warning("reader_failed", error=error)
            found = None
        _write(answers, pickle.dumps(found, protocol=5))
        signal.setitimer(signal.ITIMER_REAL, 0)


def _job(mail: Spooled) -> Job:
    envelope = mail.envelope
    return mail.id, mail.source, micros(mail.arrived), mail.raw, envelope.sender, envelope.recipients


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
