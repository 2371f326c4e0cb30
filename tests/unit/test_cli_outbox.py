"""``maild outbox`` and ``maild quarantine``: exit codes, what is shown, and to whom (rules M6, S2)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from maild.__main__ import main
from maild.app.assembly import open_store
from maild.config import load
from maild.store import Incoming, Outgoing

T0 = datetime(2026, 1, 10, 14, 50, tzinfo=UTC)
CONFIG = """
[maild]
operators = ["ops@x.example"]
[receive.smtp]
[send]
transport = "maildir"
[[desk]]
name = "soudan"
kind = "consultation"
address = "soudan@x.example"
shared_inbox = "inbox@x.example"
on_call = ["oncall@x.example"]
[[desk.counselor]]
name = "佐藤花子"
address = "sato@x.example"
[[desk.terms]]
version = "1"
effective = 2025-04-01
file = "terms.txt"
"""
HOSTILE = (
    "From: =?utf-8?b?6Iqx5a2Q?= <hanako@docomo.example>\r\nSubject: a\x1b]0;b\x07c\r\n\r\n相談\x1b[2Jです\r\n".encode()
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a config, two mails to send and two set aside."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "terms.txt").write_text("Terms\n")
    (tmp_path / "config.toml").write_text(CONFIG)
    store = open_store(load("config.toml"))
    with store.transaction() as tx:
        for number in (1, 2):
            tx.queue(
                Outgoing(
                    message_id=f"<{number}@x.example>",
                    case=None,
                    desk="soudan",
                    audience="client",
                    template="ack",
                    sender="soudan@x.example",
                    recipient="hanako@docomo.example",
                    data=b"Subject: x\r\n\r\nx\r\n",
                    created=T0,
                    once=str(number),
                )
            )
    store.claim(T0, 1)
    store.failed(1, T0, "550 5.1.1 user_unknown")
    for number in store.accept([Incoming("smtp", T0, "hanako@docomo.example", ("soudan@x.example",), HOSTILE)] * 3)[:2]:
        store.quarantine(number, "worker died", T0)
    store.close()
    return tmp_path


def rows(capsys: pytest.CaptureFixture[str], family: str, *more: str) -> list[tuple[int, str]]:
    assert main([family, "list", "--json", *more]) == 0
    return [(row["id"], row.get("state", row.get("reason"))) for row in json.loads(capsys.readouterr().out)]


def test_outbox_shows_no_address(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["outbox", "list"]) == 0
    said = capsys.readouterr().out
    assert "550 5.1.1 user_unknown" in said and "pending" in said
    assert "hanako" not in said and "example" not in said
    assert rows(capsys, "outbox") == [(1, "failed"), (2, "pending")]


def test_outbox_retry_and_drop(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["outbox", "retry", "1"]) == 0
    assert main(["outbox", "drop", "2"]) == 0
    capsys.readouterr()
    assert rows(capsys, "outbox") == [(1, "pending"), (2, "failed")]
    assert main(["outbox", "drop", "2"]) == 1  # it failed already
    assert "2" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("outbox", "retry"), ("outbox", "drop"), ("quarantine", "release")])
def test_unknown_numbers_stop_nobody(here: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, str]) -> None:
    known = "2" if words[0] == "outbox" else "1"
    assert main([*words, "99", known, "--json"]) == 1
    first, second = json.loads(capsys.readouterr().out)
    assert (first["id"], first["done"]) == (99, False) and "99" in first["error"]
    assert (second["id"], second["done"]) == (int(known), True)


def test_quarantine_list_and_release(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quarantine", "list"]) == 0
    assert "hanako" not in capsys.readouterr().out
    assert [number for number, _ in rows(capsys, "quarantine")] == [1, 2]
    assert main(["quarantine", "release", "1"]) == 0
    capsys.readouterr()
    assert [number for number, _ in rows(capsys, "quarantine")] == [2]
    assert main(["quarantine", "release", "3"]) == 1  # waits, and was never set aside
    assert main(["quarantine", "show", "3"]) == 2
    assert "no mail 3 in quarantine" in capsys.readouterr().err


def test_quarantine_show_is_safe_for_the_terminal(here: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["quarantine", "show", "1"]) == 0
    said = capsysbinary.readouterr().out
    assert "花子".encode() in said and "相談".encode() in said and b"hanako@docomo.example" in said
    assert b"\x1b" not in said and b"\x07" not in said
    assert main(["quarantine", "show", "1", "--raw"]) == 0
    assert capsysbinary.readouterr().out == HOSTILE
    assert main(["quarantine", "show", "1", "--json"]) == 0
    whole = json.loads(capsysbinary.readouterr().out)
    assert whole["envelope_from"] == "hanako@docomo.example" and whole["bytes"] == len(HOSTILE)
