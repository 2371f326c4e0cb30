"""Each short way through an ordinary mail gives what the long way gives (rules M5, M6)."""

from __future__ import annotations

import binascii
import re
import sys
from email.header import decode_header
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.mail import (
    address,
    automatic,
    body,
    charset,
    dsn_parts,
    dsn_signs,
    emoji,
    header,
    jis,
    sniff,
    structure,
    transfer,
)

EVERY_CHARACTER = [chr(code) for code in range(sys.maxunicode + 1)]


def _joined(*pieces: str, size: int = 12) -> st.SearchStrategy[str]:
    return st.lists(st.one_of(st.sampled_from(pieces), st.text(max_size=2)), max_size=size).map("".join)


def _joined_bytes(*pieces: bytes, size: int = 14) -> st.SearchStrategy[bytes]:
    return st.lists(st.one_of(st.sampled_from(pieces), st.binary(max_size=2)), max_size=size).map(b"".join)


def _none(*_: object) -> None:
    """A short way that is never taken."""


# -- header ----------------------------------------------------------------------------------------------------------


@settings(max_examples=800, deadline=None)
@given(
    _joined_bytes(
        *(b"Subject", b"From", b"X-A", b":", b": ", b" :", b" ", b"\t", b"\r\n", b"\n", b"\r", b"a", b"\x00", b"-"),
        *(b"To: x\r\n", b"Cc: y\n", b" folded\r\n", b"X-B: z\r\n\ttab\r\n", b"From x\n", b"\xe3\x81\x82", b"\r\n\r\n"),
    )
)
def test_header_sections(raw: bytes) -> None:
    short: list[str] = []
    long: list[str] = []
    found = structure.read_fields(raw, 0, len(raw), short)
    with patch.object(structure, "_orderly_fields", _none):
        assert (found, short) == (structure.read_fields(raw, 0, len(raw), long), long)


FOLDED = _joined("\r", "\n", "\r\n", " ", "\t", "a", "あ", "\r\n ", "\n\t")


@settings(max_examples=500, deadline=None)
@given(FOLDED)
def test_folds(raw: str) -> None:
    assert header.unfold(raw) == re.sub(r"[\r\n]+", " ", re.sub(r"[\r\n]+(?=[ \t])", "", raw)).strip(" \t")


@settings(max_examples=500, deadline=None)
@given(_joined("a", " ", "  ", "\u3000", "あ", "\t", "\x85", "\x07", "\u202e", "\u200b", "\u3164", "\ufe0f", "\u2028"))
def test_lines_and_names(text: str) -> None:
    one_line = header._CONTROL.sub("", header._BLANK.sub(" ", text)).strip()
    assert header.one_line(text) == one_line
    assert header.clean_name(text) == re.sub(" {2,}", " ", header._INVISIBLE.sub("", one_line)).strip()


def test_what_is_printable_holds_no_control_character_and_no_direction() -> None:
    for char in filter(str.isprintable, EVERY_CHARACTER):
        assert not header._CONTROL.match(char) and not header._BLANK.match(char) and not header._BIDI.match(char)


@given(st.from_regex(r"[A-Za-z0-9-]{0,12}", fullmatch=True))
def test_tokens(raw: str) -> None:
    assert header.token(raw) == header.token(f"{raw}; (a)")


WORDS = _joined(
    *("=?utf-8?B?44GC?=", "=?UTF-8?b?44GC44GE?=", "=?utf-8?B?44G?=", "=?utf-8?B?44GC", "=?utf-8?Q?=E3=81=82?="),
    *("=?iso-2022-jp?B?GyRCJCIbKEI=?=", "=?iso-2022-jp?B?GyRCJCI=?=", "=?cp932?B?gqA=?=", "=?utf-8?B?YQ==?="),
    *(
        "=?x?B?YWJj?=",
        "=?utf-8*ja?B?44GC?=",
        "=?",
        "?=",
        "=",
        "?",
        " ",
        "\r\n ",
        "\t",
        "\x1b",
        "a",
        "Re: ",
        "あ",
        "<a@b>",
    ),
    size=8,
)


@settings(max_examples=800, deadline=None)
@given(WORDS)
def test_encoded_words(raw: str) -> None:
    short: list[str] = []
    long: list[str] = []
    found = header.decode_text(raw, short), header.decode_words(raw)
    with patch.object(header, "base64_run", _none):
        assert found == (header.decode_text(raw, long), header.decode_words(raw))
    assert short == long


@settings(max_examples=800, deadline=None)
@given(WORDS)
def test_encoded_words_of_bounces(raw: str) -> None:
    found = dsn_parts.decoded(raw)
    with patch.object(dsn_parts, "base64_run", _none):
        assert found == dsn_parts.decoded(raw)


def test_the_usual_encoded_words_take_the_short_way() -> None:
    raw = "Re: =?iso-2022-jp?B?GyRCJCIbKEI=?= =?iso-2022-jp?B?GyRCJCIbKEI=?="
    assert header.base64_run(raw) == ("Re: ", "iso-2022-jp", b'\x1b$B$"\x1b(B' * 2, "")
    assert len(decode_header(raw)) == 2


ADDRESSES = _joined(
    *(
        "a@b.example",
        "A.B@Example.JP",
        "a..b@c.example",
        "a@b..c",
        "a@b",
        "<",
        ">",
        "<a@b.example>",
        '"',
        "(",
        ")",
        ",",
    ),
    *(
        ";",
        ":",
        " ",
        "\t",
        "\\",
        "Hanako ",
        "花子",
        "=?utf-8?B?44GC?=",
        "=?x?=@b.example",
        "@",
        "＠",
        "＜",
        "mailto:",
        "'",
    ),
    size=7,
)


@settings(max_examples=800, deadline=None)
@given(ADDRESSES)
def test_addresses(value: str) -> None:
    found = address.parse_mailboxes(value)
    with patch.object(address, "_usual", _none):
        assert found == address.parse_mailboxes(value)


def test_the_usual_addresses_take_the_short_way() -> None:
    assert address._usual("=?utf-8?B?44GC?= <A.b@Phone.example>") == ("あ", "a.b@phone.example")
    assert address._usual("desk@soudan.example") == ("", "desk@soudan.example")


# -- body ------------------------------------------------------------------------------------------------------------

LABELS = st.sampled_from(
    [None, "", "utf-8", "UTF8", "iso-2022-jp", "iso-2022-jp-2004", "us-ascii", "cp932", "x-unknown"]
)


@settings(max_examples=800, deadline=None)
@given(
    _joined_bytes(
        *(
            b"\x1b$B",
            b"\x1b$@",
            b"\x1b(B",
            b"\x1b(J",
            b"\x1b(I",
            b'$"',
            b"!A",
            b"-!",
            b"$",
            b"\n",
            b"\r\n",
            b"\r",
            b"a",
        ),
        *(b"\x0e", b"\x0f", b"\x1b", b" ", b"\xe3\x81\x82", b"\xef\xbc\x81", b"\xee\x98\xbe", b"\xef\x80\x80", b"\xef"),
        *(
            b"\xed\xa0\xbd\xed\xb8\x80",
            b"\xf0\x9f\x98\x80",
            b"\xf3\xb0\x80\x80",
            b"\xef\xbb\xbf",
            b"\x82\xa0",
            b"\xff\xfe",
        ),
    ),
    LABELS,
)
def test_charsets(data: bytes, label: str | None) -> None:
    found = charset.decode(data, label)
    with patch.object(charset, "_usual", _none):
        assert found == charset.decode(data, label)
    with patch.object(charset, "_TO_MEND", re.compile("")):
        assert found == charset.decode(data, label)


@settings(max_examples=800, deadline=None)
@given(_joined_bytes(b"\x1b$B", b"\x1b$@", b"\x1b(B", b"\x1b(J", b'$"', b"$", b"\n", b"\r\n", b"a", b"\x0e", b"\x1b"))
def test_half_a_pair_is_not_orderly(data: bytes) -> None:
    """The library refuses it, so the pattern need not count."""
    whole = re.fullmatch(rb"(?:[^\x1b\x0e\x0f]|\x1b\$[@B](?:[\x21-\x7e]{2})+\x1b\(B)*", data)
    assert jis.orderly(data) is None or whole


def test_every_character_that_is_mended_is_looked_for() -> None:
    for char in EVERY_CHARACTER:
        if charset._SURROGATES.match(char) or emoji._PRIVATE.match(char):
            assert charset._TO_MEND.match(char)
        if emoji._PRIVATE.match(char):
            assert charset._holds_private(f"。{char}！".encode())


@settings(max_examples=500, deadline=None)
@given(
    _joined("\r", "\n", "\r\n", "\t", "\x0b", "\x0c", "\x1f", "\x7f", "\x85", "\u2028", "\ufeff", "\ud800", "あ", "a")
)
def test_tidy_texts(text: str) -> None:
    lines = re.sub("\r\n|[\r\x0b\x0c\x85\u2028\u2029]", "\n", text)
    assert body.tidy(text) == body._CONTROL.sub("", lines).lstrip("\ufeff")


@settings(max_examples=800, deadline=None)
@given(_joined_bytes(b"QUJD", b"A", b"=", b"==", b"+/", b"\r\n", b" ", b"-", b"_", b"\xe3", b"\x0c", size=8))
def test_base64(data: bytes) -> None:
    short: list[str] = []
    long: list[str] = []
    found = transfer.base64(data, short)

    calls: list[bytes] = []

    def refuses_first(text: bytes, **how: bool) -> bytes:
        calls.append(text)
        if len(calls) == 1:
            raise binascii.Error
        return decoded(text, **how)

    decoded = binascii.a2b_base64
    with patch.object(transfer.binascii, "a2b_base64", refuses_first):
        assert (found, short) == (transfer.base64(data, long), long)


def test_every_sign_of_a_type_is_found() -> None:
    """Whatever the first byte: the first sign of the table that stands in the data."""
    for offset, sign, _ in sniff._MAGIC:
        for also in (b"", b"\x00\x01\x02\x03\x04", b"Rar!\x1a\x07"):
            data = bytes(offset) + sign + also + bytes(300)
            wanted = next(kind for at, other, kind in sniff._MAGIC if data[at : at + len(other)] == other)
            assert sniff.magic(data) == wanted


@settings(max_examples=300, deadline=None)
@given(_joined_bytes(b"A" * 55, b"A" * 56 + b"\n", b"A" * 76 + b"\r\n", b"A", b"\n", b"\r\n", b"=", b" ", b"\xe3"))
def test_lines_of_base64(data: bytes) -> None:
    runs = [found.span() for found in sniff._BASE64_LINES.finditer(data)]
    assert sniff.base64_runs(data) == (runs if len(data) >= 112 else [])


# -- which kind of mail ----------------------------------------------------------------------------------------------


def test_ordinary_fields_tell_nothing() -> None:
    for name in automatic._ORDINARY:
        for value in ("auto_reply", "autoresponder", "all", "bulk", "yes"):
            assert automatic._by_standard_headers({name: [value]}) is None
            assert automatic._by_vendor_headers({name: [value]}) is None


@pytest.mark.parametrize(
    "subject",
    [
        *("自動返信", "自动回复", "자동응답", "AUTO REPLY", "automatic response", "OOO", "ooo: hello", "Out of office"),
        *("vacation message", "away from the desk", "automatische antwort", "Abwesenheitsnotiz", "réponse automatique"),
        *("不在通知", "長期不在のため", "休暇のお知らせ", "夏季休業", "現在外出中です", "出張", "auto"),
        *("ooo Re: hello", "I'm out of office re: x", "vacation re: x", "出張中 Re: 相談"),
    ],
)
def test_subjects_of_machines_have_a_sign(subject: str) -> None:
    patterns = ("_STRONG_SUBJECT", "_WEAK_SUBJECT", "_STRONG_BEFORE", "_WEAK_BEFORE")
    assert any(getattr(automatic, pattern).match(subject) for pattern in patterns)
    assert not automatic._SUBJECT_SIGNS.isdisjoint(subject)


def test_words_of_bounces_have_a_letter() -> None:
    assert all(not dsn_signs._SUBJECT_LETTERS.isdisjoint(word) for word in dsn_signs._SUBJECTS)
    assert all(not dsn_signs._DAEMON_LETTERS.isdisjoint(word) for word in dsn_signs._DAEMON_NAMES)
    assert all(word.startswith(dsn_signs._MACHINES) for word in dsn_signs._NUMBERED_MACHINES)
