"""Secrets that stand in our Message-IDs and reply addresses (rules P2c, P3): an answer to one carries it."""

from __future__ import annotations

import secrets
import time
from functools import lru_cache

TIME = 7  # characters: seconds, so that what is written together stands together in an index
SECRET = 26  # characters of five bits: 128 bits and two
LENGTH = TIME + SECRET
LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_OF_BYTE = LETTERS.encode() * 8  # of each random byte five bits, as a letter or digit


def fresh() -> str:
    """The second, which the Date of the mail tells as well, and 130 bits from the operating system."""
    return _second(int(time.time())) + secrets.token_bytes(SECRET).translate(_OF_BYTE).decode("ascii")


@lru_cache(maxsize=2)
def _second(at: int) -> str:
    return "".join(LETTERS[at >> shift & 31] for shift in range(5 * (TIME - 1), -1, -5))
