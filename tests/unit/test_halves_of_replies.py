"""What only the HTML half of a mail says: read where a client wrote it, never relayed where a counselor did (K1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from maild.config import load
from maild.operate.rehearse import Sent, Stage, read_message
from maild.operate.scenario import Step

DESK = "soudan@desk.example"
CLIENT = "mizuki@phone.example"
COUNSELOR = "sato@house.example"
CONFIG = """
[maild]
operators = ["ops@desk.example"]
[receive.smtp]
listen = "127.0.0.1:8025"
[send]
transport = "maildir"
maildir = "out"
[[desk]]
name = "soudan"
kind = "consultation"
address = "soudan@desk.example"
shared_inbox = "room@house.example"
[[desk.counselor]]
name = "佐藤花子"
address = "sato@house.example"
[[desk.counselor]]
name = "長谷川純一"
address = "hasegawa@house.example"
[[desk.terms]]
version = "2026-04"
effective = 2025-04-01
file = "terms.txt"
"""


def _halves(sender: str, plain: str, html: str, answered: Sent | None = None) -> bytes:
    lines = [f"From: {sender}", f"To: {DESK}", f"Message-ID: <{len(html)}@{sender.partition('@')[2]}>"]
    if answered is not None:
        lines += [f"In-Reply-To: {answered.message_id}", "Subject: Re: soudan"]
    lines += ["MIME-Version: 1.0", 'Content-Type: multipart/alternative; boundary="=_b"', ""]
    for kind, text in (("plain", plain), ("html", html)):
        lines += ["--=_b", f"Content-Type: text/{kind}; charset=utf-8", "Content-Transfer-Encoding: 8bit", "", text]
    return "\r\n".join([*lines, "--=_b--", ""]).encode()


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "terms.txt").write_text("相談は無料です。\n")
    config = load(tmp_path / "config.toml")
    maild = replace(
        config.maild, data_dir=tmp_path, database=f"sqlite:///{tmp_path}/m.db", key_file=tmp_path / "k", key_create=True
    )
    return Stage(replace(config, maild=maild), datetime(2026, 1, 5, 9, 0, tzinfo=ZoneInfo("Asia/Tokyo")))


def test_both_ways(stage: Stage) -> None:
    now = datetime(2026, 1, 5, 9, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
    items = "名前：みずき\n性別：女性\n年齢：20歳\n地域：県内\n相談内容：眠れません。"
    raw = _halves(CLIENT, items, f"<p>{items}</p><p>もう死にたいです。</p>".replace("\n", "<br>"))
    sent = stage.play(Step(0, now, {"from": CLIENT, "raw": raw})).sent
    urgent = next(one for one in sent if one.template == "notice_urgent")
    assert "もう死にたいです。" in read_message(urgent.data)[1]

    told = "".join(f"<div>{line}</div>" for line in read_message(urgent.data)[1].splitlines())
    raw = _halves(COUNSELOR, "お返事です。", f"<p>お返事です。</p><p>相談室 内線 12</p><div>{told}</div>", urgent)
    sent = stage.play(Step(1, now + timedelta(hours=1), {"from": COUNSELOR, "raw": raw})).sent
    stage.close()
    replies = [read_message(one.data)[1] for one in sent if one.audience == "client"]
    assert len(replies) == 1
    assert "お返事です。" in replies[0]
    assert not any(word in replies[0] for word in ("内線", "死にたい", "みずき"))
