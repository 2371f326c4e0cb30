"""Real servers for tests. Where one is missing the tests are skipped and say so; under CI that is a failure."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers import dovecot as dovecot_server
from servers import postfix as postfix_server
from servers.receiving import FileSpool, Loop, loop


def need(missing: str | None) -> None:
    """Skip, or fail where everything must be there."""
    if missing is not None:
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(f"missing: {missing}")
        pytest.skip(f"missing: {missing}")


@pytest.fixture(scope="session")
def dovecot_session() -> Iterator[dovecot_server.Dovecot]:
    """One Dovecot for all tests that do not break it."""
    need(dovecot_server.missing())
    with dovecot_server.running_dovecot() as it:
        yield it


@pytest.fixture
def dovecot(dovecot_session: dovecot_server.Dovecot) -> dovecot_server.Dovecot:
    """The shared Dovecot; each test takes a user of its own."""
    return dovecot_session


@pytest.fixture
def own_dovecot() -> Iterator[dovecot_server.Dovecot]:
    """A Dovecot to be broken."""
    need(dovecot_server.missing())
    with dovecot_server.running_dovecot() as it:
        yield it


@pytest.fixture(scope="session")
def postfix_installed() -> None:
    """Asked for by tests that start a Postfix with routes of their own."""
    need(postfix_server.missing())


@pytest.fixture
def running() -> Iterator[Loop]:
    """An event loop; at its end nothing may have gone wrong unseen in it."""
    with loop() as it:
        yield it
    assert it.complaints == []


@pytest.fixture
def spool(tmp_path: Path) -> FileSpool:
    """Where received mail goes."""
    return FileSpool(tmp_path / "spool")
