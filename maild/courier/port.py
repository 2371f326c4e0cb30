"""What the outbox asks of a way out: hand over one mail, and say in one of three words what came of it.

A verdict's code ends in the database and in logs, so it is made of numbers and of our own words only: of what a server
says in free text nothing is kept but the reason that it means (rules S2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Protocol

from maild.mail.dsn_reasons import reason_of
from maild.store.records import Claimed


@dataclass(frozen=True, slots=True)
class Delivered:
    """The next hop has taken the mail, and answers for it now (rules C2). ``response``: ``250 2.0.0 queued as …``."""

    response: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now. ``relay`` names what is wrong with the next hop, where that holds for every mail and not for this one
    alone: a key of :data:`TROUBLES`. The code ``uncertain`` says that the mail may have been taken: the connection was
    lost after the final dot, before the answer (findings: freescout 5457).
    """

    code: str
    relay: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """Never. ``code`` is reply code, enhanced status code and reason: ``550 5.1.1 user_unknown``."""

    code: str


Verdict = Delivered | Deferred | Failed


class Courier(Protocol):
    """A way out. Neither method raises, save for being cancelled; both end within limits of time of their own."""

    @property
    def hop(self) -> str:
        """Where mails go, for logs and status: a host and port, or a word."""
        ...

    async def deliver(self, mail: Claimed) -> Verdict:
        """Hand over one mail."""
        ...

    async def probe(self) -> Deferred | None:
        """Whether the next hop would take mail now: None, or why not (then with ``relay``). Hands nothing over."""
        ...

    async def close(self) -> None:
        """Let go of connections. A later call opens new ones."""
        ...


#: What can be wrong with a next hop -> what that means and what to do, for logs, ``maild doctor`` and docs/sending.md.
TROUBLES: Final[dict[str, str]] = {
    "relay_unreachable": "no connection to the mail server of [send]: is it running, are host and port right?",
    "relay_refused": "the mail server of [send] does not want to talk to us; its log says why",
    "relay_refused_login": "the mail server of [send] refused the login: check username and password",
    "relay_certificate": "the certificate of the mail server of [send] is not valid for its name or not trusted: "
    "check host, its certificate, ca_file",
    "relay_tls": "no TLS connection to the mail server of [send]: do security and port fit together?",
    "relay_without_starttls": "the mail server of [send] offers no STARTTLS; nothing is sent in clear",
    "relay_without_auth": "the mail server of [send] offers no login that we know (PLAIN, LOGIN, CRAM-MD5)",
    "relay_password": "the password of [send] cannot be read: check the file or credential that is named",
    "relay_ca_file": "ca_file of [send] cannot be read, or holds no certificate",
    "maildir_full": "the disk of the outgoing maildir is full",
    "maildir_unwritable": "the outgoing maildir cannot be written to: check its owner and mode",
    "courier_error": "an error in maild itself, see the log; please report it",
}

_STATUS: Final = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_QUEUED: Final = re.compile(r"\bqueued as ([A-Za-z0-9]{4,24})(?![\w@.-])", re.ASCII)
_LOOKED_AT: Final = 2000  # characters of a reply: more is no explanation


def refusal(reply: int, said: str, *, host: str = "", after_data: bool = False) -> str:
    """The code of a reply that takes no mail: ``550 5.1.1 user_unknown``. ``host``: the recipient's domain."""
    said = said[:_LOOKED_AT]
    status = _status(said)
    reason = reason_of(said, status=status, reply=str(reply), host=host, after_data=after_data)
    return " ".join(word for word in (str(reply), status, reason) if word)


def acceptance(reply: int, said: str) -> str:
    """The code of a reply that takes the mail, with the number that the next hop gave it."""
    said = said[:_LOOKED_AT]
    queued = _QUEUED.search(said)
    return " ".join(word for word in (str(reply), _status(said), f"queued as {queued[1]}" if queued else "") if word)


def _status(said: str) -> str:
    found = _STATUS.match(said)
    return found[1] if found else ""
