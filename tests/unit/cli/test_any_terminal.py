"""Commands on a terminal that takes no Japanese, and numbers past what a database counts: words, never a trace."""

from __future__ import annotations

import io
import json
import sys

import pytest
from cli_office import CLIENT, Office

from maild.__main__ import main

EMOJI = "名前：花子\n性別：女性\n年齢：24歳\n地域：県内\n相談内容：仕事を続けられるか不安で、夜もよく眠れません😀\n"


@pytest.mark.parametrize("encoding", ["ascii", "cp932", "utf-8"])
@pytest.mark.parametrize("command", [("case", "show", "1", "--texts"), ("client", "export", "1"), ("case", "list")])
def test_every_locale(office: Office, command: tuple[str, ...], encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    office.mail(EMOJI)
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", out)
    assert main([*command, "--config", str(office.root / "config.toml")]) == 0
    out.flush()
    printed = out.buffer.getvalue()  # type: ignore[attr-defined]
    if command[1] == "export":
        assert "不安で、夜もよく眠れません😀" in json.dumps(json.loads(printed), ensure_ascii=False)
    assert (CLIENT.encode() in printed) is (command[1] != "list")


@pytest.mark.parametrize(
    "command",
    [
        ("case", "show", "{}"),
        ("case", "close", "{}"),
        ("outbox", "retry", "{}"),
        ("outbox", "drop", "{}"),
        ("quarantine", "show", "{}"),
        ("quarantine", "release", "{}"),
        ("audit", "show", "--case", "{}"),
        ("client", "export", "{}"),
        ("client", "lift", "{}"),
    ],
)
@pytest.mark.parametrize("number", ["9223372036854775808", "9" * 5000])
def test_a_number_too_large(office: Office, command: tuple[str, ...], number: str) -> None:
    office.mail()
    try:
        code, _, err = office.run(*(part.format(number) for part in command))
    except SystemExit as end:  # argparse has said it
        code, err = end.code, ""
    assert code == 2 and "exception" not in err
