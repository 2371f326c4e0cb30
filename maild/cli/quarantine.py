"""``maild quarantine``: mails that could not be worked with (rules M6, M9).

``show`` prints what one of them says, on the terminal of the operator who asked; list and log hold none of it (S2).
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from maild.cli.installation import number
from maild.cli.outbox import each, opened
from maild.errors import UserError
from maild.mail.parse import read
from maild.mail.report import inspect_row
from maild.store import QuarantineRow, Store, StoreError

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_CONTROLS = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if code not in (0x09, 0x0A)}


def register(commands: Commands) -> None:
    """Add the family to the parser."""
    parser = commands.add_parser("quarantine", help="list the mails that were set aside; show or release one")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, what in (
        ("list", "mails that were set aside, with the reason"),
        ("show", "what one of them says; with --raw its bytes"),
        ("release", "put mails back into the queue"),
    ):
        action = actions.add_parser(name, help=what)
        if name == "show":
            action.add_argument("id", type=number, metavar="ID", help="number from the list")
            action.add_argument("--raw", action="store_true", help="the bytes as they came, to stdout")
        elif name == "release":
            action.add_argument("ids", nargs="+", type=number, metavar="ID", help="number from the list")
        action.add_argument("--config", default="config.toml", metavar="FILE", help="default: ./config.toml")
        action.add_argument("--json", action="store_true", help="one JSON document")
        action.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """0 when all was done; 1 where a number to release is unknown; 2 where there is none to show."""
    with opened(arguments.config) as store:
        rows = {row.id: row for row in store.quarantined()}
        if arguments.action == "list":
            _list(list(rows.values()), as_json=arguments.json)
            return 0
        if arguments.action == "show":
            if arguments.id not in rows:
                raise UserError(f"there is no mail {arguments.id} in quarantine; see maild quarantine list")
            _show(store, rows[arguments.id], raw=arguments.raw, as_json=arguments.json)
            return 0

        def release(number: int) -> None:
            if number not in rows:
                raise StoreError(f"there is no mail {number} in quarantine; see maild quarantine list")
            store.release(number)

        return each(arguments.ids, release, "released", arguments.json)


def _list(rows: list[QuarantineRow], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([_row(row) for row in rows]))
        return
    if not rows:
        print("quarantine is empty")
    for row in rows:
        print(
            f"{row.id:>6} {row.source} arrived {row.arrived:%Y-%m-%d %H:%MZ} attempts {row.attempts} "
            f"since {row.quarantined:%Y-%m-%d %H:%MZ} {row.reason}"
        )


def _row(row: QuarantineRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "source": row.source,
        "arrived": row.arrived.isoformat(),
        "attempts": row.attempts,
        "quarantined": row.quarantined.isoformat(),
        "reason": row.reason,
    }


def _show(store: Store, row: QuarantineRow, *, raw: bool, as_json: bool) -> None:
    mail = store.spooled(row.id)
    content = mail.raw
    if raw:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    # What killed the worker may kill this command, too: it is the operator's, and --raw always works.
    facts = inspect_row(read(content))
    whole = {
        **_row(row),
        "envelope_from": mail.envelope_from,
        "recipients": list(mail.recipients),
        "bytes": len(content),
        "message": facts,
    }
    if as_json:
        print(json.dumps(whole, ensure_ascii=True))
        return
    lines = [
        f"mail {row.id}: {row.reason} (attempts {row.attempts}, {len(content)} bytes)",
        f"source: {row.source}, arrived {row.arrived.isoformat()}, set aside {row.quarantined.isoformat()}",
        f"envelope: from <{mail.envelope_from or ''}> to {', '.join(mail.recipients) or '-'}",
        f"From: {facts['from_name']} <{facts['from']}>",
        f"Subject: {facts['subject']}",
        *(f"Attachment: {one['name']} ({one['type']}, {one['bytes']} bytes)" for one in facts["attachments"]),
        *(f"Defect: {one}" for one in facts["defects"]),
        "",
        str(facts["text"]).rstrip(),
    ]
    # A hostile mail must not command the terminal.
    text = "\n".join(lines).translate(_CONTROLS)
    sys.stdout.buffer.write(text.encode("utf-8", "replace") + b"\n")
    sys.stdout.buffer.flush()
