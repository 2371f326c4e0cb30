"""``maild outbox`` and ``maild quarantine`` tell a running daemon, and make no database of their own."""

from __future__ import annotations

import asyncio
import json

from cli_office import Office

from maild.operate.wake import listen


async def test_a_retry_is_heard(office: Office) -> None:
    office.mail()
    assert office.run("case", "close", "1")[0] == 0
    (waiting,) = json.loads(office.run("outbox", "list", "--json")[1])
    heard = asyncio.Event()
    stop = await listen(office.root / "var", heard.set)
    code, out, _ = await asyncio.to_thread(office.run, "outbox", "retry", str(waiting["id"]))
    assert code == 0 and "due at once" in out
    async with asyncio.timeout(10):
        await heard.wait()
    stop()
    code, out, _ = office.run("outbox", "list")
    assert code == 0 and "due at once" in out and "1970" not in out


def test_nothing_is_made(office: Office) -> None:
    for command in ("outbox", "quarantine"):
        code, _, err = office.run(command, "list")
        assert code == 2 and "no database yet" in err
    assert not (office.root / "var" / "maild.key").exists()
