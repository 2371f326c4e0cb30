"""What is shipped: locks that bind every dependency, templates in the wheel, one version, imports one way."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import maild
from maild.resources import templates_dir

TOP = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))
LOCKS = ("requirements.txt", "requirements-build.txt", "requirements-dev.txt")


def locked(name: str) -> dict[str, str]:
    """Package to version in a lock."""
    lines = (TOP / name).read_text("utf-8")
    return dict(re.findall(r"(?m)^([a-z0-9-]+)==(\S+) \\$", lines))


def plain(requirement: str) -> str:
    return re.split(r"[<>=!~;\[ ]", requirement, maxsplit=1)[0].lower()


@pytest.mark.parametrize("name", LOCKS)
def test_locks_bind_everything_by_hash_and_name_no_index(name: str) -> None:
    text = (TOP / name).read_text("utf-8")
    blocks = re.split(r"(?m)^(?=[a-z])", re.sub(r"(?m)^#.*\n|^\n", "", text))[1:]
    assert blocks
    for block in blocks:
        assert re.fullmatch(r"[a-z0-9-]+==\S+( \\\n    --hash=sha256:[0-9a-f]{64})+\n", block), block[:80]
    assert not re.search(r"://|^-", text, re.MULTILINE)


def test_every_dependency_is_locked() -> None:
    project = PROJECT["project"]
    runtime, dev = locked("requirements.txt"), locked("requirements-dev.txt")
    assert {plain(one) for one in project["dependencies"]} <= set(runtime)
    assert {plain(one) for extra in project["optional-dependencies"].values() for one in extra} <= set(dev)
    assert {plain(one) for one in PROJECT["build-system"]["requires"]} <= set(locked("requirements-build.txt"))


def test_the_locks_agree_with_one_another() -> None:
    versions = [locked(name) for name in LOCKS]
    for one in versions:
        for other in versions:
            assert {name: one[name] for name in one.keys() & other.keys()} == {
                name: other[name] for name in one.keys() & other.keys()
            }


def test_everything_that_is_imported_is_a_dependency() -> None:
    """A library that only happens to be installed here would be missing elsewhere."""
    found: set[str] = set()
    for path in (TOP / "maild").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                found |= {one.name.partition(".")[0] for one in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                found.add(str(node.module).partition(".")[0])
    names = {"mailparser": "mail-parser", "ahocorasick_rs": "ahocorasick-rs"}
    allowed = {plain(one) for one in PROJECT["project"]["dependencies"]} | {"psycopg"}
    foreign = {names.get(one, one) for one in found if one not in sys.stdlib_module_names and one != "maild"}
    assert foreign, "the tree was read"
    assert foreign <= allowed, foreign - allowed


def test_templates_are_found_in_a_checkout() -> None:
    assert templates_dir() == TOP / "templates"


def test_a_wheel_holds_the_templates_and_the_data_files(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=TOP,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name.startswith(f"maild-{maild.__version__}-")
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
        archive.extractall(tmp_path / "site")
    wanted = {f"maild/{path.relative_to(TOP)}" for path in (TOP / "templates").rglob("*.j2")}
    wanted |= {
        str(path.relative_to(TOP))
        for path in (TOP / "maild").rglob("*")
        if path.is_file() and path.suffix in (".toml", ".py", ".mako") and "__pycache__" not in path.parts
    }
    assert wanted <= inside, wanted - inside
    # Unpacked elsewhere, the package finds them inside itself.
    asked = subprocess.run(
        [sys.executable, "-c", "from maild.resources import templates_dir; print(templates_dir())"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert asked.stdout.strip() == str(tmp_path / "site" / "maild" / "templates"), asked.stderr


def test_imports_run_one_way() -> None:
    """The contracts of pyproject.toml (docs: the way of a mail)."""
    pytest.importorskip("importlinter")
    found = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=TOP,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert found.returncode == 0, found.stdout


def test_no_path_of_one_machine_and_no_index_in_the_tree() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, capture_output=True, text=True, timeout=60)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    # Put together here, so that this file does not find itself.
    bad = re.compile("|".join(("/ro" + "ot/", "/wo" + r"rk/", r"\.py" + "env/", "index" + "-url", "find" + "-links")))
    found = []
    for name in listed.stdout.split("\0"):
        path = TOP / name
        if not path.is_file():
            continue
        if bad.search(path.read_bytes().decode("utf-8", "replace")):
            found.append(name)
    assert found == []


def test_makefile_offers_what_is_promised() -> None:
    targets = set(re.findall(r"(?m)^([a-z]+):", (TOP / "Makefile").read_text("utf-8")))
    assert targets >= {"setup", "run", "test", "bench", "lint", "lock"}
    assert os.access(TOP / ".ci" / "run", os.X_OK)
