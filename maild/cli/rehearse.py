"""``maild rehearse``: play a scenario through the real pipeline on a virtual clock, and print the dialogue."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from maild.cli.printing import document
from maild.config import load

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def register(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("rehearse", help="play a scenario on a virtual clock and print the dialogue")
    parser.add_argument("scenario", metavar="SCENARIO.toml")
    parser.add_argument("--config", default="config.toml", metavar="FILE", help="default: ./config.toml")
    parser.add_argument("--json", action="store_true", help="one JSON object a step, a line each")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print one row a step."""
    from maild.operate.dialogue import as_dialogue
    from maild.operate.rehearse import as_json, rehearse
    from maild.operate.scenario import load as load_scenario

    config = load(arguments.config, require_files=False)
    start, steps = load_scenario(Path(arguments.scenario))
    for row in rehearse(config, start, steps):
        if arguments.json:
            print(document(as_json(row, config)), flush=True)
        else:
            print(as_dialogue(row, config), flush=True)
    return 0
