"""Hostile mail is read in bounded time, never raises, and what comes out fits a database and a terminal (rules M6)."""

from __future__ import annotations

import importlib
import random
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.mail import parse
from maild.mail.facts import Facts
from maild.mail.report import inspect_row

sys.path.insert(0, str(Path(__file__).parents[2] / "corpus" / "mail"))
_TABLES = [importlib.import_module(name) for name in ("mail_charsets", "mail_headers", "mail_parts", "mail_kinds")]
sys.path.pop(0)
SEEDS = [case.raw for table in _TABLES for case in table.CASES if len(case.raw) < 20_000]

HEAD = b"From: a@b.example\nTo: c@d.example\nSubject: s\nMIME-Version: 1.0\n"
MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n"
BASE64 = HEAD + b"Content-Transfer-Encoding: base64\n\n"
# 200 kB each: what is not linear takes minutes here, not milliseconds.
FLOODS = {
    "one header of 1 MB": b"Subject: " + b"a" * 1_000_000 + b"\n\nx",
    "encoded-words": b"Subject: " + b"=?utf-8?B?44GC?= " * 12_000 + b"\n\nx",
    "encoded-words without an end": b"Subject: " + b"=?utf-8?B?" * 20_000 + b"\n\nx",
    "raw kanji": b"Subject: " + "あ".encode("cp932") * 100_000 + b"\n\nx",
    "folds": b"Subject: a" + b"\n b" * 60_000 + b"\n\nx",
    "bare CR": b"Subject: a" + b"\r" * 200_000 + b"\n\nx",
    "recipients": b"From: a@b.example\nTo: " + b"".join(b"u%d@c.example, " % i for i in range(20_000)) + b"\n\nx",
    "open brackets": b"From: " + b"(" * 200_000 + b"\n\nx",
    "brackets": b"From: " + b"()" * 100_000 + b"\n\nx",
    "angles": b"From: " + b"<" * 200_000 + b"\n\nx",
    "quotes": b"From: " + b'"' * 200_001 + b"\n\nx",
    "escaped quotes": b"From: " + b'"\\' * 100_000 + b"\n\nx",
    "mixed openings": b"From: " + b'<"(' * 70_000 + b"\n\nx",
    "colons": b"From: " + b"a:" * 100_000 + b"\n\nx",
    "headers": b"X-A: b\n" * 30_000 + b"\nx",
    "names of headers": b"".join(b"X-%d: b\n" % i for i in range(30_000)) + b"\nx",
    "parameters": HEAD + b"Content-Type: text/plain" + b"; a=b" * 40_000 + b"\n\nx",
    "continued parameters": HEAD + b"Content-Type: text/plain" + b"; a*0*=x" * 30_000 + b"\n\nx",
    "references": HEAD + b"References: " + b"<a@b> " * 40_000 + b"\n\nx",
    "open references": HEAD + b"References: " + b"<" * 200_000 + b"\n\nx",
    "authentication": HEAD + b"Authentication-Results: " + b"(x" * 100_000 + b"\n\nx",
    "multiparts": HEAD
    + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(1000)),
    "messages": HEAD + b"Content-Type: message/rfc822\n\n" * 5_000,
    "parts": MIXED + b"--b\nContent-Type: text/plain\n\nx\n" * 6_000,
    "empty parts": MIXED + b"--b\n" * 50_000,
    "false boundaries": MIXED + b"--bx\n" * 40_000,
    "boundaries to guess": HEAD + b"Content-Type: multipart/mixed\n\n" + b"--x\n" * 50_000,
    "status blocks": HEAD + b"Content-Type: message/delivery-status\n\n" + b"a: b\n\n" * 30_000,
    "NULs": HEAD + b"\n" + bytes(200_000),
    "escapes": HEAD + b"\n" + b"\x1b$B" * 60_000,
    "escapes at line ends": HEAD + b"\n" + b"\x1b$B\n" * 50_000,
    "kanji lines without an escape": HEAD + b"\n\x1b$B" + b'$"\n' * 60_000,
    "broken kanji": HEAD + b"\n" + b"\x81\xfd" * 100_000,
    "padding": BASE64 + b"====\n" * 40_000,
    "base64 runs": BASE64 + b"QQ==\n" * 40_000,
    "junk base64": BASE64 + b"a b!\n" * 40_000,
    "base64 in text": HEAD + b"\n" + (b"A" * 76 + b"\n") * 2_600,
    "soft breaks": HEAD + b"Content-Transfer-Encoding: quoted-printable\n\n" + b" \t=" * 66_000,
    "uuencode beginnings": HEAD + b"\n" + b"begin 644 a\n" * 16_000,
    "uuencoded files": HEAD + b"\n" + b"begin 644 a\n`\nend\n" * 11_000,
    "html": HEAD + b"Content-Type: text/html\n\n" + b"<div>" * 40_000,
    "meta": HEAD + b"Content-Type: text/html\n\n" + b"<meta " * 33_000,
    "cid": HEAD + b"Content-Type: text/html\n\n" + b"cid:" * 50_000,
    "flowed quotes": HEAD + b"Content-Type: text/plain; format=flowed\n\n" + b"> " * 50_000 + b" \n" * 50_000,
    "blanks": HEAD + b"\n" + b" " * 200_000 + b"x",
    "empty lines": HEAD + b"\n" + b"\n" * 200_000 + b"x",
}


def check(facts: Facts) -> None:
    """What holds for the facts of any bytes whatever."""
    lines = [facts.subject, facts.from_name, *(each.name for each in facts.attachments)]
    for text in [*lines, facts.text, facts.own_text, facts.from_address, *facts.to, *facts.references]:
        text.encode("utf-8")  # no lone surrogates
        assert "\x00" not in text and "\r" not in text and "\x1b" not in text
    assert not any("\n" in line or "\u202e" in line for line in lines)
    assert not any(defect.startswith("reader_failed") for defect in facts.defects)
    assert "mail_parser_disagrees" not in facts.defects
    assert facts.message_id is None or facts.message_id.isascii()
    if facts.kind == "unreadable":
        assert facts.defects and not facts.text and not facts.attachments
    assert (facts.kind == "automatic") == (facts.automatic is not None)
    assert (facts.kind == "bounce") == (facts.bounce is not None)
    inspect_row(facts)


@pytest.mark.parametrize("raw", FLOODS.values(), ids=FLOODS)
def test_floods(raw: bytes) -> None:
    check(parse.read(raw))


def test_twenty_thousand_recipients_are_all_read() -> None:
    assert len(parse.read(FLOODS["recipients"]).to) == 20_000


def _mutated(chance: random.Random) -> bytes:
    data = bytearray(chance.choice(SEEDS))
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(6):
            case 0:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del data[at : at + chance.randint(1, 30)]
            case 2:
                other = chance.choice(SEEDS)
                begin = chance.randrange(len(other) + 1)
                data[at:at] = other[begin : begin + chance.randint(1, 200)]
            case 3:
                data[at:at] = data[at : at + chance.randint(1, 60)] * chance.randint(1, 20)
            case 4:
                data[at:at] = chance.choice(
                    [
                        b"\x00",
                        b"\r",
                        b"\n",
                        b"\r\n",
                        b"\x1b$B",
                        b"\x1b(B",
                        b"=?",
                        b"?=",
                        b'"',
                        b"(",
                        b"<",
                        b"--",
                        b"=",
                        b"\xff",
                        b"\n\n",
                    ]
                )
            case _:
                data = bytearray(data.swapcase())
    return bytes(data)


@pytest.mark.parametrize("seed", range(30))
def test_mutations_of_the_corpus(seed: int) -> None:
    """A hundred a seed, 3,000 in all; the seed names the one that failed."""
    chance = random.Random(seed)
    for _ in range(100):
        check(parse.read(_mutated(chance)))


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_any_bytes(raw: bytes) -> None:
    check(parse.read(raw))


PIECES = [
    b"From",
    b": ",
    b"a@b.example",
    b"\n",
    b"\r",
    b"\x00",
    b"Content-Type: ",
    b"multipart/mixed; boundary=",
    b"text/html",
    b"message/rfc822",
    b"--",
    b"x",
    b"=?utf-8?B?",
    b"?=",
    b"\xe3\x81\x82",
    b"\x1b$B",
    b"<",
    b">",
    b"(",
    b'"',
    b";",
]


@settings(max_examples=200)
@given(st.lists(st.sampled_from(PIECES)))
def test_any_sequence_of_what_matters(pieces: list[bytes]) -> None:
    check(parse.read(b"".join(pieces)))


def test_a_subject_is_bounded() -> None:
    """A whole mail fits in it; what is longer is cut and named, and the rest of the mail is read."""
    facts = parse.read(b"From: a@b.example\nSubject: " + b"x" * 1_000_000 + b"\n\ntext\n")
    assert (len(facts.subject), facts.text) == (20_000, "text")
    assert "header_field_too_large" in facts.defects


def test_bytes_past_the_limit_are_left_out() -> None:
    facts = parse.read(HEAD + b"\n" + b"x" * (65 * 1024 * 1024))
    assert "message_too_large" in facts.defects
