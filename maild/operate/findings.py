"""What the doctor says of one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Level = Literal["ok", "warn", "FAIL"]

OK: Final = "ok"
WARN: Final = "warn"
FAIL: Final = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it is, and what to do. Holds no personal data (S2)."""

    about: str
    level: Level
    words: str
    advice: str = ""
