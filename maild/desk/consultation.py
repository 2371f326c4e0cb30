"""The rule book of a consultation desk: ``decide(case, event, desk) -> Decision``, pure.

The states and steps stand in ``transitions``; the clocks in ``deadlines``. This module only sends each event to the
rule that owns it and holds the result against the table.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from maild.desk import client_mail, orders, outcomes
from maild.desk.actions import Decision
from maild.desk.case import Case
from maild.desk.deadlines import alerts_passed, local_date
from maild.desk.events import ClientMail, Command, Delivered, Due, Event, Failed, Reply
from maild.desk.rules import Desk
from maild.desk.terms import said
from maild.desk.transitions import check
from maild.mail.values import replace


def decide(case: Case | None, event: Event, desk: Desk) -> Decision:
    """What follows from ``event`` for ``case`` (None: the event opens one or there is none).

    Raises ``IllegalTransition`` where the rules contradict the table of transitions; the caller changes nothing then.
    """
    before = case.state if case is not None else None
    match event:
        case ClientMail():
            kind, decision = client_mail.decide(case, event, desk)
        case Reply():
            kind, decision = "reply", outcomes.reply(_present(case), event, desk)
        case Delivered():
            kind, decision = "delivered", outcomes.delivered(_present(case), event, desk)
        case Failed():
            kind, decision = "failed", outcomes.failed(_present(case), event, desk)
        case Due():
            kind, decision = "due", outcomes.due(_present(case), event, desk)
        case Command():
            kind, decision = orders.decide(_present(case), event, desk)
    zone = ZoneInfo(desk.timezone)
    decision = said(decision, desk.terms, local_date(event.at, zone))
    after = decision.case
    if before == "held" and after is not None and after.state == "waiting_desk":
        decision = replace(decision, case=replace(after, alerts=alerts_passed(after, desk.rules, zone, event.at)))
    check(before, kind, decision.case.state if decision.case is not None else None)
    return decision


def _present(case: Case | None) -> Case:
    if case is None:
        raise ValueError("this event needs a case")
    return case
