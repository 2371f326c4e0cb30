"""A case: everything decisions know of one consultation (rules C). Values only; the table of transitions is in
``consultation``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

State = Literal["intake", "waiting_desk", "waiting_client", "held", "undeliverable", "confirmed", "closed"]
Reason = Literal[
    "completed",
    "silence",
    "intake_silence",
    "client_days",
    "counselor",
    "declined",
    "client_request",
    "suspended",
    "service_ended",
    "erased",
    "attended",
    "cancelled",
    "no_show",
    "not_agreed",
]
OPEN_STATES: frozenset[State] = frozenset(
    ("intake", "waiting_desk", "waiting_client", "held", "undeliverable", "confirmed")
)


@dataclass(frozen=True, slots=True)
class Thread:
    """The client's side of the conversation, for In-Reply-To and References of what we send (rules M7)."""

    last: str | None = None  # Message-ID of the client's newest mail
    references: tuple[str, ...] = ()
    subject: str = field(default="", repr=False)


@dataclass(frozen=True)  # without slots: changed by ``values.replace``
class Case:
    """One consultation of one client at one desk. All instants are aware and in UTC."""

    number: int
    desk: str
    client: str = field(repr=False)  # registered address, canonical (D3)
    opened: datetime  # arrival instant of the first mail (C1)
    state: State = "intake"
    reason: Reason | None = None
    closed: datetime | None = None
    name: str | None = field(default=None, repr=False)  # the name the client chose
    terms_version: str = ""
    terms_sha256: str = ""
    previous: int | None = None  # the older case this one is linked to (C3, C8)
    addresses: tuple[str, ...] = field(default=(), repr=False)  # further ones staff accepted (D2)

    # Round trips (C2). ``round_trip`` is under way or last completed; ``completed`` are paid for.
    round_trip: int = 0
    completed: int = 0
    replies: int = 0  # delivered, supplements included
    unanswered_since: datetime | None = None  # arrival of the first client mail no reply has answered
    queued_replies: int = 0  # accepted from counselors, not yet delivered
    last_reply: int | None = None  # entry of the newest reply: what a resend sends again (C10)
    last_reply_at: datetime | None = None  # when it was accepted from the counselor, for collisions (P5)
    last_reply_by: str = field(default="", repr=False)
    bounced: int | None = None  # entry of the reply that came back: what ends ``undeliverable`` (M4)
    last_delivered: datetime | None = None  # delivered instant of the newest reply

    # Clocks (C4, C5, A3). The clock of the client's turn runs where ``clock_since`` is set.
    clock_since: datetime | None = None  # since when the client's days of this turn add up
    silence_from: datetime | None = None  # delivered instant that the days of silence count from
    client_seconds: float = 0.0  # the client's days of earlier turns, in seconds
    floor: date | None = None  # closes_on is never before this day (A3)
    state_before: State | None = None  # what ``held`` and ``undeliverable`` interrupted

    # Intake (I1)
    items: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    asked: int = 0

    # Waiting (C9, C16, K4)
    alerts: int = 0  # alerts sent in this wait
    held_since: datetime | None = None
    reminders: int = 0  # of a held case

    # Crisis (K)
    crisis_ack: datetime | None = None  # when crisis_ack went last
    urgent_since: datetime | None = None  # nobody has answered #taken since
    urgent_count: int = 0  # repeats sent
    urgent_missed: int = 0  # repeats that fell due while nobody looked: one that was sent stands for them

    flags: frozenset[str] = frozenset()  # crisis, incomplete, companion, ...
    limit_told: bool = False  # limit_reached went (C3)
    declined: str | None = None  # reason of D1
    decline_told: bool = False  # the one answer after it went
    resends: int = 0
    resend_told: datetime | None = None  # when resend_received went last (C10, M3)
    resent: int | None = None  # entry of the reply that went once more for a resend (C10, M3)
    terms_told: str = ""  # version the client was last told of (S7)
    welcomed: bool = False  # an acknowledgement has told the terms of a first mail (C1)
    thread: Thread = Thread()
    notices: int = 0  # notices sent so far
    last_entry: int | None = None  # newest client mail: what a notice covers (P5)
    held_replies: tuple[int, ...] = ()  # entries of replies that wait for #send or #approve, one a counselor (P5)
    referrals: tuple[str, ...] = ()  # names of entries that go with the next reply (#refer, P4)
    no_reply_asked: bool = False  # #no-reply to somebody who never had an answer was asked back about (C14)
    assigned: str = field(default="", repr=False)  # address of the counselor whose case it is (#assign)
    assigned_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether the case counts for C8."""
        return self.state != "closed"

    @property
    def crisis(self) -> bool:
        """Flagged by K2 and not yet cleared."""
        return "crisis" in self.flags
