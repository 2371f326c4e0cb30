"""``maild pause``, ``resume``, ``announce``, ``service-end``: orders about a desk as a whole (rules C12, C13, B9)."""

from __future__ import annotations

import argparse
import re
import sys
from typing import TYPE_CHECKING

from maild.cli.installation import UNCHANGED, confirmed, day, numbers, operator, read_text, with_config

if TYPE_CHECKING:
    from collections.abc import Callable

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_RATE = re.compile(r"(\d{1,5})(?:/min)?\Z", re.ASCII)


def register(commands: Commands) -> None:
    """Add the commands to the parser."""
    pause = _desk(commands, "pause", "stop the clients' clocks; mail is kept, each client is told once", _pause)
    pause.add_argument("--until", type=day, metavar="DATE", help="the last day of it, as the clients are told")
    _desk(commands, "resume", "end the pause; every client's day moves by it", _resume)
    announce = _desk(commands, "announce", "send words to each client of an open case, once", _announce)
    announce.add_argument("--text", required=True, metavar="FILE", help="the words; - is stdin")
    announce.add_argument("--rate", type=_rate, default=60, metavar="N/min", help="mails a minute (60)")
    end = _desk(commands, "service-end", "close every open case with its letter, answer later mail with it", _end)
    end.add_argument("--ends-on", type=day, metavar="DATE", help="the last day, as the clients are told")
    end.add_argument("--text", metavar="FILE", help="words of your own in the letter; - is stdin")
    end.add_argument("--revoke", action="store_true", help="take new cases again; what was closed stays closed")
    end.add_argument("--yes", action="store_true", help="do not ask")


def _desk(
    commands: Commands, name: str, about: str, run: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    parser = with_config(commands.add_parser(name, help=about))
    parser.add_argument("desk", metavar="DESK", help="the desk's name")
    parser.set_defaults(run=run)
    return parser


def _rate(text: str) -> int:
    found = _RATE.match(text)
    if found is None or not int(found[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is no rate; write it as 30/min")
    return int(found[1])


def _pause(arguments: argparse.Namespace) -> int:
    from maild.pipeline.operator_desk import pause

    with operator(arguments) as office:
        swept = pause(office, office.desk(arguments.desk), arguments.until)
    if swept.again:
        print("it was paused already; what the clients are told is changed")
    print(f"paused: {numbers(swept.cases)} stand still until `maild resume {arguments.desk}`")
    return 0


def _resume(arguments: argparse.Namespace) -> int:
    from maild.pipeline.operator_desk import resume

    with operator(arguments) as office:
        swept = resume(office, office.desk(arguments.desk))
    if swept is None:
        print("maild: this desk is not paused", file=sys.stderr)
        return UNCHANGED
    print(f"resumed: {numbers(swept.cases)} go on, their days moved by the pause")
    return 0


def _announce(arguments: argparse.Namespace) -> int:
    from maild.pipeline.operator_desk import announce

    text = read_text(arguments.text)
    with operator(arguments) as office:
        swept = announce(office, office.desk(arguments.desk), text, arguments.rate)
    if swept.again:
        print("these words were announced before; whoever had them does not get them again")
    print(f"announced to {numbers(swept.cases)}, {arguments.rate} a minute")
    return 0


def _end(arguments: argparse.Namespace) -> int:
    from maild.pipeline.operator_desk import end_service, revoke_end

    if arguments.revoke:
        with operator(arguments) as office:
            if not revoke_end(office, office.desk(arguments.desk)):
                print("maild: the service of this desk has not ended", file=sys.stderr)
                return UNCHANGED
        print("new cases are taken again; what was closed stays closed")
        return 0
    text = read_text(arguments.text) if arguments.text is not None else ""
    with operator(arguments) as office:
        here = office.desk(arguments.desk)
        if not confirmed(f"Close every open case of {here.desk.name} and take no more?", arguments):
            print("nothing was done", file=sys.stderr)
            return UNCHANGED
        swept = end_service(office, here, arguments.ends_on, text)
    print(f"the service has ended: closed {numbers(swept.cases)}; later mail is answered with service_end")
    if swept.crisis:
        print(f"note: marked as a crisis when it was closed: {numbers(swept.crisis)}; somebody should look at it")
    return 0
