"""Reading a TOML table by a list of keys, collecting faults instead of stopping at the first."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from maild.config.faults import Fault

_BARE_KEY = re.compile(r"[A-Za-z0-9_:-]{1,64}", re.ASCII)


class _Mark:
    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


REQUIRED: Final = _Mark("required")
INVALID: Final = _Mark("invalid")  # what a reader returns after it has noted a fault


@dataclass(slots=True)
class Notes:
    """What a whole reading gathers."""

    base: Path  # relative paths are relative to this: the config file's directory
    require_files: bool
    in_service: bool = False  # run by systemd with credentials, so that they can be looked for
    faults: list[Fault] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Place:
    """A key path, and where to note what is wrong there."""

    path: str
    notes: Notes

    def at(self, step: str | int) -> Place:
        """One step further in: a key, or an index."""
        if isinstance(step, int):
            return Place(f"{self.path}[{step}]", self.notes)
        if not _BARE_KEY.fullmatch(step):
            step = "(an odd key)"  # what stands there may be anything: an address, a control sequence
        return Place(f"{self.path}.{step}" if self.path else step, self.notes)

    def fault(self, problem: str, value: object = None, *, secret: bool = False) -> Any:
        """Note a fault; returns INVALID so that readers can ``return place.fault(…)``."""
        self.notes.faults.append(Fault(self.path, problem, value, secret))
        return INVALID

    def warn(self, text: str) -> None:
        """Note what works but may not be meant so. The text holds no value of the config."""
        self.notes.warnings.append(f"{self.path}: {text}")


@dataclass(frozen=True, slots=True)
class Reader:
    """How a value is read, and in words what is allowed."""

    read: Callable[[object, Place], Any]
    allowed: str


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a table: how it is read, its default, and what it means to an operator."""

    name: str
    reader: Reader
    doc: str
    default: Any = REQUIRED
    shown_default: str = ""  # where the default does not stand in ``default`` itself


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the config."""

    header: str  # as written in the file: [receive.smtp], [[desk]]
    doc: str
    keys: tuple[Key, ...]
    tables: tuple[str, ...] = ()  # names of tables inside, read elsewhere

    def key(self, name: str) -> Key:
        """The key of that name."""
        return next(key for key in self.keys if key.name == name)


def suggestion(word: str, known: list[str]) -> str:
    """``; did you mean …?`` or nothing."""
    close = difflib.get_close_matches(word[:80], known, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def unknown_key(name: str, value: object, known: list[str], place: Place) -> None:
    """Note a key that does not exist, and what was probably meant."""
    if f"{name}_file" in known:
        place.fault(
            f"secrets never stand in the config: put it into a file that only maild can read and name it in "
            f"{name}_file, or use a systemd credential with {name}_credential",
            secret=True,
        )
        return
    hint = suggestion(name, known) or f"; the keys are {', '.join(sorted(known))}"
    place.fault(f"there is no such key here{hint}", value, secret="pass" in name or "secret" in name)


def read_table(table: Table, raw: object, place: Place) -> dict[str, Any]:
    """Every key of the table, read or defaulted. A key with a fault stands there as INVALID."""
    if not isinstance(raw, Mapping):
        place.fault(f"is a table: write it as {table.header}", raw)
        return {key.name: INVALID if key.default is REQUIRED else key.default for key in table.keys}
    known = [key.name for key in table.keys] + list(table.tables)
    for name, value in raw.items():
        if name not in known:
            unknown_key(name, value, known, place.at(name))
    values: dict[str, Any] = {}
    for key in table.keys:
        if key.name in raw:
            values[key.name] = key.reader.read(raw[key.name], place.at(key.name))
        elif key.default is REQUIRED:
            values[key.name] = place.at(key.name).fault(f"is required: {key.reader.allowed}")
        else:
            values[key.name] = key.default
    return values


def good(value: object) -> bool:
    """Whether a value was read without a fault."""
    return value is not INVALID


def table_of(raw: Mapping[str, Any], name: str, place: Place) -> Mapping[str, Any]:
    """A table inside a table; {} where there is none."""
    value = raw.get(name, {})
    if isinstance(value, Mapping):
        return value
    place.at(name).fault("is a table", value)
    return {}


def tables_of(raw: Mapping[str, Any], name: str, place: Place) -> list[Any]:
    """An array of tables inside a table; [] where there is none."""
    value = raw.get(name, [])
    if isinstance(value, list):
        return value
    place.at(name).fault(f"is a list of tables: write it in double brackets, [[{name}]]", value)
    return []
