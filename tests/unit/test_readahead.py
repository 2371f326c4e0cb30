"""Mails read ahead in another process are the mails read here; a reader that is lost has read nothing (M9)."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import socket
import termios
from array import array
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks import mails
from benchmarks.installation import write_config
from maild import readahead
from maild.app.assembly import build_world
from maild.config import load
from maild.mail.facts import Facts
from maild.pipeline import Arrived, Pipeline
from maild.readahead import ReadAhead
from maild.store import Envelope, Spooled

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
    it.close()


def spooled(number: int, raw: bytes, sender: str) -> Spooled:
    envelope = Envelope(sender, (mails.DESK,))
    return Spooled(number, "smtp", AT, 1, partial(lambda: envelope), partial(lambda: raw))


def batch() -> list[Spooled]:
    found = [spooled(number, one.raw, one.sender) for number, one in enumerate(mails.load(40, ()), 1)]
    bounces = sorted((CORPUS / "dsn").rglob("*.eml"))[:10]
    found += [spooled(100 + number, path.read_bytes(), "") for number, path in enumerate(bounces)]
    broken = (b"", b"\x00" * 3000, b"From: \xff@\r\n\r\n\xed\xa0\x80", "Subject: 死にたい\r\n\r\nた す けて".encode())
    return found + [spooled(200 + number, raw, "x@y.example") for number, raw in enumerate(broken)]


def test_what_is_read_ahead_is_what_is_read_here(pipeline: Pipeline, ahead: ReadAhead) -> None:
    asked = batch()
    for _ in range(2):  # one reader, several batches
        ahead.start(asked)
        found = ahead.result()
        assert found is not None and len(found) == len(asked)
        for mail, one in zip(asked, found, strict=True):
            here = pipeline.parse(mail)
            assert (one.facts, one.sender, one.raw, one.here, one.token) == (
                here.facts, here.sender, mail.raw, here.here, here.token,
            )  # fmt: skip
            if one.ahead is not None:
                assert one.reading == here.reading
    assert any(one.reading.hits for one in found if one.ahead)


def test_what_the_reader_has_not_come_to_is_read_here(
    pipeline: Pipeline, ahead: ReadAhead, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = batch()
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    there, here = pipeline.read_ahead, pipeline.read_through
    read: list[int] = []
    me = os.getpid()

    def waits(*job: Any) -> bytes:
        gate.read_bytes()  # until the others were read here
        return there(*job)

    def counts(*job: Any) -> Arrived:
        if os.getpid() == me and len(read) == len(asked) - 2:
            gate.write_bytes(b"")
        read.append(job[0])
        return here(*job)

    monkeypatch.setattr(pipeline, "read_ahead", waits)
    monkeypatch.setattr(pipeline, "read_through", counts)
    ahead.start(asked)
    while select.select([ahead._turns[0]], [], [], 10)[0] and waiting(ahead._turns[0]) == len(asked):
        pass  # the reader has taken none yet
    found = ahead.result()
    assert found is not None and [one.spool for one in found] == [mail.id for mail in asked]
    assert read == [mail.id for mail in asked][1:]


def test_the_reader_has_no_other_connection(pipeline: Pipeline, ahead: ReadAhead) -> None:
    """A server holds what a killed worker has locked for as long as anybody has its connection open."""
    one, other = socket.socketpair()
    with one, other:
        ahead.start(batch())
        assert ahead.result()  # so it lives
        reader = ahead._reader
        links = {os.readlink(link) for link in Path(f"/proc/{reader}/fd").iterdir() if link.name != "2"}  # the log
        assert not any(link.startswith("socket:") for link in links)
        assert sum(link.startswith("pipe:") for link in links) == 3  # requests, answers, turns


def waiting(descriptor: int) -> int:
    """Bytes that wait in a pipe."""
    size = array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, size)
    return size[0]


def test_a_mail_crosses_with_every_field(pipeline: Pipeline) -> None:
    """Mails of every kind, as they are read here and as they come back from the other process."""
    kinds = set()
    found = [one.read_bytes() for one in sorted(CORPUS.rglob("*.eml"))[::3]] + [one.raw for one in batch()]
    for raw in found:
        mail = pipeline.read(7, "smtp", AT, raw, Envelope("k@phone.example", (mails.DESK,)))
        reading = None if mail.facts.kind in ("bounce", "unreadable") else mail.reading
        crossed = pipeline.was_read(
            pipeline.read_ahead(7, "smtp", AT, raw, Envelope("k@phone.example", (mails.DESK,))), raw
        )
        assert crossed.ahead == reading and replace(crossed, ahead=None) == replace(mail, ahead=None)
        for kind in (Arrived, Facts):  # equal, and nothing missing that is only looked at later
            value = crossed if kind is Arrived else crossed.facts
            assert vars(value).keys() == {one.name for one in fields(kind)}
        kinds |= {mail.facts.kind, bool(mail.facts.attachments), bool(mail.facts.authentication)}
    assert kinds >= {"mail", "automatic", "bounce", True, False}


def test_nothing_was_started_and_nothing_is_found(ahead: ReadAhead) -> None:
    assert ahead.result() is None
    ahead.start(batch())
    assert ahead.result() and ahead.result() is None


def test_a_reader_that_was_killed_is_replaced(ahead: ReadAhead) -> None:
    few = batch()[:4]  # as much as a pipe holds: a reader that is stopped need not take it
    for _ in range(2):
        ahead.start(few)
        assert ahead.result()
        reader = ahead._reader
        assert reader is not None
        os.kill(reader, signal.SIGSTOP)  # so that it has answered nothing when it is killed
        ahead.start(few)
        os.kill(reader, signal.SIGKILL)
        assert ahead.result() is None and ahead._reader is None
    ahead.start(few)
    assert ahead.result()


def test_a_reader_that_hangs_is_given_up(pipeline: Pipeline, ahead: ReadAhead, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readahead, "PATIENCE", 0.1)
    monkeypatch.setattr(pipeline, "read_ahead", lambda *_: signal.pause())
    ahead.start(batch())
    reader = ahead._reader
    assert reader is not None and ahead.result() is None and ahead._reader is None
    with pytest.raises(ProcessLookupError):
        os.kill(reader, 0)


def test_a_mail_that_cannot_be_read_is_left_to_the_worker(
    pipeline: Pipeline, ahead: ReadAhead, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr(pipeline, "read_ahead", fails)
    ahead.start(batch())
    assert ahead.result() is None


def test_a_machine_with_one_processor_reads_by_itself(ahead: ReadAhead) -> None:
    ahead.useful = False
    ahead.start(batch())
    assert ahead.result() is None and ahead._reader is None
