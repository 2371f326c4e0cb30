"""What a paused desk answers (rules C13): ``interrupted`` once to each client, in place of what says "we go on".

Letters that say what happened to a mail that was not taken (an attachment, a suspension, a third party, a closed case)
go as ever: ``interrupted`` says that the mail is kept, which would be untrue there. So do ``crisis_ack`` and replies.
What a client must know all the same is remembered and goes out when the desk resumes: the question for missing items,
without which their days would run for nothing (I1), and the first acknowledgement, which says what consent means (C1).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from maild.desk.actions import Action, Letter
from maild.desk.case import Case
from maild.desk.deadlines import local_date
from maild.desk.pause import Pause
from maild.pipeline.world import DeskWorld
from maild.store import Transaction

REPLACED = frozenset(
    ("ack", "intake_missing", "resend_received", "booking_received", "booking_items_missing", "booking_unavailable")
)
OWED = "owed:"


def pause_of(tx: Transaction, desk: str) -> Pause | None:
    """The pause of this desk, where it is paused."""
    found = tx.recall(f"paused:{desk}")
    return None if found is None else Pause.read(found)


def answering(tx: Transaction, case: Case | None, sender: str) -> Pause | None:
    """The pause, where what goes out answers the client of an open case of a paused desk."""
    if case is None or not sender or not case.is_open or sender not in (case.client, *case.addresses):
        return None
    return pause_of(tx, case.desk)


def instead(
    tx: Transaction, actions: Iterable[Action], case: Case, pause: Pause, here: DeskWorld, now: datetime
) -> tuple[tuple[Action, ...], Letter | None]:
    """What goes out for a client's mail; and ``interrupted``, where the mail was taken."""
    actions = tuple(actions)
    letters = [one for one in actions if isinstance(one, Letter)]
    if any(one.template in ("crisis_ack", "notice_urgent") for one in letters):
        return actions, None
    left_out = [one for one in letters if _replaced(one)]
    if not left_out and not any(one.template in ("notice", "alert_waiting") for one in letters):
        return actions, None
    _owe(tx, case, left_out)
    kept = tuple(one for one in actions if not (isinstance(one, Letter) and _replaced(one)))
    return kept, Letter("interrupted", values={"until": pause.told(local_date(now, here.zone))})


def _replaced(letter: Letter) -> bool:
    return letter.to == "client" and not letter.timer and letter.template in REPLACED


def _owe(tx: Transaction, case: Case, left_out: Iterable[Letter]) -> None:
    """Remember what this client must hear of when the desk resumes."""
    for one in left_out:
        if one.template == "intake_missing" or (one.template == "ack" and one.values.get("first")):
            tx.remember(f"{OWED}{case.desk}:{case.number}", json.dumps({"template": one.template}))


def owed(tx: Transaction, desk: str) -> dict[int, str]:
    """The letters that are owed: case to template."""
    prefix = f"{OWED}{desk}:"
    found = tx.recalled(prefix)
    return {int(key.removeprefix(prefix)): str(json.loads(value)["template"]) for key, value in found.items()}
