"""The shipped desks: each config is good, its scenario plays every rule it names, and nothing leaks on the way.

A row of the tables below is a step of the scenario: its dispositions, the templates that went to clients, those that
went to staff (at least; the digest is left out), and the cases that changed, as "number state-or-reason round-trip
closes-on flags".
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

TOP = Path(__file__).resolve().parents[1]
EXAMPLES = TOP / "examples"

RALTAN = (
    ("accepted", "ack", "notice", "1 waiting_desk 1"),
    ("accepted", "", "notice", ""),
    ("command", "", "command_result", ""),
    ("accepted", "reply", "delivered", ""),
    ("accepted", "reply", "delivered", "1 waiting_client 1 02-12"),
    ("accepted", "reply", "delivered", "1 waiting_client 1 02-13"),
    ("accepted", "ack", "notice", "1 waiting_desk 2"),
    ("automatic", "", "", ""),
    ("refused", "", "reply_held", ""),
    ("accepted", "reply", "delivered", "1 waiting_client 2 02-16"),
    ("accepted", "ack", "notice", "1 waiting_desk 3"),
    ("command", "", "command_result", "1 waiting_client 2 02-17"),
    ("accepted", "ack", "notice", "1 waiting_desk 3"),
    ("accepted", "final_reply", "delivered", "1 completed 3"),
    ("accepted", "", "notice", ""),
    ("accepted", "limit_reached", "notice", ""),
    ("accepted", "", "notice", ""),
    ("accepted", "intake_missing", "", "2 intake 0 02-24"),
    ("accepted", "ack", "notice", "2 waiting_desk 1"),
    ("accepted", "reply", "command_result delivered", "2 waiting_client 1 02-26"),
    ("accepted", "ack", "notice", "2 waiting_desk 2 wish_end"),
    ("command", "closed_by_counselor", "command_result", "2 client_request 2 wish_end"),
    ("accepted", "intake_missing", "", "3 intake 0 02-27"),
    ("accepted", "intake_missing", "", "4 intake 0 02-28"),
    ("accepted", "intake_missing", "", ""),
    ("accepted", "ack", "notice", "4 waiting_desk 1 incomplete"),
    ("command", "declined_out_of_scope", "command_result", "4 declined 1 incomplete"),
    ("accepted", "declined_out_of_scope", "", ""),
    ("accepted", "", "", ""),
    ("accepted", "ack", "notice", "5 waiting_desk 1"),
    ("accepted", "ack", "notice", "6 waiting_desk 1"),
    ("accepted", "reply", "delivered", "5 waiting_client 1 02-29"),
    ("accepted", "reply", "delivered", "6 waiting_client 1 02-29"),
    ("rejected", "attachment_rejected", "", ""),
    ("accepted", "ack", "notice", "7 waiting_desk 1"),
    ("accepted", "reply", "delivered", "7 waiting_client 1 03-03"),
    ("accepted", "ack", "notice", "8 waiting_desk 1"),
    ("accepted", "", "notice", ""),
    ("refused", "", "reply_held", ""),
    ("accepted", "reply", "delivered", "8 waiting_client 1 03-05"),
    ("refused", "", "reply_held", ""),
    ("third_party", "third_party", "notice_third_party", ""),
    ("accepted", "ack", "notice", "8 waiting_desk 2"),
    ("command", "", "command_result", ""),
    ("accepted", "", "notice", ""),
    ("third_party", "", "notice_third_party", ""),
    ("accepted", "reply", "delivered", "8 waiting_client 2 03-06"),
    ("command", "closed_by_counselor", "command_result", "8 counselor 2"),
    ("automatic", "", "", ""),
    ("accepted", "ack", "notice", "9 waiting_desk 1"),
    ("command", "", "command_result", "9 suspended 1"),
    ("suspended", "suspended", "", ""),
    ("suspended", "", "", ""),
    ("accepted", "ack", "notice", "10 waiting_desk 1"),
    ("duplicate", "", "", ""),
    ("refused", "", "", ""),
    ("automatic", "", "", ""),
    ("refused", "", "command_result", ""),
    ("command", "", "command_result", ""),
    ("refused", "", "reply_held", ""),
    ("accepted", "resend_received", "alert_waiting alert_waiting alert_waiting operator_alert alert_waiting", ""),
    ("accepted", "reply", "delivered", "10 waiting_client 1 03-22"),
    ("bounce", "", "", ""),
    ("accepted", "reply", "delivered", "10 waiting_client 1 03-24"),
    ("bounce", "", "delivery_failed", "10 undeliverable 1"),
    ("accepted", "reply", "notice delivered", "10 waiting_desk 1"),
    ("command", "", "command_result", "10 held 1"),
    ("accepted", "closed_silence ack", "notice", "3 intake_silence 0, 5 waiting_desk 2"),
    ("", "closed_silence", "", "6 silence 1"),
    ("accepted", "ack", "notice", "11 waiting_desk 1"),
    ("rejected", "attachment_rejected", "", "7 waiting_client 1 03-08"),
    ("accepted", "reply", "delivered", "5 waiting_client 2 04-01"),
    ("accepted", "", "notice", "11 waiting_desk 1 wish_erase"),
    ("command", "closed_by_counselor", "command_result", "11 client_request 1 wish_erase"),
    ("accepted", "", "alert_waiting notice", "10 waiting_desk 1"),
    ("command", "ask_doctor", "command_result", ""),
    ("accepted", "reply", "delivered", "10 waiting_client 1 04-02"),
    ("command", "closed_by_counselor", "command_result", "10 counselor 1"),
    ("accepted", "ack", "notice", "5 waiting_desk 3"),
    ("accepted", "final_reply", "delivered", "5 completed 3"),
    ("bounce", "", "delivery_failed", "5 undeliverable 3"),
    ("accepted", "final_reply", "notice delivered", "5 waiting_desk 3"),
    ("accepted", "final_reply", "delivered", "5 completed 3"),
    ("accepted", "crisis_ack", "notice_urgent notice_urgent", "7 waiting_desk 2 crisis"),
    ("command", "", "notice_urgent command_result", ""),
    ("accepted", "", "notice_urgent notice_urgent", ""),
    ("accepted", "reply", "delivered", "7 waiting_client 2 crisis"),
    ("accepted", "ack", "notice", "7 waiting_desk 3 crisis"),
    ("accepted", "final_reply", "delivered", "7 completed 3"),
    ("accepted", "crisis_ack", "notice_urgent notice_urgent", "12 waiting_desk 1 crisis"),
    ("accepted", "reply", "delivered", "12 waiting_client 1 crisis"),
    ("accepted", "crisis_ack", "notice_urgent notice_urgent", "13 waiting_desk 1 crisis"),
    ("command", "declined_crisis", "command_result", "13 declined 1"),
    ("command", "", "command_result", "12 waiting_client 1 04-10"),
    ("accepted", "intake_missing", "", "14 intake 0 04-19"),
    ("accepted", "closed_silence intake_missing", "", "12 silence 1, 14 intake 0 05-18"),
    ("accepted", "ack", "notice", "14 waiting_desk 1"),
    ("accepted", "reply", "delivered", "14 waiting_client 1 06-17"),
    ("accepted", "ack", "notice", "14 waiting_desk 2"),
    ("accepted", "reply", "delivered", "14 waiting_client 2 06-20"),
    ("", "closed_silence", "", "14 client_days 2"),
    ("accepted", "ack", "notice", "15 waiting_desk 1"),
)
CHIBA = (
    ("accepted", "ack", "notice", "1 waiting_desk 1"),
    ("accepted", "terms_changed reply", "delivered", "1 waiting_client 1"),
    ("accepted", "ack", "notice", "1 waiting_desk 2"),
    ("accepted", "reply", "alert_waiting delivered", "1 waiting_client 2"),
    ("accepted", "ack", "notice", "1 waiting_desk 3"),
    ("accepted", "reply", "command_result delivered", "1 waiting_client 3"),
    ("accepted", "ack", "notice", "1 waiting_desk 4"),
    ("accepted", "reply", "delivered", "1 waiting_client 4"),
    ("accepted", "ack", "notice", "1 waiting_desk 5"),
    ("command", "", "command_result", "1 waiting_client 4"),
    ("command", "closed_by_counselor", "command_result", "1 counselor 4"),
    ("rejected", "attachment_rejected", "", ""),
    ("accepted", "ack", "notice", "2 waiting_desk 1"),
    ("command", "", "command_result", ""),
    ("command", "", "command_result", "2 suspended 1"),
    ("suspended", "suspended", "", ""),
    ("suspended", "", "", ""),
    ("accepted", "ack", "notice", "3 waiting_desk 1"),
    ("command", "", "command_result", "3 declined 1 spam"),
    ("accepted", "ack", "notice", "4 waiting_desk 1"),
    ("command", "declined_abuse", "command_result", "4 declined 1"),
    ("accepted", "crisis_ack", "notice_urgent notice_urgent", "5 waiting_desk 1 crisis"),
    ("command", "", "notice_urgent command_result", ""),
    ("accepted", "reply", "delivered", "5 waiting_client 1 crisis"),
    ("accepted", "ack", "notice", "5 waiting_desk 2 crisis"),
    ("accepted", "reply", "delivered", "5 waiting_client 2"),
)
TABLES = {"raltan": RALTAN, "chiba": CHIBA}
ROWS = [(name, number) for name, table in TABLES.items() for number in range(len(table))]


def maild(*arguments: str) -> str:
    """What a command prints; it must succeed and say nothing on stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "maild", *arguments], cwd=TOP, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def paths(name: str) -> tuple[str, str, str]:
    return f"examples/{name}.scenario.toml", "--config", f"examples/{name}.toml"


@cache
def played(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in maild("rehearse", *paths(name), "--json").splitlines()]


@cache
def config(name: str) -> dict[str, Any]:
    return tomllib.loads((EXAMPLES / f"{name}.toml").read_text("utf-8"))


def mails(name: str, audience: str) -> list[dict[str, Any]]:
    return [mail for row in played(name) for mail in row["sent"] if mail["audience"] == audience]


def told(case: dict[str, Any]) -> str:
    words = [str(case["case"]), case["reason"] or case["state"], str(case["round_trip"])]
    words += [case["closes_on"][5:]] if case["closes_on"] else []
    return " ".join([*words, *(["+".join(case["flags"])] if case["flags"] else [])])


def changed(name: str, number: int) -> str:
    rows = played(name)
    before = {told(case) for case in rows[number - 1]["cases"]} if number else set()
    return ", ".join(one for one in map(told, rows[number]["cases"]) if one not in before)


def comments(name: str) -> list[str]:
    """The comment above each step."""
    text = (EXAMPLES / f"{name}.scenario.toml").read_text("utf-8")
    return [above.rsplit("\n\n", 1)[-1] for above in re.split(r"(?m)^\[\[step\]\]$", text)[:-1]]


# -- step by step ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLES)
def test_as_many_steps_as_rows(name: str) -> None:
    assert len(played(name)) == len(TABLES[name])


@pytest.mark.parametrize(("name", "number"), ROWS, ids=[f"{name}-{number}" for name, number in ROWS])
def test_step(name: str, number: int) -> None:
    dispositions, clients, staff, cases = TABLES[name][number]
    row = played(name)[number]
    why = comments(name)[number]
    assert " ".join(row["dispositions"]) == dispositions, why
    assert " ".join(one["template"] for one in row["sent"] if one["audience"] == "client") == clients, why
    sent = Counter(one["template"] for one in row["sent"] if one["audience"] != "client")
    assert not Counter(staff.split()) - sent, why
    assert changed(name, number) == cases, why


@pytest.mark.parametrize("name", TABLES)
def test_the_scenario_names_the_rules_it_plays(name: str) -> None:
    named = set(re.findall(r"\b[A-Z]\d{1,2}[ab]?\b", "".join(comments(name))))
    wanted = {
        "raltan": "C1 C2 C3 C4 C5 C8 C9 C10 C14 C15 C16 I1 I2 A1 A3 A4 K0 K2 K3 K4"
        " D1 D2 D3 D4 D6 M3 M4 M5 P2 P2b P3 P4 P5",
        "chiba": "C2 C3 C4 C5 C14 I1 A1 K1 K2 K4 D1 D4 P2 P4 S7",
    }
    assert not set(wanted[name].split()) - named


@pytest.mark.parametrize("name", TABLES)
def test_the_dialogue_shows_every_step(name: str) -> None:
    text = maild("rehearse", *paths(name))
    assert re.findall(r"(?m)^\[(\d+)\] \d{4}-\d\d-\d\d", text) == [str(number) for number in range(len(TABLES[name]))]


@pytest.mark.parametrize("name", TABLES)
def test_the_config_is_good(name: str) -> None:
    assert maild("check", "--config", f"examples/{name}.toml").startswith("config is good")


def test_conformance() -> None:
    check = TOP.parent / "shared" / "conformance" / "check"
    if not check.exists() or not (TOP / ".venv" / "bin" / "maild").exists():
        pytest.skip("the conformance check is not here")
    done = subprocess.run([sys.executable, str(check)], cwd=TOP, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "conforms"


# -- what holds in every mail ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLES)
def test_clients_see_the_desk_and_nobody_behind_it(name: str) -> None:
    """M7, P2, P2a: From is the desk, one recipient, and no counselor's name, address or inbox."""
    desk = config(name)["desk"][0]
    hidden = [one[key] for one in desk["counselor"] for key in ("name", "address")]
    hidden += [desk["shared_inbox"], *desk["on_call"], *config(name)["maild"]["operators"]]
    for mail in mails(name, "client"):
        shown = mail["subject"] + mail["text"] + json.dumps(mail["headers"], ensure_ascii=False)
        assert desk["address"] in mail["headers"]["From"]
        assert not {"Cc", "Bcc", "Reply-To", "Sender"} & mail["headers"].keys()
        assert not [one for one in hidden if one in shown], mail["template"]


@pytest.mark.parametrize("name", TABLES)
def test_counselors_never_see_an_address_of_a_client(name: str) -> None:
    """P1, P1a. A client may tell an address of somebody else in the text; their own is masked there too."""
    rows = tomllib.loads((EXAMPLES / f"{name}.scenario.toml").read_text("utf-8"))["step"]
    others = {"haha@home.example"}  # stands in a client's own words before it is accepted
    clients = {row["mail"]["from"] for row in rows if "mail" in row} - others
    for mail in mails(name, "counselor"):
        shown = mail["subject"] + mail["text"] + json.dumps(mail["headers"], ensure_ascii=False)
        assert not [one for one in clients if one in shown], mail["template"]


@pytest.mark.parametrize("name", TABLES)
def test_only_people_write_without_auto_submitted(name: str) -> None:
    """M3: template mails say that a machine wrote them; a counselor's reply does not."""
    for mail in mails(name, "client"):
        by_hand = mail["template"] in ("reply", "final_reply")
        assert ("Auto-Submitted" in mail["headers"]) != by_hand, mail["template"]


@pytest.mark.parametrize("name", TABLES)
def test_subjects_to_clients_are_neutral(name: str) -> None:
    """P10: families share phones."""
    for mail in mails(name, "client"):
        assert not re.search("相談|死|自殺|至急|危機|お断り", mail["subject"]), mail["template"]


# -- what a newcomer is told to look for -------------------------------------------------------------------------------


def step(name: str, words: str) -> dict[str, Any]:
    """The row of the step whose mail holds these words."""
    rows = tomllib.loads((EXAMPLES / f"{name}.scenario.toml").read_text("utf-8"))["step"]
    found = [
        n for n, row in enumerate(rows) if words in (row.get("mail") or row.get("counselor") or {}).get("text", "")
    ]
    assert found, words
    return played(name)[found[0]]


def text(row: dict[str, Any], template: str) -> str:
    return "".join(one["text"] for one in row["sent"] if one["template"] == template)


def test_the_footer_names_the_leap_day_with_its_year() -> None:
    """C4: delivered 30 January 23:50, thirty days, a leap year."""
    assert "2028年2月29日" in text(step("raltan", "三年のあいだ、続けてきたこと"), "reply")


def test_the_footer_names_the_day_on_which_the_ninety_days_end() -> None:
    """C5: sooner than thirty days."""
    assert "2028年6月20日" in text(step("raltan", "眠れるようになったのは"), "reply")


def test_only_what_is_missing_is_asked_for() -> None:
    """I1, I2: sex, age and region stood in a sentence."""
    asked = text(step("raltan", "三重県に住む25歳の男性です"), "intake_missing")
    assert "名前" in asked
    assert not [word for word in ("性別", "年齢", "地域") if word in asked]


def test_a_stranger_is_told_nothing_about_a_case() -> None:
    """D2: neither that it exists nor that it does not."""
    row = step("raltan", "息子の代わりに書いています")
    (answer,) = [one for one in row["sent"] if one["audience"] == "client"]
    assert answer["case"] is None
    assert "8" not in answer["subject"] + answer["text"].split("----")[0].replace("soudan@raltan.example", "")


def test_a_reply_goes_to_the_registered_address_alone() -> None:
    """D3: a Reply-To elsewhere, and a second address that was accepted, change nothing."""
    row = step("raltan", "お母さんの送り迎え")
    assert [one["to"] for one in row["sent"] if one["audience"] == "client"] == ["ren@pc.example"]


def test_nothing_of_an_attachment_is_passed_on() -> None:
    """A1, A4: neither its name nor its bytes."""
    everything = json.dumps(played("raltan"), ensure_ascii=False)
    assert not [one for one in ("note.jpg", "成績.pdf", "heya.jpg", "annai.pdf") if one in everything]


def test_the_crisis_letter_names_every_hotline_and_is_sent_once_a_day() -> None:
    """K2, K3."""
    told = text(step("raltan", "親にばれました"), "crisis_ack")
    assert not [line["name"] for line in config("raltan")["desk"][0]["hotline"] if line["name"] not in told]
    assert text(step("raltan", "だれか読んでいますか"), "crisis_ack") == ""


def test_waiting_is_told_to_staff_and_at_last_to_operators() -> None:
    """C9: after 3, 7 and 9 days."""
    row = next(row for row in played("raltan") if any(one["template"] == "resend_received" for one in row["sent"]))
    due = [(one["at"][5:10], one["audience"]) for one in row["sent"] if one["template"].endswith(("waiting", "alert"))]
    assert due == [
        ("02-13", "counselor"),
        ("02-17", "counselor"),
        ("02-19", "counselor"),
        ("02-19", "operator"),
        ("02-20", "counselor"),
    ]


def test_a_forged_mail_gets_no_answer_and_is_marked() -> None:
    """D6, M10: our own mail server says that DMARC failed."""
    row = step("raltan", "これまでのやりとりを全部送ってください")
    assert [one["template"] for one in row["sent"]] == ["notice_third_party"]
    assert "なりすまし" in row["sent"][0]["text"]
    assert changed("raltan", row["step"]) == ""


def test_the_digest_comes_on_working_mornings_and_names_who_waits() -> None:
    """P7: 08:30, Monday to Friday, not on holidays; only to the shared inbox."""
    digests = [one for one in mails("raltan", "counselor") if one["template"] == "digest"]
    days = {one["at"][:10] for one in digests}
    assert {one["to"] for one in digests} == {"counselors@raltan.example"}
    assert {"2028-02-17", "2028-02-18"} <= days
    # a Saturday, a Sunday, National Foundation Day, Greenery Day
    assert not {"2028-02-19", "2028-02-20", "2028-02-11", "2028-05-04"} & days
    (morning,) = [one for one in digests if one["at"].startswith("2028-02-17")]
    assert morning["at"][11:16] == "08:30"
    assert "葵" in morning["text"]


@pytest.mark.parametrize("name", TABLES)
def test_the_first_acknowledgement_says_what_must_be_said(name: str) -> None:
    """T, C1: how long it takes, from where it comes, that mail can be misread, who decides, what it costs."""
    desk = config(name)["desk"][0]
    first = next(one["text"] for one in mails(name, "client") if one["template"] == "ack")
    said = ("数日", desk["address"], "受け取れる設定", "10日", "思いちがい", "決めるのはあなた", "通信料", "同意")
    assert not [word for word in (*said, desk["rules"]["closing_days"]) if word not in first]


def test_the_terms_in_force_are_named_and_their_change_is_told() -> None:
    """S7: before the first date the earliest version; after the second, the second."""
    assert "2025-09-26" in text(step("chiba", "工場で働いて四年"), "ack")
    later = text(step("chiba", "半分出してくれる"), "ack")
    assert "2025-10-24" in later and "変わりました" in later


def test_a_coming_version_of_the_terms_is_announced_to_open_cases_once() -> None:
    """S7: with its day, before that day."""
    told = [one for one in mails("chiba", "client") if one["template"] == "terms_changed"]
    assert [one["case"] for one in told] == [1]
    assert told[0]["at"] < "2025-10-24" and "2025年10月24日" in told[0]["text"]


def test_a_desk_without_limits_names_none() -> None:
    """C: a limit of 0 means none."""
    for mail in mails("chiba", "client"):
        assert not re.search(r"往復|までお待ち|日を過ぎると|\d日のあいだ", mail["text"]), mail["template"]


# -- the configs themselves --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLES)
def test_every_address_is_an_example(name: str) -> None:
    for file in (
        f"{name}.toml",
        f"{name}.scenario.toml",
        *(f"terms/{one.name}" for one in (EXAMPLES / "terms").iterdir()),
    ):
        for domain in re.findall(r"@([\w.-]+)", (EXAMPLES / file).read_text("utf-8")):
            assert domain.endswith(".example"), (file, domain)


@pytest.mark.parametrize("name", TABLES)
def test_rules_stand_one_to_a_line(name: str) -> None:
    """interfaces.md, "The shipped desks": so that one can be changed by hand or by a line of sed."""
    text = (EXAMPLES / f"{name}.toml").read_text("utf-8")
    block = text.split("[desk.rules]\n", 1)[1].split("\n[", 1)[0]
    lines = [line for line in block.splitlines() if line and not line.startswith("#")]
    assert all(re.match(r"[a-z_]+ = \S", line) for line in lines)
    assert {line.split(" = ")[0] for line in lines} == set(config(name)["desk"][0]["rules"])


def test_the_figures_of_the_two_services() -> None:
    """Seeds 000 and 004: what has a number or a list is a key."""
    raltan, chiba = (config(name)["desk"][0]["rules"] for name in ("raltan", "chiba"))
    figures = ("round_trips", "silence_days", "client_days", "resend_after_days", "alert_days", "attachments")
    assert [raltan[key] for key in figures] == [3, 30, 90, 10, [3, 7, 9], "reject"]
    assert [item["item"] for item in raltan["required"]] == ["name", "sex", "age", "region", "content"]
    assert len(raltan["disclosure_grounds"]) == 5
    assert [chiba[key] for key in ("round_trips", "silence_days", "client_days", "required")] == [0, 0, 0, []]
    assert len(chiba["suspend_reasons"]) == 10
    terms = config("chiba")["desk"][0]["terms"]
    assert [one["effective"].isoformat() for one in terms] == ["2025-09-26", "2025-10-24"]
    assert len({(EXAMPLES / one["file"]).read_bytes() for one in terms}) == 2


def test_terms_are_in_our_own_words() -> None:
    """No line of the seeds stands in the project."""
    seeds = TOP.parent / "shared" / "seeds"
    if not seeds.is_dir():
        pytest.skip("the seeds are not here")
    known = re.sub(r"\s", "", "".join(one.read_text("utf-8") for one in seeds.iterdir()))
    for file in (EXAMPLES / "terms").iterdir():
        own = re.sub(r"\s", "", file.read_text("utf-8"))
        copied = [own[n : n + 25] for n in range(len(own) - 25) if own[n : n + 25] in known]
        assert not copied, file.name
