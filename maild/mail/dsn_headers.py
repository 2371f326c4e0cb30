"""The header fields of a message that could be a bounce: each is decoded when it is asked for, and once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.message import Message

from maild.mail.dsn_other import addresses_in
from maild.mail.dsn_parts import decoded, eight_bit


class Headers:
    """The fields of one message by lower-case name; the first of a name counts."""

    __slots__ = ("_raws", "_senders", "_texts")

    def __init__(self, raws: Mapping[str, Sequence[str]]) -> None:
        self._raws = raws
        self._texts: dict[str, str] = {}
        self._senders: list[str] | None = None

    @classmethod
    def of(cls, message: Message) -> Headers:
        raws: dict[str, list[str]] = {}
        for name, value in message.raw_items():
            raws.setdefault(name.lower(), []).append(str(value))
        return cls(raws)

    def raw(self, name: str) -> str | None:
        """The field as it stands; None where there is none."""
        values = self._raws.get(name)
        return values[0] if values else None

    def text(self, name: str) -> str:
        """The field as decoded text on one line; "" where it is missing or unreadable."""
        found = self._texts.get(name)
        if found is None:
            raw = self.raw(name)
            found = self._texts[name] = "" if raw is None else decoded(eight_bit(raw))
        return found

    @property
    def senders(self) -> list[str]:
        """The addresses in From, in lower case."""
        if self._senders is None:
            self._senders = [address for _, address in addresses_in(self.text("from").lower())]
        return self._senders
