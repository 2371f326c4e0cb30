"""Codes in clear columns and logs: short, plain, and unable to carry an address or a text (rules S2)."""

from __future__ import annotations

import re

_ALLOWED = re.compile(r"[^A-Za-z0-9 .,:;()/_-]")


def code(value: str) -> str:
    """At most 80 plain characters; words with an @ become <address>."""
    words = ("(address)" if "@" in word else word for word in value[:400].split())
    return _ALLOWED.sub("?", " ".join(words))[:80]
