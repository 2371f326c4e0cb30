"""The letters of a desk, compiled for it: to the byte what the templates say, nothing of anybody kept for others."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jinja2 import nodes

from maild.compose import DeskLetters, Draft, compose, payload_of
from maild.compose.folding import folded
from maild.compose.message import _base64_lines, one_line, unstructured
from maild.compose.render import Rendered, TemplateFault, Templates
from maild.desk.hotlines import hotlines_of
from maild.desk.rules import Desk, Hotline, Hours, Rules, Terms
from maild.letters import LETTERS, MARKS, SAMPLE_CASES
from maild.pipeline.writing import text_of

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("ja", "en")
HOTLINE = Hotline("夜の電話", "0120-000-000", "24時間")
DESKS = (
    ("consultation", Rules()),
    ("booking", Rules(round_trips=0, silence_days=0, resend_after_days=0, free_of_charge=False, hotlines=(HOTLINE,))),
    ("aftercare", Rules(closing_days="12月29日から1月3日", hours=Hours(weekdays=(1, 5)), hotlines=hotlines_of("ja"))),
)
TERMS = (Terms("2026-04", date(2026, 4, 1), "", "https://desk.example/terms"), Terms("第3", date(2026, 4, 1), ""))
AT = datetime(2026, 1, 5, tzinfo=UTC)
FIXED = ("desk", "rules", "hotlines", "language", "marks")


def fixed_of(language: str, kind: Any = "consultation", rules: Rules = DESKS[0][1]) -> dict[str, object]:
    desk = Desk(
        "no-desk-of-its-own", kind, "soudan@desk.example", "メール相談窓口", language, "Asia/Tokyo", "in@x.example"
    )
    return {"desk": desk, "rules": rules, "hotlines": rules.hotlines, "language": language, "marks": MARKS}


def templates(root: Path, language: str = "ja") -> Templates:
    return Templates(root, "no-desk-of-its-own", language, "Asia/Tokyo")


def words(letter: Rendered) -> tuple[str, str]:
    return letter.subject, letter.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("desk", DESKS)
def test_each_letter_is_what_the_template_says(language: str, desk: tuple[str, Rules]) -> None:
    long = templates(ROOT / "templates", language)
    fixed = fixed_of(language, *desk)
    short = DeskLetters(long, fixed)
    for name, spec in LETTERS.items():
        cases = {"never": (None,), "maybe": (None, *SAMPLE_CASES), "always": SAMPLE_CASES}[spec.case]
        for case in cases:
            for sample in spec.samples:
                for terms in TERMS:
                    values = {**spec.defaults, **sample, "case": case, "terms": terms}
                    expected = words(long.render(name, {**fixed, **values}))
                    for _ in range(2):  # made, and kept
                        assert words(short.render(name, values)) == expected, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_letter_is_compiled_for_the_desk(language: str) -> None:
    """None of ours takes the long way, and what every client is told alike is made once."""
    short = DeskLetters(templates(ROOT / "templates", language), fixed_of(language))
    assert [name for name in LETTERS if short._compiled(name) is None] == []
    for name in ("ack", "third_party", "limit_reached", "declined_urgent", "interrupted"):
        values = {**LETTERS[name].defaults, "case": None, "terms": TERMS[0]}
        assert short.render(name, values).same_for_all, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_s1_nothing_of_anybody_is_kept_for_others(language: str) -> None:
    """A text that is the same for all holds neither the name nor a word that came with the letter."""
    short = DeskLetters(templates(ROOT / "templates", language), fixed_of(language))
    for name, spec in LETTERS.items():
        for sample in spec.samples:
            told = {key: "ひみつ" if isinstance(value, str) else value for key, value in sample.items()}
            values = {**spec.defaults, **told, "case": None if spec.case == "never" else SAMPLE_CASES[0]}
            letter = short.render(name, {**values, "terms": TERMS[0]})
            if letter.same_for_all:
                assert not any(one in letter.text for one in ("ひみつ", "花子")), name
        for parts in short._known.values():
            assert parts is None or not any("ひみつ" in text for text in parts._kept.values())


WAYS = {
    "a name of its own": "Subject: a\n\n{% set desk = case %}{{ desk.name }}\n",
    "a loop over a fixed name": "Subject: a\n\n{% for desk in [case] %}{{ desk.name }}{% endfor %}\n",
    "a block over the first line": "Subject: a{% if case %}b\n\nc{% endif %}\n\nd\n",
    "a tag at the end of the first line": "Subject: a{% if case %}b{% endif %}\nc\n\nd\n",
    "a set in the first line": "Subject: a{% set x = case.number %}b\n\n{{ x }}\n",
    "a first line that strips": "Subject: a{{ case.number -}}\n\nb\n",
    "a second line that strips": "Subject: a\n\n{%- if case %} b {% endif %}c\n",
    "a subject of two lines": "Subject: {{ case.name ~ '\\nb' }}\n\nc\n",
    "another template": "Subject: a\n\n{% include case.tag ~ '.j2' ignore missing %}b\n",
    "a macro": "Subject: a\n\n{% macro m(desk) %}{{ desk }}{% endmacro %}{{ m(1) }}{{ m(desk.name) }}\n",
    "elif": "Subject: a\n\n{% if rules.closing_days %}1{% elif case.previous %}2{% elif desk.name %}3{% endif %}\n",
    "else": "Subject: a\n\n{% if not desk.name %}1{% elif not rules.round_trips %}2{% else %}3{% endif %}\n",
    "an empty branch": "Subject: a\n\nx{% if rules.closing_days %}1{% endif %}y\n",
    "filters": "Subject: a\n\n{% filter indent('> ', true)|upper %}b\nc{{ desk.name }}\n{% endfilter %}\n",
    "a filter of another": "Subject: a\n\n{% filter indent('> ', true) %}b\nc{{ case.name }}\n{% endfilter %}\n",
    "tables": "Subject: a\n\n{{ {1: 2}.get(rules.round_trips, 5) }}{{ {'a': 1}.get(case.tag, none) }}\n",
    "a table that lacks it": "Subject: a\n\n{{ {'a': 1}.get(desk.name) }}\n",
    "a method of a text": "Subject: a\n\n{{ desk.name.upper() }}{{ '{0}'.format(desk.name) }}\n",
    "entries of a dictionary": "Subject: a\n\n{{ table.one }}{{ table['one'] }}{{ table.items()|length }}\n",
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", (None, *SAMPLE_CASES))
def test_templates_of_an_operator(tmp_path: Path, way: str, case: Any) -> None:
    (tmp_path / "ja").mkdir()
    (tmp_path / "ja" / "ack.j2").write_text(WAYS[way], encoding="utf-8")
    values: dict[str, Any] = {"case": case, "terms": TERMS[0], "table": {"one": 1, "items": 2}}
    long = templates(tmp_path)
    short = DeskLetters(long, fixed_of("ja"))
    for _ in range(2):
        try:
            expected = words(long.render("ack", {**fixed_of("ja"), **values}))
        except TemplateFault as fault:
            with pytest.raises(TemplateFault) as told:
                short.render("ack", values)
            assert str(told.value) == str(fault)
        else:
            assert words(short.render("ack", values)) == expected


@pytest.mark.parametrize(
    "text", ["{{ case.client }}", "{{ nobody }}", "{{ case._hidden }}", "{{ table.pop('one') }}", "{{ 1 / 0 }}"]
)
def test_what_the_sandbox_refuses_is_told_with_its_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "ja").mkdir()
    (tmp_path / "ja" / "ack.j2").write_text(f"Subject: a\n\nb\n{text}\n", encoding="utf-8")
    short = DeskLetters(templates(tmp_path), fixed_of("ja"))
    for _ in range(2):
        with pytest.raises(TemplateFault, match=r"ack\.j2"):
            short.render("ack", {"case": SAMPLE_CASES[0], "terms": TERMS[0], "table": {"one": 1}})


def test_values_that_are_equal_and_do_not_read_the_same(tmp_path: Path) -> None:
    (tmp_path / "ja").mkdir()
    (tmp_path / "ja" / "ack.j2").write_text("Subject: a\n\n{{ first }}\n", encoding="utf-8")
    short = DeskLetters(templates(tmp_path), fixed_of("ja"))
    assert [short.render("ack", {"first": one}).text for one in (1, True, None, 0, False, "x", 1)] == [
        "1\n", "True\n", "None\n", "0\n", "False\n", "x\n", "1\n",
    ]  # fmt: skip
    with pytest.raises(TemplateFault):
        short.render("ack", {})


def test_chance_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "ja").mkdir()
    for text in ("{{ range(10000)|random }}", "{{ lipsum(n=1) }}"):
        (tmp_path / "ja" / "ack.j2").write_text(f"Subject: a\n\n{text}\n", encoding="utf-8")
        short = DeskLetters(templates(tmp_path), fixed_of("ja"))
        assert len({short.render("ack", {}).text for _ in range(20)}) > 1


def test_what_is_fixed_is_worked_in() -> None:
    environment, source = templates(ROOT / "templates").source("notice")
    tree = folded(environment, source.partition("\n")[2], fixed_of("ja"))
    assert tree is not None
    assert not [one for one in tree.find_all(nodes.Name) if one.name in FIXED]
    assert len(list(tree.find_all(nodes.FilterBlock))) == 1, "how to answer is the same for all; only the facts are not"


# -- as bytes ------------------------------------------------------------------------------------------------------


@example(b"x" * 57)
@example(b"x" * 114)
@given(st.binary(min_size=1, max_size=400))
def test_base64_lines_are_those_of_the_library(raw: bytes) -> None:
    assert _base64_lines(raw) == base64.encodebytes(raw).replace(b"\n", b"\r\n")


def _one_by_one(text: str, used: int) -> str:
    """Encoded words filled character by character, as long as they have room in a line of 76 (RFC 2047 section 2)."""
    found: list[bytes] = [b""]
    for character in text:
        word = len("=?utf-8?b??=") + len(base64.b64encode(found[-1] + character.encode()))
        if word + (used if len(found) == 1 else 1) > 76:
            found.append(b"")
        found[-1] += character.encode()
    return "\r\n ".join("=?utf-8?b?" + base64.b64encode(one).decode() + "?=" for one in found)


_WORDS = st.sampled_from("aé相😢 =?\u3000")


@given(st.text(_WORDS, max_size=80) | st.text(_WORDS, min_size=20, max_size=80), st.sampled_from([6, 9]))
def test_encoded_words_end_between_characters(text: str, used: int) -> None:
    clean = one_line(text)
    expected = clean if clean.isascii() and "=?" not in clean else _one_by_one(clean, used)
    assert unstructured(text, used) == expected


@example("相談" * 20, "メール相談窓口" * 3, 20)
@example("相" * 13, "窓" * 14, 1)
@given(st.text(_WORDS, max_size=80), st.text(_WORDS, max_size=60), st.integers(1, 50))
def test_no_line_of_encoded_words_is_too_long(subject: str, name: str, local: int) -> None:
    """RFC 2047 section 2: 76 characters; and every program reads the same."""
    address = "a" * local + "@soudan.example"
    raw = compose(Draft("<a@x.example>", name, address, "b@x.example", subject, "a\n", AT, "Asia/Tokyo"))
    head = raw.partition(b"\r\n\r\n")[0].decode()
    for line in head.split("\r\n"):
        assert "=?utf-8?b?" not in line or len(line) <= 76, line
    message = message_from_bytes(raw)  # the newer policy puts a space between the encoded words of a name
    read = [str(make_header(decode_header(message[field]))) for field in ("Subject", "From")]
    assert read[0].split() == one_line(subject).split()
    shown, found = parseaddr(read[1])
    assert found == address and "".join(shown.split()) == "".join(one_line(name).split())


@given(st.text(max_size=60))
def test_one_line_by_the_long_way(text: str) -> None:
    spaced = "".join(" " if ord(one) < 32 or one in "\x7f\x85\u2028\u2029" else one for one in text)
    assert one_line(text) == " ".join(spaced.encode("utf-8", "replace").decode().split())


@pytest.mark.parametrize("eight_bit", [False, True])
@pytest.mark.parametrize("text", ["a\n", "相談\n", "x" * 2000, "相談" * 400, "a\r\nb\rc\x00d\n\n\n", ""])
def test_a_kept_text_is_encoded_the_same(text: str, eight_bit: bool) -> None:
    values: Mapping[str, Any] = {
        "message_id": "<a@x.example>", "from_name": "窓口", "from_address": "a@x.example", "to": "b@x.example",
        "subject": "s", "text": text, "date": AT, "timezone": "Asia/Tokyo",
    }  # fmt: skip
    first, second = (compose(Draft(**values, same_for_all=kept), eight_bit=eight_bit) for kept in (False, True))
    assert first == second
    assert payload_of(first) == message_from_bytes(first).get_payload(decode=True)


def test_a_message_of_another_shape_is_parsed() -> None:
    head = b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    text = b"Content-Transfer-Encoding: quoted-printable\r\n\r\n=E3=81=82\r\n"
    assert payload_of(b"From: a\r\n" + head + text) is None
    assert text_of(b"From: a\r\n" + head + text) == "あ\n"
    assert payload_of(b"\r\n" + head + b"\r\nx\r\n") is None
    japanese = compose(Draft("<a@b>", "", "a@b", "c@d", "s", "あ\n", AT, "Asia/Tokyo"), charset="iso-2022-jp")
    assert payload_of(japanese) is None
    assert text_of(japanese) == "あ\n"
