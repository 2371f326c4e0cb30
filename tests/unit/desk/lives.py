"""Building blocks for the tests of a case's life: a desk, its events, and a small way to play them in order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from maild.desk.actions import Decision, Letter, Relay
from maild.desk.case import Case, State
from maild.desk.consultation import decide
from maild.desk.deadlines import deadlines
from maild.desk.events import ClientMail, Command, Delivered, Due, Event, Failed, Reply
from maild.desk.rules import Counselor, Desk, Rules, Terms

TOKYO = ZoneInfo("Asia/Tokyo")
ITEMS = {"name": "花子", "sex": "女性", "age": "24歳", "region": "三重県", "content": "相談です"}
CLIENT = "hanako@docomo.example"


def desk(zone: str = "Asia/Tokyo", **rules: Any) -> Desk:
    """A consultation desk; keyword arguments are keys of ``[desk.rules]``."""
    return Desk(
        name="soudan",
        kind="consultation",
        address="soudan@desk.example",
        display_name="メール相談",
        language="ja",
        timezone=zone,
        shared_inbox="inbox@desk.example",
        on_call=("oncall@desk.example",),
        counselors=(
            Counselor("佐藤花子", "sato@desk.example", ("さとうはなこ",), "090-1234-5678"),
            Counselor("田中一郎", "tanaka@desk.example"),
        ),
        terms=(
            Terms("2025-04", date(2025, 4, 1), "aa" * 32),
            Terms("2026-04", date(2026, 4, 1), "bb" * 32),
        ),
        rules=replace(Rules(), **rules),
    )


def at(text: str, zone: ZoneInfo = TOKYO) -> datetime:
    """An instant from local wall time, ``2026-01-10 23:50``, in UTC as events carry it."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


class Life:
    """One case and what has been asked for on its behalf; ``last`` is the newest decision."""

    def __init__(self, where: Desk | None = None, zone: ZoneInfo = TOKYO) -> None:
        self.desk = where or desk()
        self.zone = zone
        self.case_or_none: Case | None = None
        self.last = Decision(None)
        self.entry = 0

    @property
    def case(self) -> Case:
        assert self.case_or_none is not None
        return self.case_or_none

    @property
    def templates(self) -> list[str]:
        """Templates of the newest decision, in order."""
        return [action.template for action in self.last.actions]

    @property
    def to_client(self) -> list[str]:
        """Those of them that go to the client."""
        return [one.template for one in self.last.actions if isinstance(one, Relay) or one.to == "client"]

    @property
    def relays(self) -> list[Relay]:
        """The relays of the newest decision."""
        return [one for one in self.last.actions if isinstance(one, Relay)]

    def letter(self, template: str) -> Letter:
        """The newest decision's letter of that name."""
        return next(one for one in self.last.actions if isinstance(one, Letter) and one.template == template)

    @property
    def due(self) -> dict[str, datetime]:
        """The deadlines as they stand."""
        return deadlines(self.case, self.desk)

    def happen(self, event: Event) -> Life:
        """Decide upon an event."""
        self.last = decide(self.case_or_none, event, self.desk)
        self.case_or_none = self.last.case
        if self.case_or_none is not None and self.case_or_none.number == 0:
            self.case_or_none = replace(self.case_or_none, number=1)
        return self

    def when(self, text: str) -> datetime:
        """Local wall time to an instant."""
        return at(text, self.zone)

    def mail(self, text: str, *, incomplete: bool = False, **given: Any) -> Life:
        """A mail of the client, complete unless told otherwise."""
        self.entry += 1
        found = {} if incomplete else ITEMS
        values: dict[str, Any] = {"message_id": f"<m{self.entry}@docomo.example>", "sender": CLIENT, "found": found}
        return self.happen(ClientMail(self.when(text), self.entry, **(values | given)))

    def reply(self, text: str, **given: Any) -> Life:
        """A counselor's reply is accepted."""
        self.entry += 1
        return self.happen(Reply(self.when(text), self.entry, "sato@desk.example", **given))

    def delivered(self, text: str, relay: Relay | None = None) -> Life:
        """The next hop takes the newest relay, or the one named."""
        relay = relay or self.relays[-1]
        template = "interim" if relay.interim else relay.template
        return self.happen(Delivered(self.when(text), template, relay.round_trip, relay.entry))

    def failed(self, text: str, relay: Relay, *, bounced: bool = True, other_open: bool = False) -> Life:
        """A relay comes back, or is refused while sending."""
        template = "interim" if relay.interim else relay.template
        given = {"bounced": bounced, "other_open": other_open}
        event = Failed(self.when(text), template, "user_unknown", relay.round_trip, relay.entry, **given)
        return self.happen(event)

    def lost(self, text: str, template: str) -> Life:
        """A template mail to the client comes back."""
        return self.happen(Failed(self.when(text), template, "user_unknown", bounced=True))

    def order(self, text: str, name: str, argument: str = "") -> Life:
        """A ``#command``."""
        return self.happen(Command(self.when(text), name, argument))

    def falls_due(self, kind: str) -> Life:
        """Let a deadline be reached, at its own instant."""
        return self.happen(Due(self.due[kind], kind))

    def answered(self, text: str) -> Life:
        """A reply that is delivered at once."""
        return self.reply(text).delivered(text)

    def rounds(self, count: int, month: int = 1) -> Life:
        """``count`` mails, each answered, two days apart from the first of ``month``."""
        for number in range(count):
            day = 1 + 2 * number
            self.mail(f"2026-{month:02d}-{day:02d} 10:00").answered(f"2026-{month:02d}-{day + 1:02d} 10:00")
        return self


FAR = "2026-01-02 10:00"
FIRST = at("2026-01-01 10:00")


def waiting_desk() -> Life:
    return Life().mail("2026-01-01 10:00")


def waiting_client() -> Life:
    return waiting_desk().answered(FAR)


def intake() -> Life:
    return Life().mail("2026-01-01 10:00", incomplete=True)


def held() -> Life:
    return waiting_desk().order(FAR, "hold")


def undeliverable() -> Life:
    life = waiting_desk().reply("2026-01-02 09:00")
    relay = life.relays[0]
    return life.delivered("2026-01-02 09:00", relay).failed(FAR, relay)


OPEN: list[tuple[State, Any]] = [
    ("intake", intake),
    ("waiting_desk", waiting_desk),
    ("waiting_client", waiting_client),
    ("held", held),
    ("undeliverable", undeliverable),
]
open_states = pytest.mark.parametrize(("state", "begin"), OPEN, ids=[state for state, _ in OPEN])
