"""One outgoing mail as bytes (rules M7): plain text, one recipient, nothing in it that was not put there on purpose.

Composed by hand because it is the hot path (findings: EmailMessage costs a hundred times as much); a test holds every
message against the stdlib parser. Lines end in CRLF and stay under 998 octets (RFC 5322 section 2.1.1).
"""

from __future__ import annotations

import binascii
import re
import struct
from datetime import datetime
from email.header import Header
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from maild.mail.address import quoted_for_smtp

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_ATEXT = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~ ]*\Z")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LINE = 76  # characters of a header line that holds an encoded word (RFC 2047 section 2)
_WRAPPING = len("=?utf-8?b??=")
_BASE64_LINE = 76  # characters (RFC 2045 section 6.8)
_REFERENCES = 20


class Draft(msgspec.Struct, frozen=True):
    """All that a mail of ours is made of. A structure that is made at the speed of C, like all that has a dozen fields
    and is made for every mail."""

    message_id: str
    from_name: str
    from_address: str
    to: str
    subject: str
    text: str
    date: datetime
    timezone: str
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    reply_to: str | None = None  # only where the desk sets plus_addressing
    auto_submitted: str | None = None  # "auto-replied", "auto-generated"; None for a counselor's reply (M3)
    urgent: bool = False
    same_for_all: bool = False  # every client of the desk gets this text: nothing in it is anybody's own

    def __repr__(self) -> str:
        return f"Draft({self.message_id})"  # the rest is personal (S2)


def compose(draft: Draft, *, eight_bit: bool = False, charset: str = "utf-8") -> bytes:
    """The message. ``eight_bit``: leave the text readable in a file; else base64, which every hop carries."""
    lines = [
        f"From: {mailbox(draft.from_name, draft.from_address)}",
        f"To: {quoted_for_smtp(draft.to)}",
        _folded("Subject", unstructured(draft.subject, len("Subject: "))),
        f"Date: {rfc5322_date(draft.date, draft.timezone)}",
        f"Message-ID: {draft.message_id}",
    ]
    if draft.reply_to:
        lines.append(f"Reply-To: {quoted_for_smtp(draft.reply_to)}")
    if draft.in_reply_to:
        lines.append(f"In-Reply-To: {draft.in_reply_to}")
    if draft.references:
        lines.append("References: " + "\r\n ".join(draft.references[-_REFERENCES:]))
    if draft.auto_submitted:
        lines.append(f"Auto-Submitted: {draft.auto_submitted}")
    if draft.urgent:
        lines.append("Importance: high")
        lines.append("X-Priority: 1")
    encoded = _kept_body if draft.same_for_all else _body
    body, encoding, label = encoded(draft.text, eight_bit=eight_bit, charset=charset)
    lines.append("MIME-Version: 1.0")
    lines.append(f"Content-Type: text/plain; charset={label}")
    lines.append(f"Content-Transfer-Encoding: {encoding}")
    # only an address can hold more than ASCII here, and then the courier asks for SMTPUTF8 (RFC 6532)
    return "\r\n".join(lines).encode("utf-8", "replace") + b"\r\n\r\n" + body


def _body(text: str, *, eight_bit: bool, charset: str) -> tuple[bytes, str, str]:
    normal = text
    if "\r" in normal:
        normal = normal.replace("\r\n", "\n").replace("\r", "\n")
    if "\x00" in normal:
        normal = normal.replace("\x00", "")
    normal = normal.rstrip("\n") + "\n"
    if charset == "iso-2022-jp":
        try:
            raw = normal.replace("\n", "\r\n").encode("iso-2022-jp")
        except UnicodeEncodeError:
            pass  # a character outside JIS: UTF-8 says it right
        else:
            if max(map(len, raw.split(b"\r\n"))) <= 990:
                return raw, "7bit", "iso-2022-jp"
    raw = normal.encode("utf-8", "replace").replace(b"\n", b"\r\n")
    ascii_only = raw.isascii()
    if (ascii_only or eight_bit) and max(map(len, raw.split(b"\r\n"))) <= 990:
        return raw, "7bit" if ascii_only else "8bit", "utf-8"
    return _base64_lines(raw), "base64", "utf-8"


_kept_body = lru_cache(maxsize=64)(_body)


def _base64_lines(raw: bytes) -> bytes:
    """``base64.encodebytes`` with CRLF, all of it encoded at once."""
    whole = binascii.b2a_base64(raw, newline=False)
    count, over = divmod(len(whole), _BASE64_LINE)
    lines = struct.unpack_from(f"{_BASE64_LINE}s" * count, whole)  # all slices at once
    rest = whole[-over:] + b"\r\n" if over else b""
    return b"\r\n".join((*lines, rest))


def payload_of(data: bytes) -> bytes | None:
    """The text's bytes in a message made by ``compose``, without all that a parser of any mail has to look at; None
    for a message that looks otherwise."""
    head, _, body = data.partition(b"\r\n\r\n")
    kind, _, encoding = head.rpartition(b"\r\nContent-Transfer-Encoding: ")
    if not kind.endswith(b"\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8"):
        return None
    if encoding == b"base64":
        return binascii.a2b_base64(body)
    return body if encoding in (b"8bit", b"7bit") else None


def one_line(text: str) -> str:
    """No control character and no line break: nothing can be injected into a header (M6)."""
    if not text.isprintable():  # what is printable holds neither a control character nor half a surrogate pair
        text = _CONTROL.sub(" ", text).encode("utf-8", "replace").decode("utf-8")
    return " ".join(text.split())


@lru_cache(maxsize=256)  # subjects and senders of a desk are few
def unstructured(text: str, used: int) -> str:
    """A header value, as encoded-words where it is not plain ASCII (RFC 2047). ``used``: characters before it on its
    line."""
    clean = one_line(text)
    if clean.isascii() and "=?" not in clean:
        return clean
    raw = clean.encode("utf-8")
    words: list[str] = []
    start = 0
    while start < len(raw):
        end = start + (_LINE - used - _WRAPPING) // 4 * 3
        used = 1  # the space before all that follow
        while end < len(raw) and raw[end] & 0xC0 == 0x80:  # within a character: it goes into the next word whole
            end -= 1
        words.append(_word(raw[start:end]))
        start = end
    return "\r\n ".join(words)


def _word(chunk: bytes) -> str:
    return "=?utf-8?b?" + binascii.b2a_base64(chunk, newline=False).decode("ascii") + "?="


def _folded(name: str, value: str) -> str:
    if "\r\n" in value or len(name) + len(value) < 76:
        return f"{name}: {value}"
    return f"{name}: " + Header(value, header_name=name, maxlinelen=76).encode(linesep="\r\n")


@lru_cache(maxsize=64)  # the desks, as clients and as counselors see them
def mailbox(name: str, address: str) -> str:
    """The value of From: ``name <address>``, the name quoted or encoded as it needs."""
    clean = one_line(name)
    if not clean:
        return quoted_for_smtp(address)
    if clean.isascii():
        shown = clean if _ATEXT.match(clean) else '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'
    else:
        shown = unstructured(clean, len("From: "))
    plain = f"<{quoted_for_smtp(address)}>"
    last = f"From: {shown} {plain}".rpartition("\r\n")[2]
    return f"{shown} {plain}" if len(last) <= _LINE else f"{shown}\r\n {plain}"


@lru_cache(maxsize=64)  # the mails of one batch are of one instant
def rfc5322_date(at: datetime, timezone: str) -> str:
    """The instant in the desk's zone (P2: nobody's own time zone shows)."""
    local = at.astimezone(ZoneInfo(timezone))
    minutes = int((local.utcoffset() or at - at).total_seconds()) // 60
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    return (
        f"{_DAYS[local.weekday()]}, {local.day:02d} {_MONTHS[local.month - 1]} {local.year:04d} "
        f"{local.hour:02d}:{local.minute:02d}:{local.second:02d} {sign}{minutes // 60:02d}{minutes % 60:02d}"
    )
