"""Which of our addresses a mail is for, where no envelope says it: a pipe, a mailbox (rules M1, M2)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from maild.receive.path import read_path
from maild.receive.port import Ours

HEADER_OCTETS = 1_048_576
# what the last server wrote above the mail first, then what the sender wrote
DELIVERY_FIELDS = ((b"delivered-to",), (b"x-original-to", b"envelope-to", b"x-envelope-to"))
WRITTEN_FIELDS = (b"to", b"cc")

_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"^([!-9;-~]{1,80})[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", re.MULTILINE)
_ADDRESS = re.compile(r'(?:"[^"\s@]{1,128}"|[^\s<>,;:"()\[\]@]{1,256})@[^\s<>,;:"()@]{1,256}')

Header = Mapping[bytes, Sequence[str]]


def header_of(raw: bytes) -> dict[bytes, list[str]]:
    """The fields of a mail by their names in lower case, as they stand."""
    end = 0 if raw[:1] in b"\r\n" else len(raw)
    if end and (blank := _END.search(raw, 0, HEADER_OCTETS)) is not None:
        end = blank.start()
    found: dict[bytes, list[str]] = {}
    for match in _FIELD.finditer(raw, 0, min(end, HEADER_OCTETS)):
        found.setdefault(match.group(1).lower(), []).append(match.group(2).decode("utf-8", "replace").strip())
    return found


def addressees(header: Header, ours: Ours) -> tuple[str, ...]:
    """Our addresses that the mail is for; none where the header names none.

    One that a server wrote is the one it was delivered to. Of those that the sender wrote all count, as each desk must
    have the mail.
    """
    for fields in DELIVERY_FIELDS:
        for address in _addresses(header, fields):
            if ours(address):
                return (address,)
    return tuple(dict.fromkeys(address for address in _addresses(header, WRITTEN_FIELDS) if ours(address)))


def _addresses(header: Header, fields: Iterable[bytes]) -> Iterator[str]:
    for name in fields:
        for value in header.get(name, ()):
            for match in _ADDRESS.finditer(value):
                address, _ = read_path(f"<{match.group()}>")
                if address is not None:
                    yield address
