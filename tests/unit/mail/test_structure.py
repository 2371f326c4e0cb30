"""The tree of parts is the one that the standard library sees, where that one can see it (rules M6)."""

from __future__ import annotations

import email
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.mail import structure

HEAD = "From: a@b.example\nSubject: s\nMIME-Version: 1.0\n"


def outline(message: Message) -> object:
    """Type, fields and content, all the way down."""
    payload = message.get_payload()
    fields = [(name, value.replace("\n", "")) for name, value in message.raw_items()]
    if isinstance(payload, list):
        return message.get_content_type(), fields, [outline(part) for part in payload if isinstance(part, Message)]
    return message.get_content_type(), fields, payload


leaves = st.builds(
    lambda kind, text: f"Content-Type: {kind}\nX-N: 1\n folded\n\n{text}",
    st.sampled_from(["text/plain", "text/html; charset=utf-8", "image/png", "application/octet-stream"]),
    st.text(alphabet="ab -\n=", max_size=40).map(lambda text: text.strip("\n") + "\n"),
)


def _multipart(children: list[str], kind: str) -> str:
    boundary = f"b{len(''.join(children))}"
    parts = "".join(f"--{boundary}\n{child}\n" for child in children)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\n{parts}--{boundary}--\n'


trees = st.recursive(
    leaves,
    lambda inner: (
        st.builds(_multipart, st.lists(inner, min_size=1, max_size=3), st.sampled_from(["mixed", "alternative"]))
        | inner.map(lambda child: f"Content-Type: message/rfc822\n\nSubject: inner\n{child}")
    ),
    max_leaves=8,
)


@given(trees)
def test_the_same_tree_as_the_standard_library(tree: str) -> None:
    raw = (HEAD + tree).encode()
    defects: list[str] = []
    ours = structure.to_message(structure.read(raw, defects))
    assert outline(ours) == outline(email.message_from_bytes(raw))
    assert defects == []


def test_delivery_status_blocks_as_the_standard_library_has_them() -> None:
    raw = (
        b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n"
        b"Action: failed\nStatus: 5.1.1\n\nAction: delayed\n"
    )
    ours = structure.to_message(structure.read(raw, []))
    theirs = email.message_from_bytes(raw)
    blocks = [[part.items() for part in message.get_payload()] for message in (ours, theirs)]
    assert blocks[0] == [block for block in blocks[1] if block]
    assert ours.get_payload()[1]["Status"] == "5.1.1"


def test_a_report_in_base64_is_read_where_the_standard_library_is_blind() -> None:
    raw = b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogaW5uZXIKCmhlbGxvCg==\n"
    inner = structure.to_message(structure.read(raw, [])).get_payload()[0]
    assert (inner["Subject"], inner.get_payload()) == ("inner", "hello\n")


@pytest.mark.parametrize(
    ("raw", "defect"),
    [
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n", "boundary_not_closed"),
        (b"Content-Type: multipart/mixed; boundary=c\n\n--b\nContent-Type: a/b\n\nx\n--b--\n", "boundary_not_found"),
        (b"Content-Type: multipart/mixed\n\n--b\nContent-Type: a/b\n\nx\n--b--\n", "boundary_missing"),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n--b\n\ny\n--b--\n", "parts_after_close"),
        (b"Subject: s\njunk\nFrom: a@b.example\n\nx", "header_line_broken"),
        (b"Subject: s\njunk\n\nx", "header_separator_missing"),
        (b"X: y\n" * 6_000 + b"\nx", "too_many_headers"),
        (b"X: " + b"y" * 5_000_000 + b"\n\nx", "header_too_large"),
    ],
)
def test_what_was_broken_is_named(raw: bytes, defect: str) -> None:
    defects: list[str] = []
    structure.read(raw, defects)
    assert defect in defects


def test_parts_after_the_closing_line_are_seen() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n--b\nContent-Type: image/png\n\ny\n--b--\n"
    assert [part.type for part in structure.read(raw, []).children] == ["text/plain", "image/png"]
