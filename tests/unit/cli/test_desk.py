"""``maild pause``, ``resume``, ``service-end``, ``announce`` through their real entry (rules C12, C13, B9, K2, M3)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cli_office import CLIENT, INBOX, OTHER, PARTLY, WHOLE, Office

from maild.desk.deadlines import closes_on
from maild.operate.rehearse import read_message
from maild.pipeline.operator_desk import overdue, pause, resume

CRISIS = "もう死にたいです。今夜、終わりにします。"


def paused(office: Office, *arguments: str) -> int:
    """Pause at the office's own instant; how many mails had gone out by then."""
    store = office.store()
    operator = office.operator(store)
    pause(operator, operator.desk("soudan"), None)
    store.close()
    return len(office.sent)


def resumed(office: Office) -> None:
    store = office.store()
    operator = office.operator(store)
    assert resume(operator, operator.desk("soudan")) is not None
    store.close()
    office.work()


# -- pause and resume ----------------------------------------------------------------------------------------------


def test_each_client_is_answered_once_and_the_mail_is_kept(office: Office) -> None:
    office.mail()
    office.reply("お返事です。")
    assert office.run("pause", "soudan", "--until", "2099-01-03")[0] == 0
    before = len(office.sent)
    for text in ("続きを書きます。", "もう一つあります。"):
        office.later(hours=1)
        assert office.mail(text) == "accepted"
    assert office.mail(sender=OTHER) == "accepted"
    assert office.to(CLIENT, before) == ["interrupted"]
    assert office.to(OTHER, before) == ["interrupted"]
    assert office.to(INBOX, before).count("notice") == 3  # received and shown
    assert "2099年1月3日" in office.text("interrupted")
    assert (office.case().state, office.case().round_trip) == ("waiting_desk", 2)
    code, out, _ = office.run("resume", "soudan")
    assert code == 0 and "2 cases" in out
    assert office.actions() == ["paused", "resumed"]


def test_a_second_pause_tells_everybody_anew(office: Office) -> None:
    office.mail()
    before = paused(office)
    office.mail("続きです。")
    resumed(office)
    office.later(hours=1)
    paused(office)
    office.mail("さらに続きです。")
    assert office.to(CLIENT, before).count("interrupted") == 2


def test_replies_and_crisis_go_on(office: Office) -> None:
    office.mail()
    before = paused(office)
    assert office.reply("お返事です。") == "accepted"
    office.later(hours=1)
    assert office.mail(CRISIS) == "accepted"
    assert office.to(CLIENT, before) == ["reply", "crisis_ack"]
    assert "notice_urgent" in office.to(INBOX, before)
    repeats = len(office.sent)
    office.later(minutes=31)
    office.work()
    assert "notice_urgent" in [one.template for one in office.sent[repeats:]]  # K4 does not pause


def test_what_was_not_taken_is_said_as_ever(office: Office) -> None:
    """``interrupted`` says that the mail is kept: not so where it was rejected (A1)."""
    before = paused(office)
    assert office.mail(attach=True) == "rejected"
    assert office.to(CLIENT, before) == ["attachment_rejected"]


def test_staff_get_their_orders_done(office: Office) -> None:
    office.mail()
    before = paused(office)
    office.reply("#終了")
    assert office.to(CLIENT, before) == ["closed_by_counselor"]


def test_the_clients_days_stand_still(office: Office) -> None:
    office.mail()
    office.reply("お返事です。")
    desk = office.operator_desk()
    planned = closes_on(office.case(), desk)
    office.later(days=10)
    paused(office)
    office.later(days=90)
    office.work()
    assert office.case().state == "waiting_client"  # 100 days of silence, 90 of them in the pause
    resumed(office)
    assert planned is not None and closes_on(office.case(), desk) == planned + timedelta(days=90)
    office.later(days=20)
    office.work()
    assert office.case().is_open
    office.later(days=2)
    office.work()
    assert (office.case().state, office.case().reason) == ("closed", "silence")
    # 10 days before the pause and 21 to the instant it closed (C5)
    assert office.case().client_seconds == pytest.approx(31 * 86400, abs=86400)


def test_days_of_the_pause_are_not_the_clients(office: Office) -> None:
    office.mail()
    office.reply("お返事です。")
    office.later(days=5)
    paused(office)
    office.later(days=40)
    office.mail("続きです。")
    resumed(office)
    assert office.case().client_seconds == pytest.approx(5 * 86400, abs=60)  # C5, C13
    office.reply("お返事です。")
    assert office.case().state == "waiting_client"


def test_what_the_client_must_know_is_said_when_the_desk_resumes(office: Office) -> None:
    """Else the days to answer would run for somebody who was never asked (I1), or never told of consent (C1)."""
    before = paused(office)
    office.mail(PARTLY)
    office.later(days=60)
    office.mail(sender=OTHER)
    assert (office.to(CLIENT, before), office.to(OTHER, before)) == (["interrupted"], ["interrupted"])
    office.later(days=1)
    resumed(office)
    assert office.to(CLIENT, before) == ["interrupted", "intake_missing"]
    assert office.to(OTHER, before) == ["interrupted", "ack"]
    assert "2026-04" in office.text("ack")
    until = closes_on(office.case(), office.operator_desk())
    assert until is not None and until - office.now.date() >= timedelta(days=29)
    office.later(hours=1)
    assert office.mail("性別：女性\n年齢：24歳\n") == "accepted"
    assert office.to(CLIENT, before)[-1] == "ack"


def test_nothing_is_asked_twice_where_it_was_answered_in_the_pause(office: Office) -> None:
    before = paused(office)
    office.mail(PARTLY)
    office.later(days=1)
    office.mail(WHOLE)
    office.reply("お返事です。")
    resumed(office)
    assert office.to(CLIENT, before) == ["interrupted", "reply"]


def test_pausing_twice_keeps_the_beginning(office: Office) -> None:
    office.mail()
    office.reply("お返事です。")
    planned = closes_on(office.case(), office.operator_desk())
    paused(office)
    office.later(days=10)
    paused(office)
    office.later(days=10)
    resumed(office)
    assert planned is not None
    assert closes_on(office.case(), office.operator_desk()) == planned + timedelta(days=20)


def test_a_pause_that_is_over_is_seen(office: Office) -> None:
    store = office.store()
    operator = office.operator(store)
    pause(operator, operator.desk("soudan"), operator.today(operator.desk("soudan")))
    for days, names in ((0, []), (1, ["soudan"])):
        office.later(days=days)
        with office.operator(store).session() as session:
            assert [one.desk.name for one in overdue(session)] == names
    store.close()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("resume", "soudan"), 1, "not paused"),
        (("pause", "nowhere"), 2, "soudan"),
        (("pause", "soudan", "--until", "2020-01-01"), 2, "over already"),
        (("pause", "soudan", "--until", "soon"), 2, "no day"),
        (("announce", "soudan", "--text", "missing.txt"), 2, "missing.txt"),
        (("announce", "soudan"), 2, "--text"),
        (("service-end", "soudan", "--revoke"), 1, "not ended"),
    ],
)
def test_mistakes(office: Office, arguments: tuple[str, ...], code: int, words: str) -> None:
    office.mail()
    found, _, err = office.run(*arguments)
    assert found == code and words in err and office.actions() == []


# -- the end of the service ----------------------------------------------------------------------------------------


def test_the_end_closes_every_open_case_with_its_letter_and_answers_later_mail(office: Office) -> None:
    office.mail()
    office.mail(PARTLY, sender=OTHER)
    words = office.root / "words.txt"
    words.write_text("長いあいだありがとうございました。\n", encoding="utf-8")
    before = len(office.sent)
    code, out, _ = office.run("service-end", "soudan", "--ends-on", "2099-03-31", "--text", str(words))
    assert code == 0 and "2 cases" in out
    office.later(days=3)
    office.work()
    assert (office.to(CLIENT, before), office.to(OTHER, before)) == (["service_end"], ["service_end"])
    said = office.text("service_end")
    assert "2099年3月31日" in said and "長いあいだ" in said
    assert {office.case(number).reason for number in (1, 2)} == {"service_ended"}
    assert office.mail(sender="jiro@phone.example") == "accepted"
    assert office.to("jiro@phone.example") == ["service_end"]
    assert office.run("service-end", "soudan")[0] == 0  # again: nothing is left to close
    office.work()
    assert office.to(CLIENT, before) == ["service_end"]
    assert office.run("service-end", "soudan", "--revoke")[0] == 0
    office.mail(sender="saburo@phone.example")
    assert office.to("saburo@phone.example") == ["ack"]


def test_a_crisis_is_named_when_the_service_ends_and_answered_after_it(office: Office) -> None:
    office.mail(CRISIS)
    code, out, _ = office.run("service-end", "soudan")
    assert code == 0 and "crisis" in out and "(1)" in out
    office.later(days=3)
    office.mail(CRISIS, sender=OTHER)
    assert office.to(OTHER) == ["crisis_ack"]  # K0


# -- announcements -------------------------------------------------------------------------------------------------


def test_each_client_hears_it_once_and_not_all_at_once(office: Office) -> None:
    senders = [f"client{number}@phone.example" for number in range(4)]
    for sender in senders:
        office.mail(sender=sender)
    assert office.run("case", "close", "4")[0] == 0
    words = office.root / "words.txt"
    words.write_text("大雪のため、今週はお返事が遅れます。\n", encoding="utf-8")
    announce = ("announce", "soudan", "--text", str(words), "--rate", "2/min")
    code, out, _ = office.run(*announce)
    assert code == 0 and "3 cases" in out
    store = office.store()
    due = sorted(row.next_attempt for row in store.outbox() if row.template == "announcement")
    store.close()
    assert [due[1] - due[0], due[2] - due[1]] == [timedelta(seconds=30)] * 2
    code, out, _ = office.run(*announce)
    assert code == 0 and "no case" in out
    office.later(days=3)
    office.work()
    told = [one for one in office.sent if one.template == "announcement"]
    assert sorted(one.recipient for one in told) == senders[:3]
    assert "大雪" in read_message(told[0].data)[1] and b"auto-generated" in told[0].data
    office.mail(sender="late@phone.example")
    assert office.run(*announce)[0] == 0
    office.later(days=3)
    office.work()
    assert office.to("late@phone.example")[-1] == "announcement"
    assert office.to(senders[0]).count("announcement") == 1


@pytest.mark.parametrize("data", [b"", b"  \n", b"\xff\xfe", b"a\x00b", "あ".encode() * 30_000])
def test_words_that_cannot_be_sent(office: Office, data: bytes) -> None:
    office.mail()
    words = office.root / "words.txt"
    words.write_bytes(data)
    assert office.run("announce", "soudan", "--text", str(words))[0] == 2
    assert office.run("announce", "soudan", "--text", str(words), "--rate", "0")[0] == 2
