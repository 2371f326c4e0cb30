"""``maild check``: is the config good? Every fault at once."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from maild.cli.printing import document
from maild.config import Config, ConfigErrors, load
from maild.errors import UserError

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

# Further checks of a config that was read: each yields a line for every fault it finds. The templates' check, which
# renders every letter of every desk once, is put here by the composition root.
CHECKS: list[Callable[[Config], Iterable[str]]] = []


def _letters_and_phrases(config: Config) -> Iterable[str]:
    from maild.app.assembly import kind_faults, phrase_faults, template_faults

    return [*kind_faults(config), *template_faults(config), *phrase_faults(config)]


CHECKS.append(_letters_and_phrases)


def register(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("check", help="print every fault of the config at once")
    parser.add_argument("--config", default="config.toml", metavar="FILE", help="default: ./config.toml")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """0 when the config is good, 1 when it is not."""
    config, faults = None, []
    try:
        config = load(arguments.config)
        faults = [line for check in CHECKS for line in check(config)]
    except ConfigErrors as errors:
        faults = [fault.full() for fault in errors.faults]
    except UserError as error:
        faults = [str(error)]
    warnings = config.warnings if config else ()
    if arguments.json:
        print(document({"good": not faults, "faults": faults, "warnings": list(warnings)}))
        return 1 if faults else 0
    if faults:
        print(f"{arguments.config}: {len(faults)} {'fault' if len(faults) == 1 else 'faults'}", file=sys.stderr)
        for fault in faults:
            print(f"  {fault}", file=sys.stderr)
        return 1
    assert config is not None
    for warning in warnings:
        print(f"note: {warning}", file=sys.stderr)
    print("config is good")
    for line in summary(config):
        print(f"  {line}")
    return 0


def summary(config: Config) -> list[str]:
    """What maild will do with this config, in a few lines."""
    receive, send = config.receive, config.send
    ways = []
    if receive.smtp:
        ways.append(f"SMTP on {receive.smtp.host}:{receive.smtp.port}")
    if receive.lmtp:
        ways.append(f"LMTP on {receive.lmtp.unix or f'{receive.lmtp.host}:{receive.lmtp.port}'}")
    ways += [f"IMAP at {one.host}:{one.port} ({one.after})" for one in receive.imap]
    out = (
        f"files in {send.maildir}"
        if send.transport == "maildir"
        else f"SMTP to {send.host}:{send.port} ({send.security})"
    )
    lines = [
        f"in: {', '.join(ways) or 'only maild deliver'}",
        f"out: {out}",
        f"database: {config.maild.database.split('@')[-1]}",
    ]
    for desk in config.desks:
        rules, terms = desk.rules, desk.terms[-1]
        lines.append(
            f"desk {desk.name} ({desk.kind}): {desk.address}, {_count(len(desk.counselors), 'counselor')}, "
            f"{_limit(rules.round_trips, 'round trip')}, {_limit(rules.silence_days, 'day')} of silence, "
            f"terms {terms.version} from {terms.effective}"
        )
    return lines


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _limit(number: int, word: str) -> str:
    return _count(number, word) if number else f"no limit of {word}s"
