"""``maild outbox``: what waits to be sent, and what to do with it. Shows numbers and codes only, no address (S2)."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from maild.cli import installation
from maild.config import load
from maild.operate.wake import poke
from maild.store import OutboxRow, Store, StoreError, TemporaryStoreError

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def register(commands: Commands) -> None:
    """Add the family to the parser."""
    parser = commands.add_parser("outbox", help="list the mails that wait or failed; retry or drop one")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, what in (
        ("list", "mails that wait, are being sent, or failed"),
        ("retry", "send at once what waits or failed"),
        ("drop", "give up what waits; to the desk it failed"),
    ):
        action = actions.add_parser(name, help=what)
        if name == "list":
            action.add_argument("--all", action="store_true", help="delivered ones, too")
        else:
            action.add_argument("ids", nargs="+", type=installation.number, metavar="ID", help="number from the list")
        action.add_argument("--config", default="config.toml", metavar="FILE", help="default: ./config.toml")
        action.add_argument("--json", action="store_true", help="one JSON document")
        action.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """0 when all was done; 1 where a number is unknown or its mail is in no state for this."""
    with opened(arguments.config) as store:
        if arguments.action == "list":
            states = ("pending", "sending", "failed", *(("delivered",) if arguments.all else ()))
            show(store.outbox(states), as_json=arguments.json)
            return 0
        act = store.retry if arguments.action == "retry" else store.drop
        return each(arguments.ids, act, "due at once" if arguments.action == "retry" else "dropped", arguments.json)


@contextmanager
def opened(named: str) -> Iterator[Store]:
    """The store of this config; a running daemon is told afterwards that there may be work."""
    config = load(named)
    with installation.opened(config) as store:
        yield store
    poke(config.maild.data_dir)


def each(ids: list[int], act: Callable[[int], None], done: str, as_json: bool) -> int:
    """Do it to each; what cannot be done is said, the others are done all the same."""
    results = []
    for number in dict.fromkeys(ids):
        try:
            act(number)
            results.append({"id": number, "done": True, "error": ""})
        except TemporaryStoreError:
            raise
        except StoreError as error:
            results.append({"id": number, "done": False, "error": str(error)})
    if as_json:
        print(json.dumps(results))
    for one in () if as_json else results:
        if one["done"]:
            print(f"{one['id']}: {done}")
        else:
            print(f"maild: {one['error']}", file=sys.stderr)
    return 0 if all(one["done"] for one in results) else 1


def show(rows: list[OutboxRow], *, as_json: bool) -> None:
    """One line a mail, or a JSON list."""
    if as_json:
        print(json.dumps([_row(row) for row in rows]))
        return
    if not rows:
        print("nothing waits")
    for row in rows:
        case = "-" if row.case is None else row.case
        when = f"next {row.next_attempt:%Y-%m-%d %H:%M:%SZ}" if row.state == "pending" else ""
        if when and not row.next_attempt.timestamp():
            when = "due at once"  # by `retry`
        words = (
            f"{row.id:>6} {row.state:<9} {row.created:%Y-%m-%d %H:%MZ} {row.desk} case {case} {row.audience} "
            f"{row.template} attempts {row.attempts} {row.code} {when}"
        )
        print(" ".join(words.split(" ")).rstrip())


def _row(row: OutboxRow) -> dict[str, object]:
    return {
        "id": row.id,
        "case": row.case,
        "desk": row.desk,
        "audience": row.audience,
        "template": row.template,
        "state": row.state,
        "attempts": row.attempts,
        "created": row.created.isoformat(),
        "next_attempt": row.next_attempt.isoformat() if row.state == "pending" else None,
        "code": row.code,
    }
