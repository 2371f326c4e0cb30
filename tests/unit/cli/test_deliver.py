"""``maild deliver`` as an MTA calls it: a process of its own, and its exit code is a promise (rules M1, C6)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli_office import CLIENT, DESK, Office

MAIL = f"From: {CLIENT}\nTo: {DESK}\nSubject: x\n\nこんにちは。\n".encode()


def deliver(config: Path, raw: bytes, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """The command with a bare environment, as pipe(8) gives it."""
    return subprocess.run(
        [sys.executable, "-m", "maild", "deliver", "--config", str(config), *arguments],
        input=raw,
        capture_output=True,
        cwd=Path(__file__).parents[3],
        env={"PATH": os.environ["PATH"], **environment},
        timeout=120,
        check=False,
    )


def test_a_mail_is_in_the_spool_when_the_command_ends(office: Office) -> None:
    done = deliver(office.config, MAIL, "--to", DESK, "--from", CLIENT)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")  # the first mail makes the database
    assert deliver(office.config, MAIL, ORIGINAL_RECIPIENT=DESK, SENDER="").returncode == 0
    store = office.store()
    first, second = store.take(10, office.now.replace(year=2099))
    assert (first.source, first.recipients, first.envelope_from, first.raw) == ("pipe", (DESK,), CLIENT, MAIL)
    assert second.envelope_from == ""
    assert store.sources() == []  # a pipe is no source that must be read before a case is closed (C6)
    store.close()


def test_what_is_not_kept_stays_with_the_mta(office: Office) -> None:
    for arguments in (("--to", "nobody@desk.example"), ("--what",), ("--to",)):
        done = deliver(office.config, MAIL, *arguments)
        assert done.returncode == 75 and done.stderr and b"Traceback" not in done.stderr
    office.config.write_text("[maild]\ndata_dir = 7\n", encoding="utf-8")
    done = deliver(office.config, MAIL, "--to", DESK)
    assert done.returncode == 75 and b"data_dir" in done.stderr  # a fault in the config sends no mail back
    done = deliver(office.root / "missing.toml", MAIL)
    assert done.returncode == 75


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_that_cannot_be_written_to(office: Office) -> None:
    (office.root / "var").mkdir(mode=0o500)
    assert deliver(office.config, MAIL, "--to", DESK).returncode == 75


def test_a_mail_that_is_too_large_goes_back(office: Office) -> None:
    done = deliver(office.config, MAIL + b"x" * 10_485_760, "--to", DESK)
    assert done.returncode == 65
    store = office.store()
    assert store.spool_depth() == 0
    store.close()


def test_what_was_delivered_becomes_a_case(office: Office) -> None:
    assert deliver(office.config, MAIL, "--to", DESK).returncode == 0
    office.later(days=3)
    assert office.work() == ["accepted"]
    assert office.case().client == CLIENT
