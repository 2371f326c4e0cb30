"""``maild audit``: the trail of what was done, and whether it is whole (rules S5)."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from maild.cli.installation import number, opened, with_config
from maild.cli.printing import document
from maild.config import load

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def register(commands: Commands) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser("audit", help="show or verify the audit trail")
    orders = parser.add_subparsers(dest="order", metavar="show|verify", required=True)
    show = with_config(orders.add_parser("show", help="the trail, oldest first"))
    show.add_argument("--case", type=number, metavar="N", help="of one case only")
    show.add_argument("--json", action="store_true", help="one JSON object a line")
    show.set_defaults(run=_show)
    verify = with_config(orders.add_parser("verify", help="whether anything was changed or taken away"))
    verify.add_argument("--json", action="store_true", help="one JSON object")
    verify.set_defaults(run=_verify)


def _show(arguments: argparse.Namespace) -> int:
    config = load(arguments.config)
    zone = UTC if arguments.json else ZoneInfo(config.maild.timezone)
    with opened(config) as store:
        for row in store.audit_trail(arguments.case):
            at = row.at.astimezone(zone)
            # a counselor is named by role only: who it was stands in the case
            if arguments.json:
                line = {"id": row.id, "at": at.isoformat(), "actor": row.actor, "action": row.action}
                print(document(line | {"case": row.case, "detail": row.detail}))
                continue
            detail = " ".join(f"{key}={value}" for key, value in row.detail.items())
            about = f"case {row.case}" if row.case is not None else "-"
            print(f"{row.id:6}  {at:%Y-%m-%d %H:%M:%S}  {row.actor:10}  {about:10}  {row.action}  {detail}".rstrip())
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    """0 where the trail is whole, 1 where it is not."""
    with opened(load(arguments.config)) as store:
        faults = store.verify_audit()
    if arguments.json:
        print(json.dumps({"good": not faults, "faults": faults}))
    elif faults:
        for fault in faults:
            print(fault, file=sys.stderr)
    else:
        print("the audit trail is whole")
    return 1 if faults else 0
