"""The unit: systemd understands every line of it, it is as closed as it can be, and it starts what there is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
UNIT = TOP / "systemd" / "maild.service"
THRESHOLD = 12  # tenths, as systemd-analyze counts them: 1.2 and no more


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    tool = shutil.which("systemd-analyze")
    if tool is None:
        assert os.environ.get("CI") != "true", "systemd-analyze is missing: apt-get install systemd"
        pytest.skip("systemd-analyze is not on this machine")
    return subprocess.run([tool, *arguments], capture_output=True, text=True, timeout=60)


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that exists here: verify looks for it."""
    copied = tmp_path / "maild.service"
    copied.write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text("utf-8")))
    return copied


def test_systemd_understands_every_line(unit: Path) -> None:
    """It answers 0 on a key it does not know and only prints it, so what it prints counts."""
    found = analyze("verify", "--man=no", str(unit))
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


def test_a_misspelt_line_would_be_seen(unit: Path) -> None:
    unit.write_text(unit.read_text().replace("ProtectHome=", "ProtectHomes="))
    assert "ProtectHomes" in analyze("verify", "--man=no", str(unit)).stderr


def test_it_is_closed(unit: Path) -> None:
    found = analyze("security", "--offline=true", "--no-pager", f"--threshold={THRESHOLD}", str(unit))
    assert found.returncode == 0, found.stdout + found.stderr


def settings() -> dict[str, list[str]]:
    """Key to its values, in order."""
    found: dict[str, list[str]] = {}
    for key, value in re.findall(r"(?m)^([A-Z]\w+)=(.*)$", UNIT.read_text("utf-8")):
        found.setdefault(key, []).append(value)
    return found


def test_it_speaks_as_the_daemon_does() -> None:
    unit = settings()
    assert unit["Type"] == ["notify"]
    assert unit["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert int(unit["WatchdogSec"][0]) > 0
    assert unit["Restart"] == ["on-failure"]
    from maild.errors import EX_CONFIG

    assert unit["RestartPreventExitStatus"] == [str(EX_CONFIG)]


def test_it_may_do_what_the_daemon_needs() -> None:
    """SQLite in its state directory, loopback and the network, the memory limit of the worker."""
    unit = settings()
    assert unit["StateDirectory"] == ["maild"]
    assert set(unit["RestrictAddressFamilies"][0].split()) >= {"AF_UNIX", "AF_INET", "AF_INET6"}
    assert "PrivateNetwork" not in unit
    assert "prlimit64" in unit["SystemCallFilter"][-1]
    assert unit["ExecStart"] == ["/opt/maild/.venv/bin/maild run --config /etc/maild/config.toml"]
