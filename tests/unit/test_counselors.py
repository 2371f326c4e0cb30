"""Counselors answer by mail: who may, what is held, what is told to whom (rules P1 to P9, C14 to C16, D2)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from counselor_mail import (
    CLIENT,
    FIRST,
    SATO,
    START,
    SUZUKI,
    again,
    play,
    reply,
    templates,
    two_counselors,
    with_desk,
    words,
)

from maild.app.assembly import build_world, open_store
from maild.compose import Draft, compose
from maild.config import Config
from maild.desk.rules import Desk, Rules
from maild.pipeline import Clearance, Pipeline
from maild.store import Incoming, SentMail, Store


@pytest.fixture(scope="module")
def base() -> Config:
    return two_counselors()


# -- P2, P10: what reaches the client ------------------------------------------------------------------------------


def test_the_client_gets_the_counselors_words_and_nothing_of_them(base: Config) -> None:
    row = play(base, reply("読みました。\n\nつらかったですね。\n-- \n佐藤花代\nsato@soudan.example"))[1]
    assert templates(row) == ["reply"]
    raw = next(one.data for one in row.sent if one.template == "reply")
    text = words(row, "reply")
    assert text.startswith("読みました。\n\nつらかったですね。\n")
    for secret in ("佐藤", "花代", "sato", "inbox@", "Received", "X-Mailer"):
        assert secret not in text and secret.encode() not in raw


# -- P5: what is held ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("お返事です。\n佐藤より", "外に出さない言葉"),
        ("ご連絡は sato@soudan.example まで。", "外に出さない言葉"),
        ("inbox@soudan.example に送ってください。", "外に出さない言葉"),
        ("", "送る文がありません"),
        ("ほかの方 taro@phone.example と同じです。", "外に出さない言葉"),
    ],
)
def test_a_reply_is_held_and_send_lets_it_go(base: Config, text: str, reason: str) -> None:
    rows = play(base, reply(text), reply("#送信"))
    assert rows[1].dispositions == ("refused",)
    assert templates(rows[1]) == []
    assert reason in words(rows[1], "reply_held")
    if text:
        assert templates(rows[2]) == ["reply"]
        assert words(rows[2], "reply").startswith(text)
    else:
        assert templates(rows[2]) == []


FRAMED = "読みました。\n\n----------\nみえ労働相談室\n電話 059-213-8290\n----------"


def test_a_block_that_may_be_a_signature_is_shown_back_and_send_sends_it(base: Config) -> None:
    rows = play(base, reply(FRAMED + "\n\niPhoneから送信"), reply("#送信\n\niPhoneから送信"))
    shown = words(rows[1], "reply_held")
    assert "署名かもしれません" in shown
    kept, _, cut = shown.partition("除いた行")
    assert FRAMED in kept and "iPhoneから送信" in cut
    assert words(rows[2], "reply").startswith(FRAMED + "\n\n----------------\n続き")


def test_send_keeps_the_orders_that_came_with_the_held_text(base: Config) -> None:
    rows = play(base, reply("#途中連絡\nもう少しお待ちください。佐藤"), reply("#送信"))
    assert [templates(row) for row in rows[1:]] == [[], ["reply"]]
    assert rows[2].cases[0].state == "waiting_desk"  # an interim word is no reply (C14)
    rows = play(base, reply("#終了\nお元気で。佐藤"), reply("#送信"))
    assert templates(rows[2])[0] == "reply"
    assert rows[2].cases[0].state == "closed"


def test_a_signature_under_send_is_no_text_of_its_own(base: Config) -> None:
    rows = play(base, reply("佐藤がお返事します。"), reply("#送信\n\n佐藤花代\nsato@soudan.example"))
    assert words(rows[2], "reply").startswith("佐藤がお返事します。\n\n----")


def test_a_frame_under_send_is_sent_where_it_is_no_signature(base: Config) -> None:
    frame = "----------\nいのちの電話 0120-783-556\nよりそいホットライン 0120-279-338\n----------"
    rows = play(base, reply("佐藤です。"), reply(f"#送信\n{frame}"))
    assert words(rows[2], "reply").startswith(frame)


def test_a_signature_under_an_order_is_no_reply(base: Config) -> None:
    rows = play(base, reply("#終了\n\n佐藤花代\nsato@soudan.example"))
    assert templates(rows[1]) == ["closed_by_counselor"]
    assert rows[1].cases[0].state == "closed"


def test_send_below_a_quote_without_marks_sends_nothing_it_cannot_tell(base: Config) -> None:
    shown = words(play(base)[0], "notice")
    head = (
        "-----Original Message-----\nFrom: soudan@soudan.example\nSent: Monday, January 5, 2026 9:00 AM\nTo: inbox\n\n"
    )
    again_said = f"{head}{shown}\n\n#送信\n相談内容：仕事を続けられるか不安です。\nとのことですね。"
    rows = play(base, reply("佐藤です。"), reply(again_said), reply("#送信"))
    assert [templates(row) for row in rows[1:]] == [[], [], ["reply"]]
    assert "引用より上に書いてください" in words(rows[2], "command_result")
    assert words(rows[3], "reply").startswith("佐藤です。")  # what was held is still there


def test_a_reply_with_an_attachment_is_held(base: Config) -> None:
    from maild.operate.scenario import Attachment

    row = play(base, reply("資料です。", attach=(Attachment("a.pdf", "application/pdf", 900),)))[1]
    assert row.dispositions == ("refused",)
    assert "添付ファイル" in words(row, "reply_held")


def test_a_reply_to_an_old_notice_is_held_when_the_client_wrote_again(base: Config) -> None:
    rows = play(base, again("もう一つあります。眠れません。"), reply("お返事です。", notice=1))
    assert rows[2].dispositions == ("refused",)
    assert "新しいメール" in words(rows[2], "reply_held")


def test_two_counselors_answer_the_same_notice(base: Config) -> None:
    rows = play(
        base, reply("一人目です。"), reply("二人目です。", SUZUKI, notice=1), reply("一人目の補足です。", notice=1)
    )
    assert [templates(row) for row in rows[1:]] == [["reply"], [], ["reply"]]
    assert "ほかの方が、もうお返事" in words(rows[2], "reply_held")


def test_what_the_second_one_may_do_about_it(base: Config) -> None:
    rows = play(base, reply("一人目です。"), reply("二人目です。", SUZUKI), reply("#send\n直した二人目です。", SUZUKI))
    assert templates(rows[3]) == ["reply"]
    assert words(rows[3], "reply").startswith("直した二人目です。")


# -- P5 under concurrency, M1 ----------------------------------------------------------------------------------------


class House:
    """A pipeline on a store of its own."""

    def __init__(self, config: Config, folder: Path) -> None:
        maild = replace(
            config.maild, data_dir=folder, database=f"sqlite:///{folder}/m.db", key_file=folder / "key", key_create=True
        )
        config = replace(config, maild=maild)
        self.desk: Desk = config.desks[0]
        self.store: Store = open_store(config)
        self.pipeline = Pipeline(build_world(config), self.store)

    def take(self, *mails: tuple[str, bytes], now: datetime = START) -> list[str]:
        """Several mails in one transaction, as the worker takes them."""
        self.store.accept([Incoming("t", now, sender, (self.desk.address,), raw) for sender, raw in mails])
        return self.pipeline.receive(self.store.take(50, now), now, Clearance(reads=(now,)))

    def deliver(self, now: datetime = START) -> list[SentMail]:
        found = []
        for claimed in self.store.claim(now, 100):
            self.store.sent(claimed.id, now, "250")
            with self.store.read() as tx:
                sent = tx.outgoing(claimed.id)
                assert sent is not None
                assert sent.data  # read now: the transaction is over later
            found.append(claimed)
        self.pipeline.settle(now)
        return found  # type: ignore[return-value]


@pytest.fixture
def house(base: Config, tmp_path: Path) -> Iterator[House]:
    one = House(base, tmp_path)
    yield one
    assert one.store.check_consistency() == []
    one.store.close()


def letter(sender: str, to: str, text: str, message_id: str, answers: str | None = None) -> tuple[str, bytes]:
    refs = (answers,) if answers else ()
    return sender, compose(Draft(message_id, "", sender, to, "Re:", text, START, "Asia/Tokyo", answers, refs))


def test_two_replies_in_the_same_second_send_one(house: House) -> None:
    address = house.desk.address
    house.take(letter(CLIENT, address, FIRST, "<1@phone.example>"))
    notice = next(one for one in house.deliver() if one.template == "notice")
    one = letter(SATO, address, "一人目です。", "<s1@soudan.example>", notice.message_id)
    two = letter(SUZUKI, address, "二人目です。", "<s2@soudan.example>", notice.message_id)
    assert house.take(one, two) == ["accepted", "refused"]
    assert [mail.template for mail in house.deliver() if mail.audience == "client"] == ["reply"]


def test_a_counselors_mail_that_comes_twice_is_relayed_once(house: House) -> None:
    address = house.desk.address
    house.take(letter(CLIENT, address, FIRST, "<1@phone.example>"))
    notice = next(one for one in house.deliver() if one.template == "notice")
    mail = letter(SATO, address, "お返事です。", "<s1@soudan.example>", notice.message_id)
    assert house.take(mail) == ["accepted"]
    assert house.take(mail, now=START + timedelta(days=2)) == ["duplicate"]
    assert [mail.template for mail in house.deliver() if mail.audience == "client"] == ["reply"]


# -- P3, P9: who may -------------------------------------------------------------------------------------------------


def test_without_a_token_nothing_is_relayed_and_the_counselor_is_told(base: Config) -> None:
    row = play(base, {"mail": {"from": SATO, "text": "お返事です。", "subject": "Re: [受付 1]"}})[1]
    assert row.dispositions == ("refused",)
    assert templates(row) == []
    assert [one.to for one in row.sent] == [SATO]


def test_the_token_alone_is_not_enough_and_a_stranger_hears_nothing(base: Config) -> None:
    row = play(base, reply("お返事です。", "former@soudan.example"))[1]
    assert row.dispositions == ("refused",)
    assert row.sent == ()


def test_an_out_of_office_of_a_counselor_is_never_relayed(base: Config) -> None:
    row = play(base, reply("不在にしております。", headers={"Auto-Submitted": "auto-replied"}))[1]
    assert row.dispositions == ("automatic",)
    assert row.sent == ()


# -- P4, C14 to C16: orders ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["#終了", "＃終了", "# 終了", "#close", "＃ＣＬＯＳＥ"])
def test_close_in_any_writing(base: Config, order: str) -> None:
    row = play(base, reply(order))[1]
    assert row.dispositions == ("command",)
    assert templates(row) == ["closed_by_counselor"]
    assert (row.cases[0].state, row.cases[0].reason) == ("closed", "counselor")


def test_an_unknown_order_sends_nothing(base: Config) -> None:
    row = play(base, reply("#しゅうりょう\nさようなら。"))[1]
    assert row.dispositions == ("refused",)
    assert templates(row) == []
    assert "わかりませんでした" in words(row, "command_result")


def test_text_below_an_order_that_takes_none_is_not_sent(base: Config) -> None:
    row = play(base, reply("#保留\n少し考えます。"))[1]
    assert row.dispositions == ("command",)
    assert templates(row) == []
    assert "メモとして残しました" in words(row, "command_result")
    assert row.cases[0].state == "held"


def test_interim_leaves_the_turn_with_the_desk(base: Config) -> None:
    row = play(base, reply("#途中連絡\nもう少しお待ちください。"))[1]
    assert templates(row) == ["reply"]
    assert (row.cases[0].state, row.cases[0].completed) == ("waiting_desk", 0)


def test_no_reply_hands_the_turn_back_uncounted(base: Config) -> None:
    rows = play(base, reply("一回目です。"), again("ありがとうございました。"), reply("#返信不要"))
    assert templates(rows[3]) == []
    case = rows[3].cases[0]
    assert (case.state, case.round_trip, case.completed) == ("waiting_client", 1, 1)


def test_every_order_is_answered(base: Config) -> None:
    for order in ("#状況", "#ヘルプ", "#保留", "#メモ\nあと", "#対応します", "#危機解除", "#担当 suzuki", "#担当解除"):
        row = play(base, reply(order))[1]
        assert "command_result" in templates(row, "counselor"), order
        assert max(len(line) for line in words(row, "command_result").splitlines()) <= 60, order


# -- D2: another address ---------------------------------------------------------------------------------------------


def test_another_address_joins_when_staff_accept_it(base: Config) -> None:
    rows = play(
        base,
        {"mail": {"from": "work@office.example", "text": "会社からです。続きです。", "subject": "Re: [受付 1]"}},
        reply("#アドレス追加 work@office.example"),
        {
            "mail": {
                "from": "work@office.example",
                "text": "会社からです。あらためて続きです。",
                "subject": "Re: [受付 1]",
            }
        },
    )
    assert rows[1].dispositions == ("third_party",)
    assert rows[2].dispositions == ("command",)
    assert rows[3].dispositions == ("accepted",)
    assert len(rows[3].cases) == 1
    # P1: not even then do they see an address
    for row in rows:
        for one in row.sent:
            if one.audience == "counselor" and one.to != SATO:
                assert b"office.example" not in one.data


# -- review, assignment, several inboxes -----------------------------------------------------------------------------


def reviewed(base: Config) -> Config:
    first, second = base.desks[0].counselors
    return with_desk(base, counselors=(replace(first, review=True), second))


def test_a_reviewed_reply_waits_for_somebody_else(base: Config) -> None:
    rows = play(reviewed(base), reply("はじめてのお返事です。"), reply("#承認"), reply("#承認", SUZUKI))
    assert [templates(row) for row in rows[1:]] == [[], [], ["reply"]]
    assert {one.to for one in rows[1].sent} == {SATO, "inbox@soudan.example"}
    assert words(rows[3], "reply").startswith("はじめてのお返事です。")


def test_an_approved_interim_word_stays_one(base: Config) -> None:
    rows = play(reviewed(base), reply("#途中連絡\nもう少しお待ちください。"), reply("#承認", SUZUKI))
    assert templates(rows[2]) == ["reply"]
    assert rows[2].cases[0].state == "waiting_desk"  # C14


def test_who_is_reviewed_cannot_send_over_it(base: Config) -> None:
    rows = play(reviewed(base), reply("お返事です。"), reply("#送信"), reply("#送信\nやはり送ります。"))
    assert [templates(row) for row in rows[1:]] == [[], [], []]


def test_the_others_need_no_review(base: Config) -> None:
    assert templates(play(reviewed(base), reply("お返事です。", SUZUKI))[1]) == ["reply"]


def test_an_assigned_case_goes_to_its_counselor_and_back_to_the_pool(base: Config) -> None:
    rows = play(
        base,
        reply("#担当 鈴木一郎"),
        again("もう一つあります。夜に眠れません。"),
        {"after": timedelta(days=4)},
        again("まだお返事がありませんか。心配しています。"),
    )
    assert [one.to for one in rows[2].sent if one.template == "notice"] == [SUZUKI]
    assert [one.to for one in rows[3].sent if one.template == "alert_waiting"] == ["inbox@soudan.example"]
    assert [one.to for one in rows[4].sent if one.template == "notice"] == ["inbox@soudan.example"]


def test_k2_a_crisis_in_an_assigned_case_reaches_the_shared_inbox_too(base: Config) -> None:
    row = play(base, reply("#担当 鈴木一郎"), again("もう死にたいです。"))[2]
    urgent = {one.to for one in row.sent if one.template == "notice_urgent"}
    assert urgent == {"inbox@soudan.example", SUZUKI, *base.desks[0].on_call}


def test_every_shared_inbox_hears_of_a_mail(base: Config) -> None:
    row = play(with_desk(base, inboxes=("second@soudan.example",)))[0]
    assert {one.to for one in row.sent if one.template == "notice"} == {"inbox@soudan.example", "second@soudan.example"}


# -- P7 --------------------------------------------------------------------------------------------------------------


def test_the_digest_comes_on_working_mornings_while_something_is_open(base: Config) -> None:
    rules = replace(base.desks[0].rules, digest=Rules().digest)
    config = with_desk(base, rules=rules, timezone="Asia/Tokyo")
    rows = play(config, {"after": timedelta(days=7)}, reply("#終了"), {"after": timedelta(days=7)})
    days = [one.at.astimezone(UTC).date().day for one in rows[1].sent if one.template == "digest"]
    assert days == [5, 6, 7, 8]  # 08:30 in Tokyo is the evening before in UTC; Monday the 12th is 成人の日
    assert "花子" in words(rows[1], "digest")
    assert [one for one in rows[3].sent if one.template == "digest"] == []


def test_the_scenario_format_knows_these_keys() -> None:
    assert tomllib.loads("counselor.notice = 1")["counselor"] == {"notice": 1}


# -- C7 --------------------------------------------------------------------------------------------------------------


def test_a_mail_that_answers_the_reply_is_never_earlier_than_it(house: House) -> None:
    """An IMAP server's clock knows whole seconds, and may be slow."""
    address = house.desk.address
    house.take(letter(CLIENT, address, FIRST, "<1@phone.example>"))
    notice = next(one for one in house.deliver() if one.template == "notice")
    later = START + timedelta(hours=1, milliseconds=700)
    house.take(letter(SATO, address, "お返事です。", "<s1@soudan.example>", notice.message_id), now=later)
    sent = next(one for one in house.deliver(later) if one.template == "reply")
    early = START + timedelta(hours=1)
    house.take(letter(CLIENT, address, "読みました。続きです。", "<2@phone.example>", sent.message_id), now=early)
    (case,) = house.store.list_cases()
    assert (case.state, case.round_trip) == ("waiting_desk", 2)


def test_a_mail_that_crossed_the_reply_belongs_to_the_earlier_round_trip(house: House) -> None:
    address = house.desk.address
    house.take(letter(CLIENT, address, FIRST, "<1@phone.example>"))
    notice = next(one for one in house.deliver() if one.template == "notice")
    later = START + timedelta(hours=1)
    house.take(letter(SATO, address, "お返事です。", "<s1@soudan.example>", notice.message_id), now=later)
    house.deliver(later)
    early = START + timedelta(minutes=50)
    house.take(letter(CLIENT, address, "書き忘れました。続きです。", "<2@phone.example>"), now=early)
    (case,) = house.store.list_cases()
    assert (case.state, case.round_trip) == ("waiting_desk", 1)


@pytest.mark.parametrize("template", ["notice", "delivered", "alert_waiting", "command_result"])
def test_p2c_every_mail_about_a_case_may_be_answered(house: House, template: str) -> None:
    """Rules P2c: each carries a token."""
    address = house.desk.address
    house.take(letter(CLIENT, address, FIRST, "<1@phone.example>"))
    mails = house.deliver()
    notice = next(one for one in mails if one.template == "notice")
    house.take(letter(SATO, address, "#途中連絡\nお待ちください。", "<s1@soudan.example>", notice.message_id))
    house.take(letter(SATO, address, "#状況", "<s2@soudan.example>", notice.message_id))
    mails += house.deliver()
    later = START + timedelta(days=4)
    house.pipeline.sweep(later, Clearance(reads=(later,)))
    mails += [one for _ in range(2) for one in house.deliver(later)]
    answered = next(one for one in mails if one.template == template)
    mail = letter(SATO, address, "お返事です。", "<s3@soudan.example>", answered.message_id)
    assert house.take(mail, now=later) == ["accepted"]


@pytest.mark.parametrize("text", ["「#対応します」", "・#メモ\n本人はつらそう", "♯メモ\n内緒", "『＃終了』", "→ #保留"])
def test_an_order_in_another_shape_never_reaches_the_client(base: Config, text: str) -> None:
    row = play(base, reply(text))[1]
    assert row.dispositions == ("refused",)
    assert templates(row) == []


@pytest.mark.parametrize(
    "text", ["#終了 #メモ\n内緒", "#close、#note\n内緒", "#interim #note\n内緒", "#終了 さようなら"]
)
def test_two_orders_on_a_line_send_nothing(base: Config, text: str) -> None:
    row = play(base, reply(text))[1]
    assert row.dispositions == ("refused",)
    assert templates(row) == []
    assert row.cases[0].state == "waiting_desk"


def test_a_signature_below_send_is_not_the_text(base: Config) -> None:
    rows = play(base, reply("お返事です。\n佐藤より"), reply("#送信\n\n--\n佐藤花代"))
    assert words(rows[2], "reply").startswith("お返事です。\n佐藤より")
