"""Authentication-Results (RFC 8601 section 2.2): what each host says it found (rules M10).

Which host to believe is the desk's business; here every field is only read, the topmost first.
"""

from __future__ import annotations

import re
from typing import Final

from maild.mail.facts import Authentication
from maild.mail.header import strip_comments, unfold
from maild.mail.structure import Part

_MAX_FIELDS: Final = 50
_MAX_CHARS: Final = 20_000
_CLAUSE: Final = re.compile(r'[^";]+|"(?:[^"\\]|\\.)*+"|.', re.DOTALL)
_RESULT: Final = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9_-]{0,60})\s*(?:/\s*\d+\s*)?=\s*\"?([A-Za-z0-9_-]{1,60})")


def read(root: Part) -> tuple[Authentication, ...]:
    """Every Authentication-Results field of a message; broken ones yield what can be read of them."""
    found: list[Authentication] = []
    for raw in root.all("authentication-results")[:_MAX_FIELDS]:
        clauses = _clauses(strip_comments(unfold(raw[:_MAX_CHARS])))
        words = clauses[0].strip().split()
        host = words[0].strip('"').lower().rstrip(".") if words and "=" not in words[0] else ""
        results: list[tuple[str, str]] = []
        for clause in clauses[1:] if host or not _RESULT.match(clauses[0]) else clauses:
            matched = _RESULT.match(clause)
            if matched:
                results.append((matched.group(1).lower(), matched.group(2).lower()))
        found.append(Authentication(host if host.isascii() and host.isprintable() else "", tuple(results)))
    return tuple(found)


def _clauses(value: str) -> list[str]:
    if '"' not in value:
        return value.split(";")
    clauses = [""]
    closed = True
    position = 0
    while position < len(value):
        matched = _CLAUSE.match(value, position) if closed or value[position] != '"' else None
        piece = matched.group() if matched else value[position]
        closed = closed and piece != '"'
        if piece == ";":
            clauses.append("")
        else:
            clauses[-1] += piece
        position += len(piece)
    return clauses
