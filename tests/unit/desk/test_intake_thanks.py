"""A mere thank-you (rules C3, C14), and the keys of a resend (rules C10)."""

# ruff: noqa: E501
from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.desk.textfold import fold, resend_key
from maild.desk.thanks import is_thanks

THANKS = [
    "ありがとうございました。", "ありがとうございました。助かりました。", "Thank you so much", "Thank you so much for your kind reply!",
    "お返事ありがとうございました。とても参考になりました。またよろしくお願いします。", "感謝しています。", "お礼のみで失礼します。",
    "この度は丁寧なお返事をいただき、誠にありがとうございました。", "返信ありがとうございます！元気が出ました！", "Thanks!",
    "お世話になりました。ありがとうございました。\n花子", "早速のご返信ありがとうございます。\n承知しました。",
]  # fmt: skip
MORE = [
    "ありがとうございました。でも、もうだめかもしれません", "ありがとうございました。もう一つ聞いてもいいですか", "ありがとうございます。面接は落ちました。",
    "今までありがとうございました。さようなら。", "今までありがとうございました。", "", "はい", "やってみます。", "ありがとうございました。死にたいです。",
    "ありがとうございました。ところで予約は取れますか", "Thank you. But I still feel bad.", "Thank you. I got the job.",
    "ありがとうございます。\n母が倒れました。\n花子", "ありがとうございました。明日行ってきます。",
]  # fmt: skip


@pytest.mark.parametrize("text", THANKS)
def test_thanks(text: str) -> None:
    assert is_thanks(text)


@pytest.mark.parametrize("text", MORE)
def test_more_than_thanks(text: str) -> None:
    assert not is_thanks(text)


@pytest.mark.parametrize("piece", ["ありがとう", "本当に", "お返事", "いただき", "thanks ", "^_^", "花", "、"])
def test_hostile_repetition_ends(piece: str) -> None:
    for tail in ("", "ありがとう", "ありがとうx"):
        assert is_thanks((piece * (380 // len(piece))) + tail) in (True, False)


@given(st.text(max_size=200))
def test_never_raises(text: str) -> None:
    assert is_thanks(text) in (True, False)
    assert fold(fold(text)) == fold(fold(fold(text)))
    assert isinstance(resend_key(text), str)


def test_resend_key_ignores_what_a_mail_program_changes() -> None:
    first = "はじめまして。\r\n相談です。\r\nＡＢＣ\r\n\r\n-- \r\n花子"
    again = "はじめまして。 相談です。\nABC\n\niPhoneから送信"
    assert resend_key(first) == resend_key(again)
    assert resend_key(first) != resend_key(first.replace("相談", "予約"))


def test_thanks_over_the_corpus() -> None:
    for path in sorted((Path(__file__).parents[2] / "corpus" / "thanks").glob("*.toml")):
        texts = tomllib.loads(path.read_text("utf-8"))
        assert sum(map(is_thanks, texts["thanks"])) >= 0.9 * len(texts["thanks"])
        assert not any(map(is_thanks, texts["more"]))
