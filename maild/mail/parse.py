"""One message: bytes in, facts out (rules M5, M6, A2, M3, M10).

:func:`read` never raises on any bytes, and its time is linear in them. The order is the order of the page: header
fields, text and attachments, then what kind of mail it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from maild.mail import address, authentication, automatic, body, header, mended, sniff, structure
from maild.mail.body import Body
from maild.mail.dsn import is_a_persons, read_bounce
from maild.mail.facts import Attachment, Bounce, Facts, Kind
from maild.mail.limits import MAX_SUBJECT_CHARS
from maild.mail.quotes import split
from maild.mail.structure import Part

_KNOWN_FIELDS: Final = frozenset(
    [
        "from",
        "to",
        "cc",
        "subject",
        "date",
        "message-id",
        "received",
        "return-path",
        "reply-to",
        "sender",
        "mime-version",
        "content-type",
        "in-reply-to",
        "references",
        "delivered-to",
    ]
)
_ONCE: Final = ("from", "subject", "message-id", "date", "to", "content-type")
_LETTER: Final = re.compile(r"\w")


def read(raw: bytes, *, envelope_from: str | None = None, ours: Collection[str] = ()) -> Facts:
    """The facts of one message.

    ``envelope_from``: the SMTP reverse-path, ``""`` for the null path, None where it is not known (then Return-Path
    counts, if there is one). ``ours``: canonical addresses that are us (RFC 3834: never answer ourselves).
    """
    try:
        return _read(raw, envelope_from, ours)
    except Exception as error:  # M6: never a crash. Nothing here is known to raise; the type of what did is named.
        return _unreadable([f"reader_failed:{type(error).__name__}"])


def _unreadable(defects: list[str]) -> Facts:
    return Facts("unreadable", "", "", (), "", defects=tuple(dict.fromkeys(defects)))


def _read(raw: bytes, envelope_from: str | None, ours: Collection[str]) -> Facts:
    defects: list[str] = []
    if not raw.strip(b" \t\r\n\x00"):
        return _unreadable(["empty"])
    root = structure.read(raw, defects)
    if _KNOWN_FIELDS.isdisjoint(root.by_name) and _is_junk(root):
        return _unreadable([*defects, "no_header", "binary"])
    if not root.fields:
        defects.append("no_header")
    if b"\x00" in raw:
        defects.append("nul")
    if len(root.by_name) < len(root.fields):
        defects.extend(f"{name}_repeated" for name in _ONCE if len(root.all(name)) > 1)

    mailboxes = [mailbox for value in root.all("from")[:1] for mailbox in address.parse_mailboxes(value)]
    from_name, from_address = mailboxes[0] if mailboxes else (_name_alone(root), "")
    if not mailboxes:
        defects.append("from_unusable" if root.all("from") else "from_missing")
    elif len(mailboxes) > 1:
        defects.append("from_several")
    subject = header.decode_text(root.first("subject"), defects)
    if len(subject) > MAX_SUBJECT_CHARS:
        defects.append("header_field_too_large")
        subject = subject[:MAX_SUBJECT_CHARS]
    content = body.read(root, defects)
    sender = _reverse_path(root, envelope_from)

    kind, clause, bounce = _kind(root, from_address, sender, subject, content.text, ours)
    own, quoted = _halves(content.text, subject, defects)
    attachments = tuple(content.attachments + (content.in_report if kind == "mail" else []))
    attachments = _compared(root, from_address, subject, content, attachments, defects)
    return Facts(
        kind=kind,
        from_address=from_address,
        from_name=from_name,
        to=_addresses(root, "to", "cc"),
        subject=subject,
        message_id=_message_id(root, defects),
        in_reply_to=header.message_ids(root.all("in-reply-to")),
        references=header.message_ids(root.all("references")),
        text=content.text,
        plain=content.plain,
        own_text=own,
        quoted=quoted,
        attachments=attachments,
        automatic=clause,
        bounce=bounce,
        defects=tuple(dict.fromkeys(defects)),
        authentication=authentication.read(root),
        reply_to=_addresses(root, "reply-to"),
        calendar=content.calendar,
    )


def _is_junk(root: Part) -> bool:
    sample = root.buffer[:8192]
    if sniff.magic(root.buffer) or not sniff.is_text(sample):
        return True
    text = body.tidy(sample.decode("utf-8", "replace")).replace("\ufffd", "")
    return not _LETTER.search(text)


def _name_alone(root: Part) -> str:
    """What stands in a From that holds no address."""
    return header.clean_name(header.decode_text(root.first("from")[:10_000]))


def _addresses(root: Part, *names: str) -> tuple[str, ...]:
    """Canonical addresses of these fields, each once, in order."""
    found: dict[str, None] = {}
    for name in names:
        for value in root.all(name):
            found.update((each, None) for _, each in address.parse_mailboxes(value))
    return tuple(found)


def _message_id(root: Part, defects: list[str]) -> str | None:
    value = root.first("message-id")
    found = header.message_id(value[:10_000]) if value else None
    if found is None:
        defects.append("message_id_unusable" if value.strip() else "message_id_missing")
    return found


def _reverse_path(root: Part, envelope_from: str | None) -> str | None:
    """Given, or as the last machine wrote it down (RFC 5321 section 4.4); None where nobody knows."""
    if envelope_from is not None:
        return envelope_from.strip().strip("<>").strip()
    for raw in root.all("return-path")[:1]:
        value = header.strip_comments(header.unfold(raw)).strip()
        if value.strip("<> ") == "":
            return "" if "<" in value else None
        mailboxes = address.parse_mailboxes(value)
        return mailboxes[0][1] if mailboxes else value.strip("<> ")  # "<MAILER-DAEMON>": a program without a domain
    return None


def _kind(
    root: Part, from_address: str, sender: str | None, subject: str, text: str, ours: Collection[str]
) -> tuple[Kind, str | None, Bounce | None]:
    bounce = None if is_a_persons(root.by_name) else read_bounce(structure.to_message(root), text)
    if bounce is not None:
        return "bounce", None, bounce
    clause = automatic.clause(root, from_address, sender, subject, text, ours)
    return ("mail", None, None) if clause is None else ("automatic", clause, None)


def _halves(text: str, subject: str, defects: list[str]) -> tuple[str, str]:
    try:
        found = split(text, subject=subject)
    except Exception:  # all of it is better than none: triage reads it (K1)
        defects.append("quotes_unread")
        return text, ""
    return found.own, found.quoted


def _compared(
    root: Part,
    from_address: str,
    subject: str,
    content: Body,
    attachments: tuple[Attachment, ...],
    defects: list[str],
) -> tuple[Attachment, ...]:
    """The attachments as mail-parser sees them in the mended message, held against ours.

    A mail that is nothing but one text has nothing to compare: it goes without (a test holds both ways equal).
    """
    if not attachments and not root.children:
        return attachments
    fields = [("From", from_address), ("Subject", subject)] if from_address else [("Subject", subject)]
    seen = mended.view(mended.mend(structure.to_message(root), fields, content.text, attachments))
    if seen is None:
        defects.append("mail_parser_failed")
    elif len(seen.attachments) != len(attachments) or "\n".join(seen.texts) != content.text:
        defects.append("mail_parser_disagrees")
    return attachments
