"""``maild doctor``: is this installation well? A line for each thing that was looked at, with what to do."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from maild.cli.installation import with_config
from maild.cli.printing import document
from maild.config import ConfigErrors, load
from maild.errors import UserError

if TYPE_CHECKING:
    from maild.operate.findings import Finding

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def register(commands: Commands) -> None:
    """Add the command to the parser."""
    about = "log in to every server named; check certificates, templates, clock, disk, key, database"
    parser = with_config(commands.add_parser("doctor", help=about))
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """0 where nothing failed, 1 where something did."""
    findings = _findings(arguments.config)
    good = all(one.level != "FAIL" for one in findings)
    if arguments.json:
        rows = [{"about": f.about, "level": f.level, "words": f.words, "advice": f.advice} for f in findings]
        print(document({"good": good, "findings": rows}))
    else:
        for one in findings:
            advice = f"\n      -> {one.advice}" if one.advice and one.level != "ok" else ""
            print(f"{one.level:4}  {one.about}: {one.words}{advice}")
    return 0 if good else 1


def _findings(path: str) -> list[Finding]:
    from maild.operate.findings import FAIL, Finding

    try:
        config = load(path)
    except ConfigErrors as errors:
        return [Finding("config", FAIL, fault.full(), "maild check lists all faults") for fault in errors.faults]
    except UserError as error:
        return [Finding("config", FAIL, str(error))]
    from maild.operate.doctor import examine

    return list(examine(config, datetime.now(UTC)).findings)
