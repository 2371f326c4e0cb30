"""Two that answer by themselves end by themselves, whatever their headers say (rules M3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest

from maild.app.assembly import build_world, open_store
from maild.compose import Draft, compose
from maild.config import Config, load
from maild.pipeline import Clearance, Pipeline
from maild.store import Incoming, Store

HERE = Path(__file__).resolve().parents[2]
START = datetime(2026, 1, 5, tzinfo=UTC)
FIRST = "名前：花子\n性別：女性\n年齢：24歳\n住まい：県内\n相談内容：仕事を続けられるか不安です。"
AWAY = "メールをありがとうございます。担当者より三営業日のうちにお返事いたします。しばらくお待ちください。"


class House:
    """One maild, its outgoing mail taken out by hand."""

    def __init__(self, config: Config, folder: Path, address: str) -> None:
        place = folder / address.replace("@", "_")
        maild = replace(
            config.maild,
            data_dir=place,
            database=f"sqlite:///{place}/maild.db",
            key_file=place / "key",
            key_create=True,
        )
        desk = replace(config.desks[0], address=address)
        self.address = address
        self.store: Store = open_store(replace(config, maild=maild, desks=(desk,)))
        self.pipeline = Pipeline(build_world(replace(config, maild=maild, desks=(desk,))), self.store)

    def take(self, raw: bytes, now: datetime) -> list[bytes]:
        """A mail in; the mails to clients that follow."""
        sender = str(message_from_bytes(raw)["From"])
        self.store.accept([Incoming("test", now, sender, (self.address,), raw)])
        self.pipeline.receive(self.store.take(10, now), now, Clearance(reads=(now,)))
        out = []
        for mail in self.store.claim(now, 100):
            self.store.sent(mail.id, now, "250")
            if mail.audience == "client":
                out.append(mail.data)
        self.pipeline.settle(now)
        return out


@pytest.fixture
def config() -> Config:
    return load(HERE / "config.toml")


def mail(sender: str, to: str, text: str, number: int, answers: bytes | None = None) -> bytes:
    last = str(message_from_bytes(answers)["Message-ID"]) if answers else None
    draft = Draft(
        f"<{number}@x.example>", "", sender, to, "お返事", text, START, "Asia/Tokyo", last, (last,) if last else ()
    )
    return compose(draft)


def test_two_desks_end_at_the_first_answer(config: Config, tmp_path: Path) -> None:
    one, two = House(config, tmp_path, "a@one.example"), House(config, tmp_path, "b@two.example")
    letters = one.take(mail("b@two.example", "a@one.example", FIRST, 1), START)
    assert [str(message_from_bytes(raw)["To"]) for raw in letters] == ["b@two.example"]
    assert two.take(letters[0], START + timedelta(seconds=1)) == []


@pytest.mark.parametrize("text", [AWAY, "ok"], ids=["long", "short"])
def test_a_responder_without_any_header_is_answered_at_most_five_times(
    config: Config, tmp_path: Path, text: str
) -> None:
    house = House(config, tmp_path, "a@one.example")
    letters, sent, number, now = house.take(mail("c@robot.example", "a@one.example", text, 1), START), 0, 1, START
    while letters and number < 100:
        sent += len(letters)
        number += 1
        now += timedelta(seconds=5)
        letters = house.take(mail("c@robot.example", "a@one.example", text, number, letters[-1]), now)
    assert 0 < sent <= 5


def test_a_responder_does_not_get_a_reply_for_ever(config: Config, tmp_path: Path) -> None:
    """On the client's turn the same text asks for our reply once more: once, not as often as a machine likes."""
    house = House(config, tmp_path, "a@one.example")
    now = START
    house.take(mail("c@robot.example", "a@one.example", FIRST, 1), now)
    notice = next(row for row in house.store.outbox(("delivered",)) if row.template == "notice")
    with house.store.read() as tx:
        sent = tx.outgoing(notice.id)
        assert sent is not None
        answered = sent.data
    counselor = house.pipeline._world.desks[0].desk.counselors[0].address
    letters = house.take(mail(counselor, "a@one.example", "お返事です。", 2, answered), now + timedelta(hours=1))
    count, number = len(letters), 3
    assert count == 1
    while letters and number < 100:
        now += timedelta(hours=2)
        letters = house.take(mail("c@robot.example", "a@one.example", AWAY, number, letters[-1]), now)
        count += len(letters)
        number += 1
    assert count <= 5
