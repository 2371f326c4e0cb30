"""Which parts a person would call attachments, by what they are and not only by their label (rules A2)."""

from __future__ import annotations

import re
from typing import Final, Literal

from maild.mail import charset, sniff
from maild.mail.facts import Attachment
from maild.mail.header import clean_name
from maild.mail.structure import Part

Role = Literal["text", "html", "attachment", "ignored"]

HTML: Final = frozenset({"text/html", "application/xhtml+xml", "text/xhtml", "text/enriched", "text/richtext"})
# Labelled text and not for reading; RFC 2046 section 4.1.4 takes any other text for plain.
_FILES: Final = frozenset(
    "text/" + each
    for each in (
        *("vcard", "x-vcard", "directory", "rtf", "css", "javascript", "ecmascript", "csv", "tab-separated-values"),
        *("comma-separated-values", "x-comma-separated-values", "xml", "sgml", "x-script", "x-python", "x-java"),
    )
)
_TOP_LEVEL: Final = frozenset(
    {"text", "image", "audio", "video", "application", "message", "multipart", "font", "model", "chemical"}
)
_UNREAD: Final = _FILES | frozenset({"text/calendar", "text/x-vcalendar"})
_OTHER_ALTERNATIVES: Final = frozenset({"text/x-amp-html", "text/watch-html", "text/rtf", "application/rtf"})
_CALENDAR: Final = frozenset({"text/calendar", "text/x-vcalendar", "application/ics"})
_TNEF: Final = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_PGP_SIGNATURE: Final = "application/pgp-signature"
_SMIME_SIGNATURE: Final = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature"})
_MAX_SIGNATURE_BYTES: Final = 64 * 1024
_EXTENSION: Final = re.compile(r"\.([a-z][a-z0-9_]{0,9}|7z|3gpp?|3g2|123|001)\s*\Z", re.I)
_TEXT_EXTENSIONS: Final = frozenset({"txt", "text", "htm", "html", "xhtml", "shtml", "md"})
_ARCHIVES: Final = frozenset(
    [
        "application/zip",
        "application/gzip",
        "application/x-compress",
        "application/x-bzip2",
        "application/x-7z-compressed",
        "application/x-xz",
        "application/zstd",
        "application/vnd.rar",
        "application/vnd.ms-cab-compressed",
        "application/x-tar",
        "application/x-lzh",
        "application/x-arj",
        "application/x-iso9660-image",
    ]
)


def attachment(part: Part, data: bytes, why: str) -> Attachment:
    """The part as an attachment; the reason is made more telling where the bytes tell more."""
    sniffed = sniff.magic(data)
    kind = sniff.refine(sniffed, "image/jpeg" if part.type in ("image/jpg", "image/pjpeg") else part.type)
    if part.type in _TNEF or sniffed == "application/ms-tnef":
        why = "tnef"
    elif is_calendar(part, sniffed):
        why = "calendar"
    elif sniffed in _ARCHIVES and why not in ("disposition", "nested"):
        why = "archive"
    return Attachment(name=clean_name(part.file_name), type=kind[:100], bytes=len(data), why=why)


def is_calendar(part: Part, sniffed: str) -> bool:
    return part.type in _CALENDAR or sniffed == "text/calendar"


def role(
    part: Part, data: bytes, *, in_alternative: bool, shown: bool, forced: bool, alone: bool = False
) -> tuple[Role, str]:
    """What a leaf is, and if an attachment, why.

    ``alone``: it is the whole mail, so if it is text it is what its sender wrote, whatever the label (K1);
    ``in_alternative``: it stands beside other forms of the same text; ``shown``: the HTML shows it by its Content-ID;
    ``forced``: the container it is in is an attachment as a whole (RFC 2183 section 2.9).
    """
    name = part.file_name
    kind = part.type
    empty = not data.strip()
    sniffed = sniff.magic(data)
    if empty and not name:
        return "ignored", ""
    if not forced and not kind.startswith("text/") and _is_signature(part, data, sniffed):
        return "ignored", ""
    if shown and (sniffed.startswith("image/") or (not sniffed and kind.startswith("image/"))):
        return "ignored", ""
    disposition = part.disposition.value
    if forced or disposition not in ("", "inline"):
        return "attachment", "disposition"
    if in_alternative and kind in _OTHER_ALTERNATIVES and not name:
        return "ignored", ""
    if kind in HTML or (kind.startswith("text/") and kind not in _UNREAD):
        return _textual(part, data, name, sniffed)
    if not name and (_names_no_type(kind) or (alone and kind == "application/octet-stream")):
        return _textual(part, data, name, sniffed)
    return "attachment", "file_name" if name else "not_text"


def _names_no_type(kind: str) -> bool:
    """``plain/text`` and its kin: no such top-level type is known (RFC 2046 section 6), and it is meant for text."""
    main = kind.partition("/")[0]
    return main not in _TOP_LEVEL and not main.startswith("x-")


def _textual(part: Part, data: bytes, name: str, sniffed: str) -> tuple[Role, str]:
    if sniffed:
        return "attachment", "sniffed"
    if not sniff.is_text(data) and not _is_wide(part, data):
        return "attachment", "not_text"
    extension = _EXTENSION.search(name) if name else None
    if extension and extension.group(1).lower() not in _TEXT_EXTENSIONS:
        return "attachment", "file_name"
    if part.type in HTML or sniff.is_html(data):
        return "html", ""
    return "text", ""


def _is_wide(part: Part, data: bytes) -> bool:
    """UTF-16 and UTF-32 as the label says, which look like anything."""
    codec = charset.codec_of(part.content_type.given.get("charset")) or ""
    if not codec.startswith(("utf-16", "utf-32")):
        return False
    text, defects = charset.decode(data, codec)
    return "charset_broken" not in defects and "charset_mislabelled" not in defects and sniff.is_text(text.encode())


def _is_signature(part: Part, data: bytes, sniffed: str) -> bool:
    """A detached signature is a property of the mail, not something that was sent along."""
    if len(data) > _MAX_SIGNATURE_BYTES or sniffed:
        return False
    if part.type == _PGP_SIGNATURE:
        return b"BEGIN PGP" in data[:200] or not data.strip()
    smime = part.type in _SMIME_SIGNATURE or (
        part.type == "application/octet-stream" and part.file_name.lower() == "smime.p7s"
    )
    return smime and (data[:1] == b"\x30" or not data.strip())
