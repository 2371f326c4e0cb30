"""``maild deliver``: the exit code is a promise (rules M1), and the recipient is found as the MTA tells it."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.errors import Temporary
from maild.receive.pipe import deliver
from maild.receive.port import Incoming

DESK, OTHER = "soudan@desk.example", "yoyaku@desk.example"
NOW = datetime(2026, 1, 5, tzinfo=UTC)
MAIL = b"From: a@b.example\nSubject: x\n\ntext\n"


def ours(address: str) -> bool:
    return address.lower().replace("soudan+token@", "soudan@") in (DESK, OTHER)


def run(raw: bytes, fails: Exception | None = None, **options: Any) -> tuple[int, list[Incoming]]:
    kept: list[Incoming] = []

    async def accept(mail: Incoming, /) -> None:
        if fails is not None:
            raise fails
        kept.append(mail)

    options = {"desks": (DESK, OTHER), "environment": {}, "clock": lambda: NOW} | options
    return asyncio.run(deliver(io.BytesIO(raw), accept, ours, **options)), kept


@pytest.mark.parametrize(
    ("raw", "options", "recipient"),
    [
        (MAIL, {"recipient": OTHER}, OTHER),
        (MAIL, {"recipient": f"<{OTHER}>", "environment": {"RECIPIENT": DESK}}, OTHER),
        (MAIL, {"environment": {"ORIGINAL_RECIPIENT": OTHER, "RECIPIENT": DESK}}, OTHER),
        (MAIL, {"environment": {"ORIGINAL_RECIPIENT": "alias@relay.example", "RECIPIENT": DESK}}, DESK),
        (MAIL, {"environment": {"RECIPIENT": "soudan+TOKEN@desk.example"}}, "soudan+TOKEN@desk.example"),
        (b"Delivered-To: yoyaku@desk.example\nTo: soudan@desk.example\n\n", {}, OTHER),
        (b"delivered-to : alias@relay.example\nX-ORIGINAL-TO: yoyaku@desk.example\n\n", {}, OTHER),
        (b'To: "x, y" <a@b.example>,\n\tDesk <yoyaku@desk.example>\n\n', {}, OTHER),
        (b"To: a@b.example\r\nCc: <yoyaku@desk.example>\r\n\r\nx", {}, OTHER),
        (b"From soudan@desk.example Mon\nTo: yoyaku@desk.example\n\n", {}, OTHER),
        (MAIL, {"desks": (DESK,)}, DESK),
        (b"", {"desks": (DESK,)}, DESK),
        (b"\nTo: yoyaku@desk.example\n", {"desks": (DESK,)}, DESK),  # in the body: not a header
    ],
)
def test_the_recipient(raw: bytes, options: dict[str, Any], recipient: str) -> None:
    code, kept = run(raw, **options)
    assert code == 0
    assert [mail.recipients for mail in kept] == [(recipient,)]


@pytest.mark.parametrize(
    ("raw", "options"),
    [
        (MAIL, {}),  # two desks, and no word which
        (MAIL, {"recipient": "nobody@desk.example", "desks": (DESK,)}),
        (MAIL, {"recipient": "", "desks": (DESK,)}),
        (b"x: y\n\nTo: yoyaku@desk.example\n", {}),
    ],
)
def test_no_recipient_is_tried_again(raw: bytes, options: dict[str, Any]) -> None:
    assert run(raw, **options) == (75, [])


@pytest.mark.parametrize(
    ("raw", "options", "sender"),
    [
        (MAIL, {}, None),
        (MAIL, {"sender": "a..b@docomo.example"}, "a..b@docomo.example"),
        (MAIL, {"environment": {"SENDER": "a@b.example"}}, "a@b.example"),
        (MAIL, {"environment": {"SENDER": ""}}, ""),
        (MAIL, {"environment": {"SENDER": "MAILER-DAEMON"}}, ""),
        (b"Return-Path: <>\n" + MAIL, {}, ""),
        (b"Return-Path: <c@d.example>\n" + MAIL, {}, "c@d.example"),
        (b"Return-Path: nonsense <\n" + MAIL, {}, "nonsense"),
    ],
)
def test_the_sender(raw: bytes, options: dict[str, Any], sender: str | None) -> None:
    _, (mail,) = run(raw, recipient=DESK, **options)
    assert mail.envelope_from == sender


@pytest.mark.parametrize("error", [Temporary("full"), OSError(28, "no space"), RuntimeError(), TimeoutError()])
def test_trouble_is_75(error: Exception) -> None:
    assert run(MAIL, error, recipient=DESK) == (75, [])


def test_a_commit_that_hangs_is_75() -> None:
    async def never(mail: Incoming, /) -> None:
        await asyncio.Event().wait()

    coming = deliver(io.BytesIO(MAIL), never, ours, desks=(DESK,), environment={}, seconds=0.05)
    assert asyncio.run(coming) == 75


def test_the_bytes_stay_as_they_are() -> None:
    raw = b"A: \xff\x00\r\n\r\n\x1b$B\x00\n.\n>From x\n"
    assert run(raw, recipient=DESK)[1][0].raw == raw
    assert run(b"From a@b Mon Jan 5\n" + raw, recipient=DESK)[1][0].raw == raw  # an mbox line is no part of the mail


def test_too_large_goes_back() -> None:
    assert run(b"x" * 101, recipient=DESK, limit=100) == (65, [])
    assert run(b"x" * 100, recipient=DESK, limit=100)[0] == 0


@given(st.binary(max_size=2000))
def test_any_bytes_are_kept(raw: bytes) -> None:
    code, kept = run(raw, desks=(DESK,))
    assert code == 0 and len(kept) == 1 and raw.endswith(kept[0].raw)


@pytest.mark.parametrize(
    "piece", [b"To: ", b"a@", b"<", b'"', b"\n ", b":", b"a", b"To: a@b\n", b"\r", b"@a", b"From "]
)
def test_floods_end(piece: bytes) -> None:
    """A super-linear scan would take hours."""
    raw = b"To: " + piece * (400_000 // len(piece))
    assert [mail.raw for mail in run(raw, desks=(DESK,))[1]] == [raw]
