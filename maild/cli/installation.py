"""What every command about an installation needs: its config, its store, the instant; and errors as words."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from maild.config import Config, load
from maild.errors import EX_TEMPFAIL, UserError

if TYPE_CHECKING:
    from maild.pipeline.operator import Operator
    from maild.store import Store

UNCHANGED = 1  # exit code: the command was understood and there was nothing to do
LARGEST = 2**63 - 1  # no database counts further
TEXT_LIMIT = 20_000  # characters of a text that goes out by mail


class Unavailable(UserError):
    """The store cannot be used at this moment; the same command may work later."""

    exit_code = EX_TEMPFAIL


def with_config(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add ``--config``."""
    parser.add_argument("--config", default="config.toml", metavar="FILE", help="default: ./config.toml")
    return parser


@contextmanager
def opened(config: Config) -> Iterator[Store]:
    """The store of an installation that has one."""
    from maild.app.assembly import open_store
    from maild.store import Store, StoreError, TemporaryStoreError

    with _in_words(StoreError, TemporaryStoreError):
        if not Store.exists(config.maild.database_url()):
            raise UserError("there is no database yet; it is made when maild runs for the first time")
        store = open_store(config)
        try:
            yield store
        finally:
            store.close()


@contextmanager
def operator(arguments: argparse.Namespace) -> Iterator[Operator]:
    """An operator's command at this instant. A running daemon is told afterwards that there may be work."""
    from maild.app.assembly import build_world
    from maild.operate.wake import poke
    from maild.pipeline.operator import Operator

    config = load(arguments.config)
    with opened(config) as store:
        yield Operator(build_world(config), store, datetime.now(UTC))
    poke(config.maild.data_dir)


@contextmanager
def _in_words(broken: type[Exception], temporary: type[Exception]) -> Iterator[None]:
    try:
        yield
    except temporary as error:
        raise Unavailable(str(error)) from error
    except broken as error:
        raise UserError(str(error)) from error


def number(text: str) -> int:
    """An argument that is the number of a case or a mail."""
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    if not 1 <= value <= LARGEST:
        raise argparse.ArgumentTypeError(f"{text!r} is no number; the list shows them")
    return value


def day(text: str) -> date:
    """An argument that is a day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write it as 2026-12-31") from None


def read_text(name: str) -> str:
    """The text of a file that goes out by mail; ``-`` is stdin. UserError where it cannot be used."""
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise UserError(f"--text {name}: {error.strerror}") from error
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n").strip()
    except UnicodeDecodeError:
        raise UserError(f"--text {name}: is not UTF-8") from None
    if not text:
        raise UserError(f"--text {name}: is empty")
    if len(text) > TEXT_LIMIT:
        raise UserError(f"--text {name}: is longer than {TEXT_LIMIT} characters")
    if any(ord(sign) < 32 and sign not in "\n\t" for sign in text):
        raise UserError(f"--text {name}: holds control characters")
    return text


def confirmed(question: str, arguments: argparse.Namespace) -> bool:
    """Ask a person at a terminal; a script has said so by calling."""
    if arguments.yes or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def numbers(cases: tuple[int, ...] | list[int]) -> str:
    """``3 cases (4, 7, 12)``."""
    if not cases:
        return "no case"
    shown = ", ".join(str(number) for number in cases[:20]) + (", …" if len(cases) > 20 else "")
    return f"{len(cases)} {'case' if len(cases) == 1 else 'cases'} ({shown})"
