"""What is a resend and what is not, through the real pipeline: a text nobody has read comes for the first time (rules
C10, A1, M3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from maild.config import Config, load
from maild.operate.rehearse import Row, read_message, rehearse
from maild.operate.scenario import Attachment, Step

TOP = Path(__file__).resolve().parents[2]
START = datetime(2026, 1, 5, tzinfo=UTC)
CLIENT = "hanako@phone.example"
FIRST = "名前：花子\n性別：女性\n年齢：24歳\n住まい：県内\n相談内容：仕事を続けられるか不安です。"
TEXT = "お返事を読みました。朝がつらい日がまだ続いています。どうすればいいのか、わかりません。"
PHOTO = (Attachment("heya.jpg", "image/jpeg", 900),)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def base() -> Config:
    return load(TOP / "examples" / "raltan.toml", require_files=False)


def play(config: Config, *said: tuple[timedelta, dict[str, Any]]) -> list[Row]:
    """Steps, each so long after the one before; the first is the client's first mail."""
    steps = [Step(0, START, mail={"from": CLIENT, "text": FIRST})]
    for number, (wait, one) in enumerate(said, 1):
        steps.append(Step(number, steps[-1].at + wait, **one))
    return list(rehearse(config, START, tuple(steps)))


def mail(text: str, **more: Any) -> dict[str, Any]:
    return {"mail": {"from": CLIENT, "text": text, "answers": "last", **more}}


REPLY: dict[str, Any] = {"counselor": {"text": "読みました。"}}


def templates(row: Row, audience: str = "client") -> list[str]:
    return [one.template for one in row.sent if one.audience == audience and one.template != "digest"]


def test_a1_the_text_without_its_file_is_no_resend(base: Config) -> None:
    """The client did what ``attachment_rejected`` asked for: on either turn, somebody reads it now."""
    rows = play(base, (HOUR, REPLY), (HOUR, mail(TEXT, attach=PHOTO)), (HOUR, mail(TEXT)))
    assert rows[2].dispositions == ("rejected",)
    assert (templates(rows[3]), templates(rows[3], "counselor")) == (["ack"], ["notice"])
    assert (rows[3].cases[0].state, rows[3].cases[0].round_trip) == ("waiting_desk", 2)
    rows = play(base, (HOUR, mail(TEXT, attach=PHOTO)), (HOUR, mail(TEXT)))
    assert (templates(rows[2]), templates(rows[2], "counselor")) == ([], ["notice"])


def test_m3_a_text_that_looked_automatic_is_read_when_it_comes_from_a_person(base: Config) -> None:
    rows = play(base, (HOUR, REPLY), (HOUR, mail(TEXT, headers={"Precedence": "bulk"})), (HOUR, mail(TEXT)))
    assert rows[2].dispositions == ("automatic",)
    assert (rows[3].cases[0].state, templates(rows[3], "counselor")) == ("waiting_desk", ["notice"])


def test_c10_a_machines_repeat_of_a_rejected_mail(base: Config) -> None:
    again = {"headers": {"Message-ID": "<same@phone.example>"}}
    with_file = mail(TEXT, attach=PHOTO, **again)
    rows = play(base, (HOUR, with_file), (HOUR, with_file), (HOUR, mail(TEXT, **again)))
    assert [row.dispositions[0] for row in rows] == ["accepted", "rejected", "duplicate", "accepted"]
    assert templates(rows[3], "counselor") == ["notice"]


def test_c10_the_date_told_is_that_of_the_first_one(base: Config) -> None:
    day = timedelta(days=1, hours=1)
    rows = play(base, (day, mail(FIRST)), (day, mail(FIRST)), (HOUR, mail(FIRST)))
    for row in rows[1:3]:
        told = next(read_message(one.data)[1] for one in row.sent if one.template == "resend_received")
        assert told.startswith("2026年1月5日")
    assert templates(rows[3]) == [], "once a day (M3)"
    assert "alert_waiting" in templates(rows[3], "counselor"), "the counselors hear of each (C10)"


def test_c10_a_machines_repeat_of_a_resend(base: Config) -> None:
    again = mail(FIRST, headers={"Message-ID": "<again@phone.example>"})
    rows = play(base, (HOUR, again), (HOUR, again))
    assert [row.dispositions[0] for row in rows] == ["accepted", "accepted", "duplicate"]
