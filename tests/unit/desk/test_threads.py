"""Which case a mail belongs to: the policy of M2, D2, C3, C7, C8 and K2 as a table, and the subject tag."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lives import CLIENT, at

from maild.desk.case import Case
from maild.desk.threads import Route, joins_closed, registered, route, tag, tagged

NOW = at("2026-02-01 10:00")
HOUR = timedelta(hours=1)
OTHER = "mallory@other.example"


def case(number: int, state: Any = "waiting_desk", reason: Any = None, **given: Any) -> Case:
    closed = NOW - HOUR if state == "closed" else None
    base = Case(number, "soudan", CLIENT, NOW - timedelta(days=40), state, reason, closed)
    return replace(base, **given)


def closed(number: int, reason: str, **given: Any) -> Case:
    return case(number, "closed", reason, **given)


def went(sender: str, claimed: Case | None, own: list[Case], *, crisis: bool = False, when: datetime = NOW) -> str:
    """``join 1``, ``new <2`` (linked to 2), ``new``, ``third_party``."""
    found = route(sender, when, claimed, own, crisis=crisis)
    number = found.case.number if found.case is not None else None
    if found.kind == "third_party":
        return "third_party"
    return f"{found.kind} {'<' if found.kind == 'new' else ''}{number}" if number else found.kind


OPEN = case(2)
COMPLETED = closed(1, "completed", last_delivered=NOW - HOUR)
SILENT = closed(1, "silence")
ENDED = closed(1, "service_ended")
DECLINED = closed(1, "declined")


@pytest.mark.parametrize(
    ("claimed", "own", "plain", "crisis"),
    [
        (None, [], "new", "new"),
        (None, [OPEN], "join 2", "join 2"),  # C8: a mail without any sign joins the one open case
        (OPEN, [OPEN], "join 2", "join 2"),
        (None, [COMPLETED], "new <1", "new <1"),  # C3: continues nothing
        (COMPLETED, [COMPLETED], "join 1", "new <1"),  # C3; K2 never joins the case it claims
        (COMPLETED, [OPEN, COMPLETED], "join 2", "join 2"),
        (None, [SILENT], "new <1", "new <1"),  # C8
        (SILENT, [SILENT], "new <1", "new <1"),
        (DECLINED, [DECLINED], "join 1", "new <1"),  # D1
        (None, [DECLINED], "new <1", "new <1"),
        (ENDED, [ENDED], "join 1", "new <1"),  # C12
        (None, [ENDED], "join 1", "new <1"),
        (ENDED, [closed(3, "counselor"), ENDED], "join 1", "new <1"),
        (closed(1, "counselor"), [closed(1, "counselor")], "new <1", "new <1"),
        (closed(1, "client_request"), [closed(1, "client_request")], "new <1", "new <1"),
        (closed(1, "erased"), [closed(1, "erased")], "new <1", "new <1"),
    ],
)
def test_c3_c8_k2_the_table(claimed: Case | None, own: list[Case], plain: str, crisis: str) -> None:
    assert went(CLIENT, claimed, own) == plain
    assert went(CLIENT, claimed, own, crisis=True) == crisis


@pytest.mark.parametrize("victim", [OPEN, COMPLETED, SILENT, DECLINED])
def test_d2_another_address_never_joins(victim: Case) -> None:
    mine = replace(case(9), client=OTHER)
    assert went(OTHER, victim, []) == "third_party"
    assert went(OTHER, victim, [mine]) == "third_party"
    assert went(OTHER, victim, [], crisis=True) == "new", "a case of its own, never joined to the one it claims (K2)"
    assert went(OTHER, victim, [mine], crisis=True) == "join 9"
    assert went(OTHER, victim, [replace(COMPLETED, number=8, client=OTHER)], crisis=True) == "new <8"


def test_d2_an_accepted_address_is_the_clients() -> None:
    known = case(2, addresses=(OTHER,))
    assert registered(known, OTHER)
    assert not registered(OPEN, OTHER)
    assert went(OTHER, known, []) == "join 2"


@pytest.mark.parametrize("reason", ["silence", "intake_silence", "client_days"])
def test_c7_in_time_for_a_case_that_a_clock_closed_meanwhile(reason: str) -> None:
    late = closed(1, reason)
    assert went(CLIENT, None, [late], when=NOW - HOUR - timedelta(microseconds=1)) == "join 1"
    assert went(CLIENT, late, [late], when=NOW - HOUR) == "new <1", "the closing instant itself is too late"
    assert went(CLIENT, late, [OPEN, late], when=NOW - 2 * HOUR) == "join 2", "one open case at most (C8)"


def test_c7_what_crossed_the_last_reply() -> None:
    assert joins_closed(COMPLETED, NOW - HOUR - timedelta(seconds=1))
    assert not joins_closed(COMPLETED, NOW - HOUR)
    assert went(CLIENT, None, [COMPLETED], when=NOW - 2 * HOUR) == "join 1"
    assert not joins_closed(closed(1, "counselor", last_delivered=NOW), NOW - HOUR)


@given(
    st.sampled_from([None, OPEN, COMPLETED, SILENT, DECLINED, ENDED]),
    st.lists(st.sampled_from([OPEN, COMPLETED, SILENT, DECLINED, ENDED]), max_size=3),
    st.booleans(),
    st.sampled_from([CLIENT, OTHER]),
    st.integers(-3, 3),
)
def test_d2_nobody_joins_a_case_that_is_not_theirs(
    claimed: Case | None, own: list[Case], crisis: bool, sender: str, hours: int
) -> None:
    mine = [replace(one, client=sender) for one in own]
    found = route(sender, NOW + hours * HOUR, claimed, mine, crisis=crisis)
    assert isinstance(found, Route)
    if found.kind == "join":
        assert found.case is not None
        assert registered(found.case, sender)
    if crisis:
        assert found.kind != "third_party"
        assert found.kind == "new" or (found.case is not None and found.case.is_open)


@pytest.mark.parametrize(
    ("subject", "number"),
    [
        ("Re: [受付 12] ご相談", 12),
        ("Re: ［受付　１２］ご相談", 12),
        ("RE: 【受付12】", 12),
        ("[Ref 7] your message", 7),
        ("[ref #7]", 7),
        ("[No.3]", 3),
        ("[受付 1234567890123]", None),
        ("受付 12", None),
        ("[受付 12", None),
        ("[受付 -1]", None),
        ("", None),
        ("x" * 3000 + "[受付 12]", None),
    ],
)
def test_m2_the_subject_tag(subject: str, number: int | None) -> None:
    assert tagged(subject) == number


@given(st.integers(0, 999_999_999_999), st.sampled_from(["ja", "en"]))
def test_m2_what_we_print_we_read(number: int, language: str) -> None:
    assert tagged(f"Re: {tag(number, language)} x") == number


@pytest.mark.parametrize("unit", ["[受付 ", "[受付\u3000", "[", " ", "[Ref#", "\ufdfa", "[受付 1", "9"])
def test_m6_hostile_subjects_are_read_in_linear_time(unit: str) -> None:
    assert tagged((unit * 200_000)[:200_000]) is None
