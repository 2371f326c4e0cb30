"""The daemon was away over a deadline (rules C6, C9, C11)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from daemon.cases import silent_case, waiting_case
from daemon.letters import INBOX, answer, first_mail, mail
from daemon.running import Maild, until

pytestmark = pytest.mark.daemon


def states(maild: Maild) -> dict[int, str]:
    with maild.store() as store:
        return {case.number: case.reason or case.state for case in store.list_cases()}


def test_all_that_fell_due_happens_once_and_in_order(maild: Maild) -> None:
    now = datetime.now(UTC)
    maild.write_config(rules="grace_hours = 0")
    younger = silent_case(maild, "younger@phone.example", now - timedelta(days=32))
    oldest = silent_case(maild, "oldest@phone.example", now - timedelta(days=38))
    middle = silent_case(maild, "middle@phone.example", now - timedelta(days=35))
    patient = silent_case(maild, "patient@phone.example", now - timedelta(days=20))
    maild.start()
    maild.mail_to("younger@phone.example")
    until(maild.idle, "nothing waits", show=maild.log)
    assert states(maild) == {younger: "silence", oldest: "silence", middle: "silence", patient: "waiting_client"}
    maild.stop()
    maild.start()  # and not again
    maild.send(first_mail("jiro@phone.example"))
    maild.mail_to("jiro@phone.example")
    until(maild.idle, "nothing waits", show=maild.log)
    closed = [row.case for row in sorted(maild.delivered(), key=lambda one: one.id) if row.template == "closed_silence"]
    assert closed == [oldest, middle, younger]
    with maild.store() as store:
        ends = {case.number: case.closed for case in store.list_cases() if case.closed is not None}
    assert ends[oldest] < ends[middle] < ends[younger] < now  # when they were due, not when we came round to it


def test_after_an_outage_the_grace_runs_first(maild: Maild) -> None:
    """With grace_hours = 24: the sending servers still try. What is no closing happens at once."""
    now = datetime.now(UTC)
    maild.write_config(rules="grace_hours = 24")
    silent = silent_case(maild, "silent@phone.example", now - timedelta(days=33))
    spoke = silent_case(maild, "spoke@phone.example", now - timedelta(days=33))
    waiting = waiting_case(maild, "waiting@phone.example", now - timedelta(days=4))
    maild.start()
    # the alert of C9 falls due later than both closings: when it is out, they were looked at and left
    maild.mail_to(INBOX)
    until(maild.idle, "nothing waits", show=maild.log)
    assert [row.template for row in maild.delivered()] == ["alert_waiting"]
    assert states(maild) == {silent: "waiting_client", spoke: "waiting_client", waiting: "waiting_desk"}
    # the mail that was on its way all the time still counts
    maild.send(
        answer(mail("soudan@desk.example", "spoke@phone.example", "x", "y"), "spoke@phone.example", "続きです。")
    )
    maild.mail_to(INBOX, 2)
    until(maild.idle, "nothing waits", show=maild.log)
    assert states(maild)[spoke] == "waiting_desk" and states(maild)[silent] == "waiting_client"
    assert maild.sent_to("silent@phone.example") == []
