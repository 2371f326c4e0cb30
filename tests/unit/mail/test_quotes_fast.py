"""The fast way through a mail without a quote gives what the long way gives (rules K1)."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.mail import known_text, quote_marks, quotes
from maild.mail.quote_marks import holds_no_mark

CORPUS = Path(__file__).parents[2] / "corpus"

# Pieces of marks in all their forms, and of what stands around them.
_PIECES = [
    "From", "from", "Ｆｒｏｍ", "差出人", "送信者", "送信元", "発信者", "Sender", "Sent", "Date", "送信日時", "宛先",
    "Subject", "件名", ":", "：", " : ", "*", "_", "____________", "--------", "━━━━━━", "-----", "──",
    "Original Message", "original mail", "元のメッセージ", "元メール", "オリジナルメール", "返信元メール", "受信メール",
    "前のメール", "引用", "以下引用", "Reply Message", "Begin forwarded message", "Forwarded by ", "転送メール",
    "transferred message", "On ", "At ", "Am ", "In message ", "wrote", "wrote:", "writes", "schrieb", "écrit",
    "のメール", "からのメール", "のメッセージ", "のお便り", "は書きました", "が書いた", "は書かれました",
    "2026年1月5日", "2026/01/05", "Jan 5, 2026", "5 Jan 2026", "9:05", "9時05", "soudan@soudan.example",
    "<hanako@phone.example>", "花子", "> ", "＞", "》", "｜", "|", "花子> ", ">_<", "<", "iPhoneから送信", "から送信",
    "Sent from my phone", "send by my mobile", "Outlook for iOS", "Get Outlook for ", "Yahoo!メールアプリ", "送信",
    "送信されました", "こんにちは。", "相談です", "\n", "\n", "\n\n", "\r\n", " ", "\u3000", ";", "、", "…", "①", "ｶﾞ",
    "か\u3099", "\u200b", "\x00", "K", "ı", "ſ", "İ", "ffi", "ﬁ", "À", "~", "〜", "(", ")", "[", "]", "1", "年",
]  # fmt: skip
_TEXT = st.lists(st.one_of(st.sampled_from(_PIECES), st.text(max_size=3)), max_size=14).map("".join)


@settings(max_examples=1500, deadline=None)
@given(text=_TEXT, subject=st.sampled_from(["", "Re: 相談", "Fw: 相談", "相談"]), known=st.lists(_TEXT, max_size=1))
def test_both_ways_agree(text: str, subject: str, known: list[str]) -> None:
    """Whatever stands in the text, and whatever is known of it."""
    assert quotes.split(text, subject=subject, known=known) == quotes._read(text, subject, (), known)


_PARTIES = ((), ("soudan@soudan.example",), ("other@x.example",))


@settings(max_examples=1500, deadline=None)
@given(_TEXT, st.sampled_from(["", "Re: 相談", "Fw: 相談"]), st.lists(_TEXT, max_size=2), st.sampled_from(_PARTIES))
def test_known_mails_are_asked_about_unmarked_quotes_only(
    text: str, subject: str, known: list[str], parties: tuple[str, ...]
) -> None:
    """What is read without them in another process holds (``pipeline.reading``)."""
    read = quotes.split(text, subject=subject, parties=parties)
    if not read.unmarked:
        assert quotes.split(text, subject=subject, parties=parties, known=known) == read


@pytest.mark.parametrize("file", sorted((CORPUS / "quotes").glob("*.toml")), ids=lambda file: file.stem)
def test_known_mails_are_asked_about_unmarked_quotes_only_in_the_corpus(file: Path) -> None:
    for case in tomllib.loads(file.read_text("utf-8"))["case"]:
        asked = {"subject": case.get("subject", ""), "parties": case.get("parties", ())}
        read = quotes.split(case["text"], **asked)
        for known in ([case["text"]], case.get("known", ["x"])):
            assert read.unmarked or quotes.split(case["text"], known=known, **asked) == read


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [one for inner in value.values() for one in _texts(inner)]
    return [one for inner in value for one in _texts(inner)] if isinstance(value, list) else []


@pytest.mark.parametrize("file", sorted(CORPUS.rglob("*.toml")), ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_both_ways_agree_on_the_corpora(file: Path) -> None:
    """Every text of every corpus, as it is and under a subject that says it is a reply."""
    for text in _texts(tomllib.loads(file.read_text("utf-8"))):
        for subject in ("", "Re: 相談"):
            assert quotes.split(text, subject=subject) == quotes._read(text, subject, (), ())


@pytest.mark.parametrize(
    ("text", "fast"),
    [
        ("こんにちは。相談です：仕事のこと！\n\n名前：花子\n年齢：24歳\n", True),
        ("先日のメールをありがとうございました。\n〜また書きます（花子）…\n", True),
        ("", True),
        ("こんにちは\n> 前の話\n", False),
        ("2026年1月5日 花子からのメール：\n前の話\n", False),
        ("こんにちは\niPhoneから送信\n", False),
        ("Ｆｒｏｍ：花子\n件名：相談\n", False),
    ],
)
def test_only_what_surely_holds_nothing_is_fast(text: str, fast: bool) -> None:
    """The usual mail takes the fast way; what has a sign of a quote does not."""
    assert holds_no_mark(text) is fast


@settings(max_examples=1500, deadline=None)
@given(text=_TEXT)
def test_a_line_without_a_sign_begins_no_mark(text: str) -> None:
    """The sign that is asked for first stands in every line that begins a mark."""
    lines = quote_marks.lines_of(text)
    for at, line in enumerate(lines):
        if not quote_marks._LINE_SIGN.search(quote_marks.clean(line).lower()):
            assert quote_marks._attribution(lines, at) is None
            assert quote_marks.header(line) is None
            assert not quote_marks._FORWARDED.match(quote_marks.clean(line))
            assert not quote_marks._ORIGINAL.match(quote_marks.clean(line))
            assert not quote_marks._UNDERLINE.match(quote_marks.clean(line))


_NEVER = re.compile("(?!)")
_REPLY = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *(
                    "お返事ありがとうございました。\n",
                    "\n",
                    "仕事の話です。\n",
                    "メールを読みました。\n",
                    "以前のメール\n",
                ),
                *(
                    "> 前の話\n",
                    "> <br>\n",
                    ">_<\n",
                    "\u200b> 前の話\n",
                    "> \u200b\n",
                    "＞前\n",
                    "花子> 前\n",
                    "| 前 |\n",
                ),
                *("2026年1月5日(月) 9:05 花子 <hanako@phone.example>:\n", "花子 <hanako@phone.example>\n", "wrote:\n"),
                *(
                    "-----Original Message-----\n",
                    "From: 花子\nSent: 1\nTo: x\n",
                    "転送メッセージ\n",
                    "iPhoneから送信\n",
                ),
            ]
        ),
        _TEXT,
    ),
    max_size=10,
).map("".join)


@settings(max_examples=800, deadline=None)
@given(text=_REPLY, subject=st.sampled_from(["", "Re: 相談", "相談"]), known=st.lists(_REPLY, max_size=1))
def test_what_is_passed_over_holds_nothing(text: str, subject: str, known: list[str]) -> None:
    """Lines above a quote, and lines of nothing but kanji and kana."""
    found = quotes._read(text, subject, (), known)
    without = quotes.without_known(text, known)
    with patch.object(quote_marks, "_SENTENCE", _NEVER), patch.object(known_text, "_SHORT", 0):
        assert found == quotes._read(text, subject, (), known)
        assert without == quotes.without_known(text, known)


@settings(max_examples=800, deadline=None)
@given(text=_TEXT)
def test_a_trace_stands_wherever_a_sign_does(text: str) -> None:
    found = holds_no_mark(text)
    with patch.object(quote_marks, "_TRACE", re.compile("")):
        assert found == holds_no_mark(text)


@settings(max_examples=800, deadline=None)
@given(st.lists(st.sampled_from([*"> <＜＞|あa1ー。!\t\u3000", "> ", "> あ", "\u200b"]), max_size=8).map("".join))
def test_prefixes_are_told_by_their_first_characters(line: str) -> None:
    """An invisible character in front changes nothing, and sends the line the long way."""
    assert quote_marks.prefix(line) == quote_marks.prefix(f"\u200b{line}")


def test_what_a_line_begins_with() -> None:
    for char in map(chr, range(sys.maxunicode + 1)):
        assert quote_marks.is_blank(f"{char}\n") == (not quote_marks.clean(f"{char}\n")), char
        assert not quote_marks._INVISIBLE.match(char) or char in quote_marks._BEFORE_PREFIX, char
        if quote_marks._SENTENCE.fullmatch(char):
            assert not quote_marks._LINE_SIGN.search(quote_marks.clean(char).lower()), char
