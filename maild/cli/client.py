"""``maild client``: suspend, lift, erase, export (rules D4, S3, C15). ``ADDRESS`` may be a case number: its client."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from maild.cli.installation import UNCHANGED, confirmed, day, numbers, operator, with_config
from maild.cli.printing import document

if TYPE_CHECKING:
    from collections.abc import Callable

    from maild.pipeline.operator import Dossier

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def register(commands: Commands) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser("client", help="suspend, lift, erase, export a client")
    orders = parser.add_subparsers(dest="order", metavar="suspend|lift|erase|export", required=True)
    suspend = _order(orders, "suspend", "answer a client with suspended, and close their case", _suspend)
    suspend.add_argument("--reason", default="", metavar="R", help="one of the desk's suspend_reasons")
    suspend.add_argument("--until", type=day, metavar="DATE", help="the last day of it; without it there is no end")
    suspend.add_argument("--restrict", action="store_true", help="let the mail through to staff, without templates")
    _order(orders, "lift", "end a suspension", _lift)
    erase = _order(orders, "erase", "erase all that a desk holds of a client; they are told", _erase)
    erase.add_argument("--yes", action="store_true", help="do not ask")
    _order(orders, "export", "print what a desk holds of a client, as JSON, for them; it is written down", _export)


def _order(
    orders: Commands, name: str, about: str, run: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    parser = with_config(orders.add_parser(name, help=about))
    parser.add_argument("client", metavar="ADDRESS", help="the client's address, or the number of a case of theirs")
    parser.add_argument("--desk", metavar="D", help="needed where there are several")
    parser.set_defaults(run=run)
    return parser


def _suspend(arguments: argparse.Namespace) -> int:
    with operator(arguments) as office:
        address, here = office.client(arguments.client, arguments.desk)
        closed = office.suspend(address, here, arguments.reason.strip(), arguments.until, restrict=arguments.restrict)
    until = f" until {arguments.until}" if arguments.until else ""
    print(f"{'restricted' if arguments.restrict else 'suspended'}{until}; closed {numbers(closed)}")
    return 0


def _lift(arguments: argparse.Namespace) -> int:
    with operator(arguments) as office:
        found = office.lift(*office.client(arguments.client, arguments.desk))
    if not found:
        print("maild: this client is not suspended at this desk", file=sys.stderr)
        return UNCHANGED
    print("lifted; the client is served again")
    return 0


def _erase(arguments: argparse.Namespace) -> int:
    with operator(arguments) as office:
        address, here = office.client(arguments.client, arguments.desk)
        question = f"Erase all that {here.desk.name} holds of this client? It cannot be undone."
        if not confirmed(question, arguments):
            print("nothing was done", file=sys.stderr)
            return UNCHANGED
        gone = office.erase(address, here)
    if gone is None:
        print("maild: this desk holds nothing of this client", file=sys.stderr)
        return UNCHANGED
    print(f"erased: {numbers(gone.cases)}, {gone.records} other records, {gone.set_aside} mails set aside")
    print("the client is told. Not reached by this: notices in the counselors' mailboxes; ask them to delete those")
    return 0


def _export(arguments: argparse.Namespace) -> int:
    with operator(arguments) as office:
        address, here = office.client(arguments.client, arguments.desk)
        dossiers = office.export(address, here)
        found = {
            "desk": here.desk.name,
            "address": address,
            "exported": office.now.isoformat(),
            "cases": [_for_client(one) for one in dossiers],
        }
    print(document(found, indent=2))
    return 0


def _for_client(dossier: Dossier) -> dict[str, object]:
    """What the client told us and what they got; who wrote the replies stays hidden (P2a)."""
    from maild.pipeline.operator import subject_of
    from maild.pipeline.writing import text_of

    case = dossier.case
    return {
        "case": case.number,
        "opened": case.opened.isoformat(),
        "closed": case.closed.isoformat() if case.closed else None,
        "state": case.state,
        "reason": case.reason,
        "name": case.name,
        "addresses": [case.client, *case.addresses],
        "items": dict(case.items),
        "terms_version": case.terms_version,
        "terms_sha256": case.terms_sha256,
        "received": [
            {"at": one.at.isoformat(), "subject": one.subject, "text": one.text}
            for one in dossier.entries
            if one.kind in ("client", "rejected")
        ],
        "sent": [
            {"at": one.created.isoformat(), "subject": subject_of(one.data), "text": text_of(one.data)}
            for one in dossier.letters
        ],
    }
