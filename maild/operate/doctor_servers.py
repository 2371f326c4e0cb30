"""The doctor's look at other machines: log in to every server the config names, and at their certificates."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from maild.config import Imap, Send
from maild.courier.port import TROUBLES
from maild.errors import Temporary, UserError
from maild.operate.findings import FAIL, OK, WARN, Finding

RENEW_WITHIN = timedelta(days=14)  # ACME clients renew with 30 days left: with 14 something is wrong
PATIENCE = 20.0  # seconds for each step of a login

#: What ``receive.imap_connection`` raises -> what to do.
IMAP_TROUBLES = {
    "no_connection": "no connection: is it running, are host and port right?",
    "certificate_refused": "its certificate is not valid for its name or not trusted: check host and ca_file",
    "no_starttls": "it offers no STARTTLS: check security and port; nothing is said in clear",
    "starttls_refused": "it refused STARTTLS: check security and port",
    "tls_failed": "no TLS connection: do security and port fit together?",
    "login_disabled": "it allows no login on this connection: use security tls or starttls",
    "login_refused": "it refused the login: check username and password",
    "select_refused": "there is no such mailbox, or it may not be opened: check mailbox and move_to",
    "timed_out": "it stopped answering",
    "lost": "it cut the connection; its log says why",
}


# -- the way out ---------------------------------------------------------------------------------------------------


def relay(send: Send, now: datetime) -> list[Finding]:
    """Log in to the relay of [send], or see that the Maildir can be written to. Nothing is handed over."""
    if send.transport == "maildir":
        return asyncio.run(_maildir(send))
    return asyncio.run(_relay(send, now))


async def _maildir(send: Send) -> list[Finding]:
    from maild.courier.maildir import MaildirCourier

    courier = MaildirCourier(send.maildir)
    try:
        trouble = await courier.probe()
    finally:
        await courier.close()
    if trouble is not None:
        return [Finding("send", FAIL, TROUBLES.get(trouble.relay, trouble.code), "look at its owner and mode")]
    return [Finding("send", OK, "outgoing mails become files in the maildir")]


async def _relay(send: Send, now: datetime) -> list[Finding]:
    from maild.courier.connection import Patience, Trouble, dial

    where = f"{send.host}:{send.port}"
    patience = Patience(connect=PATIENCE, command=PATIENCE)
    try:
        async with asyncio.timeout(4 * PATIENCE):
            connection = await dial(send, patience)
    except Trouble as trouble:
        kind = trouble.verdict.relay
        return [Finding("send", FAIL, f"{where}: {trouble.verdict.code}", TROUBLES.get(kind, "its log says why"))]
    except TimeoutError:
        return [Finding("send", FAIL, f"{where}: no answer in time", TROUBLES["relay_unreachable"])]
    transport = connection._client.transport
    found = [Finding("send", OK, f"{where}: logged in" if send.username else f"{where}: takes mail without a login")]
    found += _certificate("send", where, transport, now)
    if send.security == "none":
        found.append(Finding("send", OK, f"{where}: without TLS, on this machine only"))
    await connection.leave()
    return found


# -- the mailboxes -------------------------------------------------------------------------------------------------


def imap_servers(boxes: Sequence[Imap], now: datetime) -> list[Finding]:
    """Log in to every mailbox and open it; nothing in it is changed (M8)."""
    return [finding for box in boxes for finding in asyncio.run(_imap(box, now))]


async def _imap(box: Imap, now: datetime) -> list[Finding]:
    from maild.receive.imap_connection import Patience, connect

    where = f"{box.host}:{box.port}"
    patience = Patience(connect=PATIENCE, command=PATIENCE)
    try:
        password = box.password.read()
        context = ssl.create_default_context(cafile=str(box.ca_file) if box.ca_file else None)
    except UserError as error:
        return [Finding("imap", FAIL, f"{where}: {error}", "put the password's file where the config says")]
    except (OSError, ssl.SSLError):
        return [Finding("imap", FAIL, f"{where}: ca_file cannot be read, or holds no certificate", "check ca_file")]
    try:
        async with asyncio.timeout(5 * PATIENCE):
            connection = await connect(
                box.host, box.port, box.security, box.username, password, tls=context, patience=patience
            )
            try:
                await connection.select(box.mailbox)
                words = connection.capabilities
                found = [Finding("imap", OK, f"{where}: logged in, the mailbox is open")]
                found += _certificate("imap", where, connection._protocol.transport, now)
                if box.idle and "IDLE" not in words:
                    found.append(_polls(where, box))
                if box.after != "keep" and not words & {"UIDPLUS", "MOVE"}:
                    found.append(Finding("imap", WARN, f"{where}: has neither UIDPLUS nor MOVE", "use after = keep"))
            finally:
                connection.close()
                await asyncio.sleep(0)
    except Temporary as error:
        code = str(error)
        return [Finding("imap", FAIL, f"{where}: {code}", IMAP_TROUBLES.get(code, "its log says why"))]
    except (TimeoutError, OSError):
        return [Finding("imap", FAIL, f"{where}: timed_out", IMAP_TROUBLES["timed_out"])]
    return found


def _polls(where: str, box: Imap) -> Finding:
    return Finding("imap", WARN, f"{where}: has no IDLE; mail is seen within {box.poll_seconds} s", "set idle = false")


# -- certificates --------------------------------------------------------------------------------------------------


def _certificate(about: str, where: str, transport: asyncio.BaseTransport | None, now: datetime) -> list[Finding]:
    """When the certificate of a verified connection ends."""
    tls = transport.get_extra_info("ssl_object") if transport is not None else None
    ends = (tls.getpeercert() or {}).get("notAfter") if tls is not None else None
    if not ends:
        return []
    return [_expiry(about, where, datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC), now)]


def certificate_file(about: str, path: Path, now: datetime) -> Finding:
    """The same for a certificate of ours."""
    from cryptography.x509 import load_pem_x509_certificates

    try:
        chain = load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        return Finding(about, FAIL, "tls_cert_file cannot be read, or holds no certificate", "check the file")
    return _expiry(about, "our certificate", chain[0].not_valid_after_utc, now)


def _expiry(about: str, where: str, ends: datetime, now: datetime) -> Finding:
    left = (ends - now).days
    if ends <= now:
        return Finding(about, FAIL, f"{where}: the certificate ended on {ends:%Y-%m-%d}", "renew it")
    if ends - now < RENEW_WITHIN:
        return Finding(about, WARN, f"{where}: the certificate ends in {left} days", "renew it")
    return Finding(about, OK, f"{where}: the certificate holds for {left} days")
