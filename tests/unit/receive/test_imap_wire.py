"""What IMAP says and is told, without a server: names, UID sets, answers of FETCH."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.receive.imap_connection import _DATE, _instant, _messages, uid_set
from maild.receive.mailbox_name import encode, quote


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("INBOX", "INBOX"),
        ("日本語", "&ZeVnLIqe-"),
        ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),  # the example of RFC 3501
        ("Q&A", "Q&-A"),
        ("🙂", "&2D3eQg-"),
        ("&", "&-"),
        ("a\tb", "a&AAk-b"),
    ],
)
def test_modified_utf7(name: str, wire: str) -> None:
    assert encode(name) == wire


def decode(wire: str) -> str:
    """The other direction, written from the RFC."""
    out, rest = [], wire
    while rest:
        plain, amp, rest = rest.partition("&")
        out.append(plain)
        if amp:
            packed, _, rest = rest.partition("-")
            padded = packed.replace(",", "/") + "=" * (-len(packed) % 4)
            out.append(base64.b64decode(padded).decode("utf-16-be") if packed else "&")
    return "".join(out)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), min_size=1))
def test_any_name_survives(name: str) -> None:
    wire = encode(name)
    assert decode(wire) == name and wire.isascii() and wire.isprintable()


@pytest.mark.parametrize("name", ["", "a\r\nb", "\0", "\n"])
def test_names_that_would_split_the_command(name: str) -> None:
    with pytest.raises(ValueError):
        encode(name)


def test_quoting() -> None:
    assert quote('a"b\\c') == '"a\\"b\\\\c"'


@given(st.sets(st.integers(1, 60)))
def test_uid_sets_mean_these_and_no_others(uids: set[int]) -> None:
    meant: set[int] = set()
    for part in uid_set(uids).split(",") if uids else []:
        first, _, last = part.partition(":")
        meant |= set(range(int(first), int(last or first) + 1))
    assert meant == uids


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([b"1 FETCH (UID 5 BODY[] {3}", bytearray(b"abc"), b")"], [(5, b"abc")]),
        ([b"1 FETCH (BODY[] {3}", bytearray(b"abc"), b" UID 5)"], [(5, b"abc")]),
        ([b"1 FETCH (UID 5 BODY[] {0}", bytearray(b""), b")"], [(5, b"")]),
        ([b'1 FETCH (UID 5 BODY[] "")'], [(5, b"")]),
        ([b"1 FETCH (UID 5 BODY[] NIL)"], [(5, b"")]),
        ([b'1 FETCH (UID 5 BODY[] "a\\"b\\\\")'], [(5, b'a"b\\')]),
        ([b'1 FETCH (UID 5 BODY[HEADER]<0> "x")'], [(5, b"x")]),
        ([b"3 FETCH (FLAGS (\\Seen))", b"1 FETCH (UID 5 BODY[] {1}", bytearray(b"x"), b")"], [(5, b"x")]),
        ([b"1 FETCH (UID 5 BODY[] {1}", bytearray(b"x"), b")", b"2 FETCH (UID 6 FLAGS ())"], [(5, b"x"), (6, None)]),
        ([b"1 FETCH (UID 5 RFC822.SIZE 10)"], [(5, None)]),
        ([bytearray(b"1 FETCH (UID 5 BODY[] NIL)")], []),  # a literal is never an answer
        ([], []),
    ],
)
def test_answers_of_fetch(lines: list[bytes | bytearray], found: list[tuple[int, bytes | None]]) -> None:
    assert [(uid, text) for uid, _, text in _messages(lines)] == found


@pytest.mark.parametrize(
    ("said", "instant"),
    [
        (b"10-Jan-2026 23:50:00 +0900", datetime(2026, 1, 10, 14, 50, tzinfo=UTC)),
        (b" 5-Jan-2026 00:00:00 +0000", datetime(2026, 1, 5, tzinfo=UTC)),
        (b"31-Feb-2026 00:00:00 +0000", None),
        (b"yesterday", None),
        (b"01-Jan-0001 00:00:00 +0900", None),
    ],
)
def test_arrival_instants(said: bytes, instant: datetime | None) -> None:
    assert _instant(_DATE.search(b'1 FETCH (INTERNALDATE "' + said + b'")')) == instant
