"""The counselors' page shows mails as they are: its examples are compared with a rehearsal (rules P1, P4 to P6)."""

from __future__ import annotations

import re
import textwrap
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from maild.config import load
from maild.desk import commands
from maild.operate.rehearse import read_message, rehearse
from maild.operate.scenario import Step

TOP = Path(__file__).resolve().parents[2]
PAGE = (TOP / "docs" / "counselors.ja.md").read_text("utf-8")
BLOCKS = [textwrap.dedent(one).strip("\n") for one in re.findall(r"(?ms)^ *```\n(.*?)^ *```$", PAGE)]
FIRST = "名前：花\n性別：女性\n年齢：24歳\n地域：県内\n相談内容：仕事のことで眠れません。\n"
PLAY: tuple[tuple[timedelta, dict[str, Any]], ...] = (
    (timedelta(), {"mail": {"from": "hana@phone.example", "text": FIRST}}),
    (timedelta(hours=1), {"counselor": {"text": "花さん、ありがとうございます。\n担当の佐藤です。"}}),
    (timedelta(minutes=10), {"counselor": {"text": "花さん、ありがとうございます。"}}),
    (timedelta(days=1), {"mail": {"from": "hana@phone.example", "text": "死にたいです。", "answers": "last"}}),
    (timedelta(minutes=5), {"counselor": {"text": "#対応します"}}),
    (timedelta(minutes=5), {"counselor": {"text": "#ちがう"}}),
)


@cache
def mails() -> tuple[tuple[str, str], ...]:
    """Subject and text of everything the counselors get."""
    now = start = datetime(2026, 1, 5, 9, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
    steps = []
    for number, (after, what) in enumerate(PLAY):
        now += after
        steps.append(Step(number, now, **what))
    rows = rehearse(load(TOP / "config.toml"), start, tuple(steps))
    return tuple(read_message(one.data)[:2] for row in rows for one in row.sent if one.audience == "counselor")


@pytest.mark.parametrize("block", BLOCKS)
def test_an_example_is_what_comes(block: str) -> None:
    pieces = ["\n" + piece.strip("\n") + "\n" for piece in block.split("…\n")]
    assert any(all(piece in "\n" + text for piece in pieces) for _, text in mails()), block


def test_subjects_are_what_comes() -> None:
    subjects = {subject for subject, _ in mails()}
    named = re.findall(r"`(\[相談[^`]*)`", PAGE)
    assert named and set(named) <= subjects


def test_p4_every_command_named_is_one() -> None:
    named = set(re.findall(r"`(#[^`\s]+)(?: わけ| 名前)?`", PAGE))
    assert len(named) >= 12
    for word in named:
        assert commands.read(f"{word} 危機").name is not None, word


def test_the_page_is_about_two_screens() -> None:
    assert len(BLOCKS) >= 3 and len(PAGE.splitlines()) <= 130
