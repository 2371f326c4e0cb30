"""mail-parser reads the message that our own layer has mended (rules M5; docs/parsing.md says how they share the work).

mail-parser alone loses seven-bit ISO-2022-JP, phone addresses and the border between a mail and one forwarded in it.
Given a message in which text is text and every attachment says so, it is right about parts and attachments; and what
it sees is compared with what we saw, so that a part that either of the two takes for an attachment is one (A2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import Message
from typing import Final

from maild.mail.facts import Attachment

_MAX_HOPS: Final = 30
_MAX_HOP_CHARS: Final = 1_000
_TRACE: Final = frozenset({"received", "date", "message-id"})


@dataclass(frozen=True, slots=True)
class View:
    """What mail-parser says of a mended message."""

    texts: tuple[str, ...] = field(repr=False)
    attachments: tuple[tuple[str, str], ...] = field(repr=False)  # name, declared type
    hops: int = 0


def mend(original: Message, fields: Sequence[tuple[str, str]], text: str, attachments: Sequence[Attachment]) -> Message:
    """A compat32 message with the same content as the one that came, and nothing broken in it."""
    message = Message()
    hops = 0
    for name, raw in original.raw_items():
        lowered = name.lower()
        if lowered in _TRACE and hops <= _MAX_HOPS:
            hops += lowered == "received"
            value = str(raw)[:_MAX_HOP_CHARS].encode("ascii", "replace").decode("ascii")
            message[name] = " ".join(value.split())
    for name, value in fields:
        if "=?" not in value:  # decoded already: what still looks encoded was meant so
            message[name] = value
    message["MIME-Version"] = "1.0"
    message["Content-Type"] = "multipart/mixed"
    parts: list[Message | str] = []
    if text:
        plain = Message()
        plain["Content-Type"] = 'text/plain; charset="utf-8"'
        plain["Content-Transfer-Encoding"] = "8bit"
        plain.set_payload(text)
        parts.append(plain)
    for each in attachments:
        parts.append(_attached(each))
    message.set_payload(parts)
    return message


def _attached(each: Attachment) -> Message:
    """The bytes stay out: how many there are is known, and nobody here may look at them (A1)."""
    part = Message()
    part.add_header("Content-Type", each.type if each.type.count("/") == 1 else "application/octet-stream")
    if part["Content-Type"].startswith(("multipart/", "message/")):
        part.replace_header("Content-Type", "application/octet-stream")
    if each.name and "=?" not in each.name:
        part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", each.name))
    else:
        part.add_header("Content-Disposition", "attachment")
    part["Content-Transfer-Encoding"] = "base64"
    part.set_payload("")
    return part


def view(message: Message) -> View | None:
    """What mail-parser makes of a mended message; None where it fails."""
    try:
        # Imported at the first message that needs it: 11 MB. It logs headers that it cannot read (S2): never here.
        from mailparser import MailParser, core, utils

        core.log.disabled = utils.log.disabled = True
        parser = MailParser(message=message)
        return View(
            texts=tuple(parser.text_plain),
            attachments=tuple((each["filename"], each["mail_content_type"]) for each in parser.attachments),
            hops=len(parser.received),
        )
    except Exception:  # a library's surprise costs its opinion, not the mail (M6)
        return None
