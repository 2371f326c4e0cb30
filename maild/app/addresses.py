"""Whose address is it (rules M2): one answer for every way in."""

from __future__ import annotations

from maild.config import Config
from maild.mail.address import canonical


def desk_of(config: Config, address: str) -> str | None:
    """The name of the desk that an address belongs to, in whatever case it is written (RFC 5321 section 2.4: a domain's
    never counts; we have no two local parts that differ by it)."""
    wanted = canonical(address)
    return next((desk.name for desk in config.desks if desk.owns(wanted)), None)
