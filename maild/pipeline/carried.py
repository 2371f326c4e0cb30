"""Mails that were read, on their way from the process that read them to the one that decides.

They go as plain values, many at once: pickle spends more on a dataclass, its class looked up by name each time, than on
all the text that stands in one. What both sides have already, a mail's bytes and where they came from, does not go
along.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from maild.mail.facts import Authentication, Facts
from maild.pipeline.incoming import Arrived
from maild.pipeline.reading import Reading
from maild.pipeline.world import DeskWorld
from maild.store import Envelope


@dataclass(frozen=True, slots=True)
class Job:
    """A mail that is to be read, taken out of its row."""

    number: int
    source: str
    at: datetime
    raw: bytes
    envelope: Envelope


_KNOWN = ("source", "at", "raw")  # of the job
_MAIL = tuple(one.name for one in fields(Arrived) if one.name not in (*_KNOWN, "here", "facts", "ahead"))
_NUMBER = _MAIL.index("spool")
_FACTS = tuple(one.name for one in fields(Facts) if one.name != "authentication")
_READING = tuple(one.name for one in fields(Reading))
_mail_of, _facts_of, _reading_of = attrgetter(*_MAIL), attrgetter(*_FACTS), attrgetter(*_READING)


def pack(mails: Sequence[Arrived], desks: tuple[DeskWorld, ...]) -> bytes:
    """Mails, what was read in their words, and which desks they are for."""
    return pickle.dumps([_plain(mail, desks) for mail in mails], protocol=5)


def _plain(mail: Arrived, desks: tuple[DeskWorld, ...]) -> tuple[Any, ...]:
    facts = mail.facts
    results = [(one.authserv_id, one.results) for one in facts.authentication]
    words = _reading_of(mail.ahead) if mail.ahead is not None else None
    return desks.index(mail.here), _mail_of(mail), _facts_of(facts), results, words


def unpack(data: bytes | bytearray, jobs: Sequence[Job], desks: tuple[DeskWorld, ...]) -> list[Arrived]:
    """The mails put together again. ValueError where they are not those of the jobs."""
    return [_whole(found, job, desks) for found, job in zip(pickle.loads(data), jobs, strict=True)]


def _whole(found: tuple[Any, ...], job: Job, desks: tuple[DeskWorld, ...]) -> Arrived:
    desk, values, told, results, words = found
    if values[_NUMBER] != job.number:
        raise ValueError("another mail")
    facts: Facts = _made(Facts, _FACTS, told)
    facts.__dict__["authentication"] = tuple([Authentication(*one) for one in results])
    mail: Arrived = _made(Arrived, _MAIL, values)
    reading = _made(Reading, _READING, words) if words is not None else None
    mail.__dict__.update(source=job.source, at=job.at, raw=job.raw, here=desks[desk], facts=facts, ahead=reading)
    return mail


def _made(kind: type[Any], names: Iterable[str], values: Iterable[Any]) -> Any:
    """A frozen value whose fields are all given, without the detour by its ``__init__``; nobody else has seen it."""
    new = object.__new__(kind)
    new.__dict__.update(zip(names, values, strict=True))
    return new
