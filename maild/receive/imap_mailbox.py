"""One IMAP mailbox as the config names it, and what is told of a mail that has to stay in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from maild.receive.imap_connection import Security

After = Literal["delete", "move", "keep"]
Reason = Literal["too_large", "unreadable", "not_kept"]

BATCH = 100  # UIDs in one command


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One ``[[receive.imap]]`` of the config."""

    source: str  # its name in the store: must outlive restarts
    host: str
    port: int
    security: Security
    username: str = field(repr=False)
    password: str = field(repr=False)
    mailbox: str = "INBOX"
    poll_seconds: float = 60.0
    idle: bool = True
    after: After = "delete"
    move_to: str = "maild"
    fetch_bytes: int = 33_554_432  # mails above are left; those above max_message_bytes but under this are taken


@dataclass(frozen=True, slots=True)
class LeftMail:
    """A mail that stays on the server because we could not take it. The operator must hear of it."""

    source: str
    uid: int
    reason: Reason
    size: int
    arrived: datetime
    head: bytes = field(repr=False)  # its header, as far as the server gives it
