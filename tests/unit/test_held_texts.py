"""Several texts are held at once: what goes out is the text of the letter that was answered, or none (P2, P4, P5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from counselor_mail import CLIENT, FIRST, SATO, START, SUZUKI, two_counselors, with_desk

from maild.app.assembly import build_world, open_store
from maild.compose import Draft, compose
from maild.config import Config
from maild.pipeline import Clearance, Pipeline
from maild.pipeline.writing import text_of
from maild.store import Incoming, Store

TANAKA = "tanaka@soudan.example"
INBOX = "inbox@soudan.example"
OURS, THEIRS = "佐藤です。ゆっくり休んでください。", "鈴木です。お金のことを書いてください。"


class Letter:
    """A mail of ours, read while its transaction is open."""

    def __init__(self, message_id: str, template: str, to: str, text: str) -> None:
        self.message_id, self.template, self.to, self.text = message_id, template, to, text


class House:
    """A desk at work; every mail comes an hour after the last one."""

    def __init__(self, config: Config, folder: Path) -> None:
        maild = replace(
            config.maild, data_dir=folder, database=f"sqlite:///{folder}/m.db", key_file=folder / "key", key_create=True
        )
        config = replace(config, maild=maild)
        self.desk = config.desks[0].address
        self.store: Store = open_store(config)
        self.pipeline = Pipeline(build_world(config), self.store)
        self.now: datetime = START
        self.notice = next(one for one in self.says(CLIENT, FIRST) if one.template == "notice")

    def says(self, sender: str, text: str, answers: Letter | None = None) -> list[Letter]:
        """What goes out after this mail."""
        self.now += timedelta(hours=1)
        reference = answers.message_id if answers is not None else None
        number = f"<{self.now.timestamp()}@pc.example>"
        refs = (reference,) if reference else ()
        raw = compose(Draft(number, "", sender, self.desk, "Re:", text, self.now, "Asia/Tokyo", reference, refs))
        self.store.accept([Incoming("t", self.now, sender, (self.desk,), raw)])
        self.pipeline.receive(self.store.take(50, self.now), self.now, Clearance(reads=(self.now,)))
        found = self._sent()
        self.pipeline.settle(self.now)
        return found + self._sent()

    def _sent(self) -> list[Letter]:
        found = []
        for claimed in self.store.claim(self.now, 100):
            self.store.sent(claimed.id, self.now, "250")
            with self.store.read() as tx:
                sent = tx.outgoing(claimed.id)
                assert sent is not None
                found.append(Letter(sent.message_id, sent.template, sent.recipient, text_of(sent.data)))
        return found

    def hold(self, sender: str, text: str) -> Letter:
        """A reply that is held; the letter its author gets."""
        return asked(self.says(sender, text, self.notice), sender)[0]


def asked(letters: list[Letter], to: str) -> list[Letter]:
    return [one for one in letters if one.template == "reply_held" and one.to == to]


def relayed(letters: list[Letter]) -> list[str]:
    """The counselors' words that reach the client."""
    return [one.text.split("\n\n----")[0] for one in letters if one.to == CLIENT]


def house_of(config: Config, folder: Path) -> Iterator[House]:
    one = House(config, folder)
    yield one
    assert one.store.check_consistency() == []
    one.store.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    yield from house_of(two_counselors(), tmp_path)


@pytest.fixture
def reviewing(tmp_path: Path) -> Iterator[House]:
    """Two whose replies another one approves, and one whose go as they are."""
    config = two_counselors()
    first, second = (replace(one, review=True) for one in config.desks[0].counselors)
    third = replace(first, name="田中花子", address=TANAKA, review=False)
    yield from house_of(with_desk(config, counselors=(first, second, third)), tmp_path)


def test_send_sends_the_text_of_the_letter_it_answers(house: House) -> None:
    mine, theirs = house.hold(SATO, OURS), house.hold(SUZUKI, THEIRS)
    assert OURS in mine.text and THEIRS in theirs.text
    assert relayed(house.says(SATO, "#送信", mine)) == [OURS]


def test_what_a_colleague_wrote_stays_held_and_is_asked_about_once_more(house: House) -> None:
    mine, theirs = house.hold(SATO, OURS), house.hold(SUZUKI, THEIRS)
    house.says(SATO, "#送信", mine)
    first = house.says(SUZUKI, "#送信", theirs)
    assert relayed(first) == []  # the client has had a reply that she cannot know of (P5)
    (letter,) = asked(first, SUZUKI)
    assert THEIRS in letter.text and "ほかの方が、もうお返事" in letter.text and "「鈴木」" in letter.text
    assert relayed(house.says(SUZUKI, "#送信", letter)) == [THEIRS]


def test_what_has_gone_does_not_go_again(house: House) -> None:
    mine, _ = house.hold(SATO, OURS), house.hold(SUZUKI, THEIRS)
    house.says(SATO, "#送信", mine)
    assert relayed(house.says(SATO, "#送信", mine)) == []


def test_an_interim_word_that_was_held_goes_once(house: House) -> None:
    letter = house.hold(SATO, "#途中連絡\nお待ちください。佐藤")
    assert relayed(house.says(SATO, "#送信", letter)) == ["お待ちください。佐藤"]
    again = house.says(SATO, "#送信", letter)
    assert relayed(again) == []
    assert "止めているお返事はありません" in next(one.text for one in again if one.template == "command_result")


def test_the_letter_of_a_text_that_was_written_anew_sends_nothing(house: House) -> None:
    old, new = house.hold(SATO, OURS), house.hold(SATO, "佐藤です。書き直しました。")
    first = house.says(SATO, "#送信", old)
    assert relayed(first) == []
    (letter,) = asked(first, SATO)
    assert "書き直しました" in letter.text and "文が変わりました" in letter.text and "「佐藤」" in letter.text
    assert relayed(house.says(SATO, "#送信", letter)) == ["佐藤です。書き直しました。"]
    assert new.text != old.text


@pytest.mark.parametrize("rewritten", [False, True])
def test_another_letter_shows_no_text_so_all_that_are_held_are_shown(house: House, rewritten: bool) -> None:
    house.hold(SATO, OURS)
    house.hold(SATO if rewritten else SUZUKI, THEIRS)
    first = house.says(SATO, "#送信", house.notice)
    assert relayed(first) == []
    shown = [THEIRS] if rewritten else [OURS, THEIRS]
    letters = asked(first, SATO)
    assert [text for letter, text in zip(letters, shown, strict=True) if text in letter.text] == shown
    assert relayed(house.says(SATO, "#送信", letters[0])) == shown[:1]


def test_the_only_text_there_was_is_meant_by_an_answer_to_the_notice(house: House) -> None:
    house.hold(SATO, OURS)
    assert relayed(house.says(SATO, "#送信", house.notice)) == [OURS]


def test_an_answer_to_the_notice_does_not_send_what_is_left(house: House) -> None:
    """Who repeats ``#send`` has not read the other text."""
    mine, _ = house.hold(SATO, OURS), house.hold(SUZUKI, THEIRS)
    house.says(SATO, "#送信", mine)
    assert relayed(house.says(SATO, "#送信", house.notice)) == []


def test_an_empty_reply_takes_no_texts_place(house: House) -> None:
    mine = house.hold(SATO, OURS)
    empty = house.hold(SATO, "")
    (letter,) = asked(house.says(SATO, "#送信", empty), SATO)
    assert OURS in letter.text
    assert relayed(house.says(SATO, "#送信", mine)) == [OURS]


def test_a_new_reply_takes_the_place_of_its_authors_text_only(house: House) -> None:
    mine, theirs = house.hold(SATO, OURS), house.hold(SUZUKI, THEIRS)
    assert relayed(house.says(SATO, "直しました。", house.notice)) == ["直しました。"]
    assert [THEIRS in one.text for one in asked(house.says(SATO, "#送信", mine), SATO)] == [True]
    assert [THEIRS in one.text for one in asked(house.says(SUZUKI, "#送信", theirs), SUZUKI)] == [True]


def test_a_text_of_an_earlier_round_trip_is_let_go_with_the_next_reply(house: House) -> None:
    """Whoever leaves it as it is, as the letter allows, must not keep the case waiting for ever."""
    house.hold(SUZUKI, THEIRS)
    house.says(SATO, "お返事です。", house.notice)
    assert len(house.store.list_cases()[0].held_replies) == 1
    notice = next(
        one for one in house.says(CLIENT, "ありがとうございます。夜も眠れません。") if one.template == "notice"
    )
    house.says(SATO, "二つ目のお返事です。", notice)
    assert house.store.list_cases()[0].held_replies == ()


def test_approve_sends_the_text_of_the_letter_it_answers(reviewing: House) -> None:
    first = asked(reviewing.says(SATO, "一つ目の下書きです。", reviewing.notice), INBOX)[0]
    second = asked(reviewing.says(SUZUKI, "二つ目の下書きです。", reviewing.notice), INBOX)[0]
    assert "一つ目" in first.text and "二つ目" in second.text
    assert relayed(reviewing.says(TANAKA, "#承認", first)) == ["一つ目の下書きです。"]
    assert relayed(reviewing.says(TANAKA, "#承認", second)) == ["二つ目の下書きです。"]  # she knows of the first


def test_approving_a_draft_that_was_written_anew_asks(reviewing: House) -> None:
    old = asked(reviewing.says(SATO, "一つ目の下書きです。", reviewing.notice), INBOX)[0]
    reviewing.says(SATO, "書き直した下書きです。", reviewing.notice)
    first = reviewing.says(TANAKA, "#承認", old)
    assert relayed(first) == []
    assert "何も送っていません" in next(one.text for one in first if one.template == "command_result")
    (letter,) = asked(first, TANAKA)
    assert "書き直した下書き" in letter.text and "「#承認」" in letter.text
    assert relayed(reviewing.says(TANAKA, "#承認", letter)) == ["書き直した下書きです。"]


def test_approving_after_a_colleagues_reply_asks(reviewing: House) -> None:
    draft = asked(reviewing.says(SATO, "下書きです。", reviewing.notice), INBOX)[0]
    reviewing.says(TANAKA, "お返事です。", reviewing.notice)
    first = reviewing.says(SUZUKI, "#承認", draft)
    assert relayed(first) == []
    (letter,) = asked(first, SUZUKI)
    assert "ほかの方が、もうお返事" in letter.text
    assert relayed(reviewing.says(SUZUKI, "#承認", letter)) == ["下書きです。"]


def test_the_author_of_a_draft_does_not_approve_it_by_its_letter(reviewing: House) -> None:
    draft = asked(reviewing.says(SATO, "下書きです。", reviewing.notice), SATO)[0]
    reviewing.says(SUZUKI, "別の下書きです。", reviewing.notice)
    assert relayed(reviewing.says(SATO, "#承認", draft)) == []
    assert relayed(reviewing.says(SATO, "#送信", draft)) == []
