"""sd_notify(3): tell systemd how we are. Without NOTIFY_SOCKET every call does nothing."""

from __future__ import annotations

import os
import socket
import time

SECONDS = 1.0  # a service manager that does not read must not stop us for longer: its queue holds few lines


def notify(*lines: str) -> None:
    """Send state lines such as ``READY=1``; never raises, for a supervisor that is gone must not stop us."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.settimeout(SECONDS)
            channel.connect(address)
            channel.sendall("\n".join(lines).encode())
    except OSError:
        pass


def reloading() -> None:
    """``RELOADING=1`` with the clock systemd asks for."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")


def watchdog_seconds() -> float | None:
    """How often systemd wants to hear ``WATCHDOG=1``: half of what it allows; None where it does not ask."""
    usec = os.environ.get("WATCHDOG_USEC", "")
    pid = os.environ.get("WATCHDOG_PID", "")
    if not usec.isdigit() or (pid and pid != str(os.getpid())):
        return None
    return int(usec) / 2_000_000
