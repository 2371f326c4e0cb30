"""The reverse-path and forward-path of an SMTP command, read as leniently as Japanese phones need (rules M5)."""

from __future__ import annotations

import re

NULL_PATH = "<>"  # as aiosmtpd writes it; an empty string would mean "no MAIL command yet"

# Linear: each alternative starts with a different character.
_ANGLE = re.compile(r'\s*<((?:[^<>"\\]|"(?:[^"\\]|\\.)*"|\\.)*)>')
_ROUTE = re.compile(r"@[^:@,]+(?:,@[^:@,]+)*:")  # RFC 5321 section 4.1.2, appendix C: to be ignored
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_PAIR = re.compile(r"\\(.)")
_ATOMS = re.compile(r"[^\s\"(),:;<>@\[\]\\]+")  # dots anywhere: a..b@ and a.@ are real phone addresses
_UNUSABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def read_path(argument: str) -> tuple[str | None, str]:
    """``(address, the rest)`` of what follows ``FROM:`` or ``TO:``; the address is None where there is none.

    ``<>`` stays ``<>``. Quotes around a local part that does not need them are taken off: Postfix puts them on
    ``a..b@docomo.example``, which no phone writes so.
    """
    match = _ANGLE.match(argument)
    if match is not None:
        inner, rest = match.group(1).strip(), argument[match.end() :]
        if rest and not rest[0].isspace():
            return None, ""
        if not inner:
            return NULL_PATH, rest.strip()
    elif argument.lstrip().startswith("<"):
        return None, ""
    else:  # RFC 5321 wants the brackets; many small programs leave them out
        inner, _, rest = argument.strip().partition(" ")
    inner = inner[route.end() :] if (route := _ROUTE.match(inner)) else inner
    if not inner or _UNUSABLE.search(inner) or "<" in inner or ">" in inner:
        return None, ""
    local, at, domain = inner.rpartition("@")
    if not at:
        local, domain = inner, ""
    if not local or (at and not domain) or any(c.isspace() or c in '"\\,;()' for c in domain):
        return None, ""
    quoted = _QUOTED.fullmatch(local)
    if quoted is not None:
        plain = _PAIR.sub(r"\1", quoted.group(1))
        if _ATOMS.fullmatch(plain):
            local = plain
    elif any(c.isspace() or c in '"\\@' for c in local):
        return None, ""
    return local + at + domain, rest.strip()
