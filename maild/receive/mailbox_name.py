"""Mailbox names on an IMAP wire: modified UTF-7 (RFC 3501 section 5.1.3) in a quoted string."""

from __future__ import annotations

import re
from base64 import b64encode

_UNENCODED = re.compile(r"[\x20-\x7e]+|[^\x20-\x7e]+")


def encode(name: str) -> str:
    """The name as servers keep it. Raises ValueError for what no mailbox can be called."""
    if not name or any(c in name for c in "\0\r\n"):
        raise ValueError("a mailbox name must not be empty nor hold line breaks")
    parts = []
    for match in _UNENCODED.finditer(name):
        run = match.group()
        if " " <= run[0] <= "~":
            parts.append(run.replace("&", "&-"))
        else:
            packed = b64encode(run.encode("utf-16-be")).decode("ascii").rstrip("=")
            parts.append("&" + packed.replace("/", ",") + "-")
    return "".join(parts)


def quote(text: str) -> str:
    """A quoted string (RFC 3501 section 4.3)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
