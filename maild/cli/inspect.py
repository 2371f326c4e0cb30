"""``maild inspect``: what maild reads in messages; touches no database and never fails on any bytes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from maild.cli.printing import document
from maild.config import ConfigErrors, load
from maild.desk import crisis, crisis_tone, intake
from maild.desk.rules import SEED_ITEMS, ItemSpec
from maild.desk.textfold import folded
from maild.errors import UserError
from maild.mail.facts import Facts
from maild.mail.parse import read
from maild.mail.report import inspect_row

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def register(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("inspect", help="show what maild reads in messages")
    parser.add_argument("files", nargs="+", metavar="FILE.eml")
    parser.add_argument("--config", default=None, metavar="FILE", help="default: ./config.toml where there is one")
    parser.add_argument("--json", action="store_true", help="one JSON object a file, a line each")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """One row a file; exit 1 where a file cannot be read from the disk."""
    items, phrases, ours = _desk(arguments.config)
    failed = False
    for name in arguments.files:
        try:
            raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        except OSError as error:
            print(f"maild: {name}: {error.strerror}", file=sys.stderr)
            failed = True
            continue
        facts = read(raw, ours=ours)
        row = inspect_row(facts)
        row["intake"] = intake.find(facts.own_text, items, subject=facts.subject, from_name=facts.from_name)
        row["crisis"] = list(crisis.hits(own := f"{facts.subject}\n{facts.own_text}", phrases))
        if crisis_tone.LABEL in row["crisis"]:
            row["crisis_weighed"] = list(crisis_tone.weighed(folded(own).kana))
        print(document(row) if arguments.json else _plain(name, facts, row), flush=True)
    return 1 if failed else 0


def _desk(named: str | None) -> tuple[tuple[ItemSpec, ...], crisis.Phrases, tuple[str, ...]]:
    """Required items, phrases and address of the first desk; the shipped ones where there is no config."""
    path = Path(named or "config.toml")
    if named is None and not path.is_file():
        return SEED_ITEMS, crisis.builtin("ja"), ()
    try:
        config = load(path, require_files=False)
    except (ConfigErrors, UserError):
        if named is not None:
            raise
        print("maild: config.toml has faults (see maild check); the shipped rules are used", file=sys.stderr)
        return SEED_ITEMS, crisis.builtin("ja"), ()
    desk = config.desks[0]
    phrases = crisis.Phrases.load([Path(one) for one in desk.rules.crisis_phrases], language=desk.language)
    return desk.rules.required, phrases, tuple(one.address for one in config.desks)


def _plain(name: str, facts: Facts, row: dict[str, object]) -> str:
    lines = [f"== {name}: {facts.kind}", f"From: {facts.from_name} <{facts.from_address}>", f"Subject: {facts.subject}"]
    if facts.automatic:
        lines.append(f"Automatic: {facts.automatic}")
    if facts.bounce:
        lines += [f"Bounced: {one.address} {one.status} {one.reason}" for one in facts.bounce.recipients]
    lines += [f"Attachment: {one.name} ({one.type}, {one.bytes} bytes)" for one in facts.attachments]
    lines += [f"Defect: {one}" for one in facts.defects]
    if row["crisis"]:
        heard = [*row["crisis"], *row.get("crisis_weighed", ())]  # type: ignore[misc]
        lines.append("Crisis: " + ", ".join(map(str, heard)))
    return "\n".join([*lines, "", facts.text.rstrip(), ""])
