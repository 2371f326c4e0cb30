"""What a message says, as plain values: the result of reading bytes, before any rule looks at it.

Fields that hold what a person confided have ``repr=False``: a stray ``repr`` in a log line shows none of it (S2).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["mail", "automatic", "bounce", "unreadable"]


@dataclass(frozen=True, slots=True)
class Attachment:
    """One part that a person would call an attachment (rules A2)."""

    name: str = field(repr=False)
    type: str  # what the bytes are, sniffed; the declared type where the bytes say nothing
    bytes: int  # decoded size
    why: str = ""  # a code: "disposition", "file_name", "not_text", "nested", "tnef", "calendar", "archive", "sniffed"


@dataclass(frozen=True, slots=True)
class BouncedRecipient:
    """One recipient of a bounce (rules M4)."""

    address: str = field(repr=False)
    permanent: bool  # that mail will not arrive any more
    status: str  # RFC 3463 enhanced status code; "" where none can be derived
    reason: str  # a code such as user_unknown, mailbox_full, carrier_filter: see maild.mail.dsn


@dataclass(frozen=True, slots=True)
class Bounce:
    """A report that a mail of ours did not arrive (RFC 3464 and its cousins, rules M4)."""

    recipients: tuple[BouncedRecipient, ...]
    message_id: str | None  # with angle brackets: the mail that came back


@dataclass(frozen=True, slots=True)
class Authentication:
    """One Authentication-Results header (RFC 8601 section 2.2), in the order of the message: the topmost first."""

    authserv_id: str
    results: tuple[tuple[str, str], ...]  # (method, result) such as ("dmarc", "fail"), lower case


@dataclass(frozen=True)  # without slots: changed by ``values.replace``
class Facts:
    """One message as read. Made by :func:`maild.mail.parse.read`, which never raises on any bytes (rules M6)."""

    kind: Kind
    from_address: str = field(repr=False)  # canonical (maild.mail.address.canonical); "" where From is unusable
    from_name: str = field(repr=False)  # decoded, no control, bidi or invisible characters
    to: tuple[str, ...] = field(repr=False)  # canonical addresses of To and Cc
    subject: str = field(repr=False)  # decoded, one line
    message_id: str | None = None  # with angle brackets; None where the header is missing or unusable
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    text: str = field(default="", repr=False)  # all of it, as a person would read it
    plain: str = field(default="", repr=False)  # text without what only its HTML half says; "" where that is all
    own_text: str = field(default="", repr=False)  # what the sender wrote this time, inline answers included
    quoted: str = field(default="", repr=False)  # the earlier mails in it
    attachments: tuple[Attachment, ...] = ()
    automatic: str | None = None  # the clause that says so, such as "RFC 3834 section 2: Auto-Submitted"
    bounce: Bounce | None = None
    defects: tuple[str, ...] = ()  # what was broken and mended, as codes or short phrases without personal data
    authentication: tuple[Authentication, ...] = ()
    reply_to: tuple[str, ...] = field(default=(), repr=False)
    calendar: bool = False
