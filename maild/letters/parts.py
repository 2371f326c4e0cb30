"""What a row of the table is made of: types, views, and the sample values that all letters share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Final, Literal

from maild.desk.reply_text import BEGIN_MARK, EARLIER_MARK, END_MARK, LINE_TAG
from maild.desk.rules import Hotline

Audience = Literal["client", "counselor", "operator"]
CaseUse = Literal["always", "maybe", "never"]


class Required:
    """Stands where a variable has no default."""


REQUIRED: Final = Required()


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a letter: its type in words, its meaning, and what it is when nobody gives it."""

    name: str
    kind: str
    meaning: str
    default: object = REQUIRED


@dataclass(frozen=True)  # without slots: ``defaults`` are put together once
class LetterSpec:
    """One template: ``case`` says whether letters of this name are about a case (``never``: it must not show one)."""

    audience: Audience
    purpose: str
    variables: tuple[Variable, ...] = ()
    samples: tuple[Mapping[str, object], ...] = ({},)
    case: CaseUse = "always"

    @cached_property
    def defaults(self) -> dict[str, object]:
        """The values of the variables that may be left out; to be copied, never changed."""
        return {v.name: v.default for v in self.variables if v.default is not REQUIRED}


@dataclass(frozen=True, slots=True)
class DeskView:
    """What letters see of a desk."""

    name: str
    display_name: str
    address: str
    kind: str = "consultation"


@dataclass(frozen=True, slots=True)
class CaseView:
    """What letters see of a case. ``tag`` stands in subjects to the client and betrays nothing (P10)."""

    number: int
    tag: str
    name: str
    round_trip: int = 1
    round_trips: int = 3
    state: str = "waiting_desk"
    closes_on: date | None = None
    opened: date = date(2026, 1, 5)
    flags: tuple[str, ...] = ()
    previous: int | None = None


@dataclass(frozen=True, slots=True)
class TermsView:
    """The version of the terms in force."""

    version: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class MarksView:
    """The marks that keep a notice's internal lines from clients (P5)."""

    begin: str
    end: str
    tag: str
    earlier: str = EARLIER_MARK


MARKS: Final = MarksView(BEGIN_MARK, END_MARK, LINE_TAG)

COMMON: Final = ("desk", "case", "rules", "terms", "hotlines", "language")

DAY = date(2026, 2, 9)
AT = datetime(2026, 1, 5, 0, 5, tzinfo=UTC)
LATER = datetime(2026, 12, 3, 1, 0, tzinfo=UTC)
TEXT = "ここに、お返事の文が入ります。\n\n二つめの段落です。\n二行目です。"
CLIENT_TEXT = "ここに、届いた文が入ります。\n二行目です。"

SAMPLE_DESKS: Final = (
    DeskView("madoguchi", "メール相談窓口", "soudan@desk.example"),
    DeskView("yoyaku", "予約の窓口", "yoyaku@desk.example", "booking"),
    DeskView("sonogo", "その後の窓口", "sonogo@desk.example", "aftercare"),
)
SAMPLE_CASE: Final = CaseView(12, "[受付 12]", "花子", 2, 3, "waiting_desk", None)
SAMPLE_CASES: Final = (
    SAMPLE_CASE,
    CaseView(13, "[受付 13]", "匿名", 1, 0, "waiting_client", DAY, flags=("crisis",)),
    CaseView(140, "[受付 140]", "ひろし", 1, 3, "undeliverable", None, flags=("incomplete", "unheard_of"), previous=12),
    CaseView(7, "[受付 7]", "けん", 3, 3, "closed", None),
)
SAMPLE_TERMS: Final = (TermsView("2026-04", "https://desk.example/terms"), TermsView("第3"))
EVENING: Final = Hotline("十代の電話", "0120-111-111", "16時から21時", "https://teens.example/", "三重県", "18歳まで")
SAMPLE_HOTLINES: Final = (
    (
        Hotline("夜の電話", "0120-000-000", "24時間"),
        EVENING,
        Hotline("話せる場所の一覧", url="https://list.example/"),
        Hotline("救急車", "119"),
    ),
    (),
)


def variable(name: str, kind: str, meaning: str, default: object = REQUIRED) -> Variable:
    return Variable(name, kind, meaning, default)


CLOSES = variable("closes_on", "date | None", "last day the client can write (C4), None where no clock runs", None)
