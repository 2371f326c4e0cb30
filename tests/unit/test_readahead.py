"""Mails read ahead in another process are the mails read here; a reader that is lost has read nothing (M9)."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import termios
import time
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from benchmarks import mails
from benchmarks.installation import write_config
from maild import reader as reader_process
from maild.app.assembly import build_world
from maild.config import load
from maild.mail.facts import Facts
from maild.pipeline import Arrived, Job, Pipeline
from maild.readahead import PIECE, WORTH, ReadAhead
from maild.store import Envelope, Spooled, StoreError
from maild.worker import Worker

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")  # of fork: pytest's threads
AT = datetime(2026, 1, 5, tzinfo=UTC)
CORPUS = Path(__file__).resolve().parents[1] / "corpus"


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    config = load(write_config(tmp_path_factory.mktemp("desk"), 8025))
    return Pipeline(build_world(config, eight_bit=False), None)  # type: ignore[arg-type]


@pytest.fixture
def ahead(pipeline: Pipeline) -> Iterator[ReadAhead]:
    it = ReadAhead(pipeline)
    it.useful = True  # on one processor, too
    yield it
    it.clear()


def spooled(number: int, raw: bytes, sender: str) -> Spooled:
    envelope = Envelope(sender, (mails.DESK,))
    return Spooled(number, "smtp", AT, 1, partial(lambda: envelope), partial(lambda: raw))


def some(count: int = WORTH + 40) -> list[Spooled]:
    """More than a reader is forked for."""
    found = [spooled(number, one.raw, one.sender) for number, one in enumerate(mails.load(count - 14, ()), 1)]
    bounces = sorted((CORPUS / "dsn").rglob("*.eml"))[:10]
    found += [spooled(1000 + number, path.read_bytes(), "") for number, path in enumerate(bounces)]
    broken = (b"", b"\x00" * 3000, b"From: \xff@\r\n\r\n\xed\xa0\x80", "Subject: 死にたい\r\n\r\nた す けて".encode())
    return found + [spooled(2000 + number, raw, "x@y.example") for number, raw in enumerate(broken)]


def all_of(ahead: ReadAhead, most: int = 128) -> tuple[list[Spooled], list[Arrived]]:
    """Everything that was fed, as it is handed out. What could not be read is missing in the second."""
    taken: list[Spooled] = []
    read: list[Arrived] = []
    while ahead.waiting:
        some_mails, found = ahead.next(most)
        assert 0 < len(some_mails) <= most
        taken += some_mails
        read += found or []
    return taken, read


def held(pipeline: Pipeline, gate: Path, monkeypatch: pytest.MonkeyPatch, pieces: int) -> list[int]:
    """The reader reads its first piece only when so many were read here; the numbers of the mails read here."""
    os.mkfifo(gate)
    there, here = pipeline.read_ahead, pipeline.read_through
    read: list[int] = []
    me = os.getpid()

    def waits(jobs: Sequence[Job]) -> bytes:
        if gate.exists():
            gate.read_bytes()
            gate.unlink()
        return there(jobs)

    def counts(jobs: Sequence[Job]) -> list[Arrived]:
        if os.getpid() == me:
            read.extend(job.number for job in jobs)
            if len(read) == pieces * PIECE:
                gate.write_bytes(b"")
        return here(jobs)

    monkeypatch.setattr(pipeline, "read_ahead", waits)
    monkeypatch.setattr(pipeline, "read_through", counts)
    return read


def test_what_is_read_ahead_is_what_is_read_here(
    pipeline: Pipeline, ahead: ReadAhead, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = some()
    expected = [pipeline.parse(mail) for mail in asked]
    readings = [one.reading if one.facts.kind not in ("bounce", "unreadable") else None for one in expected]
    me, there = os.getpid(), pipeline.read_through

    def nothing_here(jobs: Sequence[Job]) -> list[Arrived]:
        return [] if os.getpid() == me else there(jobs)

    monkeypatch.setattr(pipeline, "read_through", nothing_here)
    monkeypatch.setattr("maild.reader.Reader.turn", lambda _: None)  # the reader reads all
    for _ in range(2):  # one reader, twice
        ahead.feed(asked)
        taken, found = all_of(ahead)
        assert taken == asked and len(found) == len(asked)
        for mail, one, here, reading in zip(asked, found, expected, readings, strict=True):
            assert (one.facts, one.sender, one.raw, one.here, one.token) == (
                here.facts, here.sender, mail.raw, here.here, here.token,
            )  # fmt: skip
            assert one.ahead == reading
    assert any(reading.hits for reading in readings if reading)


def test_two_read_and_the_order_stays(
    pipeline: Pipeline, ahead: ReadAhead, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """While the reader is at the first piece, all others are read here; they are handed out in order."""
    asked = some()
    pieces = -(-len(asked) // PIECE)
    read = held(pipeline, tmp_path / "gate", monkeypatch, pieces - 2)
    monkeypatch.setattr("maild.reader.Reader.turn", _behind_the_reader(ahead, pieces))
    ahead.feed(asked)
    taken, found = all_of(ahead, most=len(asked))
    assert taken == asked and [one.spool for one in found] == [mail.id for mail in asked]
    assert len(read) >= (pieces - 2) * PIECE and not {mail.id for mail in asked[:PIECE]} & set(read)


def _behind_the_reader(ahead: ReadAhead, pieces: int) -> object:
    """``Reader.turn`` that waits until the reader has taken the first."""
    turn = reader_process.Reader.turn
    limit = time.monotonic() + 30

    def after(self: reader_process.Reader) -> int | None:
        while self is ahead._reader and waiting(self._turns[0]) == pieces * 8:
            assert time.monotonic() < limit, "the reader takes nothing"
        return turn(self)

    return after


def waiting(descriptor: int) -> int:
    """Bytes that wait in a pipe."""
    size = array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, size)
    return size[0]


def test_mail_that_comes_meanwhile_follows(ahead: ReadAhead) -> None:
    asked = some(3 * WORTH)
    ahead.feed(asked[:200])
    found = []
    for more in (asked[200:230], asked[230:231], asked[231:]):
        _, read = ahead.next(50)
        assert read is not None
        found += [one.spool for one in read]
        ahead.feed(more)
    found += [one.spool for one in all_of(ahead, 50)[1]]
    assert found == [mail.id for mail in asked]


def test_a_batch_is_what_was_asked_for_at_most(ahead: ReadAhead) -> None:
    asked = some(2 * PIECE + 15)[: 2 * PIECE + 1]
    ahead.feed(asked)
    assert [len(ahead.next(PIECE + 4)[0]) for _ in range(2)] == [PIECE, PIECE + 1] and not ahead.waiting
    ahead.feed(asked)
    assert [len(ahead.next(3)[0]) for _ in range(3)] == [PIECE, PIECE, 1]  # a piece at least


@pytest.mark.parametrize("alone", [True, False])
def test_large_mails_do_not_stop_either(ahead: ReadAhead, monkeypatch: pytest.MonkeyPatch, alone: bool) -> None:
    """More than the pipes hold, both ways at once; also where the reader reads all of it ``alone``."""
    if alone:
        monkeypatch.setattr("maild.reader.Reader.turn", lambda _: None)
    raw = mails.load(1, ())[0].raw + b"abcdefghi\r\n" * 3_000
    asked = [spooled(number, raw + b"%d\r\n" % number, "k@phone.example") for number in range(1, WORTH + 20)]
    ahead.feed(asked)
    taken, found = all_of(ahead)
    assert taken == asked and [one.spool for one in found] == [mail.id for mail in asked]


def test_the_reader_has_no_other_connection(pipeline: Pipeline, ahead: ReadAhead) -> None:
    """A server holds what a killed worker has locked for as long as anybody has its connection open."""
    one, other = socket.socketpair()
    with one, other:
        ahead.feed(some())
        ahead.next(WORTH)
        assert ahead._reader is not None
        folder = Path(f"/proc/{ahead._reader.process}/fd")
        links = {os.readlink(link) for link in folder.iterdir() if link.name != "2"}  # the log
        assert not any(link.startswith("socket:") for link in links)
        assert sum(link.startswith("pipe:") for link in links) == 3  # requests, answers, turns


def test_a_mail_crosses_with_every_field(pipeline: Pipeline) -> None:
    """Mails of every kind, as they are read here and as they come back from the other process."""
    kinds = set()
    found = [one.read_bytes() for one in sorted(CORPUS.rglob("*.eml"))[::3]] + [one.raw for one in some(40)]
    jobs = [Job(at, "smtp", AT, raw, Envelope("k@phone.example", (mails.DESK,))) for at, raw in enumerate(found)]
    crossed = pipeline.were_read(pipeline.read_ahead(jobs), jobs)
    for job, one in zip(jobs, crossed, strict=True):
        mail = pipeline.read(job)
        reading = None if mail.facts.kind in ("bounce", "unreadable") else mail.reading
        assert one.ahead == reading and replace(one, ahead=None) == replace(mail, ahead=None)
        for kind in (Arrived, Facts):  # equal, and nothing missing that is only looked at later
            value = one if kind is Arrived else one.facts
            assert vars(value).keys() == {field.name for field in fields(kind)}
        kinds |= {mail.facts.kind, bool(mail.facts.attachments), bool(mail.facts.authentication)}
    assert kinds >= {"mail", "automatic", "bounce", True, False}


def test_what_was_read_is_never_another_mails(pipeline: Pipeline) -> None:
    jobs = [
        Job(at, "smtp", AT, one.raw, Envelope(one.sender, (mails.DESK,))) for at, one in enumerate(mails.load(3, ()))
    ]
    found = pipeline.read_ahead(jobs)
    for others in ([jobs[0], jobs[2], jobs[1]], jobs[:2]):
        with pytest.raises(ValueError):
            pipeline.were_read(found, others)


def test_a_few_mails_are_read_here(ahead: ReadAhead) -> None:
    ahead.feed(some()[:WORTH])
    taken, read = all_of(ahead)
    assert len(taken) == len(read) == WORTH and ahead._reader is None


def test_a_reader_that_was_killed_is_replaced(ahead: ReadAhead) -> None:
    asked = some()
    for _ in range(3):
        ahead.feed(asked)
        reader = ahead._reader
        assert reader is not None
        os.kill(reader.process, signal.SIGKILL)
        _, read = all_of(ahead)
        assert [one.spool for one in read] == [mail.id for mail in asked] and ahead._reader is None


def test_a_reader_that_hangs_is_given_up(
    pipeline: Pipeline, ahead: ReadAhead, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reader_process, "PATIENCE", 0.1)
    monkeypatch.setattr(pipeline, "read_ahead", lambda _: signal.pause())
    monkeypatch.setattr("maild.reader.Reader.turn", lambda _: None)  # all is left to it
    asked = some()
    ahead.feed(asked)
    assert ahead._reader is not None
    process = ahead._reader.process
    _, read = all_of(ahead)
    assert [one.spool for one in read] == [mail.id for mail in asked] and ahead._reader is None
    assert [vars(record)["maild_fields"] for record in caplog.records] == [{"reason": "too_slow"}]
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_a_mail_that_cannot_be_read_is_left_to_the_worker(
    pipeline: Pipeline, ahead: ReadAhead, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it is met: the batch that holds it is handed out unread, the others read."""
    asked = some()
    bad = asked[20].id
    there = pipeline.read

    def fails(job: Job) -> Arrived:
        if job.number == bad:
            raise MemoryError
        return there(job)

    monkeypatch.setattr(pipeline, "read", fails)
    _is_left_with_its_batch(ahead, asked)


def test_a_mail_that_cannot_be_opened_is_left_to_the_worker(ahead: ReadAhead) -> None:
    def broken() -> bytes:
        raise StoreError("damaged")

    asked = some()
    asked[20] = Spooled(21, "smtp", AT, 1, asked[20]._envelope, broken)
    _is_left_with_its_batch(ahead, asked)


def _is_left_with_its_batch(ahead: ReadAhead, asked: list[Spooled]) -> None:
    """The batch of the 21st is handed out unread, by a reader and without one; the others are read."""
    for useful in (True, False):
        ahead.useful = useful
        ahead.feed(asked)
        taken, read = all_of(ahead, PIECE)
        assert taken == asked and [one.spool for one in read] == [mail.id for mail in asked[PIECE:]]
        ahead.clear()


def test_a_machine_with_one_processor_reads_by_itself(ahead: ReadAhead) -> None:
    ahead.useful = False
    asked = some()
    ahead.feed(asked)
    assert [one.spool for one in all_of(ahead)[1]] == [mail.id for mail in asked] and ahead._reader is None


@pytest.mark.parametrize("woken", [True, False])
def test_a_reader_is_kept_for_a_while_after_a_rush(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, woken: bool
) -> None:
    """Mail comes in waves; when none comes, its memory is given back."""
    wakes, wake = os.pipe()
    worker = Worker(None, pipeline, wakes, lambda _: None)  # type: ignore[arg-type]
    worker._ahead.useful = True
    try:
        worker._ahead.feed(some())
        all_of(worker._ahead)
        worker._rushed = time.monotonic()
        monkeypatch.setattr("maild.worker.KEPT", 30.0 if woken else 0.01)
        if woken:
            os.write(wake, b"w\n")
        worker._wait(60.0 if woken else 0.02)
        assert worker._ahead.reads == woken
    finally:
        worker._ahead.clear()
        os.close(wakes)
        os.close(wake)


def test_what_is_cleared_is_forgotten(ahead: ReadAhead) -> None:
    ahead.feed(some())
    ahead.clear()
    assert ahead.waiting == 0 and ahead._reader is None
