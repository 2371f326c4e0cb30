"""Writers of several processes take turns (M1: a mail that was accepted is decided upon while others arrive)."""

from __future__ import annotations

import multiprocessing
import time
from itertools import pairwise
from multiprocessing.synchronize import Event
from pathlib import Path

from sqlalchemy import text

from maild.store.engine import Database

TURNS = 60


def _writes_without_pause(url: str, begun: Event, enough: Event) -> None:
    """As the process that talks does under load: a commit, and the next one at once."""
    database = Database(url)
    while not enough.is_set():
        with database.write() as connection:
            connection.execute(text("UPDATE turns SET taken = taken + 1"))
            time.sleep(0.002)  # of work, with the lock in its hand
        begun.set()
        time.sleep(0.0003)  # of work, without it


def test_whoever_waits_has_a_turn_beside_one_who_never_pauses(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'turns.db'}"
    database = Database(url)
    with database.write() as connection:
        connection.execute(text("CREATE TABLE turns (taken INTEGER NOT NULL)"))
        connection.execute(text("INSERT INTO turns VALUES (0)"))
    spawn = multiprocessing.get_context("spawn")
    begun, enough = spawn.Event(), spawn.Event()
    busy = spawn.Process(target=_writes_without_pause, args=(url, begun, enough))
    busy.start()
    try:
        assert begun.wait(60)
        taken = []
        for _ in range(TURNS):
            time.sleep(0.003)  # it decides, and comes while the other one writes
            with database.write() as connection:
                taken.append(int(connection.execute(text("SELECT taken FROM turns")).scalar_one()))
    finally:
        enough.set()
        busy.join(60)
        database.close()
    longest = max(after - before for before, after in pairwise(taken))
    assert longest < 40, taken  # three at most as a rule; hundreds where SQLite itself waits
