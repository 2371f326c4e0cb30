"""Names of other open cases (rule P5): what is kept in memory says what the database says, whatever was done to it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from maild.desk.case import Case
from maild.desk.folded import fold
from maild.store import Store
from maild.store.transaction import Transaction
from store.working import DESK, NOW

NAMES = ("さくら", "ねこ", "山田 太郎", "Lucky", "健", "さくらんぼ")
TEXT = fold("さくらんぼさん、ねこさん、山田さん、luckyさん、健さん").text


def add(tx: Transaction, name: str | None, desk: str = DESK) -> int:
    number = tx.new_number()
    case = Case(number=number, desk=desk, client=f"c{number}@x.example", opened=NOW, state="waiting_desk", name=name)
    tx.put_case(case, {})
    return number


def change(tx: Transaction, number: int, name: str | None = None, *, close: bool = False) -> None:
    case = tx.case(number)
    assert case is not None
    closed = {"state": "closed", "reason": "completed", "closed": NOW} if close else {}
    tx.put_case(replace(case, name=name, **closed), {})  # type: ignore[arg-type]


def names(store: Store, besides: int = 0, desk: str = DESK) -> list[str]:
    with store.transaction() as tx:
        return tx.open_names_in(desk, TEXT, besides)


def plainly(store: Store, besides: int = 0, desk: str = DESK) -> list[str]:
    """The same by reading every open case."""
    with store.transaction() as tx:
        return sorted({case.name for case in tx.open_cases(desk) if case.name and case.number != besides})


def test_of_other_open_cases_of_the_desk(store: Store) -> None:
    with store.transaction() as tx:
        mine, other = add(tx, "さくら"), add(tx, "ねこ")
        add(tx, None)
        add(tx, "健", desk="another")
        assert tx.open_names_in(DESK, TEXT, mine) == ["ねこ"]  # not written yet, and already so
    assert names(store, mine) == ["ねこ"]
    assert names(store) == ["さくら", "ねこ"]
    assert names(store, desk="another") == ["健"]
    with store.transaction() as tx:
        change(tx, other, "Lucky")
        add(tx, "さくら")
        assert tx.open_names_in(DESK, TEXT, mine) == ["Lucky", "さくら"]
    assert names(store, mine) == ["Lucky", "さくら"]
    with store.transaction() as tx:
        change(tx, other, "Lucky", close=True)
    assert names(store, mine) == ["さくら"]
    with store.transaction() as tx:
        assert tx.open_names_in(DESK, fold("お元気ですか").text, mine) == []


def test_what_is_rolled_back_was_never_there(store: Store) -> None:
    with store.transaction() as tx:
        mine = add(tx, "さくら")
    for flushed in (False, True):
        with pytest.raises(ZeroDivisionError), store.transaction() as tx:
            add(tx, "ねこ")
            change(tx, mine, "Lucky")
            if flushed:
                tx.flush()
            assert "ねこ" in tx.open_names_in(DESK, TEXT, 0)
            raise ZeroDivisionError
        assert names(store) == ["さくら"]


def test_another_process_writes(open_store: Callable[[], Store]) -> None:
    store, other = open_store(), open_store()
    with store.transaction() as tx:
        number = add(tx, "さくら")
    assert names(store) == names(other) == ["さくら"]
    with other.transaction() as tx:
        add(tx, "ねこ")
    assert names(store) == ["さくら", "ねこ"]
    with other.transaction() as tx:
        change(tx, number, close=True)
    with store.transaction() as tx:  # ours comes after theirs
        add(tx, "健")
    assert names(store) == names(other) == ["ねこ", "健"]


def test_an_erased_name_is_gone(store: Store) -> None:
    with store.transaction() as tx:
        number = add(tx, "さくら")
    assert names(store) == ["さくら"]
    with store.transaction() as tx:
        tx.erase_case(number, NOW)
        assert tx.open_names_in(DESK, TEXT, 0) == []
    assert names(store) == []


@pytest.mark.parametrize("seed", range(12))
def test_whatever_was_done(open_store: Callable[[], Store], seed: int) -> None:
    dice = random.Random(seed)
    stores = (open_store(), open_store())
    known: list[int] = []
    for _ in range(40):
        store = stores[dice.random() < 0.15]
        made: list[int] = []
        try:
            with store.transaction() as tx:
                for _ in range(dice.randrange(4)):
                    name = dice.choice((*NAMES, None))
                    if not known or dice.random() < 0.4:
                        made.append(add(tx, name))
                    else:
                        change(tx, dice.choice(known), name, close=dice.random() < 0.2)
                    if dice.random() < 0.2:
                        tx.flush()
                    if dice.random() < 0.2:
                        tx.open_names_in(DESK, TEXT, 0)
                if dice.random() < 0.2:
                    raise ZeroDivisionError
            known += made
        except ZeroDivisionError:
            pass
        besides = dice.choice(known) if known else 0
        assert names(stores[0], besides) == plainly(stores[0], besides)


def test_a_reply_reads_no_other_case(store: Store) -> None:
    """Once the names are known, looking for them asks the database for nothing that grows with the cases."""
    with store.transaction() as tx:
        mine, *_ = [add(tx, name) for name in NAMES * 5]
    assert names(store)
    asked: list[str] = []

    def executed(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", executed)
    try:
        with store.transaction() as tx:
            tx.open_names_in(DESK, TEXT, mine)
            assert tx.last_case_number() == len(NAMES) * 5
    finally:
        event.remove(Engine, "before_cursor_execute", executed)
    assert not [statement for statement in asked if "cases" in statement], asked


def test_what_is_no_case_makes_nobody_read_them_anew(open_store: Callable[[], Store]) -> None:
    """The board and the sources of mail write often, in a process of their own."""
    store, other = open_store(), open_store()
    with store.transaction() as tx:
        add(tx, "さくら")
    assert names(store) == ["さくら"]
    with other.transaction() as tx:
        tx.remember("board", "filed")
    asked: list[str] = []

    def executed(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", executed)
    try:
        assert names(store) == ["さくら"]
    finally:
        event.remove(Engine, "before_cursor_execute", executed)
    assert not [statement for statement in asked if "cases" in statement], asked
