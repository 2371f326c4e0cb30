"""``maild inspect`` never fails on any bytes, whatever characters the terminal takes."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from maild.__main__ import main

MAIL = "From: 花子 <hanako@phone.example>\nSubject: 相談😀\n\n①㈱髙﨑 é\n".encode()


@pytest.mark.parametrize("encoding", ["ascii", "cp932", "euc_jp", "latin-1", "utf-8"])
@pytest.mark.parametrize("form", ["--json", ""])
def test_every_locale(encoding: str, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.eml").write_bytes(MAIL)
    monkeypatch.chdir(tmp_path)
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", out)
    assert main(["inspect", *([form] if form else []), "a.eml"]) == 0
    printed = out.buffer.getvalue()  # type: ignore[attr-defined]
    if form:
        assert json.loads(printed)["subject"] == "相談😀"
    else:
        assert b"hanako@phone.example" in printed
