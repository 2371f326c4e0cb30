"""A tap on the shoulder of a running daemon: a datagram to ``<data_dir>/wake`` says that there is work in the database.

Nothing is in the datagram and nothing depends on it: the daemon looks by itself every half minute. Only who may write
into the data directory can send one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

NAME = "wake"
LONGEST = 100  # octets of a path that sun_path takes for certain (unix(7): 108 with the final zero)


@contextlib.contextmanager
def _address(data_dir: Path) -> Iterator[str]:
    """The socket's path, by way of an open directory where it is too long."""
    path = str(data_dir / NAME)
    if len(os.fsencode(path)) <= LONGEST:
        yield path
        return
    directory = os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{NAME}"
    finally:
        os.close(directory)


def poke(data_dir: Path) -> bool:
    """Wake the daemon of this data directory; False where none listens. Never waits, never raises."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, _address(data_dir) as address:
            sender.setblocking(False)
            sender.sendto(b"\n", address)
    except BlockingIOError:
        return True  # it has not even got round to the earlier ones
    except OSError:
        return False
    return True


async def listen(data_dir: Path, callback: Callable[[], object]) -> Callable[[], None]:
    """Call back once for all datagrams that wait together, until the returned function is called.

    Raises OSError where the socket cannot be made. Of two daemons the later one hears.
    """
    loop = asyncio.get_running_loop()
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        receiver.setblocking(False)
        os.set_inheritable(receiver.fileno(), False)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(data_dir / NAME)  # of a daemon that was killed
        before = os.umask(0o177)
        try:
            with _address(data_dir) as address:
                receiver.bind(address)
        finally:
            os.umask(before)
        mine = os.stat(data_dir / NAME).st_ino
    except BaseException:
        receiver.close()
        raise

    def come() -> None:
        with contextlib.suppress(BlockingIOError, InterruptedError):
            while receiver.recv(16) is not None:
                pass
        callback()

    def stop() -> None:
        loop.remove_reader(receiver.fileno())
        receiver.close()
        with contextlib.suppress(OSError):
            if os.stat(data_dir / NAME).st_ino == mine:
                os.unlink(data_dir / NAME)

    loop.add_reader(receiver.fileno(), come)
    return stop
