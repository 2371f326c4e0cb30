"""``maild case`` through its real entry (rules C8, C16, P4, M4, S2, S5)."""

from __future__ import annotations

import json

import pytest
from cli_office import CLIENT, COUNSELOR, OTHER, WHOLE, Office


def test_a_list_holds_numbers_and_dates_and_nothing_personal(office: Office) -> None:
    office.mail()
    office.mail(sender=OTHER)
    office.reply("お返事です。")
    rows = office.rows("case", "list")
    assert [(row["case"], row["state"], row["round_trip"]) for row in rows] == [
        (1, "waiting_desk", 1),
        (2, "waiting_client", 1),
    ]
    assert rows[0]["waiting_since"] is not None and rows[0]["closes_on"] is None
    assert rows[1]["waiting_since"] is None and rows[1]["closes_on"] is not None
    printed = json.dumps(rows, ensure_ascii=False) + office.run("case", "list")[1]
    assert "花子" not in printed and "@" not in printed


def test_a_list_can_be_narrowed(office: Office) -> None:
    office.mail()
    office.mail(sender=OTHER)
    assert office.run("case", "close", "1")[0] == 0
    numbers = {
        state: [row["case"] for row in office.rows("case", "list", "--state", state)]
        for state in ("open", "all", "closed", "held", "waiting_desk")
    }
    assert numbers == {"open": [2], "all": [1, 2], "closed": [1], "held": [], "waiting_desk": [2]}
    assert [row["case"] for row in office.rows("case", "list", "--desk", "soudan")] == [1, 2]
    code, _, err = office.run("case", "list", "--desk", "nowhere")
    assert code == 2 and "soudan" in err
    assert office.run("case", "list", "--state", "sleeping")[0] == 2


def test_show_tells_dates_only_and_texts_on_request_with_an_audit_line(office: Office) -> None:
    office.mail()
    office.reply("ゆっくり休んでください。")
    code, plain, _ = office.run("case", "show", "1")
    assert code == 0 and "waiting_client" in plain
    (row,) = office.rows("case", "show", "1")
    assert [one["kind"] for one in row["entries"]] == ["client", "reply"]
    assert {"ack", "notice", "reply"} <= {one["template"] for one in row["letters"]}
    for printed in (plain, json.dumps(row, ensure_ascii=False)):
        assert not [word for word in ("花子", "眠れ", "休んで", CLIENT, COUNSELOR) if word in printed]
    assert office.actions(1) == []
    (row,) = office.rows("case", "show", "1", "--texts")
    assert row["client"] == CLIENT and row["items"]["name"] == "花子"
    assert "眠れません" in row["entries"][0]["text"] and "休んで" in row["entries"][1]["text"]
    assert "眠れません" in office.run("case", "show", "1", "--texts")[1]
    assert office.actions(1) == ["texts_shown", "texts_shown"]  # S5


@pytest.mark.parametrize("order", ["show", "close", "hold", "reopen"])
def test_a_case_that_is_not_there(office: Office, order: str) -> None:
    office.mail()
    code, out, err = office.run("case", order, "7")
    assert (code, out) == (2, "") and "no case 7" in err


def test_close_tells_the_client_once_and_is_no_answer_to_a_mail(office: Office) -> None:
    office.mail()
    before = len(office.sent)
    assert office.run("case", "close", "1", "--reason", "電話で済みました")[0] == 0
    office.later(days=3)
    office.work()
    assert office.to(CLIENT, before) == ["closed_by_counselor"]
    assert b"Auto-Submitted: auto-generated" in office.sent[-1].data  # M3
    case = office.case()
    assert (case.state, case.reason) == ("closed", "counselor")
    # the reason is kept with the case, not in the trail that outlives it (S3)
    (row,) = office.rows("case", "show", "1", "--texts")
    assert [one["text"] for one in row["entries"] if one["kind"] == "note"] == ["電話で済みました"]
    code, _, err = office.run("case", "close", "1")
    assert code == 1 and "nothing was done" in err
    office.work()
    assert office.to(CLIENT, before) == ["closed_by_counselor"]
    assert office.actions(1).count("closed") == 1


def test_hold_and_reopen(office: Office) -> None:
    office.mail()
    office.reply("お返事です。")
    before = len(office.sent)
    assert office.run("case", "hold", "1")[0] == 0
    assert office.case().state == "held" and office.case().clock_since is None  # C16
    assert office.run("case", "hold", "1")[0] == 1
    assert office.run("case", "reopen", "1")[0] == 0
    assert office.case().state == "waiting_client" and office.case().clock_since is not None
    assert office.run("case", "reopen", "1")[0] == 1
    office.later(days=3)
    office.work()
    assert office.to(CLIENT, before) == []


def test_a_closed_case_is_not_reopened_beside_an_open_one(office: Office) -> None:
    office.mail()
    assert office.run("case", "close", "1")[0] == 0
    office.later(days=3)
    office.mail(WHOLE + "べつの相談です。")
    assert office.case(2).state == "waiting_desk"
    code, _, err = office.run("case", "reopen", "1")
    assert code == 2 and "C8" in err
    assert office.run("case", "close", "2")[0] == 0
    assert office.run("case", "reopen", "1")[0] == 0
    assert office.case(1).is_open


def test_without_a_database_or_a_config_there_are_words_and_no_traceback(office: Office) -> None:
    code, _, err = office.run("case", "list")
    assert code == 2 and "no database yet" in err
    assert not (office.root / "var" / "maild.db").exists()
    office.config.unlink()
    code, _, err = office.run("case", "list")
    assert code != 0 and "does not exist" in err


def test_with_another_key_nothing_is_done(office: Office) -> None:
    office.mail()
    key = office.root / "var" / "maild.key"
    kept = key.read_bytes()
    key.write_bytes(bytes(reversed(kept.strip())) + b"\n")
    code, _, err = office.run("case", "close", "1")
    assert code != 0 and "key" in err
    key.write_bytes(kept)
    assert office.case().is_open
