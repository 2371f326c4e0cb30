"""The daemon as a process, for every test here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from daemon.running import Maild, installed


@pytest.fixture
def maild() -> Iterator[Maild]:
    """An installation that is not started yet; at the end its store must be sound if there is one."""
    with installed() as it:
        yield it
        if it.process is not None and it.process.poll() is None:
            it.stop()
        if (it.data / "maild.db").exists() and (it.data / "maild.key").exists():
            it.sound()
