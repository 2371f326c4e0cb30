"""Start, stop, reload, and what systemd hears of it (rules M1, P9)."""

from __future__ import annotations

import signal

import pytest

from daemon.letters import COUNSELOR, DESK, INBOX, answer, first_mail
from daemon.relay import Relay
from daemon.running import Maild, quiet_port, until

pytestmark = pytest.mark.daemon
CLIENT = "hanako@phone.example"


def test_a_first_mail_is_acknowledged_and_shown(maild: Maild) -> None:
    maild.start()
    maild.send(first_mail(CLIENT))
    assert maild.mail_to(CLIENT)["From"].addresses[0].addr_spec == DESK
    assert CLIENT not in maild.mail_to(INBOX).as_string()


def test_systemd_hears_of_everything(maild: Maild) -> None:
    maild.environment["WATCHDOG_USEC"] = "200000"
    maild.start()
    maild.told("WATCHDOG=1")
    maild.told("WATCHDOG=1")
    maild.signal(signal.SIGHUP)
    assert any(one.startswith("MONOTONIC_USEC=") for one in maild.told("RELOADING=1"))
    maild.told("READY=1")
    maild.signal(signal.SIGTERM)
    maild.told("STOPPING=1")
    assert maild.process is not None and maild.process.wait(60) == 0


def test_a_mail_in_the_middle_of_its_data_is_still_taken(maild: Maild) -> None:
    maild.start()
    it = maild.smtp()
    try:
        it.ehlo()
        it.mail(CLIENT)
        it.rcpt(DESK)
        assert it.docmd("DATA")[0] == 354
        it.send(b"From: hanako@phone.example\r\nSubject: x\r\n")
        maild.signal(signal.SIGTERM)
        maild.says("stopping")
        it.send(b"\r\n" + "名前：花子\r\n.\r\n".encode())
        code, _ = it.getreply()
    finally:
        it.close()
    assert maild.process is not None and maild.process.wait(60) == 0
    assert code == 250  # it said so, and so it has it
    with maild.store() as store:
        assert store.spool_depth() + len(store.list_cases()) == 1


def test_a_mail_on_its_way_out_goes_out_once(maild: Maild) -> None:
    with Relay() as relay:
        maild.write_config(send=relay.table)
        relay.hold()
        maild.start()
        maild.send(first_mail(CLIENT))
        until(lambda: relay.held, "the relay has a mail and says nothing")
        maild.signal(signal.SIGTERM)
        maild.says("stopping")
        relay.let_go()
        assert maild.process is not None and maild.process.wait(60) == 0
        with maild.store() as store:
            assert not store.outbox(("sending",))
        maild.start()
        until(maild.idle, "all mail is out")
        ids = [one["Message-ID"] for one in relay.mails()]
        assert len(ids) == len(set(ids)) == len(maild.delivered()) == 2


def test_a_new_config_holds_from_sighup_on(maild: Maild) -> None:
    maild.start()
    maild.send(first_mail(CLIENT))
    notice = maild.mail_to(INBOX)
    # the counselor leaves (P9), and another address becomes the inbox
    text = maild.config.read_text().replace("sato@desk.example", "tanaka@desk.example")
    maild.config.write_text(text.replace(INBOX, "room2@desk.example"))
    maild.signal(signal.SIGHUP)
    maild.says("config_reloaded")
    maild.send(answer(notice, COUNSELOR, "お返事です。ゆっくり休んでください。"))
    maild.says("disposition=refused")
    maild.send(first_mail("jiro@phone.example"))
    maild.mail_to("room2@desk.example")
    assert len(maild.sent_to(CLIENT)) == 1 and len(maild.sent_to(INBOX)) == 1


def test_a_listener_moves_with_sighup(maild: Maild) -> None:
    maild.start()
    before, maild.port = maild.port, quiet_port()
    maild.write_config(receive=maild.receive.replace(str(before), str(maild.port)))
    maild.signal(signal.SIGHUP)
    maild.says("config_reloaded")
    maild.send(first_mail(CLIENT))
    maild.mail_to(CLIENT)
    after, maild.port = maild.port, before
    with pytest.raises(ConnectionRefusedError):
        maild.smtp()
    maild.port = after


def test_a_bad_config_leaves_the_old_one_in_force(maild: Maild) -> None:
    maild.start()
    good = maild.config.read_text()
    worker = maild.worker().pid
    with Relay() as other:
        secret = other.table + '\nusername = "u"\npassword_file = "gone"'
        for text, words in (
            ("not toml at all [", ["not TOML"]),
            (
                good.replace("[desk.rules]", "[desk.rules]\nround_trips = 'x'\nsilence_days = -5"),
                ["silence_days", "trips"],
            ),
            (good.replace(str(maild.port), str(other.port)), [str(other.port)]),
            (good.replace(maild.send_table, secret), ["send.password_file"]),
            (good.replace(f"{maild.home}/data", f"{maild.home}/elsewhere"), ["data_dir", "restart"]),
        ):
            maild.config.write_text(text)
            before = len(maild.log())
            maild.signal(signal.SIGHUP)
            said = maild.says("the old config stays in force", before)
            assert "config_kept" in said
            assert [word for word in words if word not in said] == []
            maild.told("READY=1")
            maild.smtp().quit()
    maild.send(first_mail(CLIENT))
    maild.mail_to(CLIENT)
    assert maild.worker().pid == worker
    # and it is not stuck with the old one either
    maild.config.write_text(good.replace(INBOX, "room2@desk.example"))
    maild.signal(signal.SIGHUP)
    maild.says("config_reloaded")
    maild.send(first_mail("jiro@phone.example"))
    maild.mail_to("room2@desk.example")
