"""kill -9 under load: nothing accepted is lost, nobody hears twice, nothing lies in clear (rules M1, S1, S2)."""

from __future__ import annotations

import random
import threading
from collections import Counter
from pathlib import Path

import pytest

from daemon.letters import COUNSELOR, INBOX
from daemon.load import LOCAL, NAME, WORDS, Load, address
from daemon.running import Maild, until
from daemon.secrecy import in_clear

pytestmark = pytest.mark.daemon
KILLS = 30


def test_thirty_kills_under_load(maild: Maild) -> None:
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)
    print(f"seed {seed}")  # for whoever looks at a failure
    moment = threading.Event()
    maild.start()
    with Load(maild, 4) as load:
        until(lambda: load.acknowledged, "the load runs", show=maild.log)
        for kill in range(KILLS):
            moment.wait(chance.uniform(0, 1.0))  # no condition: any moment is a good one, before readiness too
            how = chance.choice(("main", "worker", "both", "both"))
            maild.kill(main=how != "worker", worker=how != "main")
            if how != "worker":
                maild.spawn()
            if kill % 5 == 4:  # now and then it gets through to work again
                seen = len(load.acknowledged)
                until(lambda seen=seen: len(load.acknowledged) > seen + 3, "mail is accepted again", show=maild.log)  # type: ignore[misc]
    print(f"{len(load.acknowledged)} mails, {load.repeated} of them handed over again")
    assert len(load.acknowledged) > KILLS and load.repeated  # or it has shown nothing
    until(maild.idle, "everything is decided and sent", show=maild.log, patience=120)
    everybody = {address(number) for number in load.acknowledged}
    with maild.store() as store:
        assert store.quarantined() == [], seed
        cases = {case.number: case.client for case in store.list_cases()}
        assert Counter(cases.values()) == Counter(everybody), seed  # each has one case, and nobody else has
        with store.read() as tx:
            kept = {number: [one.message_id for one in tx.entries(number) if one.kind == "client"] for number in cases}
        by_client = {address(number): message_id for number, message_id in load.acknowledged.items()}
        assert all(set(kept[number]) == {by_client[client]} for number, client in cases.items()), seed
    acks, notices = Counter[str](), Counter[str]()
    for message_id, recipient, subject in {
        (m["Message-ID"], str(m["To"]), str(m["Subject"])) for m in maild.outgoing()
    }:
        (notices if recipient == INBOX else acks)[subject if recipient == INBOX else recipient] += 1
        assert message_id
    assert acks == Counter(everybody), seed
    assert len(maild.sent_to(INBOX)) == sum(notices.values()) == len(cases), seed
    templates = Counter((row.case, row.template) for row in maild.delivered())
    assert templates == Counter((number, what) for number in cases for what in ("ack", "notice")), seed
    maild.stop()
    maild.sound()
    places = [maild.data, maild.logged]
    assert in_clear([LOCAL, "keitai.example", NAME, WORDS, "番目に書いて", COUNSELOR, "佐藤花子"], places) == []


def test_a_main_process_that_dies_leaves_no_second_worker(maild: Maild) -> None:
    maild.start()
    worker = maild.worker()
    maild.kill(worker=False)
    until(lambda: not worker.is_running(), "the worker has gone")
    maild.start()
    assert maild.worker().pid != worker.pid and len(maild.workers()) == 1


def test_the_search_finds_what_lies_in_clear(tmp_path: Path) -> None:
    for charset in ("utf-8", "utf-16-le", "iso-2022-jp", "cp932", "euc_jp"):
        (tmp_path / charset).write_bytes(b"\x00" + f"と{NAME}は".encode(charset) + b"\x00")
    import base64

    for shift in range(3):
        (tmp_path / f"base64-{shift}").write_bytes(base64.b64encode(b"x" * shift + f"{NAME}です".encode()))
    assert len(in_clear([NAME], [tmp_path])) == 8 and in_clear([WORDS], [tmp_path]) == []
