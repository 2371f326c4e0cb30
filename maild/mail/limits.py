"""The bounds within which a message is read (rules M6).

Each is far beyond what a person's mail needs and small enough that reading stays within a second or so.
What lies past a bound is left out and named in the defects, never an error.
"""

from __future__ import annotations

from typing import Final

MAX_MESSAGE_BYTES: Final = 64 * 1024 * 1024
"""Bytes of one message that are read; SMTP refuses far smaller ones, ``maild inspect`` reads past that."""

MAX_DEPTH: Final = 100
"""Containers (multipart, message) inside each other; a leaf inside the hundredth is still read."""

MAX_PARTS: Final = 1_000
"""Parts of one message, containers included."""

MAX_HEADER_BYTES: Final = 4 * 1024 * 1024
"""Bytes of one header section."""

MAX_HEADERS: Final = 5_000
"""Header fields of one header section."""

MAX_FIELD_BYTES: Final = 3 * 1024 * 1024
"""Bytes of one header field: 100,000 recipients fit."""

MAX_NAME_CHARS: Final = 1_000
"""Characters of a display name or a file name."""

MAX_SUBJECT_CHARS: Final = 20_000
"""Characters of a subject: some phones' whole mails fit; every rule that reads a subject is bounded by it."""

MAX_ADDRESS_CHARS: Final = 998
"""Characters of an address; RFC 5321 ends at 254, RFC 5322 lines at 998."""

MAX_IDS: Final = 500
"""Message-IDs taken from one References or In-Reply-To; the first and the newest are kept."""

MAX_HTML_CHARS: Final = 8_000_000
"""Characters of one HTML part that are turned to text."""

MAX_QUOTE_DEPTH: Final = 20
"""Block quotes inside each other that are still told apart."""

MAX_PARAMETERS: Final = 200
"""Parameters of one Content-Type or Content-Disposition."""
