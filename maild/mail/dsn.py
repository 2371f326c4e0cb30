"""Bounces: reports that a mail of ours did not arrive (RFC 3464 and RFC 3462, and through dsn_other their cousins; M4).

Rules M4: ``Action: failed`` is final whatever the status, delays are only noted. Reports of success, read receipts and
feedback loops are no bounces (they are automatic mail, M3). Where an address was forwarded, the address that we wrote
to comes first, then the one that failed: cases are found by the former.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message

from maild.mail import dsn_signs
from maild.mail.dsn_headers import Headers
from maild.mail.dsn_other import Found, address_of, addresses_in, recipients, split_returned
from maild.mail.dsn_parts import REPORT_FIELDS, collect, decoded, header, headers_in, plain
from maild.mail.dsn_reasons import phrase_reason, reason_of, status_of
from maild.mail.dsn_sns import report_of
from maild.mail.dsn_words import plain_words
from maild.mail.facts import Bounce, BouncedRecipient

__all__ = ["is_a_persons", "plain_words", "read_bounce"]

_MAX_RECIPIENTS = 100
_MAX_SAID = 6_000
_MAX_TYPE = 4_000
_STATUS_FIELD = re.compile(r"(?<![\w.])([245]\.\d{1,3}\.\d{1,3})(?![\w]|\.\d)")
_STATUS = re.compile(r"(?<![\w.])([45]\.\d{1,3}\.\d{1,3})(?![\w]|\.\d)")
_REPLY = re.compile(r"(?<![\w.@-])([45]\d\d)(?=[ \-:]|$)", re.MULTILINE)
_MESSAGE_ID = re.compile(r"<[^<>\s]{3,800}>")

_FINAL = (
    "permanent error", "permanent failure", "permanently failed", "failed permanently", "permanent fatal error",
    "i've given up", "have given up", "has given up", "giving up on", "in the queue too long",
    "not going to try again", "final delivery attempt", "no further delivery attempts", "no further attempts",
    "will not be retried", "will not try to redeliver", "returning message to sender", "returned mail",
    "returned to sender", "aborted after", "giving up.", "delivery time expired", "message expired",
    "envelope expired", "maximum retry", "endgültig", "was aborted", "error permanente", "erreur permanente",
    "delivery failed", "delivery failure", "undeliverable", "配信できませんでした", "送信できませんでした",
    "お届けできませんでした", "配送できませんでした", "retry timeout exceeded",
)  # fmt: skip
_DELAY = (
    "this is a warning message only", "do not need to resend", "not need to resend", "do not need to re-send",
    "attempts will continue", "will be retried", "will retry", "will be attempted", "will continue to",
    "will keep trying", "keep trying", "still trying", "still being retried", "has been delayed", "is delayed",
    "was delayed", "been delayed", "not yet been delivered", "temporary failure report", "only a temporary",
    "been temporarily delayed", "wird verzögert", "retardé", "se ha retrasado", "задержан", "再送を試み", "再度配送",
    "再送します", "遅延", "配送を続け", "まだ配送",
)  # fmt: skip
_DELAY_SUBJECTS = ("delay", "warning:", "warning--", ": warning", "warning message", "(delay)", "deferred mail", "遅延")


@dataclass(slots=True)
class _Entry:
    """One group of per-recipient fields (RFC 3464 section 2.3)."""

    final: str = field(default="", repr=False)
    original: str = field(default="", repr=False)
    action: str = ""
    status: str = ""
    said: str = field(default="", repr=False)
    host: str = ""


def is_a_persons(fields: Mapping[str, Sequence[str]]) -> bool:
    """Whether the header fields of a message (raw, by lower-case name) say already that it is no bounce.

    The usual mail leaves here, before a message is made of it for :func:`read_bounce`.
    """
    try:
        return _is_a_persons(Headers(fields))
    except Exception:  # for the other to find out (M6)
        return False


def _is_a_persons(headers: Headers) -> bool:
    # Nothing that is read later takes it for a bounce: what holds a report was passed on by a person, and words alone
    # need a machine behind them.
    return not _says_report(headers) and dsn_signs.passed_on(headers)


def _says_report(headers: Headers) -> bool:
    return (headers.raw("content-type") or "")[:_MAX_TYPE].lower().lstrip().startswith("multipart/report")


def read_bounce(message: Message, text: str) -> Bounce | None:
    """The bounce that ``message`` is, or None if it is none. ``text`` is its readable text as decoded elsewhere.

    Never raises, on any message; the time is linear in the size of the message.
    """
    try:
        return _read(message, text, 0)
    except Exception:
        # Reading mail of strangers with a parser that has its own surprises (M6): what cannot be read is no bounce,
        # it goes on as a mail and somebody sees it.
        return None


def _read(message: Message, text: str, depth: int) -> Bounce | None:
    headers = Headers.of(message)
    if _is_a_persons(headers):
        return None
    parts = collect(message)
    if any("disposition-notification" in kind or "feedback-report" in kind for kind in parts.types):
        return None
    if _report_type(message) in {"disposition-notification", "feedback-report"}:
        return None
    whole = next((one for one in (parts.words, text[:120_000], plain(parts.html)) if one.strip()), "")
    words, below = split_returned(whole)
    returned = [fields for fields in (*parts.returned, headers_in(below)) if fields]

    notice = report_of(whole) if message.get("X-Amz-Sns-Message-Id") else None
    entries, about = _entries("\n\n".join(parts.reports) if notice is None else notice)
    reported = bool(parts.reports)
    if not entries:  # a report inside the text (WorkMail, a broken boundary)
        entries, about_words = _entries(whole)
        entries = [entry for entry in entries if (entry.final or entry.original) and (entry.action or entry.status)]
        about = about or about_words
    if reported or entries:
        if not (_says_report(headers) and reported) and dsn_signs.passed_on(headers):
            return None
    elif not dsn_signs.tells_of_a_mail(headers, words, bool(returned)):
        return None
    if depth == 0 and parts.inner is not None and not entries:
        # A gateway that puts the whole bounce into a mail of its own.
        nested = _read(parts.inner, "", 1)
        if nested is not None and dsn_signs.from_daemon(headers):
            return nested

    subject = header(message, "Subject").lower()
    bounced = _reported(entries, words, subject)
    if bounced is None:
        return None  # delivered, relayed or expanded: good news
    if not bounced:
        bounced = _told(message, words, subject, returned, entries)
    if not bounced:
        return None
    return Bounce(recipients=tuple(bounced.values()), message_id=_message_id(message, returned, about, words))


def _report_type(message: Message) -> str:
    try:
        return str(message.get_param("report-type") or "").lower()
    except Exception:
        return ""


def _entries(report: str) -> tuple[list[_Entry], dict[str, str]]:
    """The per-recipient groups of a report, and its per-message fields."""
    entries: list[_Entry] = []
    about: dict[str, str] = {}
    entry: _Entry | None = None
    last = ""
    for line in report.split("\n", 5_000)[:5_000]:
        if not line.strip():
            entry, last = None, ""
            continue
        name, colon, value = line[:4_000].partition(":")
        name = name.strip().lower()
        if line[0] in " \t" and last and (not colon or name not in REPORT_FIELDS):
            if entry and last == "diagnostic-code":
                entry.said = f"{entry.said} {line.strip()}"[:_MAX_SAID]
            continue
        if not colon or name not in REPORT_FIELDS:
            last = ""
            continue
        last = name
        if not name.endswith("-recipient"):  # RFC 3464 knows no encoded words in an address
            value = decoded(value)
        if name in {
            "reporting-mta",
            "arrival-date",
            "received-from-mta",
            "x-original-message-id",
            "original-envelope-id",
        }:
            about.setdefault(name, value)
            continue
        repeated = entry is not None and (
            (name == "final-recipient" and entry.final) or (name == "original-recipient" and entry.original)
        )
        if entry is None or repeated:
            if len(entries) >= _MAX_RECIPIENTS:
                break
            entry = _Entry()
            entries.append(entry)
        _fill(entry, name, value)
    named = [entry for entry in entries if entry.final or entry.original or entry.action]
    return named, about


def _fill(entry: _Entry, name: str, value: str) -> None:
    if name == "final-recipient":
        entry.final = address_of(value)
    elif name == "original-recipient":
        entry.original = address_of(value)
    elif name == "action":
        entry.action = _action(value)
    elif name == "status":
        found = _STATUS_FIELD.search(value)
        entry.status = found[1] if found else ""
        if not found:
            entry.said = f"{value} {entry.said}".strip()
    elif name == "diagnostic-code":
        kind, semicolon, rest = value.partition(";")
        entry.said = f"{entry.said} {rest if semicolon and ' ' not in kind.strip() else value}".strip()[:_MAX_SAID]
    elif name == "remote-mta":
        entry.host = value.partition(";")[2].strip() or value


def _action(value: str) -> str:
    """The action as RFC 3464 section 2.3.3 names it, also where a server invented its own word; "" for none."""
    word = value.strip().lower()
    if word.startswith(("fail", "undeliver", "error", "bounce", "expire", "reject", "not delivered", "non")):
        return "failed"
    if word.startswith(("delay", "defer", "transient", "warning", "retry", "tempor")):
        return "delayed"
    if word.startswith(("deliver", "relay", "expand", "success")):
        return "delivered"
    return ""


def _reported(entries: list[_Entry], words: str, subject: str) -> dict[str, BouncedRecipient] | None:
    """The recipients that the report names; None where all that it tells is success."""
    bounced: dict[str, BouncedRecipient] = {}
    good = 0
    told = {found.address: found for found in recipients(words, frozenset(), ())[1]}
    for entry in entries:
        if entry.action == "delivered" or (not entry.action and entry.status.startswith("2.")):
            good += 1
            continue
        address = entry.final or entry.original
        if not address:
            continue
        permanent = entry.action == "failed" if entry.action else _permanent(entry.said, words, subject, entry.status)
        beside = told.get(address) or told.get(entry.original) or Found(address, said=words)
        original = entry.original or beside.alias
        if original and "." not in address.rpartition("@")[2]:
            address = original  # a mailbox name inside that host, not an address
        # The words around the report say it where the report does not, and name the command that was refused.
        said = entry.said if phrase_reason(" ".join(entry.said.lower().split())) else f"{entry.said} {beside.said}"
        host = entry.host if "@" not in entry.host else ""
        data = _after_data(f"{entry.said} {beside.said}", words)
        # the address that failed; where an alias stood before it, the mail itself is found by its Message-ID
        bounced.setdefault(address, _recipient(address, permanent, entry.status, said[:_MAX_SAID], data, host, address))
    return None if good and not bounced else bounced


def _told(
    message: Message, words: str, subject: str, returned: list[dict[str, str]], entries: list[_Entry]
) -> dict[str, BouncedRecipient]:
    """The recipients where there is no report, or where it names none."""
    failed = [str(value) for value in message.get_all("X-Failed-Recipients") or []]
    named = [address for value in failed[:_MAX_RECIPIENTS] for _, address in addresses_in(value[:10_000])]
    sent_to = tuple(address for headers in returned[:1] for _, address in addresses_in(headers.get("to", "")))[:1]
    said_so, found = recipients(words, dsn_signs.own_addresses(Headers.of(message)), sent_to)
    if named and not (said_so and {one.address for one in found} - set(named)):
        by_address = {one.address: one for one in found}
        found = [by_address.get(address) or Found(address) for address in dict.fromkeys(named)][:_MAX_RECIPIENTS]
    action = next((entry.action for entry in entries if entry.action), "")
    status = next((entry.status for entry in entries if entry.status), "")
    said_there = next((entry.said for entry in entries if entry.said), "")
    if action == "delivered":
        return {}
    bounced: dict[str, BouncedRecipient] = {}
    spam_sign = "refused: spam " if header(message, "X-SPASIGN").upper() == "NG" else ""  # au's own filter
    for one in found:
        said = spam_sign + (said_there or one.said)
        if not phrase_reason(" ".join(said.lower().split())):
            said = f"{said} {words}"
        permanent = action == "failed" if action else _permanent(one.said, words, subject, status)
        data = _after_data(said, words)
        bounced.setdefault(
            one.address, _recipient(one.address, permanent, status, said[:_MAX_SAID], data, "", one.address)
        )
    return bounced


def _recipient(
    name: str, permanent: bool, status: str, said: str, after_data: bool, host: str, failed: str
) -> BouncedRecipient:
    """One recipient. ``failed`` is the address that refused, which tells the carrier where ``name`` is an alias."""
    spoken = _STATUS.search(said)
    better = spoken[1] if spoken else ""
    if better and (not status or (status.endswith(".0.0") and better[0] == status[0])):
        status = better
    reply = _REPLY.search(said)
    code = reply[1] if reply else ""
    domain = failed.rpartition("@")[2]
    reason = reason_of(said, status, code, domain, after_data)
    if reason != "carrier_filter" and host:
        other = reason_of(said, status, code, host, after_data)
        reason = other if other == "carrier_filter" else reason
    if not status:
        status = status_of(reason, permanent) or (f"{code[0]}.0.0" if code else "")
    return BouncedRecipient(address=name, permanent=permanent, status=status, reason=reason)


def _after_data(said: str, words: str) -> bool:
    """Whether the mail itself was refused, after the recipient had been accepted."""
    low = said.lower()
    if "end of data" in low or "reply to data" in low or "after i sent the message" in low or "text command" in low:
        return True
    if "rcpt to" in low:
        return False
    # sendmail's transcript: the last command before the refusal.
    last = ""
    for line in words[:20_000].lower().split("\n"):
        if line.startswith(">>> "):
            last = line
        elif line.startswith("<<< 5"):
            return last.startswith(">>> data")
    return False


def _permanent(said: str, words: str, subject: str, status: str) -> bool:
    """Whether that mail will not arrive any more, where no Action says so."""
    if any(word in subject for word in _DELAY_SUBJECTS):
        return False
    low = f"{words[:20_000]}\n{subject}".lower()
    low = " ".join(low.split())
    if any(word in low for word in _FINAL):
        return True
    if any(word in low for word in _DELAY):
        return False
    if status:
        return not status.startswith("4")
    own = _STATUS.search(said) or _STATUS.search(words[:20_000])
    if own:
        return not own[1].startswith("4")
    reply = _REPLY.search(said) or _REPLY.search(words[:20_000])
    return not (reply and reply[1].startswith("4"))


def _message_id(message: Message, returned: list[dict[str, str]], about: dict[str, str], words: str) -> str | None:
    """The Message-ID of the mail that came back: its own headers, a field of the report, the text, then a reference."""
    own = header(message, "Message-ID")
    places = [_bracketed(headers.get("message-id", "")) for headers in returned]
    places.append(_bracketed(about.get("x-original-message-id", "")))
    for line in words.split("\n", 1_500)[:1_500]:
        if "message-id" in line.lower() or "message id" in line.lower() or "メッセージid" in line.lower():
            places.append(line[:1_000])
    places += [header(message, "X-Original-Message-ID"), header(message, "In-Reply-To")]
    references = _MESSAGE_ID.findall(header(message, "References"))
    places += references[-1:]
    for place in places:
        found = _MESSAGE_ID.search(place)
        # Some servers give the report the Message-ID of the mail that it is about; a reference to itself is none.
        if found and (found[0] != own or place in places[: len(returned)]):
            return found[0]
    return None


def _bracketed(value: str) -> str:
    """A Message-ID as RFC 5322 writes it, where a server left its brackets out."""
    value = value.strip()
    return f"<{value}>" if value and not value.startswith("<") and " " not in value and "<" not in value else value
