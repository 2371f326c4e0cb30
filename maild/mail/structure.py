"""The bytes of a message -> a tree of parts, and the standard library's compat32 message of the same (rules M6).

The standard library's parser recurses a generator per level and tests every line against every open boundary: a deep
or wide message costs it seconds or a RecursionError. Here each multipart is split by searching its own bytes, so the
cost is the size times the depth, and both are bounded. Parts point into the one buffer; nothing is copied until read.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from dataclasses import dataclass, field
from email.message import Message
from typing import Final

from maild.mail import transfer
from maild.mail.header import Parameters, parse_parameters, token
from maild.mail.limits import MAX_DEPTH, MAX_FIELD_BYTES, MAX_HEADER_BYTES, MAX_HEADERS, MAX_MESSAGE_BYTES, MAX_PARTS

Fields = list[tuple[str, str]]
Span = tuple[int, int]

_FIELD: Final = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_FIELDS: Final = re.compile(r"(?m)^([!-9;-~]{1,200})[ \t]*:[ \t]*([^\n]*+(?:\n[ \t][^\n]*+)*+)\n?")  # all of a section
_MAX_ORDERLY: Final = 65_536  # bytes of a header section that is read the short way
_SECTION_END: Final = re.compile(rb"\n\r?\n")
_KNOWN: Final = re.compile(
    rb"(?i)(?:from|to|cc|subject|date|message-id|in-reply-to|references|received|return-path|reply-to|sender|mime-version"
    rb"|content-[a-z-]+|x-[!-9;-~]+|list-[a-z-]+|delivered-to|auto-submitted|precedence|dkim-signature|bcc|resent-[a-z-]+"
    rb"|user-agent|authentication-results|importance|priority)[ \t]*:"
)
_GUESSED_BOUNDARY: Final = re.compile(rb"(?im)^--([^\r\n]{1,200}?)[ \t]*\r?\n(?=content-[a-z-]{1,40}[ \t]*:)")
_DELIMITER_LINE: Final = re.compile(rb"(?<![^\r\n])--([^\r\n]{1,300})(?=[\r\n]|\Z)")
_ENVELOPE_LINE: Final = re.compile(rb">?From (?![ \t]*:)[^\n]*\n")
_NESTED: Final = frozenset({"message/rfc822", "message/global", "message/news"})
_BLOCKS: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_MAX_MIME_FIELD: Final = 4_000
_TYPE: Final = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+\Z")


@dataclass(slots=True)
class Part:
    """One MIME entity. ``start`` and ``end`` bound its body in ``buffer``."""

    buffer: bytes = field(repr=False)
    start: int
    end: int
    fields: Fields = field(repr=False)
    default_type: str = "text/plain"
    children: list[Part] = field(default_factory=list)
    _index: dict[str, list[str]] | None = None
    _type: Parameters | None = None
    _disposition: Parameters | None = None
    _content: bytes | None = field(default=None, repr=False)

    def all(self, name: str) -> list[str]:
        """The raw values of all fields of that name (lower case), the topmost first."""
        if self._index is None:
            self._index = _by_name(self.fields)
        return self._index.get(name, [])

    @property
    def by_name(self) -> dict[str, list[str]]:
        """The raw values of all fields by name (lower case), in the order of the message."""
        if self._index is None:
            self._index = _by_name(self.fields)
        return self._index

    def first(self, name: str) -> str:
        """The raw value of the first field of that name, ``""`` where there is none."""
        values = self.all(name)
        return values[0] if values else ""

    @property
    def content_type(self) -> Parameters:
        """Type and parameters; RFC 2045 section 5.2 where the field is missing or broken."""
        if self._type is None:
            raw = self.first("content-type")
            self._type = parse_parameters(raw) if raw else Parameters(self.default_type)
            if not _TYPE.match(self._type.value):
                self._type.value = {"text": "text/plain", "html": "text/html", "multipart": "multipart/mixed"}.get(
                    self._type.value.strip("/"), "text/plain"
                )
        return self._type

    @property
    def type(self) -> str:
        return self.content_type.value

    @property
    def disposition(self) -> Parameters:
        if self._disposition is None:
            raw = self.first("content-disposition")
            self._disposition = parse_parameters(raw) if raw else Parameters("")
        return self._disposition

    @property
    def file_name(self) -> str:
        """The decoded file name as given; ``""`` where there is none."""
        return self.disposition.given.get("filename") or self.content_type.given.get("name") or ""

    @property
    def transfer_encoding(self) -> str:
        return token(self.first("content-transfer-encoding"))

    @property
    def body(self) -> bytes:
        return self.buffer[self.start : self.end]

    def content(self, defects: list[str]) -> bytes:
        """The body without its transfer encoding."""
        if self._content is None:
            self._content = transfer.decode(self.body, self.transfer_encoding, defects)
        return self._content


def _by_name(fields: Fields) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in fields:
        name = name.lower()
        if name in found:
            found[name].append(value)
        else:
            found[name] = [value]
    return found


def read_fields(buffer: bytes, start: int, end: int, defects: list[str]) -> tuple[Fields, int]:
    """The header section that begins at ``start``, and where the body begins."""
    if buffer[start : start + 1] == b"\n":
        return [], start + 1
    if buffer[start : start + 2] == b"\r\n":
        return [], start + 2
    limit = min(end, start + MAX_HEADER_BYTES)
    separator = _SECTION_END.search(buffer, start, end)
    section_end, body = (separator.start() + 1, separator.end()) if separator else (end, end)
    if section_end > limit:
        defects.append("header_too_large")
        section_end = limit
    elif section_end - start <= _MAX_ORDERLY:
        orderly = _orderly_fields(buffer[start:section_end])
        if orderly is not None:
            return orderly, body
    fields: Fields = []
    name = ""
    value: list[bytes] = []

    def finish() -> None:
        if name:
            raw = b"".join(value).replace(b"\x00", b"")
            if len(raw) > MAX_FIELD_BYTES:
                defects.append("header_field_too_large")
                raw = raw[:MAX_FIELD_BYTES]
            fields.append((name, raw.decode("ascii", "surrogateescape").rstrip("\r\n").lstrip(" \t")))

    position = start
    while position < section_end:
        line_end = buffer.find(b"\n", position, section_end) + 1 or section_end
        first = buffer[position]
        if first in b" \t" and name:
            value.append(buffer[position:line_end])
        else:
            matched = _FIELD.match(buffer, position, line_end)
            if matched:
                finish()
                if len(fields) >= MAX_HEADERS:
                    defects.append("too_many_headers")
                    name = ""
                    break
                name, value = matched.group(1).decode("ascii"), [buffer[matched.end() : line_end]]
            elif fields or name:
                if not _KNOWN.match(buffer, line_end, section_end) and not _ENVELOPE_LINE.match(buffer, position):
                    # RFC 5322 section 2.1: the empty line is missing; this is the text already.
                    defects.append("header_separator_missing")
                    body = position
                    break
                defects.append("header_line_broken")
            elif not _ENVELOPE_LINE.match(buffer, position) and not _KNOWN.match(buffer, line_end, section_end):
                return [], start  # no header at all
        position = line_end
    finish()
    return fields, body


def _orderly_fields(section: bytes) -> Fields | None:
    """The fields of a section of which every line is one or goes on with one; None where it has to be read with care.

    Nearly every header is such a section, and reads in a quarter of the time of :func:`read_fields`.
    """
    if b"\x00" in section:
        return None
    text = section.decode("ascii", "surrogateescape")
    found = _FIELDS.findall(text)
    lines = text.count("\n") + (text[-1:] != "\n")
    if len(found) != lines - text.count("\n ") - text.count("\n\t") or len(found) > MAX_HEADERS:
        return None
    return [(name, value.rstrip("\r\n")) for name, value in found]


class _Reader:
    def __init__(self, defects: list[str]) -> None:
        self.defects = defects
        self.parts = 0
        self.lines: dict[int, dict[bytes, array[int]]] = {}
        self.buffers: list[bytes] = []

    def entity(self, buffer: bytes, start: int, end: int, depth: int, default_type: str) -> Part:
        self.parts += 1
        fields, body = read_fields(buffer, start, end, self.defects)
        part = Part(buffer, min(body, end), end, fields, default_type)
        kind = part.type
        if kind.startswith("text/"):
            return part
        if kind.startswith("multipart/"):
            if depth >= MAX_DEPTH:
                self.defects.append("nesting_too_deep")
            else:
                self.multipart(part, depth)
        elif kind.startswith("message/"):
            if depth >= MAX_DEPTH:
                self.defects.append("nesting_too_deep")
            else:
                self.message(part, depth)
        return part

    def multipart(self, part: Part, depth: int) -> None:
        boundary = part.content_type.given.get("boundary", "").rstrip(" \t").encode("utf-8", "surrogateescape")
        if part.transfer_encoding in ("base64", "quoted-printable"):
            # RFC 2045 section 6.4 forbids it; some gateways do it.
            if not boundary or b"--" + boundary not in part.body:
                decoded = part.content(self.defects)
                part.buffer, part.start, part.end = decoded, 0, len(decoded)
            self.defects.append("multipart_encoded")
        spans = self.split(part, boundary) if boundary else []
        if not spans:
            guessed = _GUESSED_BOUNDARY.search(part.buffer, part.start, part.end)
            if guessed:
                spans = self.split(part, guessed.group(1))
            self.defects.append("boundary_missing" if not boundary else "boundary_not_found")
        default_type = "message/rfc822" if part.type == "multipart/digest" else "text/plain"
        for start, end in spans:
            if self.parts >= MAX_PARTS:
                self.defects.append("too_many_parts")
                break
            part.children.append(self.entity(part.buffer, start, end, depth + 1, default_type))

    def split(self, part: Part, boundary: bytes) -> list[Span]:
        """Where the body parts lie (RFC 2046 section 5.1.1); parts after the closing line count as well (M6)."""
        buffer, end = part.buffer, part.end
        lines = self.delimiters(buffer)
        found: list[tuple[int, bool]] = []
        for key, closes in ((boundary, False), (boundary + b"--", True)):
            offsets = lines.get(key, array("q"))
            first = bisect_left(offsets, part.start)
            last = bisect_left(offsets, end, first)
            found += [(offset, closes) for offset in offsets[first : min(last, first + MAX_PARTS + 1)]]
        spans: list[Span] = []
        opened = -1
        closed = False
        for offset, closes in sorted(found):
            if opened >= 0:
                spans.append((opened, self.before(buffer, opened, offset)))
                if closed:
                    self.defects.append("parts_after_close")
            line_end = buffer.find(b"\n", offset, end)
            opened = -1 if closes else end if line_end < 0 else line_end + 1
            closed = closed or closes
        if opened >= 0 and len(found) <= MAX_PARTS:
            self.defects.append("boundary_not_closed")
            spans.append((opened, end))
        return [(start, stop) for start, stop in spans if stop > start]

    def delimiters(self, buffer: bytes) -> dict[bytes, array[int]]:
        """All lines of a buffer that begin with two hyphens: found once, however many levels ask for theirs."""
        known = self.lines.get(id(buffer))
        if known is None:
            known = {}
            for line in _DELIMITER_LINE.finditer(buffer):
                known.setdefault(line.group(1).rstrip(b" \t"), array("q")).append(line.start())
            self.lines[id(buffer)] = known
            self.buffers.append(buffer)  # an id is only good while its object lives
        return known

    @staticmethod
    def before(buffer: bytes, start: int, end: int) -> int:
        """The line end before a delimiter belongs to the delimiter."""
        if end > start and buffer[end - 1] == 0x0A:
            end -= 1
        if end > start and buffer[end - 1] == 0x0D:
            end -= 1
        return end

    def message(self, part: Part, depth: int) -> None:
        buffer, start, end = part.buffer, part.start, part.end
        if part.transfer_encoding not in ("", "7bit", "8bit", "binary"):
            buffer = part.content(self.defects)
            start, end = 0, len(buffer)
        if part.type in _BLOCKS:
            part.children = self.blocks(buffer, start, end)
        elif part.type in _NESTED or start < end:
            if self.parts >= MAX_PARTS:
                self.defects.append("too_many_parts")
                return
            part.children = [self.entity(buffer, start, end, depth + 1, "text/plain")]

    def blocks(self, buffer: bytes, start: int, end: int) -> list[Part]:
        """RFC 3464 section 2.1: groups of fields, each as an entity without a body, as the standard library has it."""
        found: list[Part] = []
        position = start
        while position < end and len(found) < MAX_PARTS:
            fields, body = read_fields(buffer, position, end, self.defects)
            if fields:
                found.append(Part(buffer, body, body, fields))
            if body <= position:
                break
            position = body
        return found


def read(raw: bytes, defects: list[str]) -> Part:
    """The tree of one message; notes in ``defects`` what was broken."""
    if len(raw) > MAX_MESSAGE_BYTES:
        defects.append("message_too_large")
        raw = raw[:MAX_MESSAGE_BYTES]
    if b"\r" in raw and b"\n" not in raw[:65_536]:
        defects.append("bare_cr")
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    start = 3 if raw[:3] == b"\xef\xbb\xbf" else 0
    while raw[start : start + 1] in (b"\r", b"\n"):
        start += 1
    envelope = _ENVELOPE_LINE.match(raw, start, min(len(raw), start + 1_000))
    if envelope:
        start = envelope.end()
    return _Reader(defects).entity(raw, start, len(raw), 0, "text/plain")


def recover(part: Part, defects: list[str]) -> Part | None:
    """A MIME message whose own header was lost, so that its parts stand in what seems to be plain text."""
    guessed = _GUESSED_BOUNDARY.search(part.buffer, part.start, part.end)
    # Text of a person before the first part is not to be taken for a preamble, which nobody reads.
    if not guessed or part.buffer.find(b"--" + guessed.group(1), guessed.end(), part.end) < 0:
        return None
    before = part.buffer[part.start : guessed.start()].strip()
    if before and (len(before) > 200 or b"MIME" not in before):
        return None
    whole = Part(part.buffer, part.start, part.end, [], "multipart/mixed")
    _Reader(defects).multipart(whole, 0)
    return whole if whole.children else None


def to_message(part: Part) -> Message:
    """The standard library's message of a part, as its own parser would make it, only bounded."""
    message = Message()
    for name, value in part.fields:
        if len(value) > _MAX_MIME_FIELD and name.lower().startswith("content-"):
            value = value[:_MAX_MIME_FIELD]  # the standard library takes seconds for 200,000 parameters
        message.set_raw(name, value)
    if part.default_type != "text/plain":
        message.set_default_type(part.default_type)
    if part.children:
        message.set_payload([to_message(child) for child in part.children])
    else:
        message.set_payload(part.body.decode("ascii", "surrogateescape"))
    return message
