"""The worker process from its first instruction: config from the supervisor, parts, then ``maild.worker``."""

from __future__ import annotations

import gc
import os
import pickle
import resource
import signal
import sys

from maild import log
from maild.app.assembly import build_world, open_store
from maild.config import Config
from maild.errors import EX_CONFIG, MaildError
from maild.pipeline import Pipeline
from maild.worker import Worker

MEMORY_LIMIT = 2 << 30  # bytes of address space: a mail that bloats raises MemoryError here, not on the machine


def main() -> int:
    """The config comes pickled over stdin from the supervisor, then wake-ups."""
    # systemd and others send it to every process; what is in hand is finished, and the end of the input is the order
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    log.install()
    wakes = sys.stdin.fileno()
    config = pickle.loads(_exactly(wakes, int.from_bytes(_exactly(wakes, 8), "big")))
    if not isinstance(config, Config):
        return EX_CONFIG
    log.install(config.maild.log_level)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))

    def report(line: str) -> None:
        os.write(1, line.encode() + b"\n")

    try:
        store = open_store(config)
        world = build_world(config)
    except MaildError as error:
        report(f"fatal {error}".replace("\n", " "))
        return EX_CONFIG
    gc.collect()
    gc.set_threshold(20_000, 20, 20)  # a mail makes a few thousand objects, and hardly a circle among them
    gc.freeze()  # templates, phrases and modules stay: the collector need not look at them again
    try:
        Worker(store, Pipeline(world, store), wakes, report).run()
    except BrokenPipeError:
        return 0  # the supervisor is gone; what was not committed is played again
    finally:
        store.close()
    return 0


def _exactly(descriptor: int, size: int) -> bytes:
    found = b""
    while len(found) < size:
        piece = os.read(descriptor, size - len(found))
        if not piece:
            sys.exit(0)  # the supervisor left before it began
        found += piece
    return found


if __name__ == "__main__":
    sys.exit(main())
