"""``make run`` as somebody new to maild does it: what is printed is typed, and works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from daemon.consultation import Post, consult
from daemon.letters import DESK
from daemon.running import TOP, Maild, installed, until

pytestmark = pytest.mark.daemon


@pytest.fixture
def curl() -> str:
    found = shutil.which("curl")
    if found is None:
        assert os.environ.get("CI", "").lower() not in ("1", "true"), "missing: curl"
        pytest.skip("missing: curl")
    return found


@pytest.fixture
def checkout() -> Iterator[Maild]:
    """The shipped config and what it names, on a port of its own; ``.venv`` as make setup leaves it."""
    with installed() as it:
        for name in ("examples", "templates", "Makefile", "config.toml"):
            (shutil.copytree if (TOP / name).is_dir() else shutil.copy)(TOP / name, it.home / name)
        (it.home / ".venv").symlink_to(TOP / ".venv")
        assert "127.0.0.1:8025" in it.config.read_text()
        it.config.write_text(it.config.read_text().replace("127.0.0.1:8025", f"127.0.0.1:{it.port}"))
        it.maildir, it.data = it.home / "var" / "outgoing", it.home / "var"
        it.program = recipe()
        yield it


def recipe() -> list[str]:
    """The command of ``make run``."""
    found = re.search(r"^run:.*\n\t(.*)$", (TOP / "Makefile").read_text(), re.MULTILINE)
    assert found
    words = found.group(1).replace("$(BIN)", ".venv/bin").split()
    assert words[:2] == [".venv/bin/maild", "run"]
    return words


def printed(maild: Maild) -> tuple[str, str]:
    """The two commands that the daemon prints."""
    said = maild.says("Stop with Ctrl-C")
    first, second = re.findall(r"\n\n((?:  .*\n)+)\n", said)
    return first, second


def shell(command: str, where: Path) -> str:
    done = subprocess.run(["bash", "-ec", command], cwd=where, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_printed_commands_work(checkout: Maild, curl: str) -> None:
    checkout.start()
    send, look = printed(checkout)
    shell(send, checkout.home)
    until(lambda: len(checkout.outgoing()) == 2, "answer and notice", show=checkout.log)
    shown = shell(look, checkout.home)
    assert "To: hanako@phone.example" in shown and "花子さん" in shown
    checkout.stop()
    checkout.sound()


def test_three_round_trips_with_curl(checkout: Maild, curl: str) -> None:
    def send(sender: str, mail: EmailMessage) -> None:
        command = [curl, "-sS", f"smtp://127.0.0.1:{checkout.port}", "--mail-from", sender, "--mail-rcpt", DESK]
        done = subprocess.run([*command, "--upload-file", "-"], input=mail.as_bytes(), capture_output=True)
        assert done.returncode == 0, done.stderr

    # the desk's addresses as our letters know them
    checkout.config.write_text(checkout.config.read_text().replace("@soudan.example", "@desk.example"))
    checkout.start()
    consult(checkout, Post("kakureta@keitai.example", send, checkout.sent_to))
