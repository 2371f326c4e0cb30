"""What goes into the store and comes out of it. Values; what is personal never shows in a repr (rules S2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import msgspec

Audience = Literal["client", "counselor", "operator"]
OutboxState = Literal["pending", "sending", "delivered", "failed"]


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who handed the mail over to whom (RFC 5321), or None where a source has no envelope."""

    sender: str | None = field(repr=False)
    recipients: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A raw mail to be kept (rules M1). ``cursor`` is (UIDVALIDITY, UID) of an IMAP source, stored with it (M8)."""

    source: str
    arrived: datetime
    envelope_from: str | None = field(repr=False)
    recipients: tuple[str, ...] = field(repr=False)
    raw: bytes = field(repr=False)
    cursor: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Spooled:
    """A kept mail whose attempt is counted already; it is decrypted when its content is asked for."""

    id: int
    source: str
    arrived: datetime
    attempts: int
    _envelope: Callable[[], Envelope] = field(repr=False, compare=False)
    _raw: Callable[[], bytes] = field(repr=False, compare=False)

    @property
    def envelope(self) -> Envelope:
        """Who handed it over to whom."""
        return self._envelope()

    @property
    def envelope_from(self) -> str | None:
        """The reverse-path, None where the source knows none."""
        return self._envelope().sender

    @property
    def recipients(self) -> tuple[str, ...]:
        """The envelope's recipients."""
        return self._envelope().recipients

    @property
    def raw(self) -> bytes:
        """The message as it came."""
        return self._raw()


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """A mail that was set aside, without its content."""

    id: int
    source: str
    arrived: datetime
    attempts: int
    reason: str
    quarantined: datetime


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A mail to be sent. ``once`` is the key under which it can be queued a single time (findings, OTRS and
    django-mailbox); ``covers`` the entry that a notice shows; ``counted`` whether the template cap counts it (M3);
    ``surely_new`` that its cause comes once anyway, so that it is enough to look for ``once`` when all is written."""

    message_id: str = field(repr=False)
    case: int | None
    desk: str
    audience: Audience
    template: str
    sender: str = field(repr=False)
    recipient: str = field(repr=False)
    data: bytes = field(repr=False)
    created: datetime
    once: str = field(repr=False)
    counted: bool = False
    covers: int | None = None
    round_trip: int = 0
    entry: int | None = None
    not_before: datetime | None = None
    surely_new: bool = False


class Content(msgspec.Struct, frozen=True):
    """What of a row is sealed, as one value. Made, written and read for every mail, so at the speed of C."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class OutgoingContent(Content, frozen=True):
    """The personal part of an outbox row."""

    message_id: str
    sender: str
    recipient: str


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail of ours, found by its Message-ID or number; the personal part is decrypted when asked for."""

    id: int
    case: int | None
    desk: str
    audience: Audience
    template: str
    created: datetime
    covers: int | None
    round_trip: int
    entry: int | None
    _content: Callable[[], OutgoingContent] = field(repr=False, compare=False)
    _data: Callable[[], bytes] = field(repr=False, compare=False)

    @property
    def message_id(self) -> str:
        """Our Message-ID; empty once the case is erased."""
        return self._content().message_id

    @property
    def sender(self) -> str:
        """The envelope sender."""
        return self._content().sender

    @property
    def recipient(self) -> str:
        """Whom it went to."""
        return self._content().recipient

    @property
    def data(self) -> bytes:
        """The whole message, for a resend (rules C10)."""
        return self._data()


@dataclass(frozen=True, slots=True)
class CounselorMail:
    """A mail to counselors about a case. ``delivered`` None: it is still to be sent."""

    message_id: str = field(repr=False)
    recipient: str = field(repr=False)
    delivered: datetime | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail to hand to the next hop now; the attempt is recorded already."""

    id: int
    message_id: str = field(repr=False)
    sender: str = field(repr=False)
    recipient: str = field(repr=False)
    data: bytes = field(repr=False)
    attempts: int
    created: datetime
    audience: Audience
    case: int | None
    template: str
    desk: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mail of ours and has not been decided upon yet (rules C2)."""

    id: int
    case: int | None
    desk: str
    audience: Audience
    template: str
    delivered: bool
    at: datetime
    code: str
    round_trip: int
    entry: int | None
    message_id: str = field(repr=False)
    recipient: str = field(repr=False)
    covers: int | None = None


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """An outbox row for an operator: no personal data."""

    id: int
    case: int | None
    desk: str
    audience: Audience
    template: str
    state: OutboxState
    attempts: int
    created: datetime
    next_attempt: datetime
    code: str


@dataclass(frozen=True)  # without slots: changed by ``values.replace``
class Entry:
    """One mail, reply or note as it is kept. ``body_key`` is the normalised body: hashed, never stored."""

    case: int | None
    desk: str
    at: datetime
    kind: str
    disposition: str | None = None
    spool_id: int | None = None
    author: str = field(default="client", repr=False)
    subject: str = field(default="", repr=False)
    text: str = field(default="", repr=False)
    own_text: str = field(default="", repr=False)
    message_id: str = field(default="", repr=False)
    raw: bytes | None = field(default=None, repr=False)
    address: str = field(default="", repr=False)
    round_trip: int = 0
    body_key: str = field(default="", repr=False)
    extra: dict[str, str] = field(default_factory=dict, repr=False)
    id: int = 0


class EntryContent(Content, frozen=True, omit_defaults=True):
    """The personal part of an entry. ``all_own``: the text is all theirs, and stands here once."""

    author: str = ""
    subject: str = ""
    text: str = ""
    own_text: str = ""
    message_id: str = ""
    address: str = ""
    extra: dict[str, str] = {}
    all_own: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """A mail that was recorded under the same Message-ID. ``body_hash``: compare with Transaction.fingerprint()."""

    at: datetime
    body_hash: bytes = field(repr=False)
    case: int | None
    entry_id: int


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline that has come."""

    case: int
    kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Suspension:
    """A client who is not served (rules D4). ``until`` None: without end. ``kind``: suspend or restrict."""

    desk: str
    reason: str
    since: datetime
    until: datetime | None = None
    told: bool = False
    kind: str = "suspend"


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source of mail and when it was last read successfully (rules M8)."""

    source: str
    last_read: datetime | None
    every_seconds: float


@dataclass(frozen=True, slots=True)
class Outage:
    """A span in which a source should have been read and was not (rules C6); ``end`` None: it lasts."""

    source: str
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One line of the audit trail, opened."""

    id: int
    at: datetime
    actor: str = field(repr=False)
    action: str
    case: int | None
    detail: dict[str, str | int] = field(repr=False)
