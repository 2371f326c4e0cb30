"""A web form that writes mails to a desk on behalf of clients (rules I3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Form:
    """The form's sender, and the label that stands before each of its fields."""

    sender: str  # canonical address the form's mails come from
    fields: tuple[tuple[str, str], ...] = field(default=())  # (field, label); "email" and "consent:…" among them
    url: str = ""  # where clients find the form; printed by use_the_form

    def labels(self) -> Mapping[str, str]:
        """Field to label, in the order of the config."""
        return dict(self.fields)

    def consents(self) -> tuple[str, ...]:
        """The fields that must be ticked."""
        return tuple(name for name, _ in self.fields if name.startswith("consent:"))
