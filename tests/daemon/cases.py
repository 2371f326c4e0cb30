"""Cases that are older than a test: written into the store as the pipeline would have left them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from daemon.letters import WORDS
from daemon.running import Maild
from maild.config import load
from maild.desk.case import Case
from maild.desk.deadlines import deadlines
from maild.store import Entry


def silent_case(maild: Maild, client: str, answered: datetime, *, watched: datetime | None = None) -> int:
    """A case whose first reply was delivered at ``answered`` and whose client has not written since. All sources were
    read last at ``watched``: at that instant the daemon went down (default: a day after the reply)."""
    config = load(maild.config)
    (desk,) = config.desks
    opened = answered - timedelta(days=1)
    case = Case(
        number=0,
        desk=desk.name,
        client=client,
        opened=opened,
        state="waiting_client",
        name="花子",
        terms_version="2026-04",
        terms_told="2026-04",
        round_trip=1,
        completed=1,
        replies=1,
        last_delivered=answered,
        clock_since=answered,
        silence_from=answered,
        notices=1,
    )
    return _written(maild, case, deadlines(case, desk), watched or answered + timedelta(days=1))


def waiting_case(maild: Maild, client: str, since: datetime) -> int:
    """A client who has waited for a reply since then."""
    (desk,) = load(maild.config).desks
    case = Case(
        number=0,
        desk=desk.name,
        client=client,
        opened=since,
        state="waiting_desk",
        name="太郎",
        terms_version="2026-04",
        terms_told="2026-04",
        round_trip=1,
        unanswered_since=since,
        notices=1,
    )
    return _written(maild, case, deadlines(case, desk), since)


def _written(maild: Maild, case: Case, due: dict[str, datetime], watched: datetime) -> int:
    config = load(maild.config)
    sources = {one.source: 10.0 for one in config.receive.imap}
    if config.receive.smtp is not None:
        sources["smtp"] = 20.0
    with maild.store() as store:
        store.register_sources(sources)
        for name in sources:
            store.source_read(name, watched)
        with store.transaction() as tx:
            number = tx.new_number()
            entry = Entry(
                number, case.desk, case.opened, "client", "accepted", text=WORDS, own_text=WORDS, round_trip=1
            )
            kept = tx.record(entry)
            tx.put_case(replace(case, number=number, last_entry=kept), due)
    return number
