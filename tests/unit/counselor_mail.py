"""Building blocks for tests in which counselors answer by mail: a desk, steps of a rehearsal, what went to whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from maild.config import Config, load
from maild.operate.rehearse import Row, read_message, rehearse
from maild.operate.scenario import Step

TOP = Path(__file__).resolve().parents[2]
START = datetime(2026, 1, 5, tzinfo=UTC)
CLIENT = "hanako.y@phone.example"
FIRST = "名前：花子\n性別：女性\n年齢：24歳\n住まい：県内\n相談内容：仕事を続けられるか不安です。"
SATO, SUZUKI = "sato@soudan.example", "suzuki@soudan.example"


def two_counselors() -> Config:
    """A desk after seed 000 with two counselors whose names the tests know, and no digest."""
    config = load(TOP / "examples" / "raltan.toml", require_files=False)
    first, second = (replace(one, review=False) for one in config.desks[0].counselors[:2])
    pair = (
        replace(first, name="佐藤花代", address=SATO, readings=()),
        replace(second, name="鈴木一郎", address=SUZUKI, readings=()),
    )
    desk = replace(config.desks[0], address="soudan@soudan.example", shared_inbox="inbox@soudan.example")
    return replace(config, desks=(replace(desk, counselors=pair, rules=replace(desk.rules, digest=None)),))


def with_desk(config: Config, **changes: object) -> Config:
    return replace(config, desks=(replace(config.desks[0], **changes),))  # type: ignore[arg-type]


def play(config: Config, *said: dict[str, object]) -> list[Row]:
    """Steps an hour apart; the first is the client's first mail."""
    steps = [Step(0, START, mail={"from": CLIENT, "text": FIRST, "subject": "はじめまして"})]
    for number, one in enumerate(said, 1):
        one = {"after": timedelta(hours=1), **one}
        at = steps[-1].at + one.pop("after")  # type: ignore[operator]
        steps.append(Step(number, at, **one))  # type: ignore[arg-type]
    return list(rehearse(config, START, tuple(steps)))


def reply(text: str, sender: str = SATO, **more: object) -> dict[str, object]:
    return {"counselor": {"from": sender, "text": text, "attach": (), **more}}


def again(text: str, **more: object) -> dict[str, object]:
    return {"mail": {"from": CLIENT, "text": text, "answers": "last", **more}}


def templates(row: Row, audience: str = "client") -> list[str]:
    return [one.template for one in row.sent if one.audience == audience]


def words(row: Row, template: str) -> str:
    return next(read_message(one.data)[1] for one in row.sent if one.template == template)
