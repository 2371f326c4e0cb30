"""docs/rules.md against the tree: no rule that the code cites is missing, and what is named there cites its rule."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| ([A-Z]\d{0,2}[abc]?) \|[^|]+\|([^|]*)\|([^|]*)\|$", re.MULTILINE)
CITED = re.compile(r"(?<![A-Za-z0-9_.-])([CIAKDPMS]\d{1,2}[abc]?)(?![A-Za-z0-9_-])")


@cache
def table() -> dict[str, tuple[str, str]]:
    rows = ROW.findall((TOP / "docs" / "rules.md").read_text("utf-8"))
    assert len({rule for rule, _, _ in rows}) == len(rows), "a rule stands twice"
    return {rule: (modules.strip(), tests.strip()) for rule, modules, tests in rows}


def cites(path: Path, rule: str) -> bool:
    return re.search(rf"(?<![A-Za-z0-9]){rule}(?![A-Za-z0-9])", path.read_text("utf-8")) is not None


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def prose(path: Path) -> str:
    """Docstrings and comments: where rules are cited. Code may hold names such as A4 by chance."""
    text = path.read_text("utf-8")
    return "\n".join([*re.findall(r'"""(.*?)"""', text, re.DOTALL), *re.findall(r"#(.*)", text)])


def test_every_rule_that_the_code_cites_stands_in_the_table() -> None:
    implemented = {rule for rule, (modules, _) in table().items() if modules != "not yet"}
    missing: dict[str, list[str]] = {}
    for path in sorted((TOP / "maild").rglob("*.py")):
        if path.is_relative_to(TOP / "maild" / "letters") or path.name in ("rules.py", "rule_keys.py"):
            continue  # texts and keys of rules that come later are there already
        for rule in set(CITED.findall(prose(path))) - implemented:
            missing.setdefault(rule, []).append(str(path.relative_to(TOP)))
    assert not missing


@pytest.mark.parametrize("rule", table())
def test_what_a_row_names_exists_and_cites_the_rule(rule: str) -> None:
    modules, tests = table()[rule]
    if modules == "not yet":
        assert not tests
        return
    assert named(modules), "a rule that is implemented has a module"
    assert named(tests) or tests == "none yet"
    for base, names in (("maild", named(modules)), ("tests", named(tests))):
        for name in names:
            path = TOP / base / name
            assert path.is_file(), name
            assert cites(path, rule), f"{name} does not cite {rule}"


def test_rules_of_the_rule_book_are_all_there() -> None:
    book = TOP.parent / "shared" / "rules.md"
    if not book.exists():
        pytest.skip("the rule book is not here")
    numbers = set(re.findall(r"^- ([A-Z]\d{0,2}[abc]?) ", book.read_text("utf-8"), re.MULTILINE))
    assert numbers == set(table())


def test_rows_stand_in_the_order_of_the_book() -> None:
    order = "CIAKDPBMST"
    keys = [(order.index(rule[0]), int(re.sub(r"\D", "", rule) or 0), rule) for rule in table()]
    assert keys == sorted(keys)
