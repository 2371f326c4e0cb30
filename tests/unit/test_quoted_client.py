"""The client's last words below a reply, where the desk says so, and nowhere else (rules P10, P5)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from counselor_mail import FIRST, again, play, reply, two_counselors, with_desk, words

from maild.config import Config
from maild.desk.notice_marks import BEGIN_MARK, LINE_TAG
from maild.mail import quotes
from maild.pipeline.quoting import MOST, cut

HEADS = {"ja": "いただいたメール", "en": "Your message"}
ANSWER = "読みました。\n\nつらかったですね。今日はここまでで大丈夫です。"
NEW = "ありがとうございます。\n仕事のことを、もう少し書きます。"
SUBJECT = "Re: [受付 1] お返事です"


def quoting(language: str = "ja", **rules: object) -> Config:
    config = two_counselors()
    return with_desk(config, language=language, rules=replace(config.desks[0].rules, **{"quote_client": True, **rules}))


def prefixed(text: str, sign: str = "> ") -> str:
    return "\n".join((sign + line).rstrip() for line in text.rstrip("\n").split("\n"))


@pytest.mark.parametrize("language", ["ja", "en"])
def test_p10_only_where_the_desk_says_so_and_then_below_all_else(language: str) -> None:
    plain = words(play(quoting(language, quote_client=False), reply(ANSWER))[1], "reply")
    quoted = words(play(quoting(language), reply(ANSWER))[1], "reply")
    assert HEADS[language] not in plain and "不安です" not in plain
    assert quoted == f"{plain}\n{HEADS[language]}\n{prefixed(FIRST)}\n"


def test_p10_the_last_reply_quotes_too() -> None:
    (_, last) = play(quoting(round_trips=1), reply(ANSWER))
    assert words(last, "final_reply").endswith(f"\n\nいただいたメール\n{prefixed(FIRST)}\n")


def test_p10_their_last_own_words_without_ours_whatever_stands_around_them() -> None:
    """No earlier quote, no line of the counselor that a program copied without signs, no internal line (P5)."""
    rows = play(quoting(), reply(ANSWER))
    letter = words(rows[1], "reply")
    rows = play(
        quoting(),
        reply(ANSWER),
        again(f"{NEW}\n\n{letter}\n{BEGIN_MARK}\n{LINE_TAG} 往復 1/3\n\n{prefixed(letter)}"),
        reply("二通目も読みました。"),
    )
    (below,) = words(rows[3], "reply").split("いただいたメール\n")[1:]
    assert below.startswith(prefixed(NEW))
    for ours in ("読みました", "つらかった", "このメールに返信", "内部", "往復 1/3", "不安です"):
        assert ours not in below


def test_p10_what_was_answered_not_what_came_after_it() -> None:
    """A reply that came back and goes once more (M4) does not seem to answer the mail that made it go."""
    rows = play(quoting(), reply(ANSWER), {"bounce": "5.1.1"}, again("お返事は、まだでしょうか。"))
    assert words(rows[3], "reply").endswith(f"\nいただいたメール\n{prefixed(FIRST)}\n")


@pytest.mark.parametrize(
    "around",
    [
        lambda letter: f"{NEW}\n\n2026年1月5日(月) 10:00 窓口 <soudan@soudan.example>:\n{prefixed(letter)}",
        lambda letter: f"{NEW}\n\n{prefixed(letter)}",
        lambda letter: f"{NEW}\n{prefixed(letter, '>')}",
        lambda letter: f"{prefixed(letter)}\n\n{NEW}",
        lambda letter: (
            f"{NEW}\n\n-----Original Message-----\nFrom: soudan@soudan.example\nSent: Monday\n"
            f"To: hanako.y@phone.example\nSubject: [受付 1] お返事です\n\n{letter}"
        ),
    ],
)
def test_k1_an_answer_to_such_a_letter_is_read_without_it(around: object) -> None:
    letter = words(play(quoting(), reply(ANSWER))[1], "reply")
    assert quotes.own_text(around(letter), subject=SUBJECT) == NEW  # type: ignore[operator]
    rows = play(quoting(), reply(ANSWER), again(around(letter)), reply("二通目も読みました。"))  # type: ignore[operator]
    assert words(rows[3], "reply").endswith(f"\nいただいたメール\n{prefixed(NEW)}\n")


def test_a_long_mail_is_cut_at_a_line() -> None:
    text = "\n".join(f"{number:03d} 長い行です。" for number in range(1_000))
    kept = cut(text).split("\n")
    assert kept[-1] == "…" and text.startswith("\n".join(kept[:-1]) + "\n")
    assert MOST - 20 < len("\n".join(kept)) <= MOST + 2
    assert cut("あ" * 9_000) == "あ" * MOST + "\n…" and cut("あ" * MOST) == "あ" * MOST
