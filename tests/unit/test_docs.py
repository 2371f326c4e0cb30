"""README and docs: every link leads somewhere, every command and file that is named exists, nothing of this machine."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from maild.__main__ import FAMILIES

TOP = Path(__file__).resolve().parents[2]
PAGES = [TOP / "README.md", TOP / "README.ja.md", TOP / "CHANGELOG.md", *sorted((TOP / "docs").glob("*.md"))]
NOT_YET = ("backup", "restore", "import", "report", "disclose", "key", "calendar", "booking")

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@cache
def text(page: Path) -> str:
    return page.read_text("utf-8")


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)\)", text(page)):
        if not target.startswith(("https://", "http://", "mailto:")):
            assert (page.parent / target).exists(), target


@each_page
def test_nothing_of_the_machine_it_was_written_on(page: Path) -> None:
    assert not re.search(r"/wor[k]/|/roo[t]/|\bpypi\b", text(page))


@pytest.mark.parametrize("name", ["README.md", "README.ja.md", "docs/operating.md"])
def test_commands_that_are_named_exist(name: str) -> None:
    shown = text(TOP / name).replace("`maild backup`, `restore`", "")
    for command in re.findall(r"(?:`|bin/|    )maild ([a-z][a-z-]+)", shown):
        assert command in FAMILIES or command in NOT_YET, command


@pytest.mark.parametrize("name", ["README.md", "README.ja.md"])
def test_the_readme_says_of_every_missing_command_that_it_is_missing(name: str) -> None:
    missing = re.search(r"`maild backup`.*?\n(?=- )", text(TOP / name), re.DOTALL)
    assert missing is not None
    said = set(re.findall(r"`(?:maild )?([a-z]+)(?: rotate)?`", missing[0]))
    assert said == {one for one in NOT_YET if one != "booking" and one not in FAMILIES}


@pytest.mark.parametrize("name", ["README.md", "README.ja.md"])
def test_both_readmes_show_the_same_commands(name: str) -> None:
    def blocks(page: str) -> list[str]:
        lines = re.findall(r"(?m)^    (?!maild/|templates/)(\S.*)$", text(TOP / page))
        return [re.sub(r"\s*#.*", "", line) for line in lines]

    assert blocks(name) == blocks("README.md")


@pytest.mark.parametrize("name", ["flow.md", "rfc.md"])
def test_files_that_are_named_exist(name: str) -> None:
    for file in re.findall(r"`(maild/[\w/]+\.py|maild/[\w/]+/)`", text(TOP / "docs" / name)):
        assert (TOP / file).exists(), file


def test_every_alert_that_operators_can_get_is_explained() -> None:
    """docs/operating.md, "What a mail to the operators means"."""
    codes = set()
    for path in (TOP / "maild").rglob("*.py"):
        source = path.read_text("utf-8")
        codes |= set(re.findall(r'"operator_alert", "operators", \{"code": "([a-z_]+)"', source))
        codes |= set(re.findall(r'_(?:alert|tell)\(\s*session, "([a-z_]+)"', source))
    assert len(codes) >= 4
    told = set(re.findall(r"(?m)^\| `([a-z_]+)` \|", text(TOP / "docs" / "operating.md")))
    assert codes <= told
