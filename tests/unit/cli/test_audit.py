"""``maild audit`` through its real entry (rules S5, S2)."""

from __future__ import annotations

import json
import sqlite3

from cli_office import CLIENT, COUNSELOR, OTHER, Office


def test_the_trail_of_a_case(office: Office) -> None:
    office.mail()
    office.mail(sender=OTHER)
    office.reply("お返事です。")
    assert office.run("case", "close", "1")[0] == 0
    rows = office.rows("audit", "show", "--case", "1")
    assert {row["case"] for row in rows} == {1}
    assert (rows[-1]["actor"], rows[-1]["action"]) == ("operator", "closed")
    every = office.rows("audit", "show")
    assert len(every) > len(rows) and [row["id"] for row in every] == list(range(1, len(every) + 1))
    printed = json.dumps(every, ensure_ascii=False) + office.run("audit", "show")[1]
    assert not [word for word in (CLIENT, COUNSELOR, "花子", "佐藤") if word in printed]


def test_a_change_is_found(office: Office) -> None:
    office.mail()
    code, out, _ = office.run("audit", "verify")
    assert code == 0 and "whole" in out
    path = office.root / "var" / "maild.db"
    with sqlite3.connect(path) as database:
        database.execute("DROP TRIGGER audit_no_update")
        (action,) = database.execute("SELECT action FROM audit WHERE id = 1").fetchone()
        database.execute("UPDATE audit SET action = 'nothing' WHERE id = 1")
    code, out, err = office.run("audit", "verify")
    assert code == 1 and "audit row 1" in err and "whole" not in out
    code, out, _ = office.run("audit", "verify", "--json")
    assert code == 1 and json.loads(out)["good"] is False
    code, out, _ = office.run("doctor")
    assert code == 1 and "FAIL  audit" in out
    with sqlite3.connect(path) as database:
        database.execute("UPDATE audit SET action = ? WHERE id = 1", (action,))
    assert office.run("audit", "verify")[0] == 0
