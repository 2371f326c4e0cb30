"""Values to bytes and back, before they are sealed. JSON; tolerant of fields that a later version adds or drops."""

from __future__ import annotations

import json
from typing import TypeVar

import msgspec

T = TypeVar("T")


def encode(value: object) -> bytes:
    """JSON of a dataclass or plain value. Lone surrogates (8-bit addresses, broken mail) survive: as escapes."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value)).encode("ascii")


def decode(data: bytes, type_: type[T]) -> T:
    """The value again. Missing fields take their defaults, unknown ones are ignored."""
    try:
        return msgspec.json.decode(data, type=type_)
    except msgspec.DecodeError:
        return msgspec.convert(json.loads(data), type_)
