"""How much one peer, and all peers together, may ask of the SMTP and LMTP listeners (rules M6)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Defaults for a desk behind a mail server or on its own; seconds, bytes and counts."""

    message_bytes: int = 10_485_760  # config: max_message_bytes; advertised as SIZE, 552 above it
    buffered_bytes: int = 268_435_456  # of all mails being received at once; 452 above it
    connections: int = 200
    connections_per_peer: int = 50  # a relay in front of us is one peer
    recipients: int = 100  # RFC 5321 section 4.5.3.1.8: at least 100
    replies: int = 300  # replies without a mail kept in between: a client that only talks
    errors: int = 20  # refused commands without a mail kept in between: address harvesting
    idle_seconds: float = 300.0  # RFC 5321 section 4.5.3.2.7
    data_idle_seconds: float = 60.0  # between two pieces of one mail
    data_seconds: float = 900.0  # for the whole of one mail: a slow phone line, but no slowloris
    commit_seconds: float = 120.0  # for the commit; 451 after it, and the commit may still happen (M1: dedupe)
    screen_seconds: float = 10.0  # for the look at a mail before it is kept; taken when it lasts longer
