"""``maild``: one command line; each family of commands in a file of its own under maild/cli/."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys

from maild import __version__, log
from maild.errors import EX_TEMPFAIL, Temporary, UserError

# Read only when named: `maild deliver` runs once a mail, and the daemon's idle memory counts.
FAMILIES = {
    "run": "run",
    "check": "check",
    "doctor": "doctor",
    "rehearse": "rehearse",
    "inspect": "inspect",
    "deliver": "deliver",
    "case": "case",
    "outbox": "outbox",
    "quarantine": "quarantine",
    "client": "client",
    "audit": "audit",
    "pause": "desk",
    "resume": "desk",
    "announce": "desk",
    "service-end": "desk",
}


def main(argv: list[str] | None = None) -> int:
    """Run one command; the exit code says how it went."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # mail holds any character, whatever the locale
            stream.reconfigure(errors="backslashreplace")
    arguments = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="maild", description="Consultations by mail.")
    parser.add_argument("--version", action="version", version=f"maild {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    named = next((one for one in arguments if not one.startswith("-")), None)
    families = {FAMILIES[named]} if named in FAMILIES else set(FAMILIES.values())
    for family in sorted(families):
        importlib.import_module(f"maild.cli.{family}").register(commands)
    parsed = parser.parse_args(arguments)
    log.install("WARNING")
    try:
        return int(parsed.run(parsed) or 0)
    except UserError as error:
        print(f"maild: {error}", file=sys.stderr)
        return error.exit_code
    except Temporary as error:
        print(f"maild: {error}", file=sys.stderr)
        return EX_TEMPFAIL
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # the reader of our output went away (head, less); nothing is wrong with us
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
