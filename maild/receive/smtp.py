"""SMTP in (RFC 5321): mail from the internet or from a relay, kept before it is acknowledged (rules M1)."""

from __future__ import annotations

import ssl

from maild.receive.limits import Limits
from maild.receive.listener import Listener
from maild.receive.port import Accept, Clock, Ours, Screen, utc_now
from maild.receive.session import Conversation


async def serve(
    listen: str,
    accept: Accept,
    ours: Ours,
    *,
    source: str = "smtp",
    limits: Limits | None = None,
    screen: Screen | None = None,
    clock: Clock = utc_now,
    hostname: str = "localhost",
    tls: ssl.SSLContext | None = None,
) -> Listener:
    """Listen at once, in the running loop, until ``close()``. Raises UserError where that cannot be.

    ``accept`` returns after the commit; whatever it raises is 451 to the client. ``ours`` decides for whom mail is
    taken: 550 for all others. ``screen`` may refuse a mail (rules A1). ``tls`` offers STARTTLS.
    """
    listener = Listener(
        source=source,
        accept=accept,
        ours=ours,
        conversation=Conversation,
        limits=limits or Limits(),
        screen=screen,
        clock=clock,
        hostname=hostname,
        tls=tls,
    )
    await listener.start(listen)
    return listener
