"""Bytes and a label -> text (rules M5): every Japanese encoding round-trips, whatever the label; nothing raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.mail import charset, jis

KANJI = [chr(code) for code in range(0x4E00, 0x9FA0)]
CP932 = [char for char in KANJI + [chr(c) for c in range(0x3041, 0x30FD)] if char.encode("cp932", "ignore")]
# Text that people write: kana between the kanji, which is what tells the encodings apart.
japanese = st.lists(st.sampled_from(CP932), min_size=0, max_size=30).map(
    lambda chars: "相談です。" + "".join(chars) + "のこと"
)
LABELS = ("utf-8", "shift_jis", "euc-jp", "iso-2022-jp", "us-ascii", "x-unknown-label", None)


def vendor_iso_2022_jp(text: str) -> bytes:
    """As Japanese mailers encode: CP932 characters by their JIS cell, which no codec here can do."""
    cells = {char: cell for cell, char in reversed(jis._pairs().items())}
    out = b""
    for char in text:
        out += b"\x1b$B" + cells[char] + b"\x1b(B" if char in cells else char.encode("ascii")
    return out


@given(japanese, st.sampled_from(["utf-8", "cp932", "euc_jp"]), st.sampled_from(LABELS))
def test_any_label_is_only_a_hint(text: str, codec: str, label: str | None) -> None:
    data = text.encode(codec, "ignore")
    assert charset.decode(data, label)[0] == data.decode(codec)


@given(japanese, st.sampled_from(LABELS))
def test_seven_bits_need_no_label(text: str, label: str | None) -> None:
    assert charset.decode(vendor_iso_2022_jp(text), label)[0] == text


def test_every_cell_of_cp932_round_trips() -> None:
    readable = {char for char in jis._pairs().values() if char != "〓"}
    assert len(readable) > 7_000
    text = "".join(sorted(readable))
    assert charset.decode(vendor_iso_2022_jp(text), "iso-2022-jp")[0] == text


def test_the_library_and_our_own_way_read_the_same() -> None:
    for cell, char in jis._pairs().items():
        orderly = jis.orderly(b"\x1b$B" + cell + b"\x1b(B")
        assert orderly is None or orderly == char


@pytest.mark.parametrize("data", [b"\x82", b"a\x82", b"\x82\xa0\x82", b"\x82\xa0\xff\x82\xa2", b"\x82\n\x82\xa0"])
def test_a_broken_byte_harms_nobody_else(data: bytes) -> None:
    text, _ = jis.decode_shift_jis(data)
    assert text.count("あ") == data.count(b"\x82\xa0")
    assert text.count("い") == data.count(b"\x82\xa2")
    assert text.count("\n") == data.count(b"\n")


@given(
    st.binary(max_size=300),
    st.sampled_from([*LABELS, "utf-16", "utf-7", "hz", "gb2312", "iso-2022-kr", "idna", "\x00"]),
)
def test_nothing_raises_and_no_surrogate_comes_out(data: bytes, label: str | None) -> None:
    text, defects = charset.decode(data, label)
    text.encode("utf-8")
    assert len(set(defects)) == len(defects)


@given(
    st.lists(
        st.sampled_from(
            [b"\x1b$B", b"\x1b(B", b"\x1b(I", b"\x1b$(D", b"\x1b", b'$"', b"\n", b"a", b"\xa4\xa2", b"\x0e"]
        )
    )
)
def test_escape_sequences_in_any_order(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    text, _ = charset.decode(data, "iso-2022-jp")
    assert text.count("\n") == data.count(b"\n")


@pytest.mark.parametrize(
    "label", ["rot13", "base64_codec", "undefined", "unicode_escape", "punycode", "zlib", "a" * 1000]
)
def test_codecs_that_are_no_charset_are_not_used(label: str) -> None:
    assert charset.codec_of(label) is None
    assert charset.decode(b"\\u0041 =41", label)[0] == "\\u0041 =41"


def test_defects_say_what_was_mended() -> None:
    assert charset.decode("相談です".encode(), "utf-8")[1] == []
    assert charset.decode("相談です".encode(), None)[1] == ["charset_unlabelled"]
    assert charset.decode("相談です".encode(), "shift_jis")[1] == ["charset_mislabelled"]
    assert charset.decode("相談です".encode(), "x-mars")[1] == ["charset_unknown"]
    assert "charset_broken" in charset.decode("相談です".encode() + b"\xff\xfe\xff", "utf-8")[1]
