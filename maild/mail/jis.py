"""Decode the Japanese double-byte encodings as mailers really write them (rules M5).

No codec of the standard library reads ISO-2022-JP with vendor characters (①㈱髙﨑): they raise, or yield *wrong* kanji.
What works is to follow the escape sequences, map each JIS pair to Shift_JIS bytes and decode those as CP932.

Every function here takes bytes, returns ``(text, errors)`` and never raises. ``errors`` counts what could not be read.
A well-formed pair that means nothing to us is a carrier's own emoji or gaiji: it becomes one 〓 (the geta mark that
printers put for a missing sort), so that its neighbours stay whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from maild.mail.emoji import readable

GETA: Final = "〓"
BROKEN: Final = "\ufffd"

_ESCAPE: Final = re.compile(
    rb"\x1b(?:\$\([@A-DO-Q]|\$[@AB]|\([A-Z]|\)[A-Z]|\.[AF]|&@|N.)|[\x0e\x0f]|\r?\n|\r",
    re.DOTALL,
)
_DOUBLE: Final = {
    b"\x1b$@": "jis",
    b"\x1b$B": "jis",
    b"\x1b$(@": "jis",
    b"\x1b$(B": "jis",
    b"\x1b$(D": "jisx0212",
    b"\x1b$(O": "jisx0213",
    b"\x1b$(Q": "jisx0213",
    b"\x1b$(P": "jisx0213-2",
    b"\x1b$A": "gb2312",
    b"\x1b$(A": "gb2312",
    b"\x1b$(C": "ksc5601",
}
_PAIRS: Final = re.compile(rb"[\x21-\x7e]{2}|[\xa1-\xfe]{2}|.", re.DOTALL)
_GRAPHIC: Final = re.compile(rb"(?:[\x21-\x7e]{2})+")
_SJIS: Final = re.compile(
    rb"[\x00-\x7f]+|[\xa1-\xdf]+|(?:[\x81-\x9f\xe0-\xfc][\x40-\x7e\x80-\xfc])|.",
    re.DOTALL,
)
_EUC: Final = re.compile(rb"[\x00-\x7f]+|(?:[\xa1-\xfe]{2})+|(?:\x8e[\xa1-\xdf])+|\x8f[\xa1-\xfe]{2}|.", re.DOTALL)


def _shifted(lead: int, trail: int) -> tuple[int, int]:
    """One JIS X 0208 pair (0x21..0x7E each) as the two bytes of Shift_JIS."""
    if lead & 1:
        trail += 0x1F if trail < 0x60 else 0x20
    else:
        trail += 0x7E
    high = ((lead - 0x21) >> 1) + 0x81
    return (high + 0x40 if high > 0x9F else high), trail


def _make_table() -> dict[bytes, str]:
    table: dict[bytes, str] = {}
    for lead in range(0x21, 0x7F):
        for trail in range(0x21, 0x7F):
            try:
                char = bytes(_shifted(lead, trail)).decode("cp932")
            except UnicodeDecodeError:
                char = GETA
            table[bytes((lead, trail))] = readable(char)
    return table


# RFC 1468 to the letter: the library's codec is right about these, and ten times faster than we are (it refuses half a
# pair, so pairs are not counted here) ...
_ORDERLY: Final = re.compile(rb"(?:[^\x1b\x0e\x0f]++|\x1b\$[@B][\x21-\x7e]++\x1b\(B)*+")
# ... but for those characters that CP932 maps elsewhere; all text of ours has one kind of wave dash.
_AS_CP932: Final = {"〜": "～", "‖": "∥", "−": "－", "¢": "￠", "£": "￡", "¬": "￢"}
# Half-width kana as they make syllables: kanji of EUC-JP have the same bytes, but ー and small kana in odd places.
_SYLLABLES: Final = (
    rb"(?>(?>[\xb3\xc2-\xc4]\xde?[\xa7-\xab]?|\xcc[\xa7-\xab]|[\xbc\xc1]\xde?[\xaa\xac-\xae]?"
    rb"|[\xb7\xc6\xcb\xd0\xd8][\xde\xdf]?[\xac-\xae]?|[\xb6-\xc4]\xde|[\xca-\xce][\xde\xdf]|[\xa6\xb1-\xdd])"
    rb"\xaf?\xb0{0,5})++"
)
_KANA_RUN: Final = re.compile(
    rb"(?:[\x00-\x7f]++|\xa2?"
    + _SYLLABLES
    + rb"(?:[\xa1\xa3-\xa5]\xa2?"
    + _SYLLABLES
    + rb")*+[\xa1-\xa5]{0,3}+(?=[\x00-\x7f]|\Z))++"
)
_EUC_KANA: Final = re.compile(rb"(?:[\x00-\x7f]++|(?:\x8e[\xa1-\xdf]){2,}+)++")
_TABLE: dict[bytes, str] = {}


def _pairs() -> dict[bytes, str]:
    """JIS pair -> character, made at the first use (8,836 entries, 20 ms)."""
    if not _TABLE:
        _TABLE.update(_make_table())
    return _TABLE


def _two_bytes(data: bytes, charset: str) -> tuple[str, int]:
    """The bytes between two escape sequences, in a double-byte character set."""
    if charset == "jis" and len(data) % 2 == 0:
        table = _pairs()
        try:
            return "".join([table[data[i : i + 2]] for i in range(0, len(data), 2)]), 0
        except KeyError:
            pass  # stray bytes in between: pair by pair below
    out: list[str] = []
    errors = 0
    for pair in _PAIRS.findall(data):
        if len(pair) == 2:
            pair = bytes((pair[0] & 0x7F, pair[1] & 0x7F))
            char = _one_pair(pair, charset)
            errors += char == BROKEN
            out.append(char)
        elif pair in b"\t ":
            out.append(pair.decode("ascii"))
        else:
            errors += 1
            if pair > b"\x20":
                out.append(BROKEN)
    return "".join(out), errors


def _one_pair(pair: bytes, charset: str) -> str:
    if charset == "jis":
        return _pairs().get(pair, BROKEN)
    high = bytes(byte | 0x80 for byte in pair)
    codec, data = {
        "jisx0212": ("euc_jp", b"\x8f" + high),
        "jisx0213": ("euc_jis_2004", high),
        "jisx0213-2": ("euc_jis_2004", b"\x8f" + high),
        "gb2312": ("gb18030", high),
        "ksc5601": ("cp949", high),
    }[charset]
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return GETA


def _half_width(data: bytes) -> str:
    """JIS X 0201 katakana in its seven-bit form; what lies outside is ASCII that lost its escape."""
    return "".join(chr(0xFF40 + byte) if 0x21 <= byte <= 0x5F else chr(byte) for byte in (b & 0x7F for b in data))


def _goes_on(line: bytes) -> bool:
    """Whether a line after a line end is still double-byte: pairs of which many are kana (ASCII is never so)."""
    if not _GRAPHIC.fullmatch(line):
        return False
    leads = line[::2]
    return (leads.count(b"$") + leads.count(b"%")) * 3 >= len(leads)


def decode_iso_2022(data: bytes, eight_bit: Callable[[bytes], str]) -> tuple[str, int]:
    """Decode ISO-2022-JP, -1, -2, -3, -2004, -MS and CP5022x.

    ``eight_bit`` decodes runs outside the escapes that hold bytes above 0x7F: those are another encoding, mixed in.
    """
    text = orderly(data)
    if text is not None:
        return text, 0
    out: list[str] = []
    errors = 0
    mode = "ascii"
    latin = "latin-1"  # ISO-2022-JP-2 puts a second set of 96 characters in G2
    position = 0
    shifted = False  # JIS X 0201 katakana by SO and SI
    for escape in _ESCAPE.finditer(data):
        text, bad = _run(data[position : escape.start()], "kana" if shifted and mode == "ascii" else mode, eight_bit)
        out.append(text)
        errors += bad
        position = escape.end()
        sign = escape.group()
        if sign in _DOUBLE:
            mode = _DOUBLE[sign]
        elif sign[0] in b"\r\n":
            out.append("\n")
            shifted = False
            if mode != "ascii":
                # RFC 1468: a line ends in ASCII. Mailers that cut lines blindly go on in kanji.
                following = _ESCAPE.search(data, position)
                line = data[position : following.start() if following else len(data)]
                if mode == "kana" or not _goes_on(line):
                    mode = "ascii"
                errors += bool(line)
        elif sign == b"\x1b(I":
            mode = "kana"
        elif sign[:2] in (b"\x1b(", b"\x1b)"):
            mode = "ascii"
        elif sign[:2] == b"\x1b.":
            latin = "latin-1" if sign[2:] == b"A" else "iso8859_7"
        elif sign[:2] == b"\x1bN":
            out.append(bytes((sign[2] | 0x80,)).decode(latin, "replace"))
        elif sign in (b"\x0e", b"\x0f"):
            shifted = sign == b"\x0e"
    text, bad = _run(data[position:], "kana" if shifted and mode == "ascii" else mode, eight_bit)
    out.append(text)
    return "".join(out), errors + bad


def orderly(data: bytes) -> str | None:
    """Decoded by the library's codec, where the bytes are what it reads well; else None."""
    if not data.isascii() or not _ORDERLY.fullmatch(data):
        return None
    try:
        text = data.decode("iso2022_jp").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        return None  # vendor characters
    for theirs, cp932 in _AS_CP932.items():
        if theirs in text:
            text = text.replace(theirs, cp932)
    return text


def is_euc_half_width(data: bytes) -> bool:
    """Whether all that is not ASCII are half-width katakana of EUC-JP (each behind a single shift)."""
    return b"\x8e" in data and _EUC_KANA.fullmatch(data) is not None


def is_half_width(data: bytes) -> bool:
    """Whether all that is not ASCII can be nothing but JIS X 0201 katakana in their eight-bit form."""
    return _KANA_RUN.fullmatch(data) is not None


def _run(data: bytes, mode: str, eight_bit: Callable[[bytes], str]) -> tuple[str, int]:
    if not data:
        return "", 0
    if mode == "ascii":
        if data.isascii():
            return data.decode("ascii"), 0
        # JIS X 0201 katakana in its eight-bit form, as old mailers put it between the escapes; EUC-JP kana have 0xA4
        # or 0xA5 in every other place.
        if is_half_width(data):
            return "".join(chr(0xFEC0 + byte) if byte > 0x7F else chr(byte) for byte in data), 1
        return eight_bit(data), 1
    if mode == "kana":
        return _half_width(data), 0
    return _two_bytes(data, mode)


def decode_shift_jis(data: bytes, *, codec: str = "cp932") -> tuple[str, int]:
    """Decode Shift_JIS with the vendors' rows; a broken byte harms nobody but itself."""
    try:
        return readable(data.decode(codec)), 0
    except UnicodeDecodeError:
        pass
    out: list[str] = []
    errors = 0
    for token in _SJIS.findall(data):
        try:
            out.append(token.decode(codec))
        except UnicodeDecodeError:
            if len(token) == 2 and token[0] >= 0x85:
                # Rows that the standard leaves empty: emoji of KDDI and SoftBank, gaiji.
                out.append(GETA)
            else:
                out.append(BROKEN)
                errors += 1
    return readable("".join(out)), errors


def decode_euc_jp(data: bytes) -> tuple[str, int]:
    """Decode EUC-JP, CP51932 and eucJP-ms."""
    try:
        return data.decode("euc_jp"), 0
    except UnicodeDecodeError:
        pass
    out: list[str] = []
    errors = 0
    for token in _EUC.findall(data):
        try:
            out.append(token.decode("euc_jp"))
        except UnicodeDecodeError:
            if token[0] == 0x8F and len(token) == 3:
                out.append(GETA)
            elif len(token) >= 2:
                text, bad = _two_bytes(bytes(byte & 0x7F for byte in token), "jis")
                out.append(text)
                errors += bad
            else:
                out.append(BROKEN)
                errors += 1
    return "".join(out), errors
