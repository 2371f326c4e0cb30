"""Which folder a case's notices belong into, and how that is remembered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.desk.board import CATEGORIES, Spot, key, number_of, prefix, read, spot
from maild.desk.case import Case, State

NOW = datetime(2026, 1, 10, 14, 50, tzinfo=UTC)
CASE = Case(number=1, desk="soudan", client="c@x.example", opened=NOW)


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"state": "intake"}, "answered"),  # the client is asked for what is missing
        ({"state": "waiting_desk"}, "waiting"),
        ({"state": "waiting_desk", "queued_replies": 1}, "waiting"),  # answered once it is delivered (C2)
        ({"state": "waiting_client"}, "answered"),
        ({"state": "waiting_client", "held_replies": (7,)}, "waiting"),  # #send is waited for (P5)
        ({"state": "waiting_client", "urgent_since": NOW}, "waiting"),  # nobody has answered #taken
        ({"state": "intake", "urgent_since": NOW}, "waiting"),
        ({"state": "held"}, "waiting"),
        ({"state": "undeliverable"}, "waiting"),
        ({"state": "confirmed"}, "answered"),
        ({"state": "closed"}, "closed"),
        ({"state": "closed", "held_replies": (7,), "urgent_since": NOW}, "closed"),
    ],
)
def test_where_a_case_stands(change: dict[str, Any], wanted: str) -> None:
    assert spot(replace(CASE, **change)).category == wanted


def test_every_state_has_a_place() -> None:
    assert {spot(replace(CASE, state=state)).category for state in get_args(State)} == set(CATEGORIES)


@pytest.mark.parametrize("state", get_args(State))
def test_urgent_is_what_is_flagged_and_not_cleared(state: State) -> None:
    assert spot(replace(CASE, state=state, flags=frozenset(("crisis", "incomplete")))).urgent
    assert not spot(replace(CASE, state=state, flags=frozenset(("incomplete",)))).urgent


@given(st.sampled_from(CATEGORIES), st.booleans(), st.datetimes(timezones=st.just(UTC)))
def test_what_is_kept_can_be_read(category: Any, urgent: bool, at: datetime) -> None:
    assert read(Spot(category, urgent).kept(at)) == Spot(category, urgent)


def test_two_changes_are_told_apart() -> None:
    assert Spot("closed").kept(NOW) != Spot("closed").kept(NOW.replace(microsecond=1))


@pytest.mark.parametrize("kept", ["", "held", "waiting:", "waiting:urgent:x", "waiting\n", "Waiting", "x" * 200_000])
def test_what_cannot_be_read_is_nothing(kept: str) -> None:
    assert read(kept) is None


@given(st.text(max_size=60))
def test_any_text_can_be_asked(kept: str) -> None:
    assert read(kept) is None or kept.startswith(CATEGORIES)
    assert number_of("soudan", kept) is None or kept.startswith("board:soudan:")


def test_keys() -> None:
    assert key("soudan", 12).startswith(prefix("soudan"))
    assert number_of("soudan", key("soudan", 12)) == 12
    assert number_of("sou", key("soudan", 12)) is None
    assert not key("soudan-b", 1).startswith(prefix("soudan"))
    for odd in ("board:soudan:", "board:soudan:x", "board:soudan:１", "board:soudan:" + "9" * 5000, "12"):
        assert number_of("soudan", odd) is None
