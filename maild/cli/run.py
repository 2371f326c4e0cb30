"""``maild run``: the daemon."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from maild import log
from maild.config import Config, load

if TYPE_CHECKING:
    from maild.app.daemon import Daemon

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def register(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("run", help="run the daemon until SIGTERM")
    parser.add_argument("--config", default="config.toml", metavar="FILE", help="default: ./config.toml")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """0 after an orderly end."""
    from maild.app.daemon import run_daemon

    path = Path(arguments.config)
    config = load(path)
    log.install(config.maild.log_level)
    for warning in config.warnings:
        print(f"maild: note: {warning}", file=sys.stderr)
    run_daemon(path, config, _welcome if sys.stdout.isatty() or _is_first(config) else None)
    return 0


def _is_first(config: Config) -> bool:
    """Whether this is the embedded default, where somebody tries maild out."""
    return config.send.transport == "maildir" and config.receive.smtp is not None


def _welcome(daemon: Daemon) -> None:
    """How to send a first mail, and where the answer lies."""
    config = daemon.config
    desk = config.desks[0]
    listen = config.receive.smtp
    print(f"\nmaild is running. {desk.display_name}: {desk.address}")
    if listen is None or config.send.transport != "maildir":
        return
    print(
        f"""
Send a first mail from another terminal:

  printf '%s\\n' 'From: hanako@phone.example' 'To: {desk.address}' 'Subject: はじめまして' \\
    'Content-Type: text/plain; charset=utf-8' '' '名前：花子' '性別：女性' '年齢：24歳' '地域：県内' \\
    '相談内容：仕事を続けられるか不安です。' \\
  | curl -s smtp://{listen.host}:{listen.port} --mail-from hanako@phone.example \\
      --mail-rcpt {desk.address} --upload-file -

The answer to hanako and the notice to the counselors are then files in {_shown(config.send.maildir)}/new:

  cat {_shown(config.send.maildir)}/new/*

Stop with Ctrl-C.
""",
        flush=True,
    )


def _shown(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
