"""The benchmarks run: a small load on both servers gives every figure that is promised. No timing is judged."""

from __future__ import annotations

import subprocess
import sys
from email import message_from_bytes
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(not (ROOT / "benchmarks").is_dir(), reason="not a checkout")


@pytest.fixture
def mails(monkeypatch: pytest.MonkeyPatch) -> object:
    """The module, from the checkout."""
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import mails

    return mails


def test_a_load_is_the_same_at_every_run(mails: object) -> None:
    """And as large as it is said to be, mail by mail, in every charset."""
    once, again = mails.load(24, []), mails.load(24, [])  # type: ignore[attr-defined]
    assert once == again
    assert len({mail.sender for mail in once}) == 24
    for mail in once:
        assert 3_000 <= len(mail.raw) < 3_200
        assert "仕事" in (message_from_bytes(mail.raw).get_payload(decode=True) or b"").decode(  # type: ignore[union-attr]
            str(message_from_bytes(mail.raw).get_content_charset())
        )


@pytest.mark.daemon
def test_a_small_run_prints_all_figures(tmp_path: Path) -> None:
    """As ``make bench`` calls it, in little; it leaves nothing in the directory it is called from."""
    command = [sys.executable, "-m", "benchmarks", "--mails", "16", "--runs", "1", "--cases", "12", "--settle", "0"]
    done = subprocess.run(
        command, cwd=ROOT, env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)}, capture_output=True, timeout=300
    )
    said = done.stdout.decode()
    assert done.returncode in (0, 1), done.stderr.decode()
    assert said.count("aiosmtpd, null handler") == 2
    assert said.count("maild, durable accept") == 2
    assert said.count("maild, the whole way") == 2
    assert said.count("idle memory") == 2
    assert "12 cases in the database" in said
    assert list(tmp_path.iterdir()) == []
