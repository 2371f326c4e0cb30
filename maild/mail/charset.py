"""Bytes and the charset label they came with -> text (rules M5).

The label is only a hint: phones and web mailers leave it out or lie. Strict decoding decides, in this order: escape
sequences of ISO-2022-JP, UTF-8, the label, the Japanese encodings; where two readings are possible the one that
looks like Japanese text wins. Guessing libraries get short Japanese texts wrong and are not used.

:func:`decode` never raises, returns no lone surrogate, and leaves line ends and control characters as they are.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

from maild.mail import jis
from maild.mail.emoji import readable

_ALIASES: Final = {
    "": "",
    "ascii": "",
    "us-ascii": "",
    "us_ascii": "",
    "ansi_x3.4-1968": "",
    "iso646-us": "",
    "7bit": "",
    "8bit": "",
    "binary": "",
    "none": "",
    "null": "",
    "default": "",
    "unknown": "",
    "unknown-8bit": "",
    "x-unknown": "",
    "x-user-defined": "",
    "utf8": "utf-8",
    "utf-8": "utf-8",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "shiftjis": "cp932",
    "s-jis": "cp932",
    "sjis": "cp932",
    "sjis-win": "cp932",
    "sjis-open": "cp932",
    "sjis-docomo": "cp932",
    "sjis-kddi": "cp932",
    "sjis-softbank": "cp932",
    "x-sjis": "cp932",
    "x-shift-jis": "cp932",
    "x-ms-cp932": "cp932",
    "ms_kanji": "cp932",
    "cp932": "cp932",
    "ms932": "cp932",
    "cp943": "cp932",
    "ibm943": "cp932",
    "windows-31j": "cp932",
    "windows-932": "cp932",
    "cswindows31j": "cp932",
    "euc-jp": "euc-jp",
    "eucjp": "euc-jp",
    "euc_jp": "euc-jp",
    "ujis": "euc-jp",
    "x-euc-jp": "euc-jp",
    "x-euc": "euc-jp",
    "eucjp-win": "euc-jp",
    "eucjp-ms": "euc-jp",
    "eucjpms": "euc-jp",
    "cp51932": "euc-jp",
    "cp20932": "euc-jp",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cp936": "gb18030",
    "euc-cn": "gb18030",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "big5": "big5hkscs",
    "x-big5": "big5hkscs",
    "iso-8859-8-i": "iso8859_8",
    "tis-620": "cp874",
}
_ISO_2022_JP: Final = re.compile(r"(?:x-|cs)?(?:iso[-_]?2022[-_]?jp\S*|jis|jis[78]|cp5022\d\S*|junet)\Z")
_SHIFT_ESCAPE: Final = re.compile(rb"\x1b(?:\$\(?[@AB]|\$\([CDOPQ]|\([IJ])")
_LOST_ESCAPE: Final = re.compile(rb"(?<!\x1b)(\$[@B])((?:[\x21-\x7e]{2}){1,200}?)(?<!\x1b)(\([BJ])")
_CLEAR_KANA: Final = re.compile("[\u3041-\u3096\u30a1-\u30fc]")
_ODD: Final = re.compile(
    "[^\x20-\x7e\u2010-\u203b\u2103-\u2193\u2200-\u22bf\u2460-\u2473\u2500-\u266f\u3000-\u33ff\u4e00-\u9fff\ufa00-\ufa2d\uff01-\uff5e\uffe0-\uffe5\t\r\n]"
)
_HALF_WIDTH: Final = re.compile("[\uff61-\uff9f]")
_THREE_BYTES: Final = re.compile(
    "[\u2010-\u203b\u2103-\u2193\u2200-\u22bf\u2460-\u2473\u2500-\u266f\u3000-\u33ff\u4e00-\u9fff\uff01-\uffe5\U0001f000-\U0001faff]"
)
_FOREIGN: Final = re.compile("[\x80-\xa6\u0100-\u036f\u0400-\u1fff]")
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_TO_MEND: Final = re.compile("[\ud800-\uf8ff\U000f0000-\U0010ffff]")  # these, and what ``readable`` takes away
_EAST_ASIAN: Final = frozenset({"cp932", "euc-jp", "gb18030", "cp949", "big5hkscs"})
_BOM: Final = codecs.BOM_UTF8
_SAMPLE: Final = 65_536
_NOT_TEXT: Final = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})


def codec_of(label: str | None) -> str | None:
    """Our codec for a charset label; ``""`` where the label says nothing, None where nobody knows it."""
    if label is None:
        return ""
    name = label.strip().strip("\"'<>;,").strip().lower()
    if name in _ALIASES:
        return _ALIASES[name]
    if len(name) > 60 or not name.isascii():
        return None
    if _ISO_2022_JP.match(name):
        return "iso-2022-jp-2004" if name.endswith(("2004", "-3")) else "iso-2022-jp"
    if name in ("shift_jis-2004", "shift_jisx0213", "shift_jis_2004"):
        return "shift_jis_2004"
    if re.fullmatch(r"windows[-_]?\d{3,4}", name):
        name = "cp" + re.sub(r"\D", "", name)
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError, UnicodeError):
        return None
    if not getattr(info, "_is_text_encoding", True) or info.name.replace("-", "_") in _NOT_TEXT:
        return None
    return _ALIASES.get(info.name, info.name)


def decode(data: bytes, label: str | None) -> tuple[str, list[str]]:
    """Decode ``data``, which came with the charset ``label`` (None: with none).

    Returns the text and what was mended: ``charset_unlabelled``, ``charset_unknown``, ``charset_mislabelled``,
    ``charset_broken`` (some of it could not be read), ``escape_lost``.
    """
    if not data:
        return "", []
    codec = codec_of(label)
    usual = _usual(data, codec)
    if usual is not None:
        return usual, []
    defects: list[str] = [] if codec is not None else ["charset_unknown"]
    text, found = _decode(data, codec or "", defects)
    if not text.isascii():
        if _TO_MEND.search(text):
            if _SURROGATES.search(text):
                text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
                defects.append("charset_broken")
            text = readable(text)
        if codec == "" and "charset_broken" not in defects:
            defects.append("charset_unlabelled")
        elif codec and not found.startswith(codec.removesuffix("-2004")):
            defects.append("charset_mislabelled")
    return text, list(dict.fromkeys(defects)) if defects else defects


def _usual(data: bytes, codec: str | None) -> str | None:
    """The text of a mail that is what its label says, as nearly all are; None for what has to be looked at closely."""
    if codec == "utf-8":
        if b"\x1b" in data or data[:1] == _BOM[:1] or _holds_private(data):
            return None
        try:
            return data.decode()
        except UnicodeDecodeError:
            return None
    return jis.orderly(data) if codec == "iso-2022-jp" and b"\x1b" in data else None


def _holds_private(data: bytes) -> bool:
    """Whether UTF-8 may hold private use characters: U+E000 to U+F8FF, and those beyond U+F0000."""
    if b"\xee" in data or b"\xf3" in data or b"\xf4" in data:
        return True
    return b"\xef" in data and any(rest[:1] < b"\xa4" for rest in data.split(b"\xef")[1:])


def _decode(data: bytes, codec: str, defects: list[str]) -> tuple[str, str]:
    """The text and the codec that it was read with."""
    if data.isascii():
        return _seven_bit(data, codec, defects)
    if codec in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be") or data[:2] in (
        b"\xff\xfe",
        b"\xfe\xff",
    ):
        wide = _wide(data, codec)
        if wide is not None:
            return wide, codec or "utf-16"
        codec = ""
    if b"\x1b" in data and _SHIFT_ESCAPE.search(data):
        defects.append("charset_mixed")
        return _iso_2022(data, defects), "iso-2022-jp"
    utf8 = _strict(data, "utf-8")
    if utf8 is None and b"\xed" in data:
        # CESU-8: Java mailers write a character beyond the BMP as two surrogates.
        lenient, errors = _lenient_utf8(data)
        utf8 = None if errors else lenient
    if utf8 is not None and codec in ("", "utf-8"):
        return utf8, "utf-8"
    labelled = None
    if codec and codec not in ("utf-8", "utf-7", "hz", "iso-2022-jp", "iso-2022-jp-2004", "iso2022_kr"):
        labelled = _strict(data, codec)
    if utf8 is not None:
        if labelled is not None and codec in _EAST_ASIAN and not _plainly_utf8(utf8):
            return (labelled, codec) if _likeness(labelled) > _likeness(utf8) else (utf8, "utf-8")
        return utf8, "utf-8"
    if jis.is_euc_half_width(data):
        return data.decode("euc_jp", "replace"), "euc-jp"
    if labelled is not None and jis.BROKEN not in labelled:
        if codec == "cp932" and jis.is_half_width(data):
            return labelled, codec
        if codec in ("cp932", "euc-jp") and _likeness(labelled) >= 0.9:
            return labelled, codec
        if codec in _EAST_ASIAN and codec not in ("cp932", "euc-jp"):
            japanese = _strict(data, "cp932")
            if japanese is None or _kana(japanese) < 0.4 or _kana(labelled) > 0.1:
                return labelled, codec
            return japanese, "cp932"
    return _eight_bit(data, codec, labelled, defects)


def _plainly_utf8(text: str) -> bool:
    """Whether text read as UTF-8 holds three-byte characters that Japanese mail has, and nothing from elsewhere."""
    return jis.BROKEN not in text and bool(_THREE_BYTES.search(text)) and not _FOREIGN.search(text)


def _kana(text: str) -> float:
    beyond = sum(1 for char in text[:8192] if char > "\x7f") or 1
    return len(_CLEAR_KANA.findall(text[:8192])) / beyond


def _seven_bit(data: bytes, codec: str, defects: list[str]) -> tuple[str, str]:
    if b"\x1b" in data:
        if _SHIFT_ESCAPE.search(data) or b"\x1b." in data:
            return _iso_2022(data, defects), "iso-2022-jp"
        if b"\x1b$)C" in data:
            return data.decode("iso2022_kr", "replace"), "iso2022_kr"
    if b"\x0e" in data and codec.startswith("iso-2022-jp"):
        return _iso_2022(data, defects), codec
    if codec.startswith("iso-2022-jp") and b"\x1b" not in data and _LOST_ESCAPE.search(data):
        # A gateway that strips control characters took the escapes away.
        restored = _LOST_ESCAPE.sub(lambda found: b"\x1b%b%b\x1b%b" % found.groups(), data)
        defects.append("escape_lost")
        return _iso_2022(restored, defects), codec
    if codec in ("utf-7", "hz") and (b"+" in data or b"~{" in data):
        return data.decode(codec, "replace"), codec
    if b"\x00" in data and codec.startswith(("utf-16", "utf-32")):
        wide = _wide(data, codec)
        if wide is not None:
            return wide, codec
    return data.decode("ascii"), codec


def _iso_2022(data: bytes, defects: list[str]) -> str:
    text, errors = jis.decode_iso_2022(data, _mixed_in)
    if errors:
        defects.append("charset_broken")
    return text


def _mixed_in(data: bytes) -> str:
    return _decode(data, "", [])[0]


def _wide(data: bytes, codec: str) -> str | None:
    name = codec if codec.startswith("utf-") and codec != "utf-8" else "utf-16"
    if name == "utf-16" and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        name = "utf-16-be"  # RFC 2781 section 4.3
        if data[1::2].count(0) > data[::2].count(0):
            name = "utf-16-le"
    return _strict(data, name)


def _strict(data: bytes, codec: str) -> str | None:
    """Strictly decoded, but for a last character that was cut off; None where that fails."""
    marked = codec == "utf-8" and data[:3] == _BOM
    try:
        text = data.decode("utf-8-sig" if marked else "euc_jp" if codec == "euc-jp" else codec)
    except UnicodeDecodeError as error:
        # Only the tail may be missing (a mailer that cuts at a byte count).
        if (
            error.start >= len(data) - 3
            and error.start > 0
            and error.reason.startswith(("incomplete", "unexpected end"))
        ):
            whole = data[: error.start]
            if whole.isascii() or (codec == "utf-8" and not _THREE_BYTES.search(whole.decode("utf-8", "replace"))):
                return None
            try:
                return whole.decode("euc_jp" if codec == "euc-jp" else codec) + jis.BROKEN
            except (UnicodeError, ValueError):
                return None
        return None
    except (LookupError, ValueError):
        return None
    return text


def _likeness(text: str) -> float:
    """How much the characters beyond ASCII look like Japanese: kana count most, half-width kana and others against."""
    sample = re.sub(r"[\x00-\x7f]+", "", text[:8192])
    if not sample:
        return 1.0
    # Half-width kana are Japanese, but also what other encodings look like when they are read as Shift_JIS.
    odd = len(_ODD.findall(sample)) + sample.count(jis.GETA) - 0.6 * len(_HALF_WIDTH.findall(sample))
    kana = len(_CLEAR_KANA.findall(sample))
    return (len(sample) - 2 * odd + kana) / len(sample)


def _eight_bit(data: bytes, codec: str, labelled: str | None, defects: list[str]) -> tuple[str, str]:
    """Bytes that are not UTF-8: the reading that looks best, the label first where it says something."""
    if len(data) > 2 * _SAMPLE:
        _, name = _best(data[:_SAMPLE], codec, None if labelled is None else labelled[:_SAMPLE], [])
        text, errors = _lenient(data, name)
    else:
        found: list[str] = []
        text, name = _best(data, codec, labelled, found)
        errors = len(found)
    if errors:
        defects.append("charset_broken")
    return text, name


def _lenient(data: bytes, codec: str) -> tuple[str, int]:
    """Decoded whatever it takes, and how much could not be."""
    if codec in ("cp932", "shift_jis_2004"):
        return jis.decode_shift_jis(data, codec=codec)
    if codec == "euc-jp":
        return jis.decode_euc_jp(data)
    if codec == "utf-8":
        return _lenient_utf8(data)
    text = data.decode(codec, "replace")
    return text, text.count(jis.BROKEN)


def _best(data: bytes, codec: str, labelled: str | None, defects: list[str]) -> tuple[str, str]:
    readings: list[tuple[float, int, str, str]] = []
    if labelled is not None and codec not in ("cp932", "euc-jp"):
        # A single-byte label fits any bytes: only text that is plainly Japanese overrules it.
        floor = 0.9 if codec not in _EAST_ASIAN else 0.7
        readings.append((floor, 0, labelled, codec))
    elif labelled is None and codec == "":
        latin = _strict(data, "cp1252")
        if latin is not None:
            readings.append((0.1, 0, latin, "cp1252"))
    cp932, bad = jis.decode_shift_jis(data)
    readings.append((_score(cp932, bad, codec == "cp932"), bad, cp932, "cp932"))
    if codec == "shift_jis_2004":
        text, bad = jis.decode_shift_jis(data, codec="shift_jis_2004")
        readings.append((_score(text, bad, True), bad, text, codec))
    euc, bad = jis.decode_euc_jp(data)
    readings.append((_score(euc, bad, codec == "euc-jp"), bad, euc, "euc-jp"))
    lenient, bad = _lenient_utf8(data)
    readings.append((_score(lenient, bad, codec == "utf-8"), bad, lenient, "utf-8"))
    if labelled is None and codec not in ("", "cp932", "euc-jp", "utf-8", "shift_jis_2004", "iso-2022-jp"):
        try:
            text = data.decode(codec, "replace")
            bad = text.count(jis.BROKEN)
            readings.append((_score(text, bad, True), bad, text, codec))
        except (LookupError, UnicodeError, ValueError):
            pass
    _, errors, text, name = max(readings, key=lambda reading: reading[0])
    if errors:
        defects.append("charset_broken")
    return text, name


def _score(text: str, errors: int, labelled: bool) -> float:
    """Likeness, less what could not be read, with a little for the label."""
    beyond = sum(1 for char in text[:8192] if char > "\x7f") or 1
    return _likeness(text) - min(3.0, 2.0 * errors / beyond) + (0.3 if labelled else 0.0)


def _lenient_utf8(data: bytes) -> tuple[str, int]:
    try:
        text = data.decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass").decode("utf-16")
        return text, 0
    except UnicodeError:
        text = data.decode("utf-8", "replace")
        return text, text.count(jis.BROKEN)
