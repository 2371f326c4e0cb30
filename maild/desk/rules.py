"""What one desk promises, as numbers and lists: the part of the config that decisions read.

The names are those of ``[desk.rules]`` in config.toml. A limit of 0 means none (rules C). Units stand in the names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time
from typing import Literal

AttachmentMode = Literal["reject", "strip", "refuse"]
AckMode = Literal["turn", "case", "never"]
DayCount = Literal["calendar", "working"]
CompanionMode = Literal["forbidden", "announce"]


@dataclass(frozen=True, slots=True)
class ItemSpec:
    """One required item of a first mail (rules I1) and the labels people write before it."""

    item: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hotline:
    """Somebody who can be reached now (rules K3)."""

    name: str
    phone: str = ""
    hours: str = ""
    url: str = ""
    region: str = ""  # "" = everywhere; else matched against the region the client gave
    ages: str = ""  # free text shown beside it, such as 18歳まで


@dataclass(frozen=True, slots=True)
class Referral:
    """Another service a counselor can put in with ``#refer NAME`` (rules P4)."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Terms:
    """One version of the desk's terms (rules C1, S7)."""

    version: str
    effective: date
    sha256: str  # hex, of the file's bytes
    url: str = ""


@dataclass(frozen=True, slots=True)
class Hours:
    """When the desk is staffed, in its own time zone; ``weekdays`` 0 = Monday."""

    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)
    start: time = time(9, 0)
    end: time = time(17, 0)


SEED_ITEMS: tuple[ItemSpec, ...] = (
    ItemSpec("name"),
    ItemSpec("sex"),
    ItemSpec("age"),
    ItemSpec("region"),
    ItemSpec("content"),
)


@dataclass(frozen=True, slots=True)
class Rules:
    """All limits of a desk; see ../config.toml for what each means to an operator."""

    round_trips: int = 3  # C2
    silence_days: int = 30  # C4
    intake_silence_days: int = 30  # I1
    client_days: int = 90  # C5
    resend_after_days: int = 10  # C9, printed in the acknowledgement
    alert_days: tuple[int, ...] = (3, 7, 9)  # C9
    alert_count: DayCount = "calendar"  # C9
    alert_repeat_days: int = 7  # C9: after the last alert
    attachments: AttachmentMode = "reject"  # A1
    attachment_grace_days: int = 7  # A3
    grace_hours: int = 24  # C6
    form_only: bool = False  # I3
    ack: AckMode = "turn"  # I1
    required: tuple[ItemSpec, ...] = SEED_ITEMS  # I1
    intake_asks: int = 2  # I1: how often what is missing is asked for
    template_cap: int = 10  # M3: template mails per client address and local day
    crisis: bool = True  # K1
    crisis_minutes: int = 30  # K4
    crisis_ack_hours: int = 24  # K2
    crisis_phrases: tuple[str, ...] = ()  # K1: files of the operator, beside the built-in list
    companion: CompanionMode = "announce"  # I2
    held_days: int = 7  # C16
    digest: time | None = time(8, 30)  # P7: local time of the working morning; None = no digest
    closing_days: str = ""  # T: printed in the acknowledgement, such as 12月29日から1月3日
    free_of_charge: bool = True  # T
    quote_client: bool = False  # P10: whether the client's own words are quoted back
    holidays: tuple[date, ...] = ()  # beside the public ones
    hours: Hours = field(default_factory=Hours)
    hotlines: tuple[Hotline, ...] = ()
    referrals: tuple[Referral, ...] = ()
    suspend_reasons: tuple[str, ...] = ()  # D4
    disclosure_grounds: tuple[str, ...] = ()  # S4
    leak_words: tuple[str, ...] = field(default=(), repr=False)  # P5: more words that never leave
    retention_days: int = 0  # S3: 0 = kept


@dataclass(frozen=True, slots=True)
class Counselor:
    """Somebody who answers (rules P3); never named to a client (P2a)."""

    name: str = field(repr=False)
    address: str = field(repr=False)  # canonical
    readings: tuple[str, ...] = field(default=(), repr=False)  # further spellings for the leak guard
    phone: str = field(default="", repr=False)
    review: bool = False  # another counselor approves their replies (#approve)


@dataclass(frozen=True, slots=True)
class Desk:
    """One desk as decisions and letters see it (rules, "Words")."""

    name: str
    kind: Literal["consultation", "booking", "aftercare"]
    address: str  # canonical; public
    display_name: str
    language: str
    timezone: str  # IANA name
    shared_inbox: str = field(repr=False)
    on_call: tuple[str, ...] = field(default=(), repr=False)
    counselors: tuple[Counselor, ...] = ()
    terms: tuple[Terms, ...] = ()
    plus_addressing: bool = False  # M7
    anonymous_counselors: bool = True  # P2a
    show_client_address: bool = False  # P1
    rules: Rules = field(default_factory=Rules)
    inboxes: tuple[str, ...] = field(default=(), repr=False)  # further shared inboxes

    def owns(self, recipient: str) -> bool:
        """Whether a canonical address is this desk's, whatever token stands behind its ``+`` (M7)."""
        local, _, domain = recipient.rpartition("@")
        bare = f"{local.partition('+')[0]}@{domain}"
        return self.address == recipient or (self.plus_addressing and self.address == bare)

    @property
    def staff(self) -> frozenset[str]:
        """Everybody whose mail is not a client's: counselors, shared inboxes, who is on call (P3)."""
        return frozenset((*(one.address for one in self.counselors), self.shared_inbox, *self.inboxes, *self.on_call))
