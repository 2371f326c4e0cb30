"""One mail on stdin, from the pipe of an MTA (``maild deliver``): exit 0 only once it is kept (rules M1)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import BinaryIO

from maild.errors import EX_TEMPFAIL
from maild.log import get
from maild.receive.addressee import Header, addressees, header_of
from maild.receive.path import NULL_PATH, read_path
from maild.receive.port import Accept, Clock, Incoming, Ours, utc_now

log = get(__name__)

EX_OK = 0
EX_DATAERR = 65  # sysexits.h: an MTA gives the mail back to its sender
RECIPIENT_VARIABLES = ("ORIGINAL_RECIPIENT", "RECIPIENT")  # Postfix: local(8), pipe(8)
SENDER_VARIABLE = "SENDER"

_SEPARATOR = re.compile(rb">?From [^\r\n]{0,1000}\r?\n")  # of an mbox, before the header


async def deliver(
    stdin: BinaryIO,
    accept: Accept,
    ours: Ours,
    *,
    desks: Sequence[str],
    environment: Mapping[str, str],
    recipient: str | None = None,
    sender: str | None = None,
    source: str = "pipe",
    clock: Clock = utc_now,
    limit: int = 33_554_432,
    seconds: float = 120.0,
) -> int:
    """Keep the mail; the exit code for the MTA. ``desks`` holds our addresses; ``recipient`` and ``sender`` options.

    0 after the commit, 65 for a mail of more than ``limit`` octets, 75 for all other trouble: the MTA tries again.
    """
    try:
        raw = stdin.read(limit + 1)
        if len(raw) > limit:
            log.warning("too_large", source=source)
            return EX_DATAERR
        separator = _SEPARATOR.match(raw)
        body = raw[separator.end() :] if separator else raw
        header = header_of(body)
        to = find_recipients(header, ours, desks=desks, environment=environment, recipient=recipient)
        if not to:
            log.error("no_recipient", source=source)
            return EX_TEMPFAIL
        mail = Incoming(
            source=source,
            arrived=clock(),
            envelope_from=_sender(header, environment, sender),
            recipients=to,
            raw=body,
            cursor=None,
        )
        async with asyncio.timeout(seconds):
            await accept(mail)
    except Exception as error:
        log.error("not_kept", error=error, source=source)
        return EX_TEMPFAIL
    return EX_OK


def find_recipients(
    header: Header,
    ours: Ours,
    *,
    desks: Sequence[str],
    environment: Mapping[str, str],
    recipient: str | None,
) -> tuple[str, ...]:
    """Which desks the mail is for: what the MTA says, then what the header says, then the only one there is.

    An option that names no address of ours is a mistake in the MTA's configuration: none, so that nothing is guessed.
    """
    if recipient is not None:
        address, _ = read_path(recipient)
        return (address,) if address is not None and ours(address) else ()
    for name in RECIPIENT_VARIABLES:
        address, _ = read_path(environment.get(name, ""))
        if address is not None and address != NULL_PATH and ours(address):
            return (address,)
    return addressees(header, ours) or (tuple(desks) if len(desks) == 1 else ())


def _sender(header: Header, environment: Mapping[str, str], sender: str | None) -> str | None:
    """The reverse-path; empty for a bounce, None where nobody knows it."""
    for said in (sender, environment.get(SENDER_VARIABLE), next(iter(header.get(b"return-path", ())), None)):
        if said is None:
            continue
        if said.strip() in ("", NULL_PATH) or said.strip().upper() == "MAILER-DAEMON":  # pipe(8): null_sender
            return ""
        address, _ = read_path(said)
        if address is not None:
            return address
    return None
