"""The whole life of a client's cases under random events in any order: the invariants of docs/invariants.md."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from lives import CLIENT, ITEMS, desk

from maild.desk.actions import Decision, Letter, Relay
from maild.desk.case import Case
from maild.desk.consultation import decide
from maild.desk.deadlines import deadlines
from maild.desk.events import ClientMail, Command, Delivered, Due, Event, Failed, Reply
from maild.desk.orders import ORDERS
from maild.desk.rules import Desk
from maild.desk.threads import route
from maild.desk.transitions import TRANSITIONS
from maild.letters import LETTERS

DISPOSITIONS = {"accepted", "rejected", "automatic", "command"}
FAILING = ["ack", "intake_missing", "attachment_rejected", "crisis_ack", "limit_reached", "closed_silence"]
SPANS = st.sampled_from([0, 1, 3600, 86_400, 3 * 86_400, 8 * 86_400, 31 * 86_400, 95 * 86_400])


class Lives(RuleBasedStateMachine):
    """One client at one desk: cases as the pipeline keeps them, an outbox, and what has been delivered."""

    @initialize(
        limit=st.sampled_from([0, 1, 3]),
        silence=st.sampled_from([0, 30]),
        intake=st.sampled_from([0, 30]),
        days=st.sampled_from([0, 90]),
        attachments=st.sampled_from(["reject", "strip"]),
        count=st.sampled_from(["calendar", "working"]),
        ack=st.sampled_from(["turn", "case", "never"]),
        zone=st.sampled_from(["Asia/Tokyo", "America/New_York", "Africa/Cairo"]),
    )
    def start(self, limit: int, silence: int, intake: int, days: int, zone: str, **given: Any) -> None:
        self.desk: Desk = desk(
            zone,
            round_trips=limit,
            silence_days=silence,
            intake_silence_days=intake,
            client_days=days,
            attachments=given["attachments"],
            alert_count=given["count"],
            ack=given["ack"],
        )
        self.now = datetime(2026, 2, 20, 3, 0, tzinfo=UTC)
        self.cases: dict[int, Case] = {}
        self.outbox: list[tuple[int, Relay]] = []
        self.taken: list[tuple[int, Relay]] = []
        self.waiting: dict[int, int] = {}  # mails of a case that no reply and no order has answered
        self.taken_up: set[int] = set()  # cases that staff held or reopened
        self.entry = 0

    # -- what happens ---------------------------------------------------------------------------------------------

    @rule(
        ago=st.sampled_from([0, 0, 0, 60, 7200, 4 * 86_400, 40 * 86_400]),
        kind=st.sampled_from(
            ["plain", "plain", "plain", "empty", "crisis", "automatic", "attachment", "thanks", "end"]
        ),
        again=st.booleans(),
        thread=st.integers(0, 3),
    )
    def client_writes(self, ago: int, kind: str, again: bool, thread: int) -> None:
        at = self.now - timedelta(seconds=ago)
        own = sorted(self.cases.values(), key=lambda one: -one.number)
        claimed = own[thread] if thread < len(own) else None
        crisis = kind in ("crisis", "automatic")
        where = route(CLIENT, at, claimed, own, crisis=crisis)
        case = where.case if where.kind == "join" else None
        self.entry += 1
        mail = ClientMail(
            at,
            self.entry,
            message_id=f"<{self.entry}@docomo.example>",
            sender=CLIENT,
            found={} if kind == "empty" else ITEMS,
            crisis=("死にたい",) if crisis else (),
            automatic=kind == "automatic",
            attachments=int(kind == "attachment"),
            thanks=kind == "thanks",
            wishes=("end",) if kind == "end" else (),
            resend_of=at - timedelta(days=2) if again and case is not None else None,
        )
        after = self.happens(case, mail)
        accepted = self.last.disposition != "rejected" and not self.last.why.startswith("resend")
        if after is not None and after.state == "waiting_desk" and accepted:
            self.waiting[after.number] = self.waiting.get(after.number, 0) + 1
        if crisis:
            assert after is not None
            assert after.state == "waiting_desk"
            assert after.crisis
            assert case is None or case.is_open
            letters = [one for one in self.last.actions if isinstance(one, Letter)]
            assert {one.to for one in letters if one.template == "notice_urgent"} == {"inbox", "on_call"}
            assert {one.template for one in letters if one.to == "client"} <= {"crisis_ack"}
            assert not (kind == "automatic" and any(one.to == "client" for one in letters))

    @precondition(lambda self: self.cases)
    @rule(pick=st.integers(0, 9), interim=st.sampled_from([False, False, True]))
    def counselor_replies(self, pick: int, interim: bool) -> None:
        case = self.one(pick)
        self.entry += 1
        self.happens(case, Reply(self.now, self.entry, "sato@desk.example", interim))
        if not interim:
            self.waiting[case.number] = 0

    @precondition(lambda self: self.outbox)
    @rule(pick=st.integers(0, 9), ago=st.sampled_from([0, 0, 30, 7200]))
    def next_hop_accepts(self, pick: int, ago: int) -> None:
        number, relay = self.outbox.pop(pick % len(self.outbox))
        self.taken.append((number, relay))
        name = "interim" if relay.interim else relay.template
        event = Delivered(self.now - timedelta(seconds=ago), name, relay.round_trip, relay.entry)
        self.happens(self.cases[number], event)

    @precondition(lambda self: self.outbox)
    @rule(pick=st.integers(0, 9))
    def next_hop_refuses(self, pick: int) -> None:
        number, relay = self.outbox.pop(pick % len(self.outbox))
        self.comes_back(number, relay, bounced=False)

    @precondition(lambda self: self.taken)
    @rule(pick=st.integers(0, 9))
    def reply_bounces(self, pick: int) -> None:
        number, relay = self.taken.pop(pick % len(self.taken))
        self.comes_back(number, relay, bounced=True)

    def comes_back(self, number: int, relay: Relay, *, bounced: bool) -> None:
        name = "interim" if relay.interim else relay.template
        other = any(one.is_open and one.number != number for one in self.cases.values())
        event = Failed(self.now, name, "user_unknown", relay.round_trip, relay.entry, bounced, other)
        self.happens(self.cases[number], event)

    @precondition(lambda self: self.cases)
    @rule(pick=st.integers(0, 9), template=st.sampled_from(FAILING))
    def template_bounces(self, pick: int, template: str) -> None:
        case = self.one(pick)
        self.happens(case, Failed(self.now, template, "mailbox_full", bounced=True))
        if case.state == "waiting_desk":
            assert self.cases[case.number] == case  # M4: on the desk's turn it changes no state

    @precondition(lambda self: self.cases)
    @rule(pick=st.integers(0, 9), name=st.sampled_from(sorted(ORDERS)))
    def staff_order(self, pick: int, name: str) -> None:
        case = self.one(pick)
        argument = {"decline": "prank", "assign": "sato@desk.example", "accept_address": "h@new.example"}.get(name, "")
        if name == "reopen" and not case.is_open and any(one.is_open for one in self.cases.values()):
            return  # C8: the pipeline refuses it
        after = self.happens(case, Command(self.now, name, argument))
        assert after is not None
        if name in ("hold", "reopen"):
            self.taken_up.add(case.number)
        if name == "no_reply" and self.last.why in ("handed_back", "completed"):
            self.waiting[case.number] = 0

    @rule(seconds=SPANS, skip_close=st.booleans())
    def time_passes(self, seconds: int, skip_close: bool) -> None:
        """Everything that falls due on the way happens at its own instant; closing may have to wait for C6."""
        until = self.now + timedelta(seconds=seconds)
        for _ in range(400):
            found = [
                (at, kind, case.number)
                for case in self.cases.values()
                for kind, at in deadlines(case, self.desk).items()
                if at <= until and not (kind == "close" and skip_close)
            ]
            if not found:
                break
            at, kind, number = min(found)
            if kind == "urgent":  # K4 every half hour would be all there is: somebody takes it at last
                self.happens(self.cases[number], Due(at, kind))
                self.happens(self.cases[number], Command(at, "taken"))
                continue
            before = self.cases[number]
            after = self.happens(before, Due(at, kind))
            assert after is not None
            assert deadlines(after, self.desk).get(kind) != at, "a deadline happens once (C11)"
        self.now = until

    @rule(seconds=st.sampled_from([60, 3600, 86_400]))
    def clock_goes_back(self, seconds: int) -> None:
        self.now -= timedelta(seconds=seconds)

    @precondition(lambda self: self.cases)
    @rule(pick=st.integers(0, 9), kind=st.sampled_from(["close", "alert", "held", "urgent", "nonsense"]))
    def stale_deadline(self, pick: int, kind: str) -> None:
        """A row that was read before the case changed: a closing that is not due closes nothing (C4)."""
        case = self.one(pick)
        due = deadlines(case, self.desk).get(kind)
        if due is None or kind == "close":
            at = due - timedelta(seconds=1) if due else self.now
            assert self.happens(case, Due(at, kind)) == case

    # -- the shell ------------------------------------------------------------------------------------------------

    def one(self, pick: int) -> Case:
        return self.cases[sorted(self.cases)[-1 - pick % len(self.cases)]]

    def happens(self, case: Case | None, event: Event) -> Case | None:
        decision = decide(case, event, self.desk)  # IllegalTransition would be raised here
        assert decide(case, event, self.desk) == decision, "pure"
        self.last = decision
        after = decision.case
        self.dispositions(event, decision)
        for action in decision.actions:
            assert action.template in LETTERS
            if isinstance(action, Letter):
                allowed = {one.name for one in LETTERS[action.template].variables}
                assert set(action.values) <= allowed | {"resend"}, action
        if after is None:
            assert case is None
            return None
        if after.number == 0:
            assert case is None or not case.is_open
            after = replace(after, number=len(self.cases) + 1)
            case = None
        self.cases[after.number] = after
        for action in decision.actions:
            if isinstance(action, Relay):
                assert action.entry <= self.entry
                self.outbox.append((after.number, action))
        if case is not None:
            self.steps(case, event, after)
        return after

    def dispositions(self, event: Event, decision: Decision) -> None:
        if isinstance(event, ClientMail | Reply | Command):
            assert decision.disposition in DISPOSITIONS
        else:
            assert decision.disposition is None

    def steps(self, before: Case, event: Event, after: Case) -> None:
        assert after.number == before.number
        assert after.opened == before.opened
        if before.is_open:
            assert after.client_seconds >= before.client_seconds, "the client's days add up (C5)"
        if isinstance(event, Due) and before.is_open and not after.is_open:
            assert before.state in ("intake", "waiting_client"), "no clock closes on the desk's turn"
            assert not before.crisis, "no clock closes a crisis (K2)"
            assert after.reason in ("silence", "intake_silence", "client_days")
        if not after.is_open and before.is_open and after.reason == "completed":
            assert not before.crisis or (isinstance(event, Command) and event.name == "clear_crisis")
            assert self.waiting.get(after.number, 0) == 0 or isinstance(event, Command)
        if isinstance(event, Reply) and event.interim:
            assert (after.completed, after.round_trip) == (before.completed, before.round_trip)  # C14
        rejected = isinstance(event, ClientMail) and self.last.disposition == "rejected"
        if rejected and before.bounced is None:  # else the reply that goes again has a round trip of its own (M4)
            assert (after.completed, after.round_trip) == (before.completed, before.round_trip)  # A1

    # -- what always holds ----------------------------------------------------------------------------------------

    @invariant()
    def every_case(self) -> None:
        for case in getattr(self, "cases", {}).values():
            self.consistent(case)
        assert sum(one.is_open for one in getattr(self, "cases", {}).values()) <= 1, "one open case (C8)"

    def consistent(self, case: Case) -> None:
        rules, due = self.desk.rules, deadlines(case, self.desk)
        limit = rules.round_trips
        assert 0 <= case.completed <= case.round_trip
        if limit:
            assert case.round_trip <= limit, "never more than the allowed round trips (C2)"
        assert (case.reason is None) == case.is_open == (case.closed is None)
        queued = sum(number == case.number for number, _ in self.outbox)
        assert case.queued_replies == queued, "queued replies are those in the outbox"
        assert (case.state_before is not None) == (case.state in ("held", "undeliverable"))
        assert (case.held_since is not None) == (case.state == "held")
        assert (case.clock_since is not None) == (case.state in ("intake", "waiting_client"))
        assert case.bounced is None or case.state not in ("intake", "waiting_client")
        if not case.is_open:
            assert due == {}
        if case.state == "waiting_client":
            assert case.unanswered_since is None
            assert not self.waiting.get(case.number), "the turn is not the client's while their mail waits"
            if (rules.silence_days or rules.client_days) and not case.crisis:
                assert "close" in due
            if limit and case.completed >= limit and not case.crisis and not case.queued_replies:
                # staff may take it up again; what follows is their decision, not the rule's
                assert case.number in self.taken_up, "the last reply was delivered, so the case is over (C3)"
        if case.state == "intake" and (rules.intake_silence_days or rules.client_days) and not case.crisis:
            assert "close" in due
        if case.state == "waiting_desk":
            assert "close" not in due
            assert case.round_trip >= 1
            assert "alert" in due or case.queued_replies, "nobody who waits is forgotten (C9)"
        if case.state == "held":
            assert set(due) <= {"held", "urgent"}
            assert "held" in due, "staff are reminded of it (C16)"
        if case.state == "undeliverable":
            assert set(due) <= {"urgent"}, "clocks stand still (M4)"
        if "close" in due and case.clock_since is not None:
            assert due["close"] > case.clock_since - timedelta(seconds=0), "no turn of the client ends before it begins"


def test_every_order_is_played() -> None:
    assert {kind for _, kind in TRANSITIONS} >= {"reopen", "no_reply", "hold", "close", "note"}


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
