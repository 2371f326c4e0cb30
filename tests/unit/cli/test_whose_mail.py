"""Which desk a mail is for where no envelope says it, and what never stands before who waits (rules M1, P1, C9)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from email.message import EmailMessage

import pytest
from cli_office import CLIENT, CONFIG, DESK, INBOX, OPS, WHOLE, Office

from maild.app.addresses import desk_of
from maild.config import load
from maild.pipeline import Clearance, Pipeline
from maild.receive.addressee import addressees, header_of
from maild.store import Incoming
from maild.store.instants import micros

WORK, WORK_INBOX = "work@desk.example", "work-inbox@desk.example"
MAILBOX = """
[[receive.imap]]
host = "127.0.0.1"
security = "none"
username = "work"
password_file = "secret"
"""
SECOND = f"""
[[desk]]
name = "work"
kind = "consultation"
address = "{WORK}"
shared_inbox = "{WORK_INBOX}"
[[desk.counselor]]
name = "高橋"
address = "takahashi@desk.example"
[[desk.terms]]
version = "2026-04"
effective = 2026-04-01
file = "terms.txt"
"""


@pytest.fixture
def two(office: Office) -> Office:
    (office.root / "secret").write_text("x\n", "utf-8")
    (office.root / "secret").chmod(0o600)
    office.config.write_text(CONFIG.replace("[send]", f"{MAILBOX}\n[send]") + SECOND, "utf-8")
    return office


def arrive(office: Office, to: str, recipients: tuple[str, ...] = (), source: str = "") -> list[str]:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = CLIENT, to, "はじめまして"
    message["Message-ID"] = "<one@phone.example>"
    message.set_content(WHOLE)
    store = office.store()
    try:
        source = source or load(office.config).receive.imap[0].source
        store.accept([Incoming(source, office.now, None, recipients, message.as_bytes())])
        return office.work(store)
    finally:
        store.close()


def test_m1_a_mailbox_that_belongs_to_a_desk_says_whose_its_mail_is(two: Office) -> None:
    two.config.write_text(
        two.config.read_text("utf-8").replace('username = "work"', 'username = "work"\ndesk = "work"')
    )
    assert arrive(two, "alias@pref.example") == ["accepted"]
    assert two.to(INBOX) == [] and "notice" in two.to(WORK_INBOX)
    assert two.case().desk == "work"


@pytest.mark.parametrize("to", [DESK, f"{DESK}, {WORK}"])
def test_m1_nor_does_its_header_say_otherwise(two: Office, to: str) -> None:
    two.config.write_text(
        two.config.read_text("utf-8").replace('username = "work"', 'username = "work"\ndesk = "work"')
    )
    assert arrive(two, to) == ["accepted"]
    assert two.to(INBOX) == [] and two.case().desk == "work"


def test_m1_whose_nobody_can_tell_is_shown_to_no_desk_but_told_of(two: Office) -> None:
    assert arrive(two, "alias@pref.example") == ["quarantined"]
    assert two.to(INBOX) == [] == two.to(WORK_INBOX)
    assert "operator_alert" in two.to(OPS)
    store = two.store()
    assert [row.reason for row in store.quarantined()] == ["no_desk"]
    store.close()
    # the operator says whose mailbox it is, and releases it
    two.config.write_text(
        two.config.read_text("utf-8").replace('username = "work"', 'username = "work"\ndesk = "work"')
    )
    two.world = None
    assert two.run("quarantine", "release", "1")[0] == 0
    assert two.work() == ["accepted"] and two.case().desk == "work"


def test_p1_mail_for_a_desk_that_is_gone_goes_to_no_other(two: Office) -> None:
    two.config.write_text(CONFIG, "utf-8")  # desk work was taken out after the mail had been accepted
    assert arrive(two, WORK, (WORK,), "pipe") == ["quarantined"]
    assert two.to(INBOX) == []


def test_one_desk_has_all_mail_without_an_envelope(office: Office) -> None:
    assert arrive(office, "alias@pref.example", (), "imap:x") == ["accepted"]


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (f"To: {DESK}", (DESK,)),
        (f"To: {DESK}, {WORK}", (DESK, WORK)),
        (f"To: a@b.example\r\nCc: 窓口 <{WORK}>", (WORK,)),
        (f"Delivered-To: {WORK}\r\nTo: {DESK}", (WORK,)),
        (f"X-Original-To: {WORK}\r\nDelivered-To: box@x.example\r\nTo: {DESK}", (WORK,)),
        (f"Delivered-To: {WORK}\r\nDelivered-To: {DESK}", (WORK,)),  # the last server wrote the first
        ("To: undisclosed-recipients:;", ()),
        (f"Subject: x\r\n\r\nTo: {DESK}", ()),
    ],
)
def test_m2_what_the_header_says(header: str, found: tuple[str, ...]) -> None:
    assert addressees(header_of(f"{header}\r\n\r\nx".encode()), lambda one: one in (DESK, WORK)) == found


@pytest.mark.parametrize("address", [DESK, "Soudan@desk.example", "soudan@DESK.example", "SOUDAN@Desk.Example"])
def test_m2_an_address_is_ours_in_whatever_case_it_is_written(office: Office, address: str) -> None:
    config = load(office.config)
    assert desk_of(config, address) == "soudan"
    assert desk_of(config, f"x{address}") is None and desk_of(config, "soudan+x@desk.example") is None
    office.config.write_text(CONFIG.replace(DESK, address), "utf-8")
    assert desk_of(load(office.config), address) == "soudan"


def test_c9_closings_that_must_wait_hold_up_nobody(office: Office) -> None:
    """C6: no source was read, so nothing is closed; 300 of them stand before an alert that is due."""
    store = office.store()
    text = WHOLE.encode()
    head = f"To: {DESK}\r\nContent-Type: text/plain; charset=utf-8\r\nFrom: ".encode()
    mails = [head + f"<c{number}@phone.example>\r\n\r\n".encode() + text for number in range(301)]
    store.accept([Incoming("smtp", office.now, None, (DESK,), raw) for raw in mails])
    Pipeline(office._world(), store).receive(store.take(400, office.now), office.now, Clearance(reads=(office.now,)))
    store.close()
    with closing(sqlite3.connect(office.root / "var" / "maild.db")) as database, database:
        database.execute("DELETE FROM deadline WHERE case_number < 301 OR kind != 'alert'")
        # due after the last time a source was read, before the alert
        row = "INSERT INTO deadline (case_number, kind, at) SELECT number, 'close', ? FROM cases WHERE number < 301"
        database.execute(row, (micros(office.now + timedelta(hours=1)),))
    later = office.now + timedelta(days=5)
    store = office.store()
    try:
        assert Pipeline(office._world(), store).sweep(later, Clearance(reads=(office.now,))) == 1
        assert "alert_waiting" in {one.template for one in store.claim(later, 2000) if one.recipient == INBOX}
    finally:
        store.close()
