"""Masking (rule P1a): the client's address and its local part wherever they stand, and ordinary text left alone."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from html import unescape
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.desk.address_forms import surely_lacks
from maild.pipeline.mask import MASK, masked, suspected

ADDRESS = "taro.yamada-91@docomo.example"
LOCAL = "taro.yamada-91"


def wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


@pytest.mark.parametrize(
    "written",
    [
        ADDRESS,
        ADDRESS.upper(),
        wide(ADDRESS),
        wide(ADDRESS).upper(),
        LOCAL,
        LOCAL.title(),
        wide(LOCAL),
        f"<{ADDRESS}>",
        f"mailto:{ADDRESS}",
        f"mailto:{ADDRESS}?subject=x",
        f"[{ADDRESS}](mailto:{ADDRESS})",
        f"x%3A{quote(ADDRESS, safe='')}",
        ADDRESS.replace("@", "=40"),
        ADDRESS.replace("@", "%40"),
        ADDRESS.replace("@", "&#64;"),
        ADDRESS.replace("@", "&#x40;"),
        ADDRESS.replace("@", " @ "),
        ADDRESS.replace("@", "(at)"),
        ADDRESS.replace("@", " at "),
        ADDRESS.replace("@", " [at] "),
        ADDRESS.replace("@", "（アット）"),
        ADDRESS.replace("@", "アットマーク").replace(".", "ドット"),
        ADDRESS.replace("@", "★"),
        ADDRESS.replace("@", "@\n"),
        ADDRESS.replace("@", "\n@"),
        ADDRESS.replace("@", "@\r\n> "),
        "taro.ya\n> mada-91@docomo.example",
        "taro.ya=\r\nmada-91@docomo.example",
        "taro.yamada-91@docomo\n.example",
        "taro.\u200byamada-91@docomo.example",
        f'"{LOCAL}"@docomo.example',
        f"{LOCAL}さん",
        f"ID:{LOCAL}",
        f"{LOCAL}@",
        f"{LOCAL}@au.example",
        f"https://x.example/?to={ADDRESS}&a=1",
        "".join(f"&#{ord(c)};" for c in ADDRESS),
        "".join(f"%{ord(c):02x}" for c in ADDRESS),
        "".join(f"={ord(c):02X}" for c in ADDRESS),
    ],
)
def test_p1a_every_way_of_writing_it(written: str) -> None:
    for text in (written, f"前{written}後", f"> {written}\n", f"-- \n{written}", f"({written})、"):
        shown = masked(text, [ADDRESS])
        assert MASK in shown
        assert "yamada" not in plain(shown), shown


def plain(text: str) -> str:
    """As a reader could make it out."""
    text = unescape(unquote(re.sub(r"=([0-9A-F]{2})", r"%\1", text.replace("=\r\n", ""))))
    return re.sub(r"[\s>\u200b]", "", unicodedata.normalize("NFKC", text)).lower()


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("a@x.example", "a book, a pen: plan A です"),
        ("me@x.example", "Please tell me more. It helps me."),
        ("no@x.example", "No. 12, no more"),
        ("24@x.example", "24歳です。24時間"),
        ("taro@x.example", "tarot, kentaro, taro_3, taro3"),
        ("i.am@x.example", "I am fine"),
        ("hana@x.example", "はな、花、hanako"),
        ("x@x.example", "x.example で"),
        ("happy@x.example", "I am happy"),
        ("line@x.example", "LINE で別れを告げられました"),
        ("info@x.example", "市の info のページ"),
        ("life@x.example", "my life is over"),
    ],
)
def test_p1a_ordinary_text_stays(address: str, text: str) -> None:
    assert masked(text, [address]) == text


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("a@x.example", "a@x.example"),
        ("a@x.example", "アドレスはaです"),
        ("me@x.example", "me (at) x.example"),
        ("me@x.example", "me＠x"),
        ("me@x.example", "mailto:me"),
        ("me@x.example", "-- \nme\n"),
        ("24@x.example", "メールは 24 です"),
        ("happy@x.example", "アカウントは happy です"),  # a word: where it names somebody
        ("happy@x.example", "happyさん"),
        ("happy@x.example", "また書きます。\nhappy"),
        ("info@x.example", "info"),
        ("taro+soudan@x.example", "taro@x.example"),
        ("taro+soudan@x.example", "taro です"),
        ("taro..san@x.example", "taro..san"),
        ("taro.@x.example", "taro.@x.example"),
        ("19910401@x.example", "19910401"),
    ],
)
def test_p1a_short_and_common_local_parts(address: str, text: str) -> None:
    assert MASK in masked(text, [address])


CORPUS = tomllib.loads((Path(__file__).parents[1] / "corpus" / "leak" / "masking.toml").read_text("utf-8"))


def test_p1a_fresh_texts() -> None:
    """Addresses as clients write them, and words that only look like one: at most 1 in 40 goes wrong either way."""
    left = [text for address, text, told in CORPUS["leaking"] if told in masked(text, [address])]
    touched = [text for address, text in CORPUS["innocent"] if masked(text, [address]) != text]
    assert len(CORPUS["leaking"]) >= 80 and len(CORPUS["innocent"]) >= 80
    assert len(left) <= len(CORPUS["leaking"]) // 40, left
    assert len(touched) <= len(CORPUS["innocent"]) // 40, touched


local_parts = st.from_regex(r"[a-z][a-z0-9]{2,8}([._-][a-z0-9]{1,6}){0,2}", fullmatch=True).filter(
    lambda one: masked(one + "x " + one, [f"{one}@z.example"]) != one + "x " + one
)
surroundings = st.text("あいう漢字。、\n >「」()<>-:;,/*", max_size=20)


@given(
    local_parts, surroundings, surroundings, st.sampled_from(["plain", "wide", "upper", "percent", "spaced", "broken"])
)
def test_p1a_whatever_stands_around_it(local: str, before: str, after: str, way: str) -> None:
    address = f"{local}@client.example"
    written = {
        "plain": address,
        "wide": wide(address),
        "upper": address.upper(),
        "percent": quote(address, safe=""),
        "spaced": address.replace("@", " ＠ "),
        "broken": f"{local[:2]}\n> {local[2:]}@client.example",
    }[way]
    shown = masked(before + written + after, [address])
    assert shown == before + MASK + after


@given(st.text(max_size=200))
def test_p1a_masking_adds_and_loses_nothing_else(text: str) -> None:
    assert masked(text, ["zq7.unlikely@client.example"]) == text
    assert masked(masked(text + ADDRESS, [ADDRESS]), [ADDRESS]) == masked(text + ADDRESS, [ADDRESS])


def _lacks(text: str, address: str) -> bool:
    """What ``surely_lacks`` may say at most: character by character, in the usual width and in small letters."""
    base = address.rpartition("@")[0].strip('"').partition("+")[0]
    telling = max(re.findall("[a-z0-9]+", base.lower()), key=len, default="") if base.isascii() else ""
    seen = "".join(
        chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c for c in text if "!" <= c <= "~" or "！" <= c <= "～"
    )
    odd = re.search("[\u0130\u0131\u017f\u212a]", text) or re.search("[%=][0-9a-f][0-9a-f]|&#", seen.lower())
    return bool(telling) and not odd and telling not in re.sub("[^a-z0-9]", "", seen.lower())


_PIECES = ["taro", "91", "y a m", "ＴＡＲＯ", "ｔａ", "ｒｏ", "Taro", "．", "！", "%74", "＝７４", "&", "#", "＃", "あ"]
_PIECES += ["ſ", "\ud83d", "K", "İ", "\n> ", "、", "%", "4", "t", "a", "r", "o", "（", "～", "｡", "漢"]
_ADDRESSES = ["taro@x.example", "t@x", "9-taro.1@x", "tar+o@x", "太郎@x", "@"]
_written = st.tuples(
    *(st.sampled_from([one, one.upper(), wide(one), wide(one.upper()), f"{one} ", f"{one}。"]) for one in "taro")
).map("".join)
some_text = st.lists(st.sampled_from(_PIECES) | _written, max_size=12).map("".join) | st.text(max_size=30)


@given(
    st.lists(some_text, max_size=4), st.sampled_from(["taro@x.example", "t@x", "9-taro.1@x", "tar+o@x", "太郎@x", "@"])
)
def test_p1a_who_is_not_looked_for_is_not_there(texts: list[str], address: str) -> None:
    """The short way may only say that an address is lacking where it is, and of texts together what holds for each."""
    for text in texts:
        assert not surely_lacks(text, address) or _lacks(text, address)
    if not suspected(texts, [address]):
        assert all(_lacks(text, address) for text in texts)
        assert [masked(text, [address]) for text in texts] == texts


def test_p1a_most_texts_are_not_looked_through() -> None:
    """What the short way is for: a Japanese text with figures, full-width marks and English words in it."""
    text = (
        "はじめまして！（24歳、女性です）仕事は 9:00〜18:00、LINE は使っていません。１００％つらいわけではないです。"
        * 20
    )
    assert surely_lacks(text, ADDRESS)
    assert not surely_lacks(text + wide(LOCAL), ADDRESS)


@pytest.mark.parametrize(
    "unit",
    [
        "taro.yamada-91",
        f"{ADDRESS} "[:-3],
        "taro.yamada-91@docomo.",
        "t\n> ",
        "=74",
        "&#116;",
        " ",
        "@",
        "taro.yamada-91 @ ",
    ],
)
def test_m6_hostile_repetition_is_read(unit: str) -> None:
    text = (unit * 200_000)[:200_000]
    assert len(masked(text, [ADDRESS, "a@x.example"])) <= len(text)
