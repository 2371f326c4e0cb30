"""What only the HTML half of a mail says is read as well, and halves that say the same are not doubled (rules K1)."""

from __future__ import annotations

from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.mail.parse import read

CRY = "もう死にたいです。"
QUOTE = "夜は眠れていますか。消えたいと思うことはありますか。"
ATTRIBUTION = "2026年1月5日(月) 9:00 相談窓口 <soudan@desk.example>:"


def _mail(*halves: tuple[str, str], subject: str = "soudan", container: str = "alternative") -> bytes:
    lines = [f"From: hanako@phone.example\nSubject: {subject}\nMIME-Version: 1.0"]
    lines.append(f'Content-Type: multipart/{container}; boundary="=_b"\n')
    for kind, text in halves:
        lines.append(f"--=_b\nContent-Type: text/{kind}; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}")
    return "\n".join([*lines, "--=_b--", ""]).encode()


def _own(plain: str, html: str, subject: str = "soudan") -> str:
    return read(_mail(("plain", plain), ("html", html), subject=subject)).own_text


@pytest.mark.parametrize(
    "plain",
    [
        "",
        "\u3000\n",
        "HTMLメールです",
        "このメールはHTML形式です。",
        "HTML対応のメールソフトでご覧ください。",
        "This message is in HTML format.",
        "[image: image.png]",
        "デコメール",
        "テキスト",
        ".",
        "きのう送ったメールの下書きです。散歩に行きました。",
        "花子です。",
        "花子です。もう寝ます。",
    ],
)
@pytest.mark.parametrize(
    "html",
    [
        f"<p>花子です。</p><p>{CRY}</p>",
        f"<html><head><style>p {{}}</style></head><body><div>花子です。<br>{CRY}</div></body></html>",
        f"{CRY}<body><p>花子です。</p></body>",
        f"<!-- 注 --><p>花子です。</p><table><tr><td>{CRY}</td></tr></table>",
        "<p>花子です。</p><p>もう<b>死</b>に<span>た</span>い&#12391;す。</p>",
    ],
)
def test_the_html_says_more(plain: str, html: str) -> None:
    own = _own(plain, html)
    assert CRY in own
    assert own.count("花子です。") == 1
    if not any(sign in plain for sign in ("HTML", "image", ".")):
        assert plain.strip() in own


def test_a_line_in_a_long_mail() -> None:
    days = "".join(f"{day}日は友だちと駅で会いました。\n" for day in range(1, 29))
    own = _own(days, f"<div>{days.replace(chr(10), '<br>')}{CRY}</div>")
    assert own == f"{days}{CRY}"


def test_words_of_the_plain_half_stay() -> None:
    """Where each half lacks something, both are read; what both hold stands once."""
    own = _own(f"花子です。\n{CRY}\n", "<p>花子です。</p><p>住まいは三重です。</p>")
    assert own == f"住まいは三重です。\n\n花子です。\n{CRY}"


def test_more_than_the_stub_is_kept() -> None:
    own = _own(f"このメールはHTML形式です。\n{CRY}\n", "<p>花子です。</p>")
    assert own == f"花子です。\n\n{CRY}"


def test_a_persons_sentence_about_html_stays() -> None:
    own = _own("HTMLのメールは書けませんでした、もう死にたい\nHTML対応のソフトでご覧ください。", "<p>広告です</p>")
    assert own == "広告です\n\nHTMLのメールは書けませんでした、もう死にたい"


@pytest.mark.parametrize(
    ("plain", "html"),
    [
        ("花子です。\n\n相談が あります。", "<p>花子です。</p><p>相談が&nbsp;あります。</p>"),
        ("A long line that\nwas wrapped.", "<p>A long line that was wrapped.</p>"),
        ("*太字* と _斜体_ です", "<p><b>太字</b> と <i>斜体</i> です</p>"),
        ("* 一つ目\n* 二つ目\n  1. 三つ目", "<ul><li>一つ目</li><li>二つ目</li><ol><li>三つ目</ol></ul>"),
        (
            "詳しくは https://a.example/x をご覧ください",
            '<p>詳しくは<a href="https://a.example/x">こちら</a>をご覧ください</p>',
        ),
        ("詳しくはこちら<https://a.example/x>です", '<p>詳しくは<a href="https://a.example/x">こちら</a>です</p>'),
        ("ここです", '<p><a href="https://a.example/x">ここ</a>です</p>'),
        ("花子 <hanako@phone.example>", '<p>花子 <a href="mailto:hanako@phone.example">メール</a></p>'),
        ("前[image: 花.png]後", '<p>前<img src="cid:a" alt="花.png">後</p>'),
        ("ありがとう😊ございます", '<p>ありがとう<img src="x" alt="にこにこ">ございます</p>'),
        ("①㈱です ｶﾅ", "<p>①㈱です カナ</p>"),
        ("花子です。\n\n-- \n花子\n090", "<p>花子です。</p><p>--<br>花子<br>090</p>"),
        ("はい", '<p>はい</p><p style="display:none">隠れた文</p><!-- 注 -->'),
        ("表 花子\n24歳", "<table><tr><td>表</td><td>花子</td></tr><tr><td>24歳</td></tr></table>"),
    ],
)
def test_halves_that_say_the_same(plain: str, html: str) -> None:
    assert _own(plain, html) == plain.rstrip()


@pytest.mark.parametrize(
    ("plain", "html"),
    [
        ("はい。", f'<p>はい。</p><blockquote type="cite">{QUOTE}</blockquote>'),
        (
            f"はい。\n\n{ATTRIBUTION}\n\n> {QUOTE}\n",
            f'<div>はい。</div><div class="gmail_quote"><div>{escape(ATTRIBUTION)}</div>'
            f'<blockquote class="gmail_quote">{QUOTE}</blockquote></div>',
        ),
    ],
)
def test_quotes_are_no_difference(plain: str, html: str) -> None:
    assert _own(plain, html, subject="Re: soudan") == "はい。"


def test_below_a_quote_of_the_plain_half() -> None:
    """A plain half that ends in an unmarked quote does not swallow what only the HTML says."""
    plain = (
        "下書き。\n\n________________________________\n差出人: 相談窓口 <soudan@desk.example>\n"
        f"送信日時: 2026年1月5日 9:00\n宛先: hanako@phone.example\n件名: soudan\n\n{QUOTE}\n"
    )
    own = _own(plain, f"<p>{CRY}</p>", subject="Re: soudan")
    assert own == f"{CRY}\n\n下書き。"


def test_two_plain_forms() -> None:
    assert read(_mail(("plain", "見本です"), ("plain", f"見本です\n{CRY}"))).own_text == f"見本です\n\n{CRY}"


def test_floods_are_read() -> None:
    """Halves that have nothing in common, a hundred thousand pieces each, still give all their words (M6)."""
    plain = "あ" * 200_000
    html = "".join(f"<p>い{n}</p>" for n in range(50_000)) + f"<p>{CRY}</p>"
    facts = read(_mail(("plain", plain), ("html", html)))
    assert CRY in facts.own_text
    assert plain in facts.own_text
    links = "".join(f'<a href="https://a.example/{n}">ここ{n}</a>' for n in range(50_000))
    assert "ここ49999" in read(_mail(("plain", "花子です。"), ("html", links))).own_text


SENTENCES = ["花子です。", "眠れません。", CRY, "I am afraid of him.", "24歳、三重です。", "夫が帰ってきました！"]
LAYOUTS = ["<p>{}</p>", "<div>{}</div>", "{}<br>", "<b>{}</b>", "<table><tr><td>{}</td></tr></table>", "<li>{}</li>"]


@given(
    st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=6),
    st.lists(st.tuples(st.sampled_from(SENTENCES), st.sampled_from(LAYOUTS)), max_size=6),
    st.sampled_from(["soudan", "Re: soudan"]),
)
def test_no_sentence_of_either_half_is_lost(plain: list[str], html: list[tuple[str, str]], subject: str) -> None:
    """And one that both halves hold as often as the other stands no more often than there (K1)."""
    text, laid = "\n".join(plain), "".join(layout.format(sentence) for sentence, layout in html)
    own = _own(text, laid, subject)
    shown = [sentence for sentence, _ in html]
    for sentence in {*plain, *shown}:
        assert sentence in own
        if set(plain) == set(shown):
            assert own.count(sentence) <= max(plain.count(sentence), shown.count(sentence))


def test_the_plain_half_alone_is_kept_apart() -> None:
    """For replies of staff and for web forms, in which only the plain half is meant (P2, I3)."""
    more = read(_mail(("plain", "花子です。"), ("html", f"<p>花子です。</p><p>{CRY}</p>")))
    assert (more.plain, more.text) == ("花子です。", f"花子です。\n\n{CRY}")
    assert read(_mail(("plain", "花子です。"), ("html", "<p>花子です。</p>"))).plain == ""
