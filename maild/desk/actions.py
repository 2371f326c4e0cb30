"""What a decision asks for: values that the pipeline carries out in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from maild.desk.case import Case

Audience = Literal["client", "inbox", "on_call", "counselors", "operators"]


@dataclass(frozen=True, slots=True)
class Letter:
    """A template mail to be written. ``entry`` is the recorded mail it shows or answers."""

    template: str
    to: Audience = "client"
    values: Mapping[str, object] = field(default_factory=dict, repr=False)
    entry: int | None = None
    timer: bool = False  # auto-generated rather than auto-replied (M3)


@dataclass(frozen=True, slots=True)
class Relay:
    """A counselor's recorded reply, to the client (P2)."""

    entry: int
    template: Literal["reply", "final_reply"]
    round_trip: int
    again: bool = False  # once more, because it did not arrive (C10, M4)
    interim: bool = False
    supplement: bool = False
    terms_changed: bool = False  # says so at its end (S7)
    ends: bool = False  # the case is closed with it (P4)


Action = Letter | Relay


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from an event: the case as it now is (None: there is none) and what to do."""

    case: Case | None
    actions: tuple[Action, ...] = ()
    disposition: str | None = None
    why: str = ""  # a code for the audit trail and the log
