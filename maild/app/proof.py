"""Whether every letter of a config can be written, found out in a process of its own that ends at once.

Rendering all templates brings in all that the worker consists of. The process that talks has no other use for it, and
would keep its memory for as long as it lives.
"""

from __future__ import annotations

import asyncio
import pickle
import sys

from maild import log
from maild.config import Config
from maild.errors import EX_CONFIG, EX_TEMPFAIL, MaildError, Temporary, UserError

_PATIENCE = 120.0  # seconds


async def prove(config: Config) -> None:
    """Raises UserError that names every fault, as ``assembly.build_world`` does."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "maild.app.proof",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,  # a Ctrl-C at a terminal is the daemon's to handle
    )
    try:
        told, _ = await asyncio.wait_for(process.communicate(pickle.dumps(config)), _PATIENCE)
    except BaseException as error:
        if process.returncode is None:
            process.kill()
            await process.wait()
        if isinstance(error, TimeoutError):
            raise Temporary("the templates could not be checked in time; is the machine overloaded?") from None
        raise
    if process.returncode == EX_CONFIG:
        raise UserError(told.decode("utf-8", "replace"))
    if process.returncode != 0:
        raise Temporary(f"the check of the templates ended with {process.returncode}; is there memory left?")


def main() -> int:
    """The config comes pickled over stdin; the faults go out in words."""
    log.install()
    try:
        config = pickle.load(sys.stdin.buffer)
    except (EOFError, pickle.UnpicklingError):
        return EX_TEMPFAIL  # the daemon was killed before it had said it: nobody waits for an answer
    if not isinstance(config, Config):
        return EX_CONFIG
    from maild.app.assembly import build_world

    try:
        build_world(config)
    except MaildError as error:
        sys.stdout.buffer.write(str(error).encode("utf-8", "replace"))
        return EX_CONFIG
    return 0


if __name__ == "__main__":
    sys.exit(main())
