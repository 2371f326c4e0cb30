"""The next mails are read while the last ones are decided upon.

Reading is more than half of what a mail costs, and it is pure. Under load the worker forks a reader (``maild.reader``)
that reads pieces of a few mails; the worker reads pieces, too, whenever it has nothing to decide. Nothing hangs on the
reader: one that dies, fails or takes too long has read nothing, and the worker reads those mails itself, as it does
where there is little to do or only one processor. So what M9 says of a mail that crashes, hangs or bloats holds for the
worker as before.
"""

from __future__ import annotations

import os
import pickle
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from maild import log
from maild.pipeline import Arrived, Job, Pipeline
from maild.reader import Lost, Reader
from maild.store import Spooled, StoreError

LOG = log.get("maild.readahead")
PIECE = 32  # mails: the fewer, the shorter one waits for the other; the more, the cheaper is each (pipeline.reading)
WORTH = 128  # mails waiting: fewer are sooner read than a process is forked


@dataclass(slots=True)
class _Piece:
    turn: int
    mails: Sequence[Spooled] = field(repr=False)
    jobs: Sequence[Job] | None = field(default=None, repr=False)  # None: not opened yet, or one cannot be
    read: list[Arrived] | None = field(default=None, repr=False)
    done: bool = False  # read, or found to be unreadable


class ReadAhead:
    """Mails in order of their arrival: fed at one end, read by two, handed out in order at the other."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._reader: Reader | None = None
        self._pieces: deque[_Piece] = deque()
        self._turns = count()
        self.useful = len(os.sched_getaffinity(0)) > 1

    @property
    def waiting(self) -> int:
        """How many mails were fed and not yet handed out."""
        return sum(len(piece.mails) for piece in self._pieces)

    @property
    def reads(self) -> bool:
        """Whether there is a reader."""
        return self._reader is not None

    def feed(self, mails: Sequence[Spooled]) -> None:
        """More mails, which arrived after those before."""
        new = [_Piece(next(self._turns), mails[at : at + PIECE]) for at in range(0, len(mails), PIECE)]
        self._pieces += new
        try:
            if self._reader is not None:
                self._offer(self._reader, new)
            elif self.useful and self.waiting > WORTH:
                self._reader = Reader(self._pipeline)
                self._offer(self._reader, [piece for piece in self._pieces if not piece.done])
        except Lost as lost:
            self._lose(str(lost))
        except OSError:  # no process to be had: one is enough
            self.useful = False

    def next(self, most: int) -> tuple[list[Spooled], list[Arrived] | None]:
        """The mails that come next, at most so many, and what was read in them; None: they cannot be read, or one of
        them cannot be, and the caller finds out which."""
        chosen: list[_Piece] = []
        for piece in self._pieces:
            if sum(len(one.mails) for one in (*chosen, piece)) > most and chosen:
                break
            chosen.append(piece)
        self._hear(wait=False)
        while not all(piece.done for piece in chosen):
            self._go_on()
        mails: list[Spooled] = []
        read: list[Arrived] | None = []
        for piece in chosen:
            self._pieces.popleft()
            mails += piece.mails
            read = None if read is None or piece.read is None else read + piece.read
        return mails, read

    def clear(self) -> None:
        """Forget what is under way, and let the reader go: there is little to do, or the store has failed."""
        self._pieces.clear()
        self._dismiss()

    def _offer(self, reader: Reader, pieces: Sequence[_Piece]) -> None:
        for piece in pieces:
            if self._opened(piece):
                assert piece.jobs is not None
                reader.offer(piece.turn, piece.jobs)

    def _opened(self, piece: _Piece) -> bool:
        if piece.jobs is None and not piece.done:
            try:
                piece.jobs = [Job(one.id, one.source, one.arrived, one.raw, one.envelope) for one in piece.mails]
            except StoreError:  # one of them cannot be opened: whoever decides finds out which
                piece.done = True
        return not piece.done

    def _go_on(self) -> None:
        """Read the piece whose turn it is; where none is left, wait for what is read elsewhere."""
        reader = self._reader
        if reader is None:
            self._read(next(piece for piece in self._pieces if not piece.done))
            return
        try:
            turn = reader.turn()
        except Lost as lost:
            self._lose(str(lost))
            return
        if turn is not None:
            self._read(self._piece(turn))
        self._hear(wait=turn is None)

    def _hear(self, *, wait: bool) -> None:
        """What the reader has read since."""
        reader = self._reader
        if reader is None:
            return
        try:
            for turn, found in reader.answers(wait=wait):
                piece = self._piece(turn)
                assert piece.jobs is not None
                piece.read = None if found is None else self._pipeline.were_read(found, piece.jobs)
                piece.done = True
        except Lost as lost:
            self._lose(str(lost))
        except (ValueError, EOFError, pickle.UnpicklingError):
            self._lose("garbled")

    def _piece(self, turn: int) -> _Piece:
        return next(piece for piece in self._pieces if piece.turn == turn)

    def _read(self, piece: _Piece) -> None:
        if not self._opened(piece):
            return
        piece.done = True
        assert piece.jobs is not None
        try:
            piece.read = self._pipeline.read_through(piece.jobs)
        except Exception as error:
            LOG.warning("mails_unread", error=error)

    def _lose(self, reason: str) -> None:
        LOG.warning("reader_lost", reason=reason)
        self._dismiss()

    def _dismiss(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None
