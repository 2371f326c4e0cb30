"""C2 to C8 and A3 once more, naively: a walk in half hours that counts midnights, held against ``decide``.

It is written from the rules and knows nothing of the code: no date arithmetic, no stored deadlines, and events in the
order in which they truly happened. ``decide`` gets the same life in the order in which a mail desk would get round to
it: mails late, deliveries in between, deadlines swept in time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st
from lives import CLIENT, ITEMS, desk

from maild.desk.actions import Relay
from maild.desk.case import Case
from maild.desk.consultation import decide
from maild.desk.deadlines import deadlines
from maild.desk.events import ClientMail, Command, Delivered, Due, Event, Reply
from maild.desk.rules import Desk

TICK = timedelta(minutes=30)
DAY = 48
ZONES = ["Asia/Tokyo", "America/New_York", "Europe/London", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Beirut"]
STARTS = [datetime(2026, 1, 3, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC), datetime(2027, 9, 20, 5, tzinfo=UTC)]


@dataclass(frozen=True)
class Step:
    """Something that happens: ``tick`` is when it truly did, ``seen`` when maild gets round to it."""

    kind: str  # mail, rejected, accepted, delivered, no_reply
    tick: int
    seen: int


@dataclass(frozen=True)
class Limits:
    trips: int
    silence: int
    days: int


@dataclass
class Told:
    """What both sides must agree on."""

    turn: str = "desk"  # desk, client, closed
    reason: str | None = None
    closed: int | None = None
    trip: int = 1
    completed: int = 0
    used: int = 0  # the client's ticks
    left: int = field(default=0, compare=False)  # steps that came after the end


# -- the model ---------------------------------------------------------------------------------------------------------


@cache
def midnights(zone: str, start: datetime, ticks: int) -> tuple[bool, ...]:
    """For each tick: whether a new local day begins with it."""
    where, found, before = ZoneInfo(zone), [], None
    for number in range(ticks):
        today: date = (start + number * TICK).astimezone(where).date()
        found.append(before is not None and today != before)
        before = today
    return tuple(found)


def simulated(steps: list[Step], limits: Limits, new_day: tuple[bool, ...]) -> Told:
    """Half hour by half hour, from the first mail (which opens the case on the desk's turn)."""
    told, today = Told(), 0
    since_reply = since_rejection = 0  # midnights passed
    silent_on: int | None = None  # the day on which the days of silence were full
    spent_on: int | None = None  # the day on which the client's days were full
    rejected = False
    unanswered, accepted_trip = True, 0
    happening = sorted(steps[1:], key=lambda step: step.tick)
    for tick in range(steps[0].tick, len(new_day)):
        if new_day[tick] and tick > steps[0].tick:
            today += 1
            since_reply += 1
            since_rejection += 1
            over = [day for day in (silent_on, spent_on) if day is not None]
            if told.turn == "client" and over and min(over) < today and not (rejected and since_rejection <= 7):
                why = "silence" if silent_on is not None and silent_on == min(over) else "client_days"
                return closed_as(told, why, tick, happening)
        if told.turn == "client" and limits.silence and silent_on is None and since_reply == limits.silence:
            silent_on = today
        if told.turn == "client" and limits.days and spent_on is None and told.used >= limits.days * DAY:
            spent_on = today
        while happening and happening[0].tick == tick:
            step = happening.pop(0)
            if step.kind == "mail":
                if told.turn == "client":
                    told.trip = min(told.trip + 1, limits.trips) if limits.trips else told.trip + 1
                told.turn, unanswered, rejected = "desk", True, False
            elif step.kind == "rejected" and told.turn == "client":
                rejected, since_rejection = True, 0
            elif step.kind == "accepted":
                told.trip = max(told.trip, 1)  # after #no-reply: whoever is answered has a round trip
                unanswered, accepted_trip = False, told.trip
            elif step.kind == "no_reply" and told.turn == "desk":
                told.trip, unanswered = told.completed, False
                if limits.trips and told.completed >= limits.trips:
                    return closed_as(told, "completed", tick, happening)
                told.turn, since_reply, silent_on, spent_on = "client", 0, None, None
            elif step.kind == "delivered":
                told.completed = max(told.completed, accepted_trip)
                told.trip = max(told.trip, told.completed)
                if unanswered:
                    told.trip = max(told.completed, accepted_trip)
                    continue  # a mail crossed it: answering that costs nothing
                if limits.trips and told.completed >= limits.trips:
                    return closed_as(told, "completed", tick, happening)
                told.turn, since_reply, silent_on, spent_on = "client", 0, None, None
            if told.turn == "client" and limits.days and spent_on is None and told.used >= limits.days * DAY:
                spent_on = today
        if told.turn == "client":
            told.used += 1
    return told


def closed_as(told: Told, reason: str, tick: int, left: list[Step]) -> Told:
    told.turn, told.reason, told.closed, told.left = "closed", reason, tick, len(left)
    return told


# -- the same life through the rule book -------------------------------------------------------------------------------


def played(steps: list[Step], limits: Limits, where: Desk, start: datetime, end: int) -> Told:
    case: Case | None = None
    relay: Relay | None = None

    def instant(tick: int) -> datetime:
        return start + tick * TICK

    def sweep(case: Case | None, until: datetime) -> Case | None:
        while case is not None and (due := deadlines(case, where)):
            kind, at = min(due.items(), key=lambda one: one[1])
            if at > until:
                break
            case = decide(case, Due(at, kind), where).case
        return case

    for number, step in enumerate(sorted(steps, key=lambda step: (step.seen, step.tick))):
        case = sweep(case, instant(step.seen))
        event: Event
        at = instant(step.tick)
        if step.kind in ("mail", "rejected"):
            event = ClientMail(at, number, sender=CLIENT, found=ITEMS, attachments=int(step.kind == "rejected"))
        elif step.kind == "accepted":
            event = Reply(at, number, "sato@desk.example")
        elif step.kind == "no_reply":
            event = Command(at, "no_reply")
        else:
            if relay is None:
                continue
            event = Delivered(at, relay.template, relay.round_trip, relay.entry)
            relay = None
        decision = decide(case, event, where)
        case = decision.case
        if step.kind == "accepted":
            relay = next(one for one in decision.actions if isinstance(one, Relay))
    case = sweep(case, instant(end))
    assert case is not None
    turn = {"waiting_desk": "desk", "waiting_client": "client", "closed": "closed"}[case.state]
    closed = round((case.closed - start) / TICK) if case.closed else None
    used = case.client_seconds
    if case.clock_since is not None:
        used += (instant(end) - case.clock_since).total_seconds()
    return Told(turn, case.reason, closed, case.round_trip, case.completed, round(used / TICK.total_seconds()))


# -- lives -------------------------------------------------------------------------------------------------------------

GAP = st.one_of(st.integers(1, 10), st.integers(1, 4 * DAY), st.integers(1, 33 * DAY))
WAIT = st.one_of(st.just(0), st.integers(1, 5), st.integers(1, 3 * DAY))


@st.composite
def life(draw: st.DrawFn) -> tuple[list[Step], bool]:
    """Turns that follow each other; between a mail's arrival and its processing only deliveries and time happen."""
    tick = draw(st.integers(0, 2 * DAY))
    steps = [Step("mail", tick, tick)]
    turn, exact = "desk", True
    for _ in range(draw(st.integers(0, 6))):
        tick += draw(GAP)
        what = draw(
            st.sampled_from(["reply", "reply", "reply", "crossed", "seen_late", "mail", "mail", "rejected", "no"])
        )
        turn = {"mail": "desk", "no_reply": "client", "delivered": "client"}.get(steps[-1].kind, turn)
        if what == "seen_late" and turn == "client":
            exact = False  # which half hours before a supplement were whose is beyond a case's memory
        if what in ("mail", "rejected"):
            late = draw(WAIT)
            steps.append(Step(what, tick, tick + late))
            tick += late
        elif what == "no":
            steps.append(Step("no_reply", tick, tick))
        else:
            steps.append(Step("accepted", tick, tick))
            crossing = tick + draw(st.integers(1, DAY))
            delivered = crossing + draw(st.integers(1, DAY)) if what != "reply" else tick + draw(WAIT)
            if what == "crossed":
                steps.append(Step("mail", crossing, crossing))
            steps.append(Step("delivered", delivered, delivered))
            tick = delivered
            if what == "seen_late":
                seen = delivered + draw(st.integers(1, 3 * DAY))
                steps.append(Step("mail", crossing, seen))
                tick = seen
    return steps, exact


def until_the_end(steps: list[Step], told: Told) -> list[Step]:
    """What came after the end in true time belongs to other rules (C3, C8)."""
    ordered = sorted(steps, key=lambda step: step.tick)
    return ordered[: len(ordered) - told.left]


LIMITS = st.builds(
    Limits, trips=st.sampled_from([0, 1, 3]), silence=st.sampled_from([0, 3, 30]), days=st.sampled_from([0, 5, 90])
)


@settings(max_examples=300, deadline=None)
@given(life(), LIMITS, st.sampled_from(ZONES), st.sampled_from(STARTS))
@example(
    ([Step("mail", 0, 0), Step("accepted", 1, 1), Step("delivered", 1, 1)], True),
    Limits(3, 30, 90),
    ZONES[0],
    STARTS[0],
)
def test_c2_to_c8_the_rule_book_agrees_with_the_naive_model(
    lived: tuple[list[Step], bool], limits: Limits, zone: str, start: datetime
) -> None:
    steps, exact = lived
    limits = limits if exact else replace(limits, days=0)
    end = max(step.seen for step in steps) + 125 * DAY
    told = simulated(steps, limits, midnights(zone, start, 400 * DAY)[:end])
    where = desk(zone, round_trips=limits.trips, silence_days=limits.silence, client_days=limits.days)
    found = played(until_the_end(steps, told), limits, where, start, end)
    assert found == told if exact else replace(found, used=told.used) == told


def test_the_model_itself_knows_the_example_of_c4() -> None:
    """Delivered 2026-01-10 23:50 (here 23:30): the case closes as 2026-02-10 begins."""
    start = datetime(2026, 1, 9, 15, tzinfo=UTC)  # midnight in Japan
    steps = [Step("mail", 0, 0), Step("accepted", 47, 47), Step("delivered", 47, 47)]
    told = simulated(steps, Limits(3, 30, 90), midnights("Asia/Tokyo", start, 60 * DAY))
    assert (told.reason, told.closed) == ("silence", 31 * DAY)
