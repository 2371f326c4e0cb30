"""A mail that was read, on its way from the process that read it to the one that decides.

It goes as plain values: pickle spends more on a dataclass, its class looked up by name each time, than on all the text
that stands in one. What both sides have already, the raw mail and the desk, does not go along.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from dataclasses import fields
from operator import attrgetter
from typing import Any

from maild.mail.facts import Authentication, Facts
from maild.pipeline.incoming import Arrived
from maild.pipeline.reading import Reading
from maild.pipeline.world import DeskWorld

_LEFT_OUT = ("raw", "here", "facts", "ahead")
_MAIL = tuple(one.name for one in fields(Arrived) if one.name not in _LEFT_OUT)
_FACTS = tuple(one.name for one in fields(Facts) if one.name != "authentication")
_READING = tuple(one.name for one in fields(Reading))
_mail_of, _facts_of, _reading_of = attrgetter(*_MAIL), attrgetter(*_FACTS), attrgetter(*_READING)


class _Bare:
    """Pickled in place of a mail; what comes out is the mail without its bytes and its desk."""

    __slots__ = ("_mail", "_reading")

    def __init__(self, mail: Arrived, reading: Reading | None) -> None:
        self._mail = mail
        self._reading = reading

    def __reduce__(self) -> tuple[Any, ...]:
        mail, reading = self._mail, self._reading
        facts = mail.facts
        results = tuple([(one.authserv_id, one.results) for one in facts.authentication])
        words = _reading_of(reading) if reading is not None else None
        return _restored, (_mail_of(mail), _facts_of(facts), results, words)


def _made(kind: type[Any], names: Iterable[str], values: Iterable[Any]) -> Any:
    """A frozen value whose fields are all given, without the detour by its ``__init__``."""
    new = object.__new__(kind)
    new.__dict__.update(zip(names, values, strict=True))
    return new


def _restored(
    values: tuple[Any, ...], found: tuple[Any, ...], results: tuple[Any, ...], words: tuple[Any, ...] | None
) -> Arrived:
    facts = _made(Facts, _FACTS, found)
    facts.__dict__["authentication"] = tuple([Authentication(*one) for one in results])
    mail: Arrived = _made(Arrived, _MAIL, values)
    reading = _made(Reading, _READING, words) if words is not None else None
    mail.__dict__.update(raw=b"", here=None, facts=facts, ahead=reading)
    return mail


def pack(mail: Arrived, reading: Reading | None, desk: int) -> bytes:
    """A mail, what was read in its words, and which desk it is for."""
    return pickle.dumps((desk, _Bare(mail, reading)), protocol=5)


def unpack(data: bytes, raw: bytes, desks: tuple[DeskWorld, ...]) -> Arrived:
    """The mail put together again."""
    desk, mail = pickle.loads(data)
    mail.__dict__.update(raw=raw, here=desks[desk])  # nobody else has seen it yet
    return mail  # type: ignore[no-any-return]
