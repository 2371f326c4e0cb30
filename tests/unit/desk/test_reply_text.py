"""The counselor's words come out exactly, or the reply is held (rules P2, P4, P5)."""

from __future__ import annotations

import re
import textwrap
import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from maild.desk import commands, reply_text
from maild.desk.reply_text import BEGIN_MARK, END_MARK, LINE_TAG, Identity, ReplyText, internal_sign
from maild.desk.signatures import is_only_signature
from maild.mail.quote_marks import clean

CORPUS = Path(__file__).parents[2] / "corpus" / "replies"
NOTICE = (CORPUS / "notice.txt").read_text(encoding="utf-8")
CLIENT = NOTICE.split(END_MARK)[1].split("── これまで")[0].strip()


WHO = Identity(
    names=("佐藤花子", "さとうはなこ"), addresses=("sato@desk.example", "soudan@desk.example"), desk="メール相談窓口"
)
extract = partial(reply_text.extract, identity=WHO)


def quoted(text: str, sign: str = "> ") -> str:
    return "\n".join((sign + line).rstrip() for line in text.rstrip("\n").split("\n"))


def cases() -> list[Any]:
    found = []
    for path in sorted(CORPUS.glob("*.toml")):
        for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]:
            found.append(pytest.param(case, id=f"{path.stem}:{case['name']}"))
    return found


def played(text: str) -> str:
    """Put the notice where a case says: «>notice» with the prefix, «notice» without one, «client» its client's text."""
    for name, what in (("notice", NOTICE), ("client", CLIENT)):
        text = text.replace(f"«{name}»", what.rstrip("\n"))
        for sign in ("> ", ">", "＞", "| ", ">> "):
            place = f"«tight {name}»" if sign == ">" else f"«{sign.strip()}{name}»"
            text = text.replace(place, quoted(what, sign))
    return text


def test_corpus_is_large() -> None:
    assert len(cases()) >= 80


@pytest.mark.parametrize("case", cases())
def test_corpus(case: dict[str, Any]) -> None:
    notice = NOTICE if case.get("notice", True) else None
    text = played(case["text"])
    read = extract(text, html=case.get("html", False), notice=notice, subject=case.get("subject", "Re: 花子さん"))
    assert "«" not in text
    assert [command.raw for command in read.commands] == case.get("commands", [])
    if "held" in case:
        assert not read.certain
        assert set(case["held"]) <= set(read.doubts)
    else:
        assert read.doubts == ()
        assert read.certain
    if "body" in case:
        assert read.body == case["body"].strip("\n")
    assert not internal_sign(read.body)


def test_crlf_reads_as_lf() -> None:
    text = f"#interim\n\n一行目です。\n\n二行目です。\n\n{ATTRIBUTIONS[0]}\n{quoted(NOTICE)}\n"
    assert extract(text.replace("\n", "\r\n"), notice=NOTICE) == extract(text, notice=NOTICE)
    assert extract(text, notice=NOTICE).body == "一行目です。\n\n二行目です。"


def test_p2_the_quote_of_another_mail_below_its_attribution_is_a_quote() -> None:
    """None of it stands in the notice: nobody has written into the notice's lines. One line of it that does, and a
    person looks (P5)."""
    other = quoted("先週の控えです。\n一行も同じではありません。")
    for attribution in ATTRIBUTIONS:
        read = extract(f"読みました。\n\n{attribution}\n{other}\n", notice=NOTICE)
        assert (read.body.strip(), read.certain) == ("読みました。", True), attribution
    line = max(NOTICE.splitlines(), key=len)
    assert not extract(f"読みました。\n\n{ATTRIBUTIONS[0]}\n> {line}\n{other}\n", notice=NOTICE).certain
    assert not extract(f"読みました。\n\n{other}\n", notice=NOTICE).certain, "without attribution it may be meant"


WORDS = sorted({word for words in commands._NAMES.values() for word in words} | {"book", "確認済み"})


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("line", ["#{}", "＃{}", "# {}", "#{}。", "#{} 明日", "#{} #保留"])
def test_p4_an_order_below_the_text_is_never_sent(word: str, line: str) -> None:
    """Whichever order it is: one list of them holds for the top of a reply and for what must not reach a client."""
    found = extract(f"お返事です。\n一つ。\n二つ。\n三つ。\n\n{line.format(word)}\n\n{quoted(NOTICE)}", notice=NOTICE)
    assert "stray_command" in found.doubts and not found.certain


@pytest.mark.parametrize("line", ["#1 眠れるとき", "#いのちSOS", "#相談は無料です", "#7119", "番号は #9110 です"])
def test_what_only_looks_like_an_order_is_the_counselors_text(line: str) -> None:
    found = extract(f"お返事です。\n一つ。\n二つ。\n三つ。\n{line}\n\n{quoted(NOTICE)}", notice=NOTICE)
    assert found.certain and line in found.body


def test_repr_shows_nothing() -> None:
    assert "ひみつ" not in repr(extract("#note ひみつ\nひみつ"))


# What programs do with the notice below (or above) what was written.
Program = Callable[[str], str]
ATTRIBUTIONS = (
    "2026年1月5日(月) 9:00 メール相談窓口 <soudan@desk.example>:",
    "2026年1月5日(月) 9:00 メール相談窓口\n<soudan@desk.example>:",
    "On 2026/01/05 9:00, メール相談窓口 wrote:",
    "2026/01/05 9:00、メール相談窓口 <soudan@desk.example>のメール:",
    "On Mon, 5 Jan 2026 09:00:00 +0900\nメール相談窓口 <soudan@desk.example> wrote:\n",
    "----- Original Message -----\nFrom: soudan@desk.example\nTo: counselors@desk.example\nDate: 2026/1/5\n",
    "--- soudan@desk.example wrote ---",
)
HEADERS = (
    "________________________________\n差出人: 窓口 <soudan@desk.example>\n送信日時: 2026年1月5日 9:00\n"
    "宛先: counselors@desk.example\n件名: 花子さん\n",
    "-----Original Message-----\nFrom: soudan@desk.example\nSent: Monday, January 5, 2026 9:00 AM\n"
    "To: counselors@desk.example\nSubject: 花子さん\n",
    "差出人: 窓口 <soudan@desk.example>\n日時: 2026年1月5日 月曜日 9:00\n"
    "宛先: counselors@desk.example\n件名: 花子さん\n",
)
SIGNATURES = (
    "",
    "\n\n-- \n佐藤花子\nsato@desk.example",
    "\n\niPhoneから送信",
    "\n\nSent from Outlook for iOS",
    "\n\n" + "-" * 30 + "\n佐藤\nsato@desk.example\n" + "-" * 30,
)


def rewrapped(width: int) -> str:
    wrapper = textwrap.TextWrapper(width, break_long_words=True, drop_whitespace=False)
    return "\n".join("\n".join(wrapper.wrap(line)) for line in NOTICE.split("\n"))


def folded_quote(width: int) -> str:
    """Quoted, then folded, as some phones do: the rest of a line has no prefix."""
    return "\n".join(line[at : at + width] for line in quoted(NOTICE).split("\n") for at in range(0, len(line), width))


def around(above: str, below: str) -> Program:
    return lambda body: f"{above}{body}{below}"


def programs() -> list[Program]:
    made: list[Program] = [around("", "")]
    for attribution in ATTRIBUTIONS:
        made += [around("", f"\n\n{attribution}\n{quoted(NOTICE, sign)}\n") for sign in ("> ", ">", "＞")]
        made.append(around(f"{attribution}\n{quoted(NOTICE)}\n\n", "\n"))
        made.append(around("", f"\n\n{attribution}\n{quoted(rewrapped(20))}\n"))
        made.append(around("", f"\n\n{attribution}\n{folded_quote(33)}\n"))
        made.append(around(f"{attribution}\n{folded_quote(33)}\n\n", "\n"))
    for headers in HEADERS:
        made.append(around("", f"\n\n{headers}\n{NOTICE}\n"))
        made.append(around(f"{headers}\n{NOTICE}\n\n", "\n"))
        made.append(around("", f"\n\n{headers}\n{rewrapped(25)}\n"))
    made.append(around("", f"\n\n{quoted(NOTICE)}\n"))
    made.append(around(f"{quoted(NOTICE)}\n\n", "\n"))
    made.append(around(f"{quoted(quoted(NOTICE))}\n\n", "\n"))
    made.append(around("", f"\n\n---------- Forwarded message ---------\n{NOTICE}\n"))
    half = NOTICE.split("\n")
    for at in (3, 8, 12, 20):
        above, below = "\n".join(half[:at]), "\n".join(half[at:])
        made.append(around(f"{ATTRIBUTIONS[0]}\n{quoted(above)}\n\n", f"\n\n{quoted(below)}\n"))
        made.append(around(f"{HEADERS[0]}\n{above}\n", f"\n{below}\n"))
    return made


PROGRAMS = programs()
LINES = st.sampled_from(
    [
        "花子さん、こんにちは。メール相談窓口です。",  # stands in the earlier exchange, too
        "よろしくお願いします。",  # stands in the client's text, too
        "眠れない日が続いているのですね。",
        "・まず、眠りのことを書き留めてみてください",
        "1. 病院では、眠れないことだけを話してもかまいません。",
        "> 病院に行ったほうがいいですか",
        "> 自分で書いた行です",
        "食欲もあまりなくて、朝ごはんは食べられない日が続いています。",
        "「だれに相談したらいいのか分かりません」とのことですが、",
        "----------",
        "2026年2月9日",
        "いのちの電話 0120-783-556",
        "From: という文字を見たら、",
        "",
        "",
        "  字下げした行です。",
        "#1 の件について",
        "--",
        "また書いてくださいね。",
    ]
) | st.text(alphabet="あいう花子さん、。 >#-:ab1\n　", max_size=30)
RULE = re.compile(r"[ \u3000]*[-―─_=*]{2,}[ \u3000]*")
BODIES = st.lists(LINES, min_size=1, max_size=7).map("\n".join)


def outer(body: str) -> str:
    lines = body.split("\n")
    while lines and not lines[0].strip():
        lines.pop(0)
    return "\n".join(lines).rstrip()


def signed(body: str) -> bool:
    """Whether the text holds a signature of its own (P2): below ``-- ``, a name below ``--``, as some programs have it,
    or a name of the desk's alone below a rule."""
    lines = body.split("\n")
    rules = [at for at, line in enumerate(lines) if RULE.fullmatch(line)]
    named = any(WHO.is_half(clean(line)) for line in lines[lines.index("--") :]) if "--" in lines else False
    return "-- " in lines or named or any(is_only_signature("\n".join(lines[at:]), WHO) for at in rules)


@given(BODIES, st.sampled_from(PROGRAMS), st.sampled_from(SIGNATURES), st.booleans())
@example("花子さん、こんにちは。メール相談窓口です。\n--\n花子", PROGRAMS[0], "", False)
@settings(max_examples=800, deadline=None)
def test_exact_or_held(body: str, program: Program, signature: str, known: bool) -> None:
    """The counselor's body comes out exactly, or is held; never is anything internal in it."""
    read = extract(program(body + signature), notice=NOTICE if known else None, subject="Re: 花子さん")
    assert not internal_sign(read.body)
    assert not any(LINE_TAG in command.raw for command in read.commands)
    for line in NOTICE.split("\n"):
        if LINE_TAG in line and read.body and known:
            assert line.removeprefix(LINE_TAG).strip() not in read.body
    if read.certain and not read.commands and not signed(body):
        assert squeezed(read.body) == squeezed(body)


def squeezed(body: str) -> list[str]:
    """Lines with words; empty ones, lone ``>`` and a delimiter with nothing below it (before a quote) may differ."""
    return [line.rstrip() for line in body.split("\n") if line.strip(" \u3000>") not in ("", "--")]


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
@pytest.mark.parametrize("signature", SIGNATURES)
def test_plain_body_comes_through(number: int, signature: str) -> None:
    """An ordinary reply is not held by any program that marks its quote; the others hold or send exactly it."""
    body = "花子さん\n\nお便りをありがとうございます。\n・一つ目\n・二つ目\n\nまた書いてください。"
    made = PROGRAMS[number](body + signature)
    read = extract(made, notice=NOTICE, subject="Re: 花子さん")
    assert not internal_sign(read.body)
    if read.certain:
        assert read.body == body
    else:
        assert not made.startswith(body) or "Forwarded message" in made


@given(st.text(max_size=300), st.text(max_size=300), st.booleans())
@settings(max_examples=200, deadline=None)
def test_never_raises(text: str, notice: str, html: bool) -> None:
    assert isinstance(extract(text, html=html, notice=notice, subject=text[:20]), ReplyText)


@given(st.text(alphabet="あい。、\n花子です", max_size=200))
def test_reply_without_quote_is_the_body(text: str) -> None:
    read = extract(text, notice=NOTICE)
    assert read.certain
    assert read.body == outer(text)


FLOODS = [
    "> " * 100_000,
    "#" * 200_000,
    "----- \n" * 28_000,
    BEGIN_MARK * 7_000,
    (BEGIN_MARK + "\n") * 7_000,
    "-- \n" * 50_000,
    "a@b." * 50_000,
    "> 行\n自分\n" * 20_000,
    "On 2026/1/1 \n" * 15_000,
    "差出人: a\n" * 20_000,
    "tel: 03-" * 25_000,
    "> 同じ行です、同じ行です\n" * 14_000,
]


@pytest.mark.parametrize("number", range(len(FLOODS)))
def test_floods_end(number: int) -> None:
    flood = FLOODS[number]
    assert isinstance(extract(flood, notice=flood[:50_000], subject=flood[:1000]), ReplyText)
