"""``maild deliver``: one message on stdin, from the pipe of an MTA; exit 0 only once it is committed (rules M1)."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from typing import TYPE_CHECKING, NoReturn

from maild import log
from maild.errors import EX_TEMPFAIL, MaildError

if TYPE_CHECKING:
    from maild.config import Config

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

LOG = log.get("maild.deliver")
LARGEST = 10_485_760  # as max_message_bytes, where no listener sets it


def register(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("deliver", help="take one message from stdin, for the pipe of an MTA")
    parser.add_argument("--config", default="config.toml", metavar="FILE", help="default: ./config.toml")
    parser.add_argument("--to", metavar="ADDRESS", help="the desk; default: what the MTA or the header says")
    parser.add_argument("--from", dest="sender", metavar="ADDRESS", help="the envelope sender; empty for a bounce")
    parser.set_defaults(run=run)

    plainly = parser.parse_known_args

    def error(message: str) -> NoReturn:
        # a mistake in the MTA's configuration must not send a client's mail back
        print(f"maild deliver: {message}", file=sys.stderr)
        sys.exit(EX_TEMPFAIL)

    def parse(*arguments, **options):  # type: ignore[no-untyped-def]
        found, unknown = plainly(*arguments, **options)
        return (found, unknown) if not unknown else error(f"unrecognized arguments: {' '.join(unknown)}")

    parser.error = error  # type: ignore[method-assign]
    parser.parse_known_args = parse  # type: ignore[method-assign]


def run(arguments: argparse.Namespace) -> int:
    """0 after the commit, 65 for a message that is too large, 75 for all that may yet be put right."""
    try:
        return _deliver(arguments)
    except MaildError as error:
        # whatever is wrong with us, the MTA shall keep the mail
        print(f"maild: {error}", file=sys.stderr)
    except Exception as error:
        LOG.error("not_kept", error=error)
    return EX_TEMPFAIL


def _deliver(arguments: argparse.Namespace) -> int:
    from maild.app.acceptor import Acceptor
    from maild.app.addresses import desk_of
    from maild.app.assembly import open_store
    from maild.config import load
    from maild.operate.wake import poke
    from maild.receive.pipe import EX_OK, deliver

    config = load(arguments.config)
    store = open_store(config)
    try:

        async def kept() -> int:
            loop = asyncio.get_running_loop()

            def run_blocking(function, *values):  # type: ignore[no-untyped-def]
                return loop.run_in_executor(None, function, *values)

            acceptor = Acceptor(store, run_blocking, lambda address: desk_of(config, address), lambda: None)
            return await deliver(
                sys.stdin.buffer,
                acceptor,
                lambda address: desk_of(config, address) is not None,
                desks=[desk.address for desk in config.desks],
                environment=os.environ,
                recipient=arguments.to,
                sender=arguments.sender,
                limit=_limit(config),
            )

        code = asyncio.run(kept())
    finally:
        store.close()
    if code == EX_OK:
        poke(config.maild.data_dir)
    elif code == EX_TEMPFAIL:
        print("maild: the message was not kept; the line above says why", file=sys.stderr)
    else:
        print(f"maild: the message is larger than {_limit(config)} bytes", file=sys.stderr)
    return code


def _limit(config: Config) -> int:
    listeners = (config.receive.smtp, config.receive.lmtp)
    return max((one.max_message_bytes for one in listeners if one is not None), default=LARGEST)
