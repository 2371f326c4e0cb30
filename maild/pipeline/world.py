"""What the pipeline knows besides the mail and the store: desks, templates, phrases, the source of tokens."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from zoneinfo import ZoneInfo

from maild.compose import DeskLetters, Templates
from maild.desk import crisis
from maild.desk.form import Form
from maild.desk.rules import Desk
from maild.letters import MARKS
from maild.mail.address import canonical


@dataclass(frozen=True)  # without slots: what follows from the fields is worked out once
class DeskWorld:
    """One desk with all that belongs to it."""

    desk: Desk
    templates: Templates
    phrases: crisis.Phrases
    form: Form | None = None
    ours: tuple[str, ...] = field(default=(), repr=False)  # texts of ours that a client may quote back (K1)
    staff: frozenset[str] = field(default=frozenset(), repr=False)  # counselors, shared inboxes, on call

    @cached_property
    def zone(self) -> ZoneInfo:
        """The desk's time zone."""
        return ZoneInfo(self.desk.timezone)

    @cached_property
    def domain(self) -> str:
        """The domain our Message-IDs carry."""
        return self.desk.address.rpartition("@")[2]

    @cached_property
    def letters(self) -> DeskLetters:
        """Its templates, with what every letter of this desk may print."""
        desk = self.desk
        fixed = {"desk": desk, "rules": desk.rules, "hotlines": desk.rules.hotlines, "language": desk.language}
        return DeskLetters(self.templates, fixed | {"marks": MARKS})


@dataclass(frozen=True, slots=True)
class World:
    """All desks of one installation."""

    desks: tuple[DeskWorld, ...]
    operators: tuple[str, ...] = field(repr=False)
    trusted_authserv: frozenset[str]
    token: Callable[[], str]  # a fresh secret: 128 bits from the operating system, or a fixed seed in a rehearsal
    is_holiday: Callable[[str, date], bool]  # (desk, day)
    eight_bit: bool = False  # readable files rather than base64
    limits: Mapping[str, int] = field(default_factory=dict)  # source -> the largest mail it takes, in bytes
    mailboxes: Mapping[str, str] = field(default_factory=dict)  # source -> name of the desk that all its mail is for
    boards: frozenset[str] = frozenset()  # names of the desks whose shared inbox is kept as a board

    def named(self, name: str) -> DeskWorld | None:
        """A desk by its name."""
        return next((one for one in self.desks if one.desk.name == name), None)

    def addressed(self, recipients: Collection[str]) -> tuple[DeskWorld, str | None] | None:
        """The desk that one of these addresses belongs to, and the token behind its ``+`` (M2, M7)."""
        for recipient in recipients:
            local, _, domain = canonical(recipient).rpartition("@")
            name, _, detail = local.partition("+")
            for one in self.desks:
                if one.desk.address == f"{local}@{domain}":
                    return one, None
                if one.desk.plus_addressing and one.desk.address == f"{name}@{domain}":
                    return one, detail or None
        return None

    def desk_for(
        self, source: str, recipients: Collection[str], written: Collection[str]
    ) -> tuple[DeskWorld, str | None] | None:
        """Whose mail it is, and the token it carries: as the envelope says, then whose mailbox it lay in, then as the
        sender wrote. None where nobody can tell: what is confided to one desk is never shown to another (M1, P1)."""
        if recipients:
            return self.addressed(recipients)
        here = self.named(self.mailboxes.get(source, ""))
        if here is None:
            return self.addressed(written) or ((self.desks[0], None) if len(self.desks) == 1 else None)
        found = (self.addressed((one,)) for one in written)
        return here, next((one[1] for one in found if one is not None and one[0] is here and one[1]), None)

    @property
    def addresses(self) -> frozenset[str]:
        """Ours: mail from these is never answered (M3)."""
        return frozenset(one.desk.address for one in self.desks)
