"""A notice cannot be delivered, or would go to somebody who has left: another way (rules P8, P9, C9)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from counselor_mail import CLIENT, FIRST, SATO, START, SUZUKI, two_counselors

from maild.app.assembly import build_world, open_store
from maild.compose import Draft, compose
from maild.operate.rehearse import read_message
from maild.pipeline import Clearance, Pipeline
from maild.store import Incoming, SentMail, Store

INBOX, DESK = "inbox@soudan.example", "soudan@soudan.example"


class Office:
    """A pipeline whose outgoing mail is looked at; what is sent to ``lost`` comes back."""

    def __init__(self, folder: Path) -> None:
        config = two_counselors()
        maild = replace(
            config.maild, data_dir=folder, database=f"sqlite:///{folder}/m.db", key_file=folder / "key", key_create=True
        )
        self.config = replace(config, maild=maild)
        self.store: Store = open_store(self.config)
        self.pipeline = Pipeline(build_world(self.config), self.store)

    def receive(self, sender: str, raw: bytes, now: datetime = START) -> list[str]:
        self.store.accept([Incoming("t", now, sender, (DESK,), raw)])
        return self.pipeline.receive(self.store.take(50, now), now, Clearance(reads=(now,)))

    def sent(self, now: datetime = START) -> list[tuple[str, str, SentMail]]:
        """Deliver all there is: recipient, template, mail."""
        found = []
        for claimed in self.store.claim(now, 100):
            self.store.sent(claimed.id, now, "250")
            with self.store.read() as tx:
                mail = tx.outgoing(claimed.id)
                assert mail is not None and mail.data
                found.append((mail.recipient, mail.template, mail))
        self.pipeline.settle(now)
        return found

    def bounced(self, mail: SentMail) -> None:
        head = mail.data.split(b"\r\n\r\n", 1)[0]
        report = (
            f"From: MAILER-DAEMON@relay.example\r\nTo: {DESK}\r\nSubject: failed\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n'
            "Content-Type: text/plain\r\n\r\nLost.\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
            f"Reporting-MTA: dns; relay.example\r\n\r\nFinal-Recipient: rfc822; {mail.recipient}\r\n"
            "Action: failed\r\nStatus: 5.2.2\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        ).encode()
        assert self.receive("", report + head + b"\r\n\r\n--b--\r\n") == ["bounce"]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    one = Office(tmp_path)
    yield one
    assert one.store.check_consistency() == []
    one.store.close()


def letter(sender: str, text: str, subject: str = "はじめまして") -> bytes:
    return compose(Draft("<m1@phone.example>", "", sender, DESK, subject, text, START, "Asia/Tokyo"))


def test_p8_a_notice_that_bounces_takes_another_way(office: Office) -> None:
    office.receive(CLIENT, letter(CLIENT, FIRST))
    (notice,) = [mail for to, template, mail in office.sent() if (to, template) == (INBOX, "notice")]
    office.bounced(notice)
    again = office.sent()
    ways = {*office.config.desks[0].on_call, SATO, SUZUKI}
    assert {to for to, template, _ in again if template == "notice"} == ways
    assert {to for to, template, _ in again if template == "operator_alert"} == set(office.config.maild.operators)
    assert all("不安です" in read_message(mail.data)[1] for _, template, mail in again if template == "notice")
    with office.store.read() as tx:
        case = tx.case(1)
    assert case is not None and case.state == "waiting_desk"
    later = START + timedelta(days=3)
    assert office.pipeline.sweep(later, Clearance(reads=(later,))) >= 1
    assert (INBOX, "alert_waiting") in {(to, template) for to, template, _ in office.sent(later)}, "C9 runs on"


def test_p8_every_other_way_lost_as_well_ends(office: Office) -> None:
    office.receive(CLIENT, letter(CLIENT, FIRST))
    (notice,) = [mail for _, template, mail in office.sent() if template == "notice"]
    office.bounced(notice)
    for _, template, mail in office.sent():
        if template == "notice":
            office.bounced(mail)
    assert {template for _, template, _ in office.sent()} == {"operator_alert"}


def test_p8_a_strangers_mail_reaches_a_person_too(office: Office) -> None:
    office.receive(CLIENT, letter(CLIENT, FIRST))
    office.sent()
    other = "okaa@else.example"
    raw = letter(other, "娘のことで書きます。", "Re: [受付 1] お返事です").replace(b"<m1@", b"<m2@")
    assert office.receive(other, raw) == ["third_party"]
    (shown,) = [mail for _, template, mail in office.sent() if template == "notice_third_party"]
    office.bounced(shown)
    again = [mail for _, template, mail in office.sent() if template == "notice_third_party"]
    assert {mail.recipient for mail in again} == {*office.config.desks[0].on_call, SATO, SUZUKI}
    assert all("1番の続きのように見えます" in read_message(mail.data)[1] for mail in again)


def test_p9_what_was_assigned_to_a_counselor_who_left_goes_to_the_shared_inbox(office: Office) -> None:
    office.receive(CLIENT, letter(CLIENT, FIRST))
    (notice,) = [mail for _, template, mail in office.sent() if template == "notice"]
    order = Draft(
        "<o1@soudan.example>", "", SATO, DESK, "Re:", "#担当 鈴木一郎", START, "Asia/Tokyo", notice.message_id
    )
    assert office.receive(SATO, compose(order)) == ["command"]
    office.sent()
    office.receive(CLIENT, letter(CLIENT, "もう一つあります。").replace(b"<m1@", b"<m2@"))
    assert {to for to, template, _ in office.sent() if template == "notice"} == {SUZUKI}
    desk = office.config.desks[0]
    stayed = replace(desk, counselors=tuple(one for one in desk.counselors if one.address != SUZUKI))
    office.pipeline = Pipeline(build_world(replace(office.config, desks=(stayed,))), office.store)
    office.receive(CLIENT, letter(CLIENT, "まだ待っています。").replace(b"<m1@", b"<m3@"))
    assert {to for to, _, _ in office.sent()} == {INBOX}
