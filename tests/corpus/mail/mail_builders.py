"""What the tables of messages in this directory are built from.

The messages are made as bytes: an .eml with Shift_JIS in its headers survives neither editors nor diffs. ``facts``
names the fields of :class:`maild.mail.facts.Facts` that a case is about; ``attachments`` is compared as
(name, type, bytes).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Case:
    name: str
    raw: bytes
    facts: dict[str, Any]
    call: dict[str, Any] = field(default_factory=dict)


TEXT = "名前：花子\n眠れない日が続いています。"
FROM = b"From: hanako@docomo.example\n"
TO = b"To: soudan@example.jp\n"
MIME = b"MIME-Version: 1.0\n"


def jis(text: str) -> bytes:
    return text.encode("iso2022_jp")


def b64(data: bytes) -> bytes:
    return base64.encodebytes(data)


def word(text: str, charset: str = "iso-2022-jp", codec: str = "") -> bytes:
    return b"=?%b?B?%b?=" % (charset.encode(), base64.b64encode(text.encode(codec or charset)))


def mail(headers: bytes = b"", body: bytes = b"x\n", *, sender: bytes = FROM) -> bytes:
    return sender + TO + b"Message-ID: <1@docomo.example>\n" + MIME + headers + b"\n" + body


def part(headers: bytes, body: bytes = b"") -> bytes:
    return headers.rstrip(b"\n") + b"\n\n" + body


def multi(kind: str, *parts: bytes, boundary: bytes = b"=_b", extra: bytes = b"") -> bytes:
    head = b'Content-Type: multipart/%b; boundary="%b"\n%b\n' % (kind.encode(), boundary, extra)
    return head + b"".join(b"--%b\n%b\n" % (boundary, each) for each in parts) + b"--%b--\n" % boundary


def whole(structure: bytes, *, sender: bytes = FROM) -> bytes:
    return sender + TO + b"Message-ID: <1@docomo.example>\n" + MIME + structure


class Table(list[Case]):
    """Cases in order."""

    def case(self, name: str, raw: bytes, call: dict[str, Any] | None = None, **facts: Any) -> None:
        self.append(Case(name, raw, facts, call or {}))

    def text_case(self, name: str, body: bytes, headers: bytes, text: str = TEXT, **facts: Any) -> None:
        """A mail of one text and no attachment."""
        self.case(name, mail(headers, body), text=text, kind="mail", attachments=(), **facts)


PLAIN = b"Content-Type: text/plain\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(92))
GIF = b"GIF89a" + bytes(94)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(89)
ZIP = b"PK\x03\x04" + bytes(96)
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def ctype(value: str) -> bytes:
    return b"Content-Type: " + value.encode() + b"\n"


def encoded(kind: str, data: bytes, extra: bytes = b"") -> bytes:
    return part(ctype(kind) + b"Content-Transfer-Encoding: base64\n" + extra, b64(data))


CTE = b"Content-Transfer-Encoding: "
UTF8 = ctype("text/plain; charset=utf-8")
T = part(UTF8, TEXT.encode())
HTML = part(ctype("text/html; charset=utf-8"), "<p>名前：花子<br>眠れない日が続いています。</p>".encode())
