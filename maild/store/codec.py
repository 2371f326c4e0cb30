"""Values to bytes and back, before they are sealed. JSON; tolerant of fields that a later version adds or drops."""

from __future__ import annotations

import json
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


def encode(value: object) -> bytes:
    """JSON of a dataclass or plain value. Lone surrogates (8-bit addresses, broken mail) survive: as escapes."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value)).encode("ascii")


class Decoder(Generic[T]):
    """Makes values of one type again. Missing fields take their defaults, unknown ones are ignored."""

    def __init__(self, type_: type[T]) -> None:
        self._type = type_
        self._decode = msgspec.json.Decoder(type_).decode

    def decode(self, data: bytes) -> T:
        """The value."""
        try:
            return self._decode(data)
        except msgspec.DecodeError:
            return msgspec.convert(json.loads(data), self._type)


def decode(data: bytes, type_: type[T]) -> T:
    """The same, for what is seldom."""
    return Decoder(type_).decode(data)
