"""The table of transitions, the page made from it, and what the table itself promises."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from maild.desk.case import State
from maild.desk.transitions import EVENTS, TRANSITIONS, IllegalTransition, check, diagram

PAGE = Path(__file__).parents[3] / "docs" / "transitions.md"
STATES: list[State] = ["intake", "waiting_desk", "waiting_client", "held", "undeliverable", "closed"]


def rows() -> list[str]:
    """The table in words, one row a pair of state and event, as the page prints it."""
    found = []
    for event, words in EVENTS.items():
        for before in (None, *STATES):
            afters = TRANSITIONS.get((before, event))
            if afters is not None:
                names = sorted("no case" if after is None else f"`{after}`" for after in afters)
                found.append(f"| {words} | {f'`{before}`' if before else 'no case'} | {', '.join(names)} |")
    return found


def test_the_page_shows_the_table_as_it_is() -> None:
    """To write it anew: put what ``diagram()`` and ``rows()`` give between the marks."""
    page = PAGE.read_text(encoding="utf-8")
    assert f"```mermaid\n{diagram()}```\n" in page
    shown = [line for line in page.splitlines() if line.startswith("| ") and line.count("|") == 4]
    assert shown[2:] == rows()


@pytest.mark.parametrize("state", STATES)
def test_every_event_has_words_and_every_state_a_way_in_and_out(state: State) -> None:
    assert {event for _, event in TRANSITIONS} == set(EVENTS)
    assert any(state in afters for (before, _), afters in TRANSITIONS.items() if before != state)
    assert any(before == state and afters - {state} for (before, _), afters in TRANSITIONS.items())


@pytest.mark.parametrize("state", ["waiting_desk", "held", "undeliverable"])
def test_no_clock_closes_where_the_client_is_not_to_move(state: State) -> None:
    assert TRANSITIONS[state, "due"] == {state}


def test_k2_a_crisis_always_comes_to_the_desk() -> None:
    for before in (None, *STATES):
        assert TRANSITIONS[before, "crisis"] == {"waiting_desk"}


def test_a1_a_rejected_first_mail_opens_no_case() -> None:
    assert TRANSITIONS[None, "rejected"] == {None}


def test_a_closed_case_is_left_only_by_a_mail_a_bounce_or_a_person() -> None:
    leaving = {event for (before, event), afters in TRANSITIONS.items() if before == "closed" and afters - {"closed"}}
    assert leaving == {"mail", "crisis", "rejected", "failed", "reopen"}


@pytest.mark.parametrize(
    ("before", "event", "after"),
    [("waiting_desk", "due", "closed"), ("closed", "resend", "closed"), (None, "reply", "waiting_desk")],
)
def test_a_step_outside_the_table_is_a_fault_of_ours(before: str | None, event: str, after: str) -> None:
    with pytest.raises(IllegalTransition) as caught:
        check(before, event, after)  # type: ignore[arg-type]
    assert re.fullmatch(r"[\w -]+>[\w -]+", str(caught.value)), "states and events only: no personal data (S2)"


def test_a_step_of_the_table_passes() -> None:
    check("waiting_desk", "delivered", "waiting_client")
