"""What templates see of a case: only what a letter may say."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime

import msgspec

from maild.desk import outcomes
from maild.desk.actions import Relay
from maild.desk.case import Case
from maild.desk.deadlines import closes_on, local_date, staffed
from maild.desk.events import Delivered
from maild.desk.hotlines import not_now
from maild.desk.rules import Desk, Terms
from maild.desk.terms import in_force
from maild.desk.threads import tag
from maild.pipeline.mask import masked
from maild.pipeline.world import DeskWorld
from maild.store import Entry

NAMELESS = {"ja": "匿名", "en": "Anonymous"}
WHO = {"client": "client", "reply": "desk", "interim": "desk", "note": "note"}


class CaseView(msgspec.Struct, frozen=True):
    """A case as letters print it."""

    number: int
    tag: str
    name: str
    round_trip: int
    round_trips: int
    state: str
    closes_on: date | None
    opened: date
    flags: tuple[str, ...]
    previous: int | None

    def __repr__(self) -> str:
        return f"CaseView({self.number})"  # the name is personal (S2)


def hidden(case: Case | None, desk: Desk) -> tuple[str, ...]:
    """The addresses that stay hidden from counselors (P1, P1a)."""
    if case is None or desk.show_client_address:
        return ()
    return (case.client, *case.addresses)


def case_view(case: Case, here: DeskWorld) -> CaseView:
    """The view; the name the client chose, masked where they wrote their address as name."""
    desk = here.desk
    name = case.name or NAMELESS.get(desk.language, NAMELESS["en"])
    return CaseView(
        number=case.number,
        tag=tag(case.number, desk.language),
        name=masked(name, hidden(case, desk)),
        round_trip=case.round_trip,
        round_trips=desk.rules.round_trips,
        state=case.state,
        closes_on=closes_on(case, desk),
        opened=local_date(case.opened, here.zone),
        flags=tuple(sorted(case.flags)),
        previous=case.previous,
    )


def terms_of(here: DeskWorld, now: datetime) -> Terms:
    """The terms in force; letters print their version."""
    return in_force(here.desk.terms, local_date(now, here.zone)) or Terms("", date(1970, 1, 1), "")


def reachable(here: DeskWorld, now: datetime, is_holiday: Callable[[str, date], bool]) -> dict[str, object]:
    """Whether people read mail at this instant, and who cannot be called at this hour (K3)."""
    name, rules = here.desk.name, here.desk.rules
    open_now = staffed(now, rules, here.zone, lambda day: is_holiday(name, day))
    return {"staffed": open_now, "later": not_now(rules.hotlines, now.astimezone(here.zone).time())}


def after_delivery(case: Case, desk: Desk, relay: Relay, now: datetime) -> date | None:
    """``closes_on`` as it will be when a reply that goes out ``now`` is delivered: what its footer prints (C4)."""
    if not case.is_open or relay.interim or relay.ends:
        return None
    given = outcomes.delivered(case, Delivered(now, relay.template, relay.round_trip, relay.entry), desk)
    return closes_on(given.case, desk) if given.case is not None else None


def earlier(entries: Sequence[Entry], before: int | None = None) -> list[Entry]:
    """What of these belongs into the earlier exchange of a notice, oldest first."""
    return [
        entry
        for entry in entries
        if entry.kind in WHO and (before is None or entry.id < before) and (entry.own_text or entry.text)
    ]


def exchange(entries: Sequence[Entry], addresses: Collection[str]) -> list[Mapping[str, object]]:
    """The same as a notice shows it, without these addresses."""
    return [
        {"who": WHO[entry.kind], "at": entry.at, "text": masked(entry.own_text or entry.text, addresses)}
        for entry in entries
    ]
