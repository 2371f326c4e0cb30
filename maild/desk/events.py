"""What can happen to a case: the events decisions are made on. Instants are aware and in UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import msgspec


class ClientMail(msgspec.Struct, frozen=True):
    """A mail of the client, screened and threaded."""

    at: datetime  # arrival instant (C7)
    entry: int  # the row it is recorded under
    message_id: str | None = None
    references: tuple[str, ...] = ()
    subject: str = ""
    sender: str = ""
    name: str | None = None
    found: Mapping[str, str] = msgspec.field(default_factory=dict)  # items of I1
    crisis: tuple[str, ...] = ()  # phrases hit (K1)
    attachments: int = 0
    companions: tuple[str, ...] = ()  # I2
    thanks: bool = False  # a mere thank-you (C3)
    wishes: tuple[str, ...] = ()  # "end", "erase": asked for in plain words (C15)
    resend_of: datetime | None = None  # arrival of the first one with this text (C10)
    automatic: bool = False  # K0: looked automatic, yet a phrase was hit
    oversize: bool = False

    def __repr__(self) -> str:
        return f"ClientMail({self.entry})"  # the rest is personal (S2)


@dataclass(frozen=True, slots=True)
class Reply:
    """A counselor's text that passed the checks, or that ``#send`` let through (P2)."""

    at: datetime
    entry: int
    counselor: str = field(repr=False)
    interim: bool = False  # C14
    ends: bool = False  # an order to close stands above it (P4)


@dataclass(frozen=True, slots=True)
class Command:
    """A counselor's or an operator's order about a case (P4, C14 to C16)."""

    at: datetime
    name: str
    argument: str = field(default="", repr=False)
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """The next hop accepted a mail of ours (C2)."""

    at: datetime  # delivered instant
    template: str
    round_trip: int = 0
    entry: int | None = None  # of the reply


@dataclass(frozen=True, slots=True)
class Failed:
    """A mail of ours to the client will not arrive: refused while sending, or bounced (M4)."""

    at: datetime
    template: str
    reason: str  # a code of maild.mail.dsn
    round_trip: int = 0
    entry: int | None = None
    bounced: bool = False  # it had been delivered before
    other_open: bool = False  # the client has another open case by now: this one stays closed (C8)


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline was reached."""

    at: datetime  # the due instant, not the instant somebody looked
    kind: str
    staffed: bool = True  # whether it fell into the desk's hours (K4)
    seen: datetime | None = None  # when somebody looked: long after it where the daemon was down (C11)
    fallen: int = 0  # how many alerts or urgent calls have fallen due by then, those sent included (C9, K4)


Event = ClientMail | Reply | Command | Delivered | Failed | Due
