"""The process that reads mails ahead of the worker: a fork of it, and the pipes between the two.

It shares its memory with the worker, lists and templates included, and never touches the store it has inherited. It
ends when the worker closes its pipes or is gone.

Whose turn the next piece of work is, both ask one pipe, so neither waits for the other while there is work. What is
sent goes without waiting: who decides must not stand in line behind who reads.
"""

from __future__ import annotations

import fcntl
import os
import pickle
import select
import signal
import struct
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Final

from maild import log
from maild.pipeline import Job, Pipeline
from maild.store import Envelope
from maild.store.instants import instant, micros

LOG = log.get("maild.reader")
PATIENCE = 20.0  # seconds for one piece; it takes a hundredth of one
_TURN: Final = struct.Struct("!Q")  # none ever comes again; read and written whole, for a page of a pipe holds 512
_HEAD: Final = struct.Struct("!QQ")  # the turn, and how many bytes follow
_PIPE = 1 << 20  # bytes: what is under way fits in, so that neither side wakes for each piece of it
_AT_ONCE = 1 << 20  # bytes of one read


class Lost(Exception):
    """The reader is gone, or takes too long."""


class Reader:
    """The worker's end. Raises OSError where there is no process to be had, :class:`Lost` later."""

    def __init__(self, pipeline: Pipeline) -> None:
        requests, answers, turns = _pipe(), _pipe(), os.pipe()
        os.set_blocking(turns[0], False)
        try:
            self.process = os.fork()
        except OSError:
            for descriptor in (*requests, *answers, *turns):
                os.close(descriptor)
            raise
        if self.process == 0:
            try:
                os.close(requests[1])
                os.close(answers[0])
                os.close(turns[1])
                _serve(pipeline, requests[0], answers[1], turns[0])
            finally:
                os._exit(0)  # no handler, no destructor of what belongs to the worker
        os.close(requests[0])
        os.close(answers[1])
        os.set_blocking(requests[1], False)
        os.set_blocking(answers[0], False)
        self._requests, self._answers, self._turns = requests[1], answers[0], turns
        self._unsent: deque[memoryview] = deque()
        self._heard = bytearray()

    def offer(self, turn: int, jobs: Sequence[Job]) -> None:
        """Work for whoever asks first."""
        data = pickle.dumps([_plain(job) for job in jobs], protocol=5)
        self._unsent.append(memoryview(_HEAD.pack(turn, len(data)) + data))
        self._send()
        os.write(self._turns[1], _TURN.pack(turn))

    def turn(self) -> int | None:
        """The next piece of work is the worker's; None: all were given out."""
        self._send()
        return _turn(self._turns[0])

    def answers(self, *, wait: bool) -> list[tuple[int, bytes | None]]:
        """What was read since: its turn, and what was found, None where it cannot be read. ``wait``: one at least."""
        found = self._whole()
        while not found:
            ready, writable, _ = select.select(
                [self._answers], [self._requests] if self._unsent else [], [], PATIENCE if wait else 0
            )
            if writable:
                self._send()
            if ready:
                self._hear()
                found = self._whole()
            elif not wait:
                break
            elif not writable:
                raise Lost("too_slow")
        return found

    def close(self) -> None:
        """It holds nothing that could be lost."""
        for descriptor in (self._requests, self._answers, *self._turns):
            os.close(descriptor)
        with suppress(ProcessLookupError):
            os.kill(self.process, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self.process, 0)

    def _send(self) -> None:
        try:
            while self._unsent:
                rest = self._unsent[0]
                rest = rest[os.write(self._requests, rest) :]
                if rest:
                    self._unsent[0] = rest
                else:
                    self._unsent.popleft()
        except BlockingIOError:
            pass  # the reader has enough for now
        except OSError:
            raise Lost("gone") from None

    def _hear(self) -> None:
        try:
            while True:
                piece = os.read(self._answers, _AT_ONCE)
                if not piece:
                    raise Lost("gone")
                self._heard += piece
        except BlockingIOError:
            pass
        except OSError:
            raise Lost("gone") from None

    def _whole(self) -> list[tuple[int, bytes | None]]:
        found: list[tuple[int, bytes | None]] = []
        at = 0
        while len(self._heard) >= at + _HEAD.size:
            turn, size = _HEAD.unpack_from(self._heard, at)
            start = at + _HEAD.size
            if len(self._heard) < start + size:
                break
            at = start + size
            found.append((turn, bytes(self._heard[start:at]) if size else None))
        del self._heard[:at]
        return found


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
        select.select([turns], [], [])
        try:
            turn = _turn(turns)
        except EOFError:
            return
        if turn is None:
            continue  # the worker was quicker
        offered = None
        while offered != turn:  # what is passed over, the worker has taken itself
            offered, size = _HEAD.unpack(_exactly(requests, _HEAD.size))
            data = _exactly(requests, size)
        signal.setitimer(signal.ITIMER_REAL, PATIENCE + 5)  # what hangs ends, even where the worker is gone
        try:
            found = pipeline.read_ahead([_job(one) for one in pickle.loads(data)])
        except Exception as error:
            LOG.warning("reader_failed", error=error)
            found = b""
        signal.setitimer(signal.ITIMER_REAL, 0)
        view = memoryview(_HEAD.pack(turn, len(found)) + found)
        while view:
            view = view[os.write(answers, view) :]


#: A job as plain values, which cross fast.
Plain = tuple[int, str, int, bytes, str | None, tuple[str, ...]]


def _plain(job: Job) -> Plain:
    return job.number, job.source, micros(job.at), job.raw, job.envelope.sender, job.envelope.recipients


def _job(plain: Plain) -> Job:
    number, source, at, raw, sender, recipients = plain
    return Job(number, source, instant(at), raw, Envelope(sender, recipients))


def _turn(descriptor: int) -> int | None:
    """Which piece is the next to be read, by whoever asks first; None: all were given out, for now."""
    try:
        found = os.read(descriptor, _TURN.size)
    except BlockingIOError:
        return None
    if len(found) < _TURN.size:
        raise EOFError
    return int(_TURN.unpack(found)[0])


def _pipe() -> tuple[int, int]:
    ends = os.pipe()
    with suppress(OSError):  # it works with what the system allows, too
        fcntl.fcntl(ends[1], fcntl.F_SETPIPE_SZ, _PIPE)
    return ends


def _exactly(descriptor: int, size: int) -> bytearray:
    found = bytearray()
    while len(found) < size:
        piece = os.read(descriptor, min(size - len(found), _AT_ONCE))
        if not piece:
            raise EOFError
        found += piece
    return found
