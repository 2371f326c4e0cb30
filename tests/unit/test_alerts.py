"""Whoever waits is told of once, with the true number of days, however late somebody looks (rules C9, C11, C16, K4)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from counselor_mail import CLIENT, FIRST, START, again, play, reply, two_counselors

from maild.app.assembly import build_world, open_store
from maild.compose import Draft, compose
from maild.operate.rehearse import Row, read_message
from maild.pipeline import Clearance, Pipeline
from maild.store import Incoming, Store

OPS, INBOX, DESK = "operator", "counselor", "soudan@soudan.example"
DAY = timedelta(days=1)


def wait(days: int) -> dict[str, object]:
    return {"after": timedelta(days=days)}


def alerts(row: Row) -> list[tuple[str, str, str]]:
    """Day, audience and how long they say somebody has waited."""
    found = []
    for one in row.sent:
        if one.template in ("alert_waiting", "operator_alert"):
            subject, text, _ = read_message(one.data)
            (days, *_) = re.findall(r"(\d+)日お待ち|お待ちの日数：(\d+)日", f"{subject}\n{text}")
            found.append((f"{one.at:%m-%d}", one.audience, "".join(days)))
    return found


def test_a_hold_of_two_months_ends_with_one_alert_and_the_rhythm_goes_on() -> None:
    rows = play(two_counselors(), wait(10), reply("#保留"), wait(60), reply("#再開"), wait(9))
    assert alerts(rows[4]) + alerts(rows[5]) == [
        ("03-16", INBOX, "70"), ("03-16", OPS, "70"),
        ("03-18", INBOX, "72"), ("03-18", OPS, "72"),
        ("03-25", INBOX, "79"), ("03-25", OPS, "79"),
    ]  # fmt: skip


def test_a_mail_that_ends_the_hold_does_the_same() -> None:
    rows = play(two_counselors(), wait(10), reply("#保留"), wait(15), again("どうなりましたか。"), wait(1))
    assert alerts(rows[5]) == [("01-30", INBOX, "25"), ("01-30", OPS, "25")]


# -- the daemon was down -----------------------------------------------------------------------------------------------


@pytest.fixture
def house(tmp_path: Path) -> Iterator[tuple[Pipeline, Store]]:
    config = two_counselors()
    database = f"sqlite:///{tmp_path}/m.db"
    maild = replace(config.maild, data_dir=tmp_path, database=database, key_file=tmp_path / "key", key_create=True)
    config = replace(config, maild=maild)
    store = open_store(config)
    yield Pipeline(build_world(config), store), store
    assert store.check_consistency() == []
    store.close()


def swept(pipeline: Pipeline, store: Store, now: datetime) -> list[tuple[str, str]]:
    """All that follows when somebody looks at this instant: template and subject of what goes inside."""
    while pipeline.sweep(now, Clearance(reads=(now,))):
        pass
    found = []
    for one in store.claim(now, 100):
        store.sent(one.id, now, "250")
        if one.audience != "client":
            found.append((one.template, read_message(one.data)[0].split("さん ")[-1]))
    pipeline.settle(now)
    return found


def test_c11_after_weeks_down_one_alert_tells_of_all(house: tuple[Pipeline, Store]) -> None:
    raw = compose(Draft("<m1@phone.example>", "", CLIENT, DESK, "はじめまして", FIRST, START, "Asia/Tokyo"))
    pipeline, store = house
    store.accept([Incoming("t", START, CLIENT, (DESK,), raw)])
    assert pipeline.receive(store.take(50, START), START, Clearance(reads=(START,))) == ["accepted"]
    assert [one for one, _ in swept(*house, START)] == ["notice"]
    back = START + 26 * DAY - timedelta(hours=1)
    found = swept(*house, back)
    assert [one for one, _ in found] == ["alert_waiting", *["operator_alert"] * (len(found) - 1)]
    assert found[0][1] == "25日お待ちです" and len(found) > 1
    assert swept(*house, START + 30 * DAY - timedelta(hours=1)) == []
    assert ("alert_waiting", "30日お待ちです") in swept(*house, START + 30 * DAY)


@pytest.mark.parametrize(("hours", "operators"), [(0.5, 0), (10, 1), (30, 1)])
def test_k4_after_hours_down_one_urgent_call_tells_of_all(
    house: tuple[Pipeline, Store], hours: float, operators: int
) -> None:
    """Not one for each half hour: whoever is on call gets one mail, not twenty. It goes to the circle that the time has
    come for, says how often they were called indeed, and the rhythm goes on."""
    raw = compose(Draft("<m1@phone.example>", "", CLIENT, DESK, "もう死にます", FIRST, START, "Asia/Tokyo"))
    pipeline, store = house
    store.accept([Incoming("t", START, CLIENT, (DESK,), raw)])
    pipeline.receive(store.take(50, START), START, Clearance(reads=(START,)))
    first = swept(*house, START)
    assert {one for one, _ in first} == {"notice_urgent"}
    found = swept(*house, START + timedelta(hours=hours, minutes=10))
    called = [subject for one, subject in found if one == "notice_urgent"]
    assert 1 <= len(called) <= 4 and set(called) == {"応答待ち2回目"}, found
    assert len(found) - len(called) == operators * len(pipeline._world.operators)
    assert swept(*house, START + timedelta(hours=hours, minutes=29)) == []
    next_one = swept(*house, START + timedelta(hours=hours, minutes=30))
    assert ("notice_urgent", "応答待ち3回目") in next_one
