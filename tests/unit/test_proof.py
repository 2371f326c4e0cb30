"""The process that proves the templates ends in order, whatever becomes of the daemon that started it."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

from maild.app.proof import main


@pytest.mark.parametrize("told", [b"", b"\x80", pickle.dumps(["a", "b" * 300])[:-40]])
def test_a_daemon_that_is_killed_before_it_has_said_its_config(told: bytes) -> None:
    """Nobody reads the answer; a traceback would only frighten whoever reads the log."""
    done = subprocess.run([sys.executable, "-m", main.__module__], input=told, capture_output=True, timeout=60)
    assert done.returncode != 0 and done.stdout == done.stderr == b""
