"""A wire between a client and a real server, with somebody on it who changes what is said, or cuts it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Change = Callable[[bytes], bytes | None]


def _same(data: bytes) -> bytes:
    return data


class Proxy:
    """``answers`` and ``commands`` see each segment and give it back, changed or not; None cuts the connection."""

    def __init__(self, server_port: int) -> None:
        self.answers: Change = _same
        self.commands: Change = _same
        self.connections = 0
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            server = socket.create_connection(("127.0.0.1", self._server_port))
            for source, target, change in (
                (client, server, lambda data: self.commands(data)),
                (server, client, lambda data: self.answers(data)),
            ):
                threading.Thread(target=self._pump, args=(source, target, change), daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, target: socket.socket, change: Change) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 20):
                changed = change(data)
                if changed is None:
                    break
                target.sendall(changed)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()

    def close(self) -> None:
        self._listener.close()


@contextmanager
def proxy(server_port: int) -> Iterator[Proxy]:
    it = Proxy(server_port)
    try:
        yield it
    finally:
        it.close()
