"""Paths of MAIL and RCPT, as lenient as Japanese phones need and no more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.receive.path import NULL_PATH, read_path


@pytest.mark.parametrize(
    ("said", "address", "rest"),
    [
        ("<>", NULL_PATH, ""),
        (" < > SIZE=1", NULL_PATH, "SIZE=1"),
        ("<a@b.example>", "a@b.example", ""),
        ("<a@b.example> SIZE=1 BODY=8BITMIME", "a@b.example", "SIZE=1 BODY=8BITMIME"),
        ("a@b.example SIZE=1", "a@b.example", "SIZE=1"),
        ("<a..b.@docomo.example>", "a..b.@docomo.example", ""),
        ('<"a..b."@docomo.example>', "a..b.@docomo.example", ""),
        ('<"a\\.b"@c.example>', "a.b@c.example", ""),
        ('<"a b"@c.example>', '"a b"@c.example', ""),  # needs its quotes
        ('<"a@b"@c.example>', '"a@b"@c.example', ""),
        ('<"a>b"@c.example>', None, ""),
        ("<@x.example,@y.example:a@b.example>", "a@b.example", ""),
        ("<a@[192.0.2.1]>", "a@[192.0.2.1]", ""),
        ("<postmaster>", "postmaster", ""),
        ("<花子@例え.example>", "花子@例え.example", ""),
        ("<a+b=c.example@d.example>", "a+b=c.example@d.example", ""),
        ("<a@b.example>SIZE=1", None, ""),
        ("<a@b.example", None, ""),
        ("<a@>", None, ""),
        ("<@b>", None, ""),
        ("<a@b@c.example>", None, ""),
        ("<a b@c.example>", None, ""),
        ("<a@b c>", None, ""),
        ("<a\x00@b.example>", None, ""),
        ("<a\udcff@b.example>", None, ""),
        ("", None, ""),
    ],
)
def test_paths(said: str, address: str | None, rest: str) -> None:
    assert read_path(said) == (address, rest)


@given(st.text(st.characters(exclude_categories=[]), max_size=300))
def test_nothing_raises_and_no_control_passes(said: str) -> None:
    address, _ = read_path(said)
    if address is not None:
        address.encode()
        assert address and not any(c < " " for c in address)
        assert address == NULL_PATH or read_path(f"<{address}>")[0] == address


@pytest.mark.parametrize("piece", ['"', "<", "\\", "@a,", '"\\', "a@", ":", '<"'])
def test_floods_are_read(piece: str) -> None:
    for said in (piece * 100_000, "<" + piece * 100_000, "<@" + piece * 100_000 + ">"):
        read_path(said)
