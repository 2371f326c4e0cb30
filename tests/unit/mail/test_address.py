"""Addresses (rules M2, M5, M6): compared in one form, quoted on output, read from lists that nobody else can read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.mail import address

CANONICAL = {
    "Hanako@Docomo.Example": "hanako@docomo.example",
    '"hanako"@docomo.example': "hanako@docomo.example",
    '"a..b"@docomo.example': "a..b@docomo.example",
    "a..b@docomo.example": "a..b@docomo.example",
    "a.@docomo.example": "a.@docomo.example",
    ".a@docomo.example": ".a@docomo.example",
    '"A B"@x.example': '"a b"@x.example',
    '"a@b"@x.example': '"a@b"@x.example',
    '"a\\"b"@x.example': '"a\\"b"@x.example',
    "<a@x.example>": "a@x.example",
    "mailto:a@x.example": "a@x.example",
    "a@ｘ.example": "a@x.example",
    "a@日本.example": "a@xn--wgv71a.example",
    "a@XN--WGV71A.example": "a@xn--wgv71a.example",
    "a@x.example.": "a@x.example",
    "a@[192.0.2.1]": "a@[192.0.2.1]",
    "a\u200b@x.example": "a@x.example",
    "'a@x.example'": "a@x.example",
    "'a'@x.example": "'a'@x.example",
    "a": "",
    "@x.example": "",
    "a@": "",
    "a@b..example": "",
    "a@-": "",
    "a\r\nBcc: b@x.example": "",
    "a\x00@x.example": "",
    '""@x.example': "",
    "a" * 2000 + "@x.example": "",
}


@pytest.mark.parametrize(("given_", "wanted"), CANONICAL.items())
def test_canonical(given_: str, wanted: str) -> None:
    assert address.canonical(given_) == wanted


@given(st.text(max_size=60))
def test_canonical_is_a_fixed_point_on_one_line(text: str) -> None:
    found = address.canonical(text + "@x.example")
    assert address.canonical(found) == found
    assert "\n" not in found and "\r" not in found and "\x00" not in found


@pytest.mark.parametrize(
    ("given_", "wanted"),
    {
        "a..b@x.example": '"a..b"@x.example',
        "a.@x.example": '"a."@x.example',
        ".a@x.example": '".a"@x.example',
        "a.b@x.example": "a.b@x.example",
        "o'hara+x@x.example": "o'hara+x@x.example",
        '"a b"@x.example': '"a b"@x.example',
        "a\r\nb@x.example": "ab@x.example",
    }.items(),
)
def test_quoted_for_smtp(given_: str, wanted: str) -> None:
    assert address.quoted_for_smtp(given_) == wanted


@given(st.text(alphabet="ab.\"\\ @<>+'", min_size=1, max_size=12))
def test_quoting_and_canonicalising_are_inverse(local: str) -> None:
    canonical = address.canonical(f"{local}@x.example")
    if canonical:
        assert address.canonical(address.quoted_for_smtp(canonical)) == canonical


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("a@x.example, b@x.example", [("", "a@x.example"), ("", "b@x.example")]),
        ('"A, B" <a@x.example>, C <c@x.example>', [("A, B", "a@x.example"), ("C", "c@x.example")]),
        ("desk@example.jp <evil@x.example>", [("desk@example.jp", "evil@x.example")]),
        (
            "Group: a@x.example, b@x.example; c@x.example",
            [("", "a@x.example"), ("", "b@x.example"), ("", "c@x.example")],
        ),
        ("undisclosed-recipients:;", []),
        ("a@x.example (a (nested) comment)", [("a (nested) comment", "a@x.example")]),
        ("(c) A (d) <a@x.example> (e)", [("A", "a@x.example")]),
        ('"a\\"b" <a@x.example>', [('a"b', "a@x.example")]),
        ("<<a@x.example>>", [("", "a@x.example")]),
        ("a@x.example; b@x.example", [("", "a@x.example"), ("", "b@x.example")]),
        (",,, a@x.example ,", [("", "a@x.example")]),
        ("=?utf-8?Q?a=2C_b?= <a@x.example>", [("a, b", "a@x.example")]),
        ("=?utf-8?Q?evil=40x.example?= <a@x.example>", [("evil@x.example", "a@x.example")]),
        ("hanako＠x.example", [("", "hanako@x.example")]),
        ("花子＜hanako@x.example＞", [("花子", "hanako@x.example")]),
        ("花子＠学校 <hanako@x.example>", [("花子＠学校", "hanako@x.example")]),
        ("花子 <'hanako@x.example'>", [("花子", "hanako@x.example")]),
        ("(c):", []),
        ("", []),
    ],
)
def test_lists(value: str, wanted: list[tuple[str, str]]) -> None:
    assert address.parse_mailboxes(value) == wanted


@given(st.text(alphabet='ab@.,;:<>()"\\ =?', max_size=80))
def test_lists_of_garbage_yield_only_addresses(value: str) -> None:
    for name, found in address.parse_mailboxes(value):
        assert found == address.canonical(found) != ""
        assert "\n" not in name


@given(st.lists(st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,8})?@[a-z]{1,8}\.example", fullmatch=True), max_size=20))
def test_a_plain_list_comes_out_whole(addresses: list[str]) -> None:
    assert [found for _, found in address.parse_mailboxes(", ".join(addresses))] == addresses
