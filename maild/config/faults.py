"""What is wrong in a config: every fault at once, each with its key and what is allowed there."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path

from maild.errors import EX_CONFIG, UserError

MAX_SHOWN = 60  # characters of a value that are shown back


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to put right."""

    key: str  # such as desk[0].rules.silence_days
    problem: str  # what is allowed, or what to do; without the value
    value: object = field(default=None, repr=False)  # None where there is none to show
    secret: bool = False  # the value is never shown, not even to the operator

    def __str__(self) -> str:
        """Without any text that stands in the config: fit for a log (rules S2)."""
        if isinstance(self.value, bool | int | float | date | time) and not self.secret:
            return f"{self.key} = {shown(self.value)}: {self.problem}"
        return f"{self.key}: {self.problem}"

    def full(self) -> str:
        """With the value: for the operator's terminal."""
        if self.value is None or self.secret:
            return f"{self.key}: {self.problem}"
        return f"{self.key} = {shown(self.value)}: {self.problem}"


class ConfigErrors(UserError):
    """A config that cannot be used. ``str()`` leaves out texts of the config, ``report()`` shows them."""

    exit_code = EX_CONFIG

    def __init__(self, path: str, faults: tuple[Fault, ...]) -> None:
        super().__init__(path, faults)
        self.path = path
        self.faults = faults

    def _head(self) -> str:
        count = len(self.faults)
        return f"{self.path} cannot be used: {count} {'fault' if count == 1 else 'faults'}."

    def __str__(self) -> str:
        return "\n".join([self._head(), *(f"  {fault}" for fault in self.faults)])

    def __repr__(self) -> str:
        return f"ConfigErrors({len(self.faults)} faults)"

    def report(self) -> str:
        """Every fault with the value that stands there, a line each."""
        return "\n".join([self._head(), *(f"  {fault.full()}" for fault in self.faults)])


def as_written(path: Path, base: Path) -> str:
    """A path as the config has it: what lies beside the config is named from there."""
    return str(path.relative_to(base.absolute()) if path.is_relative_to(base.absolute()) else path)


def shown(value: object) -> str:
    """A value as the config file writes it, cut to a bearable length, on one line, without control characters."""
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, str):
        text = '"' + value.replace('"', '\\"') + '"'
    elif isinstance(value, time):
        text = f'"{value:%H:%M}"'
    elif isinstance(value, dict):
        text = "{…}"
    elif isinstance(value, list):
        text = "[" + ", ".join("[…]" if isinstance(one, list) else shown(one) for one in value[:8])
        text += ", …]" if len(value) > 8 else "]"
    elif isinstance(value, int) and abs(value) >= 10**MAX_SHOWN:
        text = "a number of very many digits"  # str() refuses the longest
    else:
        text = str(value)
    text = "".join(one if one.isprintable() else "\ufffd" for one in text)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
