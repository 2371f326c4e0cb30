"""The installation of every test of a command; what main() does to the process is taken back."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cli_office import CONFIG, Office


@pytest.fixture
def office(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Office]:
    """An installation whose mails come a while before the real now, at which the commands run."""
    (tmp_path / "terms.txt").write_text("利用規約\n", encoding="utf-8")
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook, logging.raiseExceptions, logging.lastResort
    root = logging.getLogger()
    handlers, level, shown = list(root.handlers), root.level, warnings.showwarning
    made = Office(tmp_path, datetime.now(UTC).replace(microsecond=0) - timedelta(days=2), capsys)
    yield made
    logging.captureWarnings(False)
    warnings.showwarning = shown
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook, threading.excepthook, sys.unraisablehook, logging.raiseExceptions, logging.lastResort = hooks
    if (tmp_path / "var" / "maild.db").exists():
        made.config.write_text(CONFIG, encoding="utf-8")  # a test may have broken it
        made.good()
