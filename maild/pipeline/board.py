"""What the board of a shared inbox has to hear of: a case that stands elsewhere now, or a new mail about one."""

from __future__ import annotations

from datetime import datetime

from maild.desk import board
from maild.desk.case import Case
from maild.pipeline.world import World
from maild.store import Transaction


def moved(transaction: Transaction, world: World, case: Case, now: datetime) -> None:
    """Remember where the case belongs if that is about to change; called before the case is put."""
    if case.desk not in world.boards:
        return
    before = transaction.case(case.number)
    if before is None or board.spot(before) != board.spot(case):
        _remember(transaction, case, now)


def mail_queued(transaction: Transaction, world: World, number: int, now: datetime) -> None:
    """A new mail to the shared inbox: it belongs where its case is, as far as this transaction has got."""
    case = transaction.case(number) if world.boards else None
    if case is not None and case.desk in world.boards:
        _remember(transaction, case, now)


def _remember(transaction: Transaction, case: Case, now: datetime) -> None:
    transaction.remember(board.key(case.desk, case.number), board.spot(case).kept(now))
