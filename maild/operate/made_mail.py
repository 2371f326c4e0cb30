"""What a rehearsal adds to a mail it makes up: attachments and headers (interfaces.md, "Rehearsal")."""

from __future__ import annotations

import base64
from urllib.parse import quote

from maild.operate.scenario import Attachment


def with_attachments(raw: bytes, attach: tuple[Attachment, ...]) -> bytes:
    """The mail as multipart/mixed, each file with Content-Disposition: attachment."""
    head, body = raw.split(b"\r\n\r\n", 1)
    kept = [line for line in head.split(b"\r\n") if not line.lower().startswith((b"content-", b"mime-"))]
    own = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-")]
    boundary = b"=_rehearsal_mixed"
    parts = [b"\r\n".join(own) + b"\r\n\r\n" + body]
    for one in attach:
        filling = (b"\xff\xd8\xff\xe0maild rehearsal " * (one.size // 20 + 1))[: one.size]
        encoded = base64.encodebytes(filling).replace(b"\n", b"\r\n")
        name = one.name if one.name.isascii() else _rfc2231(one.name)
        label = f'filename="{name}"' if one.name.isascii() else f"filename*={name}"
        parts.append(
            f"Content-Type: {one.type}\r\nContent-Transfer-Encoding: base64\r\n"
            f"Content-Disposition: attachment; {label}\r\n\r\n".encode()
            + encoded
        )
    kept += [b"MIME-Version: 1.0", b'Content-Type: multipart/mixed; boundary="' + boundary + b'"']
    middle = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    return b"\r\n".join(kept) + b"\r\n\r\n" + middle + b"--" + boundary + b"--\r\n"


def _rfc2231(name: str) -> str:
    return "utf-8''" + quote(name, safe="")


def with_headers(raw: bytes, headers: dict[str, str]) -> bytes:
    """``headers`` replace those of the same name, folded lines included."""
    if not headers:
        return raw
    head, _, body = raw.partition(b"\r\n\r\n")
    gone = {name.lower() for name in headers}
    kept: list[str] = []
    dropping = False
    for line in head.decode("utf-8").split("\r\n"):
        if not line.startswith((" ", "\t")):
            dropping = line.partition(":")[0].strip().lower() in gone
        if not dropping:
            kept.append(line)
    kept += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(kept).encode("utf-8") + b"\r\n\r\n" + body
