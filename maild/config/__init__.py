"""The config: ``load(path)`` gives a Config of frozen values, or every fault at once."""

from __future__ import annotations

from maild.config.faults import ConfigErrors, Fault
from maild.config.load import load
from maild.config.model import Board, Config, Imap, Lmtp, Maild, Receive, Secret, Send, Smtp

__all__ = [
    "Board",
    "Config",
    "ConfigErrors",
    "Fault",
    "Imap",
    "Lmtp",
    "Maild",
    "Receive",
    "Secret",
    "Send",
    "Smtp",
    "load",
]
