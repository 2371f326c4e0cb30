"""Codes in clear columns and logs: short, plain, and unable to carry an address or a text (rules S2)."""

from __future__ import annotations

import re

_LONGEST = 80
_ALLOWED = re.compile(r"[^A-Za-z0-9 .,:;()/_-]")


def code(value: str) -> str:
    """At most 80 plain characters; words with an @ become <address>."""
    if len(value) <= _LONGEST and value.isascii() and value.replace("_", "").isalnum():
        return value  # one word of letters and digits, as nearly all are
    words = ("(address)" if "@" in word else word for word in value[:400].split())
    return _ALLOWED.sub("?", " ".join(words))[:_LONGEST]
