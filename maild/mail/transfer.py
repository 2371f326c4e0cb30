"""Content-Transfer-Encodings, as broken as they come (RFC 2045 section 6; rules M5, M6).

Nothing raises; what cannot be decoded stays as it is, since text that looks odd is better than text that is gone.
"""

from __future__ import annotations

import binascii
import re
from typing import Final

_NOT_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/=\s]")
_SPACE: Final = b" \t\r\n\f\v"
_JUNK: Final = re.compile(rb"[^A-Za-z0-9+/=_-]")
_BASE64_LINE: Final = re.compile(rb"[ \t]*[A-Za-z0-9+/]+={0,2}[ \t\r]*\Z")
_SOFT_BREAK: Final = re.compile(rb"=[ \t]*\r*\n")
_HEX: Final = re.compile(rb"=([0-9A-Fa-f]{2})")
_TRAILING: Final = re.compile(rb"(?<![ \t])[ \t]+(?=\r?\n)")
_PADDING: Final = re.compile(rb"=+")
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")
_UU_BEGIN: Final = re.compile(rb"(?m)^begin[ \t]+([0-7]{3,4})[ \t]+([^\r\n]{1,255})\r?$\n?")


def decode(body: bytes, encoding: str, defects: list[str]) -> bytes:
    """The body without its transfer encoding; notes in ``defects`` what was broken."""
    if encoding in ("", "7bit", "8bit", "binary"):
        return body
    if encoding in ("base64", "b64", "base-64"):
        return base64(body, defects)
    if encoding in ("quoted-printable", "qp", "quoted_printable", "quotedprintable"):
        return quoted_printable(body, defects)
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        files = list(uuencoded(body))
        if files:
            return files[0][2]
        defects.append("transfer_encoding_broken")
        return body
    defects.append("transfer_encoding_unknown")
    return body


def base64(body: bytes, defects: list[str]) -> bytes:
    """RFC 2045 section 6.8 with junk, missing padding, several padded runs, or clear text appended by a list."""
    try:
        # Nothing but the alphabet, whole groups, padded at the end alone: the usual case, as one call.
        return binascii.a2b_base64(body.translate(None, _SPACE), strict_mode=True)
    except binascii.Error:
        pass
    if not _NOT_BASE64.search(body):
        return _base64_runs(body, defects)
    lines = body.split(b"\n")
    filled = [line.strip() for line in lines if line.strip()]
    prose = sum(_is_prose(line) for line in filled)
    first = filled[0] if filled else b""
    if (
        (not body.isascii() and prose == len(filled))
        or _is_prose(first)
        or len(_NOT_BASE64.findall(body)) * 4 > len(body)
    ):
        defects.append("transfer_encoding_wrong")  # it says base64 and is not
        return body
    defects.append("base64_broken")
    out = bytearray()
    run: list[bytes] = []
    for line in lines:
        # Prose among base64 is what a mailing list appended in clear.
        if _is_prose(line.strip()):
            out += _base64_runs(b"".join(run), []) + b"\n" + line
            run.clear()
        else:
            run.append(_JUNK.sub(b"", line))
    return bytes(out + _base64_runs(b"".join(run), []))


def _is_prose(line: bytes) -> bool:
    """A line that is no base64 with a byte of junk in it, but text: blanks between words, 8 bits, a rule of hyphens."""
    if not line or _BASE64_LINE.match(line):
        return False
    return b" " in line or not line.isascii() or b"\x1b" in line or line[:2] in (b"--", b"__")


def _base64_runs(text: bytes, defects: list[str]) -> bytes:
    text = text.translate(None, _SPACE)
    if (b"-" in text or b"_" in text) and b"+" not in text and b"/" not in text:
        text = text.translate(_URL_SAFE)
    if b"=" not in text[:-2] and len(text) % 4 == 0:
        try:
            return binascii.a2b_base64(text)
        except binascii.Error:
            pass
    out = bytearray()
    for run in _PADDING.split(text):
        if len(run) % 4 == 1:
            run = run[:-1]
            defects.append("base64_broken")
        try:
            out += binascii.a2b_base64(run + b"=" * (-len(run) % 4))
        except binascii.Error:
            defects.append("base64_broken")
    return bytes(out)


def quoted_printable(body: bytes, defects: list[str]) -> bytes:
    """RFC 2045 section 6.7; an ``=`` that starts nothing stays as it is."""
    if b"\x1b$" in body and b"=1B" not in body.upper():
        # Raw ISO-2022-JP under a wrong label: "=3B" is half of two kanji there.
        defects.append("transfer_encoding_wrong")
        return body
    body = _SOFT_BREAK.sub(b"", _TRAILING.sub(b"", body) if b" \n" in body or b" \r" in body or b"\t" in body else body)
    if body.endswith(b"="):
        body = body[:-1]
    return _HEX.sub(lambda found: bytes((int(found.group(1), 16),)), body)


_MAX_FILES: Final = 1_000


def uuencoded(body: bytes) -> list[tuple[str, tuple[int, int], bytes]]:
    """The uuencoded files in a text: name, where they stand, content. A line of prose that says "begin" is none."""
    found: list[tuple[str, tuple[int, int], bytes]] = []
    position = 0
    while True:
        begin = _UU_BEGIN.search(body, position)
        if not begin or len(found) >= _MAX_FILES:
            return found
        content = bytearray()
        cursor = begin.end()
        lines = 0
        ended = False
        while cursor < len(body):
            line_end = body.find(b"\n", cursor)
            line_end = len(body) if line_end < 0 else line_end
            line = body[cursor:line_end].rstrip(b"\r")
            if line.strip() == b"end":
                cursor = min(line_end + 1, len(body))
                ended = True
                break
            data = _uu_line(line)
            if data is None:
                break
            content += data
            lines += 1
            cursor = min(line_end + 1, len(body))
        if lines and (ended or lines > 2):
            name = begin.group(2).strip().decode("utf-8", "surrogateescape")
            found.append((name, (begin.start(), cursor), bytes(content)))
        position = max(cursor, begin.end())


def _uu_line(line: bytes) -> bytes | None:
    if line in (b"", b"`", b" "):
        return b""
    length = (line[0] - 32) & 63
    if not 0x20 <= line[0] <= 0x60 or len(line) - 1 > (length + 2) // 3 * 4 + 2 or len(line) < length:
        return None
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        try:
            return binascii.a2b_uu(line[: 1 + (length + 2) // 3 * 4])
        except binascii.Error:
            return None
