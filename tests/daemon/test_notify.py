"""Words to a service manager that does not listen."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.daemon


def test_a_manager_that_does_not_read_stops_nobody(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        path = f"/tmp/maild-deaf-{os.getpid()}"
        deaf.bind(path)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as filler:
                filler.setblocking(False)
                filler.connect(path)
                with pytest.raises(BlockingIOError):
                    while True:
                        filler.send(b"x")
            code = "from maild.operate.notify import notify; notify('READY=1'); print('went on')"
            environment = os.environ | {"NOTIFY_SOCKET": path}
            done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, timeout=30)
            assert done.stdout == b"went on\n"
        finally:
            os.unlink(path)
