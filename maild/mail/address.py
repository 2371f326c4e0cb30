"""Mail addresses and address lists, phone addresses that break RFC 5321 included (rules M2, M5, M6).

The standard library loses ``a..b@`` and reads the unquoted ``desk@example.jp <evil@example.com>`` as the desk; so the
lists are read here, in one linear pass over tokens.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from maild.mail import header
from maild.mail.limits import MAX_ADDRESS_CHARS

_ATEXT: Final = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~\-"
_DOT_STRING: Final = re.compile(rf"[{_ATEXT}\u0080-\U0010ffff]+(?:\.[{_ATEXT}\u0080-\U0010ffff]+)*\Z")
_UNQUOTED: Final = re.compile(rf"[{_ATEXT}.\u00a1-\U0010ffff]+\Z")
_DOMAIN: Final = re.compile(r"[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?\Z")
_LITERAL: Final = re.compile(r"\[[A-Za-z0-9.:_-]{1,100}\]\Z")
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_FORMAT_OR_CONTROL: Final = re.compile(
    "[\x00-\x1f\x7f-\xa0\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\ufffd\ud800-\udfff]"
)
_PLAIN: Final = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,200}@[a-z0-9](?:[a-z0-9.-]{0,200}[a-z0-9])?\Z")


def canonical(text: str) -> str:
    """One address in the form in which addresses are compared (rules M2).

    Quotes go where only dots made them needful, both parts are lower case, the domain is folded to one width and to
    its ASCII form. ``""`` where it is no address.
    """
    if len(text) > MAX_ADDRESS_CHARS:
        return ""
    text = text.strip()
    lowered = text.lower()
    if text.isascii() and _PLAIN.match(lowered):
        return "" if ".." in lowered.rpartition("@")[2] else lowered
    if text.startswith("<") and text.endswith(">"):
        text = text[1:-1].strip()
    if text.startswith("@") and ":" in text:
        text = text.partition(":")[2]  # RFC 5322 section 4.4: a source route
    if text[:7].lower() == "mailto:":
        text = text[7:]
    if len(text) > 2 and text[0] == text[-1] == "'":
        text = text[1:-1]
    if not text.isascii():
        text = text.replace("＠", "@")
    if "\r" in text or "\n" in text or "\x00" in text:
        return ""
    local, at, domain = text.rpartition("@")
    local = _canonical_local(local.strip())
    domain = _canonical_domain(domain)
    return f"{local}@{domain}" if at and local and domain else ""


def _canonical_local(local: str) -> str:
    local = _FORMAT_OR_CONTROL.sub("", local)
    if len(local) >= 2 and local[0] == local[-1] == '"':
        local = _ESCAPED.sub(r"\1", local[1:-1])
    elif '"' in local and '".' in local + "." and not local.startswith('"@'):
        # RFC 5322 obs-local-part: "a".b
        local = re.sub(r'"([^"\\]*)"', r"\1", local)
    elif re.fullmatch(r"[^\s\"]+(?:\s*\.\s*[^\s\"]+)+", local):
        local = re.sub(r"\s", "", local)
    local = local.lower()
    if not local.strip():
        return ""
    if _UNQUOTED.match(local):
        return local
    return _quoted(local)


def _quoted(local: str) -> str:
    escaped = local.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _canonical_domain(domain: str) -> str:
    domain = "".join(domain.split())
    if _LITERAL.match(domain):
        return domain.lower()
    domain = unicodedata.normalize("NFKC", _FORMAT_OR_CONTROL.sub("", domain)).replace("。", ".").rstrip(".").lower()
    if len(domain) > 255 or ".." in domain:
        return ""
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii").lower()
        except UnicodeError:
            return ""
    return domain if _DOMAIN.match(domain) else ""


_ON_THE_WIRE: Final = re.compile(rf"[{_ATEXT}]+(?:\.[{_ATEXT}]+)*@[A-Za-z0-9.\-]*")


def quoted_for_smtp(address: str) -> str:
    """The address as RFC 5321 wants it on the wire: the local part quoted where it is no dot-string."""
    if _ON_THE_WIRE.fullmatch(address):
        return address  # as nearly all of them
    address = re.sub(r"[\x00-\x1f\x7f]", "", address)
    local, at, domain = address.rpartition("@")
    if not at or not local or (len(local) > 1 and local[0] == local[-1] == '"') or _DOT_STRING.match(local):
        return address
    return f"{_quoted(local)}@{domain}"


_TOKEN: Final = re.compile(r"""[^",;:<>()\\]+|\\.|.""", re.DOTALL)
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_BARE: Final = re.compile(rf"[{_ATEXT}.\u0080-\U0010ffff]+@[A-Za-z0-9.\-_\[\]\u0080-\U0010ffff]+")
_GROUP_NAME: Final = re.compile(r"[^@<>]{0,200}\Z")
_NARROW: Final = str.maketrans("＠＜＞", "@<>")
_SPECIAL: Final = frozenset('",;:>()\\')
Tokens = list[tuple[str, str]]


def _tokens(value: str) -> Iterator[tuple[str, str]]:
    """Kind and content: ``quoted``, ``comment``, ``angle``, ``text`` and the separators themselves.

    What is opened and never closed is a character like any other, found out once for all: so this stays linear.
    """
    position = 0
    closed = {'"': True, "(": True, "<": True}
    while position < len(value):
        char = value[position]
        if closed.get(char):
            kind, content, end = _enclosed(value, position)
            if kind:
                yield kind, content
                position = end
                continue
            closed[char] = False
        if char in ",;:":
            yield char, char
            position += 1
            continue
        matched = _TOKEN.match(value, position)
        found = matched.group() if matched else char
        yield "text", found
        position += len(found)


def _enclosed(value: str, position: int) -> tuple[str, str, int]:
    char = value[position]
    if char == '"':
        matched = _QUOTED.match(value, position)
        if matched:
            return "quoted", matched.group(), matched.end()
        return "", "", position
    if char == "<":
        end = value.find(">", position)
        inner = value.find("<", position + 1)
        if end < 0:
            return "", "", position
        if 0 <= inner < end and '"' not in value[position:end]:
            return "angle", "", inner  # "<<a@b>>": the innermost counts
        if value.count('"', position, min(end, position + MAX_ADDRESS_CHARS)) % 2:
            later = value.find('"', end)  # <"a>b"@example.jp>
            if 0 <= later < position + MAX_ADDRESS_CHARS:
                end = max(end, value.find(">", later))
        return "angle", value[position + 1 : end], end + 1
    depth = 0
    for matched in re.compile(r"\\.|[()]", re.DOTALL).finditer(value, position):
        depth += (matched.group() == "(") - (matched.group() == ")")
        if depth == 0:
            return "comment", value[position + 1 : matched.end() - 1], matched.end()
    return "", "", position


def parse_mailboxes(header_value: str) -> list[tuple[str, str]]:
    """The mailboxes of an address header: display name and canonical address; what has no address is left out."""
    value = header.decode_raw(header_value)
    usual = _usual(value)
    if usual is not None:
        return [usual]
    found = _mailboxes(value)
    if not found and not value.isascii() and any(sign in value for sign in "＠＜"):
        found = _mailboxes(value.translate(_NARROW))  # typed on a Japanese keyboard
    return found


def _usual(value: str) -> tuple[str, str] | None:
    """The one mailbox of ``a@b`` or ``Name <a@b>`` in plain characters, as most headers are; None for all else."""
    name, angle, rest = value.partition("<")
    written = rest[:-1] if angle else name
    if (angle and (rest[-1:] != ">" or not _SPECIAL.isdisjoint(name))) or not written.isascii() or "=?" in written:
        return None
    lowered = written.lower()
    if not _PLAIN.match(lowered) or (".." in lowered and ".." in lowered.rpartition("@")[2]):
        return None
    return (_shown(header.decode_words(name), lowered) if angle else ""), lowered


def _mailboxes(value: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    item: Tokens = []
    pending: Tokens = []  # "Yamada, Hanako <a@b>": an unquoted comma in a name
    for kind, content in _tokens(value):
        if kind in ",;":
            mailbox = _mailbox(pending + item)
            if mailbox:
                found.append(mailbox)
                pending = []
            elif kind == "," and item and len(pending) < 8:
                pending = [*pending, *item, ("text", ", ")]
            else:
                pending = []
            item = []
        elif kind == ":" and _is_group_name(item):
            item = []
            pending = []
        else:
            item.append((kind, content))
    mailbox = _mailbox(pending + item)
    if mailbox:
        found.append(mailbox)
    return found


def _is_group_name(item: Tokens) -> bool:
    if any(kind == "angle" for kind, _ in item):
        return False
    return "@" not in "".join(content for kind, content in item if kind != "comment")


def _mailbox(item: Tokens) -> tuple[str, str] | None:
    if not item:
        return None
    angles = [index for index, (kind, content) in enumerate(item) if kind == "angle" and content.strip()]
    for index in reversed(angles):
        address = _address(item[index][1])
        if address:
            return _name(item[:index] or item[index + 1 :], address), address
    return _bare(item)


@lru_cache(maxsize=256)
def _address(text: str) -> str:
    text = header.decode_words(text) if "=?" in text else text
    return canonical(header.strip_comments(text) if "(" in text and '"' not in text else text)


def _bare(item: Tokens) -> tuple[str, str] | None:
    """An address without angle brackets; its name may stand in a comment or, wrongly, beside it."""
    plain = "".join(content for kind, content in item if kind in ("text", "quoted", ":")).strip()
    comments = [(kind, content) for kind, content in item if kind == "comment"]
    if "@" in plain:
        address = canonical(plain) if len(plain.split()) == 1 or plain.startswith('"') else ""
        if address:
            return _name(comments, address), address
        squeezed = re.sub(r"\s*([.@])\s*", r"\1", plain[:MAX_ADDRESS_CHARS])
        for candidate in reversed(_BARE.findall(squeezed)):
            address = canonical(candidate)
            if address:
                name = squeezed.replace(candidate, " ").strip(" <>")
                return _name([("text", name)] if name else comments, address), address
    if "=?" in plain:
        # Some phones encode the whole mailbox.
        decoded = header.decode_words(plain)
        if "=?" not in decoded and "@" in decoded:
            return _mailbox(list(_tokens(decoded)))
    return None


def _name(tokens: Tokens, address: str) -> str:
    words: list[str] = []
    if any(kind != "comment" and content.strip() for kind, content in tokens):
        tokens = [each for each in tokens if each[0] != "comment"]
    for kind, content in tokens:
        if kind == "quoted":
            content = _ESCAPED.sub(r"\1", content[1:-1])
        elif kind == "angle":
            content = f"<{content}>" if content else ""
        words.append(content)
    return _shown(header.decode_words("".join(words)), address)


def _shown(name: str, address: str) -> str:
    """A decoded display name as it is kept: ``""`` where it says nothing beside the address."""
    name = header.clean_name(name)
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1].strip()
    return "" if not name.strip("<>()\"',;:@ ") or ("@" in name and canonical(name) == address) else name
