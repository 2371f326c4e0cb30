"""The parts of a message that could be a bounce: its report, its plain words, the mail that came back.

Every walk here is iterative and bounded, every decoding linear in its input: a bounce is written by strangers (M6).
"""

from __future__ import annotations

import html as entities
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.header import decode_header
from email.message import Message

from maild.mail.header import base64_run

_MAX_PARTS = 200
_MAX_DEPTH = 20
_MAX_TEXT = 120_000  # characters of one text; the verdict stands in the first few thousand
_MAX_HEADER = 4_000

# Fields of RFC 3464 section 2; a text that has two of these in a row is a report, whatever it is labelled.
REPORT_FIELDS = frozenset(
    {
        "action",
        "arrival-date",
        "diagnostic-code",
        "final-log-id",
        "final-recipient",
        "last-attempt-date",
        "original-envelope-id",
        "original-recipient",
        "received-from-mta",
        "remote-mta",
        "remote-recipient",
        "reporting-mta",
        "status",
        "will-retry-until",
        "x-actual-recipient",
        "x-display-name",
        "x-original-message-id",
        "x-supplementary-info",
    }
)

# Headers that only a mail has; from them on, a text is the mail that came back and no longer the report about it.
_MAIL_HEADERS = frozenset(
    {
        "cc",
        "content-transfer-encoding",
        "content-type",
        "date",
        "dkim-signature",
        "from",
        "in-reply-to",
        "message-id",
        "mime-version",
        "received",
        "references",
        "reply-to",
        "return-path",
        "sender",
        "subject",
        "to",
        "user-agent",
        "x-mailer",
    }
)
_ONLY_A_MAIL_HAS = frozenset({"received", "return-path", "message-id", "mime-version", "dkim-signature"})


@dataclass(frozen=True, slots=True)
class Parts:
    """What :func:`collect` found. Texts are decoded; ``returned`` holds header blocks by lower-case name."""

    words: str = field(repr=False)  # all plain text outside the returned mail
    html: str = field(repr=False)
    reports: tuple[str, ...] = field(repr=False)  # message/delivery-status, as text
    returned: tuple[dict[str, str], ...] = field(repr=False)  # headers of the mail(s) that came back
    inner: Message | None = field(repr=False)  # the first message/rfc822 as a whole
    types: frozenset[str]


def header(message: Message, name: str) -> str:
    """One header as decoded text on one line; "" where it is missing or unreadable."""
    wanted = name.lower()
    for found, value in message.raw_items():
        if found.lower() == wanted:
            return decoded(eight_bit(value))
    return ""


def eight_bit(value: object) -> str:
    """A header's value with its 8-bit characters, which the parser keeps as surrogates and ``get`` throws away."""
    raw = str(value)[:_MAX_HEADER]
    return raw if raw.isascii() else _text(_bytes(raw), None)


def _bytes(raw: str) -> bytes:
    try:
        return raw.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a character that no parser put there
        return raw.encode("utf-8", "replace")


def decoded(raw: str) -> str:
    """RFC 2047 words decoded, white space folded."""
    if "=?" in raw:
        run = base64_run(raw[:_MAX_HEADER]) if raw.isprintable() else None
        if run is not None:
            before, label, data, after = run
            return " ".join(f"{before}{_text(data, label)}{after}".split())
        try:
            pieces = decode_header(raw[:_MAX_HEADER])
            raw = "".join(_text(piece, charset) if isinstance(piece, bytes) else piece for piece, charset in pieces)
        except Exception:  # broken encoded words stay as they are: they are only looked at, never shown
            pass
    return " ".join(raw.split())


def _text(data: bytes, charset: str | None) -> str:
    """Bytes as text: the declared charset if it fits, else what Japanese senders use, in an order that rejects well."""
    guesses = [charset or ""]
    if b"\x1b$" in data or b"\x1b(" in data:
        guesses.append("iso-2022-jp-ext")
    guesses += ["utf-8", "euc_jp", "cp932"]
    for guess in guesses:
        if not guess:
            continue
        try:
            text = data.decode(guess)
        except (LookupError, ValueError):
            continue
        if "\x1b$" not in text:  # ASCII, latin-1 and UTF-8 all accept the escapes of ISO-2022-JP as they stand
            return text
    return data.decode("latin-1")


def _body(part: Message) -> str:
    """The decoded text of a leaf, or of a container whose boundary is broken; "" where there is none."""
    try:
        payload = part.get_payload(decode=True)
        charset = part.get_content_charset()
    except Exception:
        payload, charset = None, None
    if not isinstance(payload, bytes):
        payload = _bytes(_payload(part))
    text = _text(payload[: 4 * _MAX_TEXT] if len(payload) > 4 * _MAX_TEXT else payload, charset)
    return text.replace("\r\n", "\n").replace("\r", "\n")[:_MAX_TEXT]


def _payload(part: Message) -> str:
    """A leaf's text as it stands; the standard library fails on a charset with a NUL in it."""
    try:
        raw = part.get_payload()
    except Exception:
        return ""
    return raw if isinstance(raw, str) else ""


def _children(part: Message) -> list[Message]:
    payload = part.get_payload() if part.is_multipart() else []
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []


def _blocks(part: Message) -> str:
    """A message/delivery-status as text. The parser makes a list of header-only messages of it, but not always."""
    blocks = _children(part)
    if not blocks:
        return _body(part)
    out: list[str] = []
    for block in blocks[:_MAX_PARTS]:
        out.extend(f"{name}: {value}" for name, value in _headers(block))
        rest = _payload(block)
        if rest.strip():  # "Action : failed" is no header to the parser
            out.append(_encoded(part, rest) if not out else rest)
        out.append("")
    return "\n".join(out)[:_MAX_TEXT]


def _encoded(part: Message, text: str) -> str:
    """The fields of a report that was sent in base64 against RFC 2046 section 5.2."""
    holder = Message()
    holder["Content-Transfer-Encoding"] = header(part, "Content-Transfer-Encoding") or "7bit"
    holder.set_payload(text)
    return _body(holder)


def _headers(message: Message) -> list[tuple[str, str]]:
    return [(name, eight_bit(value)) for name, value in message.raw_items()]


def _header_dict(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The first of each header wins: it is the one the mail was sent with, where a gateway added another below."""
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name.lower(), " ".join(value.split()))
    return found


def headers_in(text: str) -> dict[str, str]:
    """The header block at the start of ``text``, indented or not, up to its first empty line after a header."""
    pairs: list[tuple[str, str]] = []
    for line in text.split("\n", 400)[:400]:
        name, colon, value = line.partition(":")
        if not line.strip():
            if pairs:
                break
        elif line[0] in " \t" and pairs:
            pairs[-1] = (pairs[-1][0], f"{pairs[-1][1]} {line.strip()}"[:_MAX_HEADER])
        elif colon and name.strip().replace("-", "").isalnum():
            pairs.append((name.strip(), value[:_MAX_HEADER]))
    return _header_dict(pairs)


def returned_start(lines: list[str]) -> int | None:
    """The line where the headers of a mail begin that was pasted below a report without any line between them."""
    for at, line in enumerate(lines):
        if _mail_header(line) is None:
            continue
        names = {name for name in map(_mail_header, lines[at : at + 25]) if name}
        if len(names) >= 3 and names & _ONLY_A_MAIL_HAS:
            return at
    return None


def _mail_header(line: str) -> str | None:
    if not line or line[0] in " \t":
        return None
    name = line[:40].partition(":")[0].rstrip().lower() if ":" in line[:40] else ""
    return name if name in _MAIL_HEADERS else None


def collect(message: Message) -> Parts:
    """Sort the parts of ``message``, without descending into the mail that came back."""
    words: list[str] = []
    html: list[str] = []
    reports: list[str] = []
    returned: list[dict[str, str]] = []
    inner: Message | None = None
    types: set[str] = set()
    stack: list[tuple[Message, int]] = [(message, 0)]
    seen = 0
    while stack and seen < _MAX_PARTS:
        part, depth = stack.pop()
        seen += 1
        kind = content_type(part)
        types.add(kind)
        children = _children(part)
        if kind.endswith("/delivery-status") or kind == "message/global-delivery-status":
            reports.append(_blocks(part))
        elif kind in {"message/rfc822", "message/global", "message/news"}:
            if children:
                inner = inner or children[0]
                returned.append(_header_dict(_headers(children[0])))
                if len(returned[-1]) < 2:  # an empty line before the headers
                    returned[-1] |= headers_in(_payload(children[0]))
            else:
                returned.append(headers_in(_body(part)))
        elif kind.endswith("-headers"):
            returned.append(_header_dict(_headers(children[0])) if children else headers_in(_body(part)))
        elif children:
            if depth < _MAX_DEPTH:
                stack.extend((child, depth + 1) for child in reversed(children))
        elif depth and part.get("Message-ID") and part.get("From"):
            # The mail that came back as a part of its own, without saying that it is one.
            returned.append(_header_dict(_headers(part)))
        elif kind == "text/html":
            html.append(_body(part))
        elif kind.startswith(("text/", "multipart/")):
            words.append(_body(part))
        elif depth and not kind.startswith(("image/", "audio/", "video/")):
            body = _body(part)[:20_000]  # a report labelled as an attachment of any type
            if "final-recipient" in body.lower():
                reports.append(body)
    return Parts(
        words="\n\n".join(words)[:_MAX_TEXT],
        html="\n".join(html)[:_MAX_TEXT],
        reports=tuple(reports),
        returned=tuple(returned),
        inner=inner,
        types=frozenset(types),
    )


def plain(html: str) -> str:
    """The text of an HTML part, a line for each block: enough to find an address in, not to show to anybody."""
    out: list[str] = []
    for piece in html.split("<"):
        tag, closed, text = piece.partition(">")
        if not closed:
            out.append(tag if not out else f"<{tag}")
            continue
        name = tag.strip("/ ").partition(" ")[0].lower()
        if name in {"p", "br", "div", "tr", "td", "li", "table", "h1", "h2", "h3", "pre", "hr", "br/"}:
            out.append("\n")
        if name not in {"style", "script", "title"} or tag.startswith("/"):
            out.append(text)
    return entities.unescape("".join(out))[:_MAX_TEXT]


def content_type(part: Message) -> str:
    try:
        return part.get_content_type()
    except Exception:
        return "text/plain"
