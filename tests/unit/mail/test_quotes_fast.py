"""The fast way through a mail without a quote gives what the long way gives (rules K1)."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.mail import quote_marks, quotes
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
