"""``maild client`` through its real entry (rules D4, S1, S3, C15, P2a)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from cli_office import CLIENT, COUNSELOR, DESK, OTHER, WHOLE, Office

from maild.store import Incoming

REASON = ("--reason", "迷惑行為")


def test_suspend_closes_the_case_and_the_client_hears_of_it_once(office: Office) -> None:
    office.mail()
    assert office.run("client", "suspend", CLIENT, "--desk", "soudan", *REASON)[0] == 0
    assert (office.case().state, office.case().reason) == ("closed", "suspended")
    office.later(days=3)
    before = len(office.sent)
    assert [office.mail(), office.mail("もう一度送ります。")] == ["suspended", "suspended"]
    assert [one.template for one in office.sent[before:]] == ["suspended"]  # D4: once, and not passed on
    assert office.run("client", "lift", CLIENT)[0] == 0
    assert office.mail("こんにちは。") == "accepted"
    code, _, err = office.run("client", "lift", CLIENT)
    assert code == 1 and "not suspended" in err
    assert office.actions() == ["client_suspended", "suspended", "suspension_lifted"]


def test_until_counts_the_whole_day(office: Office) -> None:
    office.mail()
    today = (office.now + timedelta(days=2, hours=9)).date()  # in Japan
    last = today + timedelta(days=4)
    assert office.run("client", "suspend", "1", *REASON, "--until", last.isoformat())[0] == 0
    store = office.store()
    with store.read() as tx:
        found = tx.suspension("soudan", CLIENT, office.now + timedelta(days=3))
    store.close()
    assert found is not None and found.until is not None
    assert (found.until + timedelta(hours=9)).date() == last + timedelta(days=1)
    assert (found.until + timedelta(hours=9)).time().isoformat() == "00:00:00"
    code, _, err = office.run("client", "suspend", "1", *REASON, "--until", "2020-01-01")
    assert code == 2 and "over already" in err


def test_restrict_leaves_the_case_open(office: Office) -> None:
    office.mail()
    assert office.run("client", "suspend", "1", *REASON, "--restrict")[0] == 0
    assert office.case().is_open


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("suspend", CLIENT, "--reason", "なんとなく"), "迷惑行為"),
        (("suspend", CLIENT), "suspend_reasons"),
        (("suspend", "花子", *REASON), "neither"),
        (("suspend", "a b@c.example", *REASON), "neither"),
        (("suspend", "99", *REASON), "no case 99"),
        (("lift", CLIENT, "--desk", "nowhere"), "soudan"),
        (("suspend", CLIENT, *REASON, "--until", "morgen"), "no day"),
    ],
)
def test_a_mistake_is_explained_and_changes_nothing(office: Office, arguments: tuple[str, ...], words: str) -> None:
    office.mail()
    code, _, err = office.run("client", *arguments)
    assert code == 2 and words in err
    assert office.case().is_open and office.actions() == []


def test_an_address_is_found_however_it_is_written(office: Office) -> None:
    office.mail()
    assert office.run("client", "suspend", "HANAKO@Phone.Example", *REASON)[0] == 0
    assert not office.case().is_open


def test_erase_takes_the_texts_and_tells_the_client(office: Office) -> None:
    office.mail()
    office.reply("お返事です。")
    office.mail(sender=OTHER)
    before = len(office.sent)
    code, out, _ = office.run("client", "erase", CLIENT, "--desk", "soudan")
    assert code == 0 and "1 case" in out
    office.later(days=3)
    office.work()
    assert office.to(CLIENT, before) == ["erased"]
    case = office.case()
    assert (case.state, case.reason, case.client, case.name) == ("closed", "erased", "", None)
    assert office.case(2).client == OTHER
    (row,) = office.rows("case", "show", "1", "--texts")
    assert row["erased"] and not [one for one in row["entries"] if one["text"]]
    assert "眠れ" not in json.dumps(row, ensure_ascii=False) and CLIENT not in json.dumps(row)
    assert "erased" in office.actions(1)
    # the number stays taken, and who writes again begins anew
    assert office.mail(WHOLE + "また書きます。") == "accepted"
    assert office.case(3).client == CLIENT
    assert office.run("case", "reopen", "1")[0] == 2


def test_a_suspension_survives_erasure(office: Office) -> None:
    office.mail()
    assert office.run("client", "suspend", CLIENT, *REASON)[0] == 0
    assert office.run("client", "erase", CLIENT)[0] == 0
    office.later(days=3)
    assert office.mail("もう一度書きます。") == "suspended"  # S1: as a keyed hash


def test_an_erased_mail_in_quarantine_goes_too_and_nobody_elses(office: Office) -> None:
    office.mail()
    store = office.store()
    raw = f"From: =?utf-8?b?6Iqx5a2Q?= <{CLIENT.upper()}>\r\nTo: {DESK}\r\n\r\nbroken".encode()
    mine, other = store.accept(
        [
            Incoming("smtp", office.now, "", (DESK,), raw),
            Incoming("smtp", office.now, OTHER, (DESK,), raw.replace(CLIENT.upper().encode(), OTHER.encode())),
        ]
    )
    for number in (mine, other):
        store.quarantine(number, "unreadable", office.now)
    store.close()
    assert office.run("client", "erase", CLIENT)[0] == 0
    store = office.store()
    assert [row.id for row in store.quarantined()] == [other]
    store.close()


def test_erasing_nothing_is_said_and_nobody_gets_a_mail(office: Office) -> None:
    office.mail()
    code, _, err = office.run("client", "erase", OTHER)
    assert code == 1 and "holds nothing" in err
    office.later(days=3)
    office.work()
    assert office.to(OTHER) == [] and office.actions() == []
    assert office.run("client", "erase", "1")[0] == 0
    code, _, err = office.run("client", "erase", "1")
    assert code == 2 and "erased" in err


def test_export_holds_the_clients_own_data_and_no_staff(office: Office) -> None:
    office.mail()
    office.reply("ゆっくり休んでください。")
    office.reply("#メモ\n家族のことは触れない。")
    assert office.run("case", "hold", "1", "--reason", "上司に相談")[0] == 0
    code, out, _ = office.run("client", "export", CLIENT)
    assert code == 0
    found = json.loads(out)
    (case,) = found["cases"]
    assert found["address"] == CLIENT and case["items"]["name"] == "花子" and case["terms_version"] == "2026-04"
    assert "眠れません" in case["received"][0]["text"]
    assert any("休んで" in one["text"] for one in case["sent"]) and len(case["sent"]) == 2
    assert not [word for word in (COUNSELOR, "佐藤", "家族のこと", "上司") if word in out]  # P2a
    assert "exported" in office.actions(1)
    code, out, _ = office.run("client", "export", OTHER)
    assert code == 0 and json.loads(out)["cases"] == []
    assert office.actions().count("exported") == 2
