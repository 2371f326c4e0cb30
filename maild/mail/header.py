"""Raw header field bodies -> decoded text, parameters and identifiers (rules M5, M6).

A raw value is a ``str`` of ASCII and surrogate escapes, as the standard library's compat32 messages hold it; it may
still be folded. Everything here is linear, never raises, and returns one line without control characters.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

from maild.mail import charset
from maild.mail.limits import MAX_IDS, MAX_NAME_CHARS, MAX_PARAMETERS

# RFC 2047 section 2, as phones write it: blanks and bare question marks inside, the end of one word glued to the next.
# The text of a word ends at "?=" or before the next "=?": so a flood of openings without an end stays linear.
_WORD: Final = re.compile(
    rb"=\?([^?\s=]{1,60})\?([bBqQ])\?((?:[^?=]|\?(?!=)|=(?!\?(?!=)))*+)(?:\?=|\?*\Z)",
)
_SIMPLE_WORD: Final = re.compile(r"=\?([A-Za-z0-9_-]{1,60})\?[Bb]\?([A-Za-z0-9+/]+={0,2})\?=")
_FOLD: Final = re.compile(r"[\r\n]+(?=[ \t])")
_LINE_END: Final = re.compile(r"[\r\n]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
_BLANK: Final = re.compile("[\t\r\n\x0b\x0c\x85\u2028\u2029]+")
_BLANKS: Final = re.compile(" {2,}")
_BIDI: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_BASE64_NOISE: Final = re.compile(rb"[^A-Za-z0-9+/=]")
_ID: Final = re.compile(r"<([^<>]{1,998})>")
_BARE_ID: Final = re.compile(r"[^\s<>@\"(),;:]{1,400}@[^\s<>@\"(),;]{1,400}")


def to_bytes(raw: str) -> bytes:
    """The bytes of a raw value as they were on the wire."""
    try:
        return raw.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a lone surrogate that no byte explains
        return raw.encode("utf-8", "replace")


def unfold(raw: str) -> str:
    """RFC 5322 section 2.2.3; a bare CR or LF becomes a blank."""
    if "\r" in raw:
        raw = raw.replace("\r\n", "\n")
    if "\n" in raw:
        raw = raw.replace("\n ", " ").replace("\n\t", "\t")
    if "\n" not in raw and "\r" not in raw:
        return raw.strip(" \t")
    return _LINE_END.sub(" ", _FOLD.sub("", raw)).strip(" \t")


def one_line(text: str) -> str:
    """Without control characters; line ends and tabs are blanks (header injection ends here)."""
    if text.isprintable():  # then it holds no control character, and no blank but the usual one
        return text.strip()
    return _CONTROL.sub("", _BLANK.sub(" ", text)).strip()


@lru_cache(maxsize=256)  # of what people tell of themselves most is what others tell: 女性, 県内, 24歳
def clean_name(text: str) -> str:
    """A display name or a file name: one line, no bidi and no invisible characters, of bounded length (M6)."""
    text = one_line(text[: MAX_NAME_CHARS * 4])
    if not text.isascii():
        text = _INVISIBLE.sub("", text)
    if "  " in text:
        text = _BLANKS.sub(" ", text)
    return text.strip()[:MAX_NAME_CHARS]


def decode_text(raw: str, defects: list[str] | None = None) -> str:
    """An unstructured field (RFC 5322 section 3.6.5) as a person reads it."""
    value = unfold(raw)
    if value.isascii() and "=?" not in value and "\x1b" not in value:
        return one_line(value)
    notes = defects if defects is not None else []
    text = _one_run(value, notes)
    if text is None:
        text = _decode(to_bytes(value), notes)
    return one_line(text if text.isprintable() else _BIDI.sub("", text))


def decode_words(text: str) -> str:
    """The encoded-words in text that is otherwise decoded already (a display name, a file name)."""
    if "=?" not in text:
        return text
    decoded = _one_run(text, [])
    return _decode(text.encode("utf-8", "replace"), []) if decoded is None else decoded


def decode_raw(raw: str) -> str:
    """Raw 8-bit and ISO-2022-JP bytes decoded, encoded-words left alone: the step before looking for addresses.

    Kanji in seven bits hold commas, quotes and brackets that mean nothing.
    """
    value = unfold(raw)
    if value.isascii() and "\x1b" not in value:
        return value
    return charset.decode(to_bytes(value), None)[0]


def base64_run(text: str) -> tuple[str, str, bytes, str] | None:
    """ASCII that holds encoded-words as phones write them, one run of whole base64 words of one charset: what stands
    before it, the charset (lower case), the bytes, what stands after it. None for all else."""
    pieces = _SIMPLE_WORD.split(text)  # clear text, label, base64, clear text, label, base64 ... clear text
    if len(pieces) < 4 or not text.isascii() or "\x1b" in text:
        return None
    before, label, encoded, after = pieces[0], pieces[1], pieces[2], pieces[-1]
    if "=?" in before or "=?" in after or len(encoded) % 4:
        return None
    data = binascii.a2b_base64(encoded)
    if len(pieces) > 4:
        if any(each.strip(" \t") for each in pieces[3:-1:3]) or set(pieces[1::3]) != {label}:
            return None
        if any(len(each) % 4 for each in pieces[2::3]):
            return None
        data = b"".join(map(binascii.a2b_base64, pieces[2::3]))
    return before, label.lower(), data, after


def _one_run(text: str, defects: list[str]) -> str | None:
    """:func:`_decode` of the usual header; None for all else."""
    run = base64_run(text)
    if run is None:
        return None
    before, label, data, after = run
    decoded, found = charset.decode(data, label)
    defects.extend(found)
    return f"{before}{decoded}{after}"


def _decode(data: bytes, defects: list[str]) -> str:
    out: list[str] = []
    position = 0
    words: list[tuple[str, bytes, bytes]] = []
    for word in _WORD.finditer(data):
        between = data[position : word.start()]
        if between.strip() or not words:
            # RFC 2047 section 6.2: only blanks between two encoded-words vanish.
            out.append(_join(words, defects))
            words = []
            if between:
                out.append(_plain(between, defects))
        label = word.group(1).decode("ascii", "replace").partition("*")[0]  # RFC 2231 section 5: a language
        words.append((label.lower(), word.group(2).upper(), word.group(3)))
        position = word.end()
    out.append(_join(words, defects))
    if position < len(data):
        out.append(_plain(data[position:], defects))
    return "".join(out)


def _plain(data: bytes, defects: list[str]) -> str:
    if data.isascii() and b"\x1b" not in data:
        return data.decode("ascii")
    defects.append("header_not_ascii")
    text, found = charset.decode(data, None)
    defects.extend(code for code in found if code != "charset_unlabelled")
    return text


def _join(words: list[tuple[str, bytes, bytes]], defects: list[str]) -> str:
    """Neighbouring encoded-words: those of one charset are joined as bytes, since phones cut within a character."""
    out: list[str] = []
    position = 0
    while position < len(words):
        label = words[position][0]
        data = bytearray()
        held = b""  # base64 that stops within a group of four
        while position < len(words) and words[position][0] == label:
            _, encoding, text = words[position]
            position += 1
            if encoding == b"Q":
                data += _base64(held) if held else b""
                held = b""
                data += binascii.a2b_qp(text.replace(b"\r", b"").replace(b"\n", b""), header=True)
                continue
            held += _BASE64_NOISE.sub(b"", text)
            if len(held) % 4 and b"=" not in held and position < len(words):
                continue
            data += _base64(held)
            held = b""
        if held:
            data += _base64(held)
        text_, found = charset.decode(bytes(data), label)
        out.append(text_)
        defects.extend(found)
    return "".join(out)


def _base64(data: bytes) -> bytes:
    out = b""
    for piece in re.split(rb"=+", data):
        if len(piece) % 4 == 1:
            piece = piece[:-1]
        try:
            out += binascii.a2b_base64(piece + b"=" * (-len(piece) % 4))
        except binascii.Error:
            continue
    return out


@dataclass(slots=True)
class Parameters:
    """A parsed Content-Type or Content-Disposition (RFC 2045 section 5.1, RFC 2231)."""

    value: str  # lower case, no comments: "text/plain", "attachment"
    given: dict[str, str] = field(default_factory=dict)


_SIMPLE: Final = re.compile(
    r'([A-Za-z0-9!#$&^_.+/-]+)((?:; *[A-Za-z-]+=(?:[A-Za-z0-9_.:+-]+|"[^"\\;=?%\x1b]*"))*);?\s*\Z'
)
_SIMPLE_PARAMETER: Final = re.compile(r'; *([A-Za-z-]+)=(?:([A-Za-z0-9_.:+-]+)|"([^"]*)")')
_SECTION: Final = re.compile(r"([^*]+)(?:\*(\d{1,4}))?(\*)?\Z")


def parse_parameters(raw: str) -> Parameters:
    """Value and parameters, whatever the phone made of them."""
    value = unfold(raw)
    if value.isascii():
        simple = _SIMPLE.match(value)
        if simple:
            given: dict[str, str] = {}
            for name, token, quoted in _SIMPLE_PARAMETER.findall(simple.group(2)):
                given.setdefault(name.lower(), token or quoted)
            return Parameters(simple.group(1).lower(), given)
    value = decode_raw(raw)
    before, equals, after = value.partition("=")
    pieces = list(_pieces(strip_comments(before) + equals + after))  # "photo(1).jpg" is no comment
    main = pieces[0].strip().lower() if pieces else ""
    found = Parameters("".join(strip_comments(main).split())[:100])
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for piece in pieces[1 : MAX_PARAMETERS + 1]:
        name, equals, content = piece.partition("=")
        matched = _SECTION.match(name.strip().lower())
        if not equals or not matched:
            continue
        content, was_quoted = _unquote(content.strip())
        base, number, extended = matched.group(1).strip(), matched.group(2), matched.group(3)
        if number is None and not extended:
            found.given.setdefault(base, content if was_quoted else strip_comments(content).strip() or content)
        else:
            sections.setdefault(base, {}).setdefault(int(number or 0), (content, bool(extended)))
    for base, numbered in sections.items():
        text = _continued([numbered[key] for key in sorted(numbered)])
        if text:
            found.given[base] = text  # RFC 2231 goes before the plain one, which is there for old programs
    for name in ("filename", "name"):
        if name in found.given:
            found.given[name] = decode_words(found.given[name])
    return found


def _continued(sections: list[tuple[str, bool]]) -> str:
    """RFC 2231 sections 3 and 4: joined as bytes, then decoded."""
    label: str | None = None
    data = b""
    extended = False
    for index, (content, percent) in enumerate(sections):
        if percent and index == 0 and content.count("'") >= 2:
            label, _, content = content.split("'", 2)
        data += unquote_to_bytes(content) if percent else content.encode("utf-8", "replace")
        extended = extended or percent
    if not extended:
        return data.decode("utf-8", "replace")
    return charset.decode(data, label or None)[0]


def _unquote(text: str) -> tuple[str, bool]:
    if len(text) >= 1 and text[0] == '"':
        text = text[1:-1] if len(text) > 1 and text[-1] == '"' else text[1:]
        # A backslash quotes only a quote or itself: Windows programs send whole paths.
        return text.replace('\\"', '"').replace("\\\\", "\\"), True
    return text, False


_PIECE: Final = re.compile(r'[^";]+|"(?:[^"\\]|\\.)*+"|;|"', re.DOTALL)


def _pieces(value: str) -> Iterator[str]:
    """Split at semicolons outside quotes. Without a closing quote the rest has no quotes (and stays linear)."""
    current: list[str] = []
    position = 0
    quotes = True
    while position < len(value):
        char = value[position]
        if char == ";":
            yield "".join(current)
            current = []
            position += 1
            continue
        if char == '"' and quotes:
            matched = _PIECE.match(value, position)
            token = matched.group() if matched else char
            if token == '"':
                quotes = False
        elif char == '"':
            token = char
        else:
            matched = _PIECE.match(value, position)
            token = matched.group() if matched else char
        current.append(token)
        position += len(token)
    yield "".join(current)


def strip_comments(text: str) -> str:
    """Without RFC 5322 comments, which nest; quoted strings stay; an open bracket without its end is a character."""
    if "(" not in text:
        return text
    out: list[str] = []
    depth = 0
    quoted = False
    start_of_comment = 0
    index = 0
    while index < len(text):
        char = text[index]
        if char == "\\" and (quoted or depth):
            if not depth:
                out.append(text[index : index + 2])
            index += 2
            continue
        if depth:
            depth += (char == "(") - (char == ")")
        elif char == '"':
            quoted = not quoted
            out.append(char)
        elif char == "(" and not quoted:
            depth = 1
            start_of_comment = index
            out.append(" ")
        else:
            out.append(char)
        index += 1
    if depth:
        out.append(text[start_of_comment:])
    return "".join(out)


def token(raw: str) -> str:
    """The first token of a structured field in lower case: ``no`` of ``No; type=x (comment)``."""
    if raw.isascii() and raw.replace("-", "").isalnum():
        return raw.lower()
    value = strip_comments(unfold(raw)).strip().strip("\"'").lower()
    return re.split(r"[\s;,]", value, maxsplit=1)[0].strip("\"'")


def _usable_id(content: str) -> str | None:
    content = "".join(content.split())
    if not content or not content.isascii() or not content.isprintable():
        return None
    return f"<{content}>"


def message_id(raw: str) -> str | None:
    """Message-ID with its angle brackets; None where there is nothing usable."""
    value = unfold(raw)
    matched = _ID.search(value)
    if matched:
        return _usable_id(matched.group(1))
    bare = _BARE_ID.search(value[:2000])
    return _usable_id(bare.group()) if bare else None


def message_ids(raws: list[str]) -> tuple[str, ...]:
    """The identifiers in References or In-Reply-To, in order, each once; prose around them is ignored."""
    if not raws:
        return ()
    found: dict[str, None] = {}
    for raw in raws:
        value = unfold(raw)
        ids = [_usable_id(match.group(1)) for match in _ID.finditer(value)]
        if not ids and "@" in value:
            ids = [_usable_id(match.group()) for match in _BARE_ID.finditer(value[:20_000])]
        found.update((each, None) for each in ids if each is not None)
    kept = list(found)
    return tuple(kept if len(kept) <= MAX_IDS else kept[:1] + kept[1 - MAX_IDS :])
