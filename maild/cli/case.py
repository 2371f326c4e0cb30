"""``maild case``: what stands open, and orders about one case (rules C, P4, C16, M4).

An operator is no counselor: texts, names and addresses are shown only with ``--texts``, and that is written down (S5).
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, get_args

from maild.cli.installation import UNCHANGED, number, opened, operator, with_config
from maild.cli.printing import document
from maild.config import Config, load
from maild.desk.case import Case, State
from maild.desk.deadlines import client_seconds, closes_on

if TYPE_CHECKING:
    from maild.desk.rules import Desk
    from maild.pipeline.operator import Dossier

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

SAYS = {
    "closed": "closed; the client is told",
    "held": "on hold; staff are reminded of it",
    "reopened": "open again",
    "already_closed": "is closed already",
    "already_held": "is on hold already",
    "is_closed": "is closed; `maild case reopen` opens it",
    "is_open": "is open and not on hold",
}
ORDERS = {
    "close": "close a case; the client gets closed_by_counselor",
    "hold": "stop a case's clocks; the client is told nothing",
    "reopen": "open a closed case, or take one off hold or out of undeliverable",
}


def register(commands: Commands) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser("case", help="list, show, close, reopen, hold cases")
    orders = parser.add_subparsers(dest="order", metavar="list|show|close|reopen|hold", required=True)
    listing = with_config(orders.add_parser("list", help="cases by number"))
    states = get_args(State)
    listing.add_argument(
        "--state", choices=("open", "all", *states), default="all", metavar="S", help=f"open, {', '.join(states)}"
    )
    listing.add_argument("--desk", metavar="D", help="of one desk only")
    listing.add_argument("--json", action="store_true", help="one JSON object a line")
    listing.set_defaults(run=_list)
    show = with_config(orders.add_parser("show", help="dates, clocks, what was received and sent"))
    show.add_argument("number", type=number, metavar="N")
    show.add_argument("--texts", action="store_true", help="texts, name and addresses too; it is written down")
    show.add_argument("--json", action="store_true", help="one JSON object")
    show.set_defaults(run=_show)
    for name, about in ORDERS.items():
        order = with_config(orders.add_parser(name, help=about))
        order.add_argument("number", type=number, metavar="N")
        order.add_argument("--reason", default="", metavar="TEXT", help="kept as a note for the counselors")
        order.set_defaults(run=_order)


def _order(arguments: argparse.Namespace) -> int:
    from maild.pipeline.operator import UNCHANGED as NOTHING_DONE

    with operator(arguments) as office:
        _, why = office.order(arguments.number, arguments.order, arguments.reason.strip())
    if why in NOTHING_DONE:
        print(f"maild: case {arguments.number} {SAYS.get(why, why)}; nothing was done", file=sys.stderr)
        return UNCHANGED
    print(f"case {arguments.number}: {SAYS.get(why, why)}")
    return 0


# -- list ----------------------------------------------------------------------------------------------------------


def _list(arguments: argparse.Namespace) -> int:
    from maild.desk.case import OPEN_STATES
    from maild.errors import UserError

    config = load(arguments.config)
    if arguments.desk is not None and config.desk(arguments.desk) is None:
        raise UserError(f"there is no desk of that name; there is {', '.join(desk.name for desk in config.desks)}")
    states = {"open": sorted(OPEN_STATES), "all": None}.get(arguments.state, [arguments.state])
    now = datetime.now(UTC)
    with opened(config) as store:
        cases = store.list_cases(states, arguments.desk)
    rows = [row_of(case, config.desk(case.desk), now) for case in cases]
    if arguments.json:
        for row in rows:
            print(document(row))
        return 0
    if not rows:
        print("no case", file=sys.stderr)
    for row in rows:
        print(_line(row))
    return 0


def row_of(case: Case, desk: Desk | None, now: datetime) -> dict[str, object]:
    """A case without anything personal, under the names of the rehearsal."""
    until = closes_on(case, desk) if desk is not None else None
    days = timedelta(seconds=client_seconds(case, now)) / timedelta(days=1)
    return {
        "case": case.number,
        "desk": case.desk,
        "state": case.state,
        "reason": case.reason,
        "round_trip": case.round_trip,
        "flags": sorted(case.flags),
        "closes_on": _iso(until),
        "opened": _iso(case.opened),
        "closed": _iso(case.closed),
        "waiting_since": _iso(case.unanswered_since if case.is_open else None),
        "client_days": int(days),
        "previous": case.previous,
        "erased": not case.client,
    }


def _iso(at: date | datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def _line(row: dict[str, object]) -> str:
    words = [f"{row['case']:>6}  {row['desk']:12} {row['state']:14} round trip {row['round_trip']}"]
    if row["reason"]:
        words.append(str(row["reason"]))
    if row["waiting_since"]:
        words.append(f"waiting since {str(row['waiting_since'])[:10]}")
    if row["closes_on"]:
        words.append(f"closes on {row['closes_on']}")
    flags = row["flags"]
    if isinstance(flags, list) and flags:
        words.append(" ".join(flags))
    return "  ".join(words)


# -- show ----------------------------------------------------------------------------------------------------------


def _show(arguments: argparse.Namespace) -> int:
    config = load(arguments.config)
    with operator(arguments) as office:
        dossier = office.dossier(arguments.number, texts=arguments.texts)
        row = as_row(dossier, config, office.now, texts=arguments.texts)
    print(document(row) if arguments.json else _plain(row))
    return 0


def as_row(dossier: Dossier, config: Config, now: datetime, *, texts: bool) -> dict[str, object]:
    """A case as ``--json`` prints it."""
    from maild.pipeline.operator import subject_of
    from maild.pipeline.writing import text_of

    case = dossier.case
    row = row_of(case, config.desk(case.desk), now) | {
        "terms_version": case.terms_version,
        "round_trips_completed": case.completed,
        "replies": case.replies,
        "last_delivered": _iso(case.last_delivered),
        "silence_from": _iso(case.silence_from),
        "clock_since": _iso(case.clock_since),
        "held_since": _iso(case.held_since),
        "alerts": case.alerts,
        "assigned": bool(case.assigned),
    }
    entries: list[dict[str, object]] = []
    for entry in dossier.entries:
        line: dict[str, object] = {"id": entry.id, "at": _iso(entry.at), "kind": entry.kind}
        line |= {"disposition": entry.disposition, "round_trip": entry.round_trip}
        if texts:
            line |= {"author": entry.author, "address": entry.address, "subject": entry.subject, "text": entry.text}
        entries.append(line)
    letters: list[dict[str, object]] = []
    for sent in dossier.letters:
        line = {"id": sent.id, "at": _iso(sent.created), "template": sent.template, "audience": sent.audience}
        if texts:
            line |= {"to": sent.recipient, "subject": subject_of(sent.data), "text": text_of(sent.data)}
        letters.append(line)
    if texts:
        row |= {"client": case.client, "name": case.name, "addresses": list(case.addresses), "items": dict(case.items)}
    return row | {"entries": entries, "letters": letters}


def _plain(row: dict[str, object]) -> str:
    lines = [f"case {row['case']}"]
    for key, value in row.items():
        if key in ("case", "entries", "letters") or value in (None, "", [], False):
            continue
        shown = " ".join(map(str, value)) if isinstance(value, list) else value
        lines.append(f"  {key.replace('_', ' ')}: {shown}")
    for key, title in (("entries", "received and written"), ("letters", "sent or to be sent")):
        lines.append(f"{title}:")
        for one in row[key]:  # type: ignore[attr-defined]
            what = one.get("kind") or f"{one['template']} to {one['audience']}"
            lines.append(f"  {one['id']:>6}  {one['at'][:19]}  {what}  {one.get('disposition') or ''}".rstrip())
            lines += [f"          {line}" for line in str(one.get("text", "")).splitlines()]
    return "\n".join(lines)
