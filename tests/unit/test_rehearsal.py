"""A rehearsal takes and refuses what the daemon would, and prints the same bytes every time (interfaces.md)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from counselor_mail import CLIENT, FIRST, START, play, reply, templates, two_counselors, with_desk

from maild.config import Config
from maild.operate.dialogue import as_dialogue
from maild.operate.rehearse import LARGEST, as_json, rehearse
from maild.operate.scenario import Attachment, load

PHOTO = (Attachment("heya.jpg", "image/jpeg", 900),)


@pytest.fixture(scope="module")
def base() -> Config:
    return two_counselors()


def mail(**more: object) -> dict[str, object]:
    return {"mail": {"from": CLIENT, "text": "もう一つ聞きたいことがあります。", **more}}


@pytest.mark.parametrize("to", ["nobody@soudan.example", "soudan@elsewhere.example", "soudan+token@soudan.example"])
def test_mail_to_no_desk_is_refused_and_the_rehearsal_goes_on(base: Config, to: str) -> None:
    rows = play(base, mail(to=to), reply("読みました。"))
    assert (rows[1].dispositions, rows[1].sent, rows[1].cases) == (("refused",), (), rows[0].cases)
    assert "受け取らなかった" in as_dialogue(rows[1], base)
    assert templates(rows[2]) == ["reply"], "nothing of it came in"


@pytest.mark.parametrize("to", ["SOUDAN@Soudan.example", "メール相談 <soudan@soudan.example>"])
def test_a_desk_is_found_however_its_address_is_written(base: Config, to: str) -> None:
    assert play(base, mail(to=to))[1].dispositions == ("accepted",)


def test_a1_what_the_door_refuses_gets_no_letter(base: Config) -> None:
    refusing = with_desk(base, rules=replace(base.desks[0].rules, attachments="refuse"))
    rows = play(refusing, mail(attach=PHOTO), mail(attach=PHOTO, text="もう死にたいです。", answers="last"))
    assert (rows[1].dispositions, rows[1].sent) == (("rejected",), ())
    assert rows[2].dispositions == ("accepted",), "A4: crisis first"
    assert templates(rows[2]) == ["crisis_ack"]


def test_m3_the_return_path_is_the_envelope(base: Config) -> None:
    rows = play(base, mail(headers={"Return-Path": "<>"}), mail(headers={"Return-Path": f"<{CLIENT}>"}))
    assert [row.dispositions[0] for row in rows] == ["accepted", "automatic", "accepted"]


def test_m6_a_mail_too_large_for_the_door(base: Config) -> None:
    big = Attachment("big.bin", "application/octet-stream", LARGEST)
    assert play(base, mail(attach=(big,)))[1].dispositions == ("rejected",)


def test_the_same_scenario_prints_the_same_and_steps_at_the_end_change_nothing(base: Config, tmp_path: Path) -> None:
    step = '[[step]]\nafter = "1h"\n'
    first = f'start = "2026-01-05T09:00:00+09:00"\n{step}mail.from = "{CLIENT}"\nmail.text = """\n{FIRST}\n"""\n'
    short, long = tmp_path / "short.toml", tmp_path / "long.toml"
    short.write_text(f'{first}{step}counselor.text = "読みました。"\n')
    long.write_text(f'{short.read_text()}{step}bounce = "5.1.1"\n')

    def printed(path: Path) -> list[str]:
        start, steps = load(path)
        return [json.dumps(as_json(row, base)) for row in rehearse(base, start, steps)]

    once = printed(short)
    assert printed(short) == once
    assert printed(long)[:2] == once
    assert START.isoformat() not in once[0], "instants are printed in the scenario's own offset"
