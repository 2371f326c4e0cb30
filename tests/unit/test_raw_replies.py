"""Raw replies of real programs: the client gets exactly what was written, or it is shown back (rules P2, P4, P5)."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from maild.desk import commands, leak
from maild.desk.notice_marks import internal_sign
from maild.desk.reply_text import Identity, ReplyText, extract
from maild.desk.rules import Counselor
from maild.mail.parse import read
from tests.corpus.replies.programs import ADDRESS, DESK, INBOX, ME, MINE, PROGRAMS, Notice, build

RAW = Path(__file__).parents[1] / "corpus" / "replies" / "raw"
NOTICE = Notice((RAW / "notice.txt").read_text("utf-8"), "[相談 1] みどりさん 1/3 新着", "<m1@desk.example>")
WHO = Identity((ME, "大西健一"), (MINE, INBOX, ADDRESS), desk=DESK)
STAFF = [Counselor(ME, MINE), Counselor("大西健一", "onishi@desk.example")]
SECRETS = leak.Secrets(STAFF, [INBOX], [ADDRESS], case=1, own_name="みどり", other_cases=range(1, 2))


def cases() -> list[Any]:
    found = []
    for path in sorted(RAW.glob("*.toml")):
        for number, case in enumerate(tomllib.loads(path.read_text("utf-8"))["case"]):
            case["id"] = f"{path.stem}{number}"
            found.append(pytest.param(case, id=f"{case['id']}-{case['program']}"))
    return found


def extracted(case: dict[str, Any]) -> ReplyText:
    facts = read(build(case["program"], NOTICE, case))
    return extract(facts.text, notice=NOTICE.text, subject=facts.subject, identity=WHO)


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").split("\n")]


@pytest.mark.parametrize("case", cases())
def test_exactly_what_was_written_or_shown_back(case: dict[str, Any]) -> None:
    found = extracted(case)
    assert not any(internal_sign(line) for line in found.body.split("\n"))
    if case.get("none"):
        assert found.commands
        return
    orders = commands.read_all([line.raw for line in found.commands])
    asked = any(order.fault for order in orders)  # nothing is sent: what was understood is told
    sent = "send" in {order.name for order in orders}
    leaks = not sent and bool(leak.find(found.body, SECRETS))
    held = asked or leaks or not found.certain or commands.disguised(found.body)
    if case.get("held") == "must":
        assert held
    elif case.get("held") != "may" or not held:
        assert not held, found.doubts
        spoken = [order.argument for order in orders if order.argument]
        assert lines("\n".join([*spoken, found.body])) == lines(case.get("sent", case["text"]))


BODIES = (
    "みどりさん\n\nお便りをありがとうございます。\n・一つ目\n・二つ目\n\nまた書いてください。",
    "読みました。\n\n----------\nいのちの電話 0120-783-556\nよりそいホットライン 0120-279-338\n----------",
    "次の二つです：\n\nひとつ：休むこと\nふたつ：話すこと",
    "2026年2月9日(月)の9:00に、またここで読みます。",
    "上司に出す文です。\n\n件名：お休みについて\n今日はお休みします。",
)
ENDS = ("", "\n\n-- \n佐藤花子\nTEL 059-000-0000", "\n\n==========\n佐藤花子\nsato@desk.example\n==========")


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("end", ENDS, ids=("bare", "delimited", "ruled"))
def test_an_ordinary_reply_passes_from_every_program(program: str, end: str) -> None:
    """Whatever program and signature: exactly the text, and no question asked."""
    for body in BODIES:
        found = extracted({"id": "x", "program": program, "text": body + end + "\n"})
        assert (found.doubts, found.body) == ((), body)
