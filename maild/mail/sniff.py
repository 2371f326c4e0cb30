"""What bytes are, whatever their label says (rules A2)."""

from __future__ import annotations

import re
from typing import Final

# (offset, magic, type). Only signs that no Japanese or English text begins with.
_MAGIC: Final = (
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
    (0, b"PK\x07\x08", "application/zip"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"\x1f\x9d", "application/x-compress"),
    (0, b"\x1f\xa0", "application/x-compress"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"\xfd7zXZ\x00", "application/x-xz"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"MSCF\x00\x00", "application/vnd.ms-cab-compressed"),
    (257, b"ustar", "application/x-tar"),
    (2, b"-lh", "application/x-lzh"),
    (0, b"\x60\xea", "application/x-arj"),
    (0x8001, b"CD001", "application/x-iso9660-image"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"\x00\x00\x01\x00", "image/x-icon"),
    (0, b"8BPS\x00", "image/vnd.adobe.photoshop"),
    (0, b"MMMD", "application/vnd.smaf"),
    (0, b"melo", "application/x-melody"),
    (0, b"OggS\x00", "application/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"MThd\x00\x00", "audio/midi"),
    (0, b"\x1a\x45\xdf\xa3", "video/x-matroska"),
    (0, b"\x00\x00\x01\xba", "video/mpeg"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-asf"),
    (0, b"CWS", "application/x-shockwave-flash"),
    (0, b"FWS", "application/x-shockwave-flash"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"\x78\x9f\x3e\x22", "application/ms-tnef"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"\xca\xfe\xba\xbe", "application/java-vm"),
    (0, b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
    (0, b"L\x00\x00\x00\x01\x14\x02\x00", "application/x-ms-shortcut"),
    (0, b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"ITSF\x03\x00", "application/vnd.ms-htmlhelp"),
    (0, b"!BDN", "application/vnd.ms-outlook"),
    (0, b"wOF", "font/woff"),
    (0, b"\x00\x01\x00\x00\x00", "font/ttf"),
    (0, b"!<arch>\n", "application/x-archive"),
)
# The signs that can stand in data that begins with a byte, in the order above, and those that can in any data.
_ELSEWHERE: Final = tuple(one for one in _MAGIC if one[0])
_BY_FIRST: Final = {
    first: tuple(one for one in _MAGIC if one[0] or one[1][0] == first)
    for first in {sign[0] for offset, sign, _ in _MAGIC if not offset}
}
# Three letters alone prove nothing in a text.
_WEAK: Final = frozenset({b"BZh", b"ID3", b"CWS", b"FWS", b"MMMD", b"melo", b"wOF", b"fLaC", b"-lh"})
_ZIP_BASED: Final = re.compile(
    r"application/(?:vnd\.openxmlformats|vnd\.oasis|epub|java-archive|vnd\.android|vnd\.ms-\w+\..*macro|x-zip|vnd\.google-earth"
    r"|vnd\.apple|x-iwork|xps|vnd\.ms-xpsdocument|oxps)"
)
_OLE_BASED: Final = re.compile(
    r"application/(?:msword|vnd\.ms-|x-msi|vnd\.visio|x-hwp|x-ichitaro|vnd\.justsystem|x-js-)"
)
_FTYP: Final = {
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"hevc": "image/heic",
    b"mif1": "image/heif",
    b"msf1": "image/heif",
    b"avif": "image/avif",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"3gp": "video/3gpp",
    b"3g2": "video/3gpp2",
    b"crx ": "image/x-canon-cr3",
}
_CONTROLS: Final = bytes(b for b in range(32) if b not in b"\t\n\r\f\x08\x0e\x0f\x1b") + b"\x7f"
_CARD: Final = re.compile(rb"\s*BEGIN:(VCALENDAR|VCARD)\s", re.I)
_CARDS: Final = {b"vcalendar": "text/calendar", b"vcard": "text/vcard"}
_HTML: Final = re.compile(rb"\s*(?:<!--[^>]{0,300}-->\s*)?<(?:!doctype\s+html|html[\s>]|head[\s>]|body[\s>])", re.I)
_SECOND_LINE: Final = re.compile(rb"\n[A-Za-z0-9+/]{56}")  # each run has one, found in a tenth of the time
_BASE64_LINES: Final = re.compile(rb"(?m)^(?:[A-Za-z0-9+/]{56,120}\r?\n){2,}(?:[A-Za-z0-9+/]{1,120}={0,2})?")


def magic(data: bytes) -> str:
    """The type that the first bytes prove; ``""`` where they prove none."""
    head = data[:512]
    if not head:
        return ""
    for offset, sign, kind in _BY_FIRST.get(head[0], _ELSEWHERE):
        if offset < 512:
            if head[offset : offset + len(sign)] != sign:
                continue
        elif data[offset : offset + len(sign)] != sign:
            continue
        if sign in _WEAK and not (_has_controls(head) or not head.isascii()):
            continue
        return kind
    if head[4:8] == b"ftyp":
        return _FTYP.get(head[8:12]) or _FTYP.get(head[8:11]) or "video/mp4"
    if head[:4] == b"RIFF" and head[8:12] in (b"WAVE", b"AVI ", b"WEBP"):
        return {b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo", b"WEBP": "image/webp"}[head[8:12]]
    if head[:2] == b"MZ" and _has_controls(head):
        return "application/x-msdownload"
    if head[:2] == b"BM" and len(head) > 26 and head[6:10] == b"\x00\x00\x00\x00":
        return "image/bmp"
    if head[:1] == b"\xff" and len(head) > 3 and head[1] & 0xE0 == 0xE0 and head[1] not in (0xFE, 0xFF):
        return "audio/mpeg"
    found = _CARD.match(head)
    return _CARDS[found.group(1).lower()] if found else ""


def _has_controls(data: bytes) -> bool:
    return len(data.translate(None, _CONTROLS)) != len(data)


def is_text(data: bytes) -> bool:
    """Whether bytes could be text in any charset of mail; a stray control character does not make them binary."""
    sample = data[:8192]
    if not sample or sample[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return True
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if controls <= 3 or controls * 20 <= len(sample):
        return True
    nulls = sample.count(0)
    # UTF-16 without a mark: every other byte of plain letters is zero.
    return (
        bool(nulls) and nulls * 5 > len(sample) * 2 and max(sample[::2].count(0), sample[1::2].count(0)) * 5 > nulls * 4
    )


def is_html(data: bytes) -> bool:
    return bool(_HTML.match(data[:1024]))


def refine(sniffed: str, declared: str) -> str:
    """The type to report: what the bytes are, but the label's word for which kind of container they are."""
    if not sniffed:
        return declared
    if sniffed == "application/zip" and _ZIP_BASED.match(declared):
        return declared
    if sniffed == "application/x-ole-storage" and _OLE_BASED.match(declared):
        return declared
    if sniffed in ("video/mp4", "video/3gpp", "video/3gpp2") and declared in (
        "audio/mp4",
        "audio/3gpp",
        "video/mp4",
        "video/3gpp",
    ):
        return declared
    return sniffed


def base64_runs(data: bytes) -> list[tuple[int, int]]:
    """Where a text holds lines that are nothing but base64 (a part that lost its header)."""
    if len(data) < 112 or not _SECOND_LINE.search(data):
        return []
    return [found.span() for found in _BASE64_LINES.finditer(data)]
