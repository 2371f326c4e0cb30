"""Quick ways of the store are held against the long ones."""

from __future__ import annotations

import hmac
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import bindparam, update

from maild import tokens
from maild.store import Store
from maild.store.bulk import Bulk
from maild.store.codes import code
from maild.store.tables import cases
from maild.store.vault import Hasher, Mac, fresh_nonces


@given(st.binary(max_size=100), st.binary(max_size=300))
def test_a_mac_is_hmac_sha256(key: bytes, message: bytes) -> None:
    mac = Mac(key)
    assert mac.digest(message) == mac.digest(message) == hmac.digest(key, message, "sha256")


@given(st.text(max_size=90) | st.text("aZ0_ @.é\n-", max_size=100) | st.from_regex(r"[a-z_]{1,90}", fullmatch=True))
def test_a_code_is_what_the_long_way_makes_of_it(value: str) -> None:
    words = ("(address)" if "@" in word else word for word in value[:400].split())
    assert code(value) == re.sub(r"[^A-Za-z0-9 .,:;()/_-]", "?", " ".join(words))[:80]


_PART = st.text(max_size=30) | st.sampled_from(("", "\0", "1:a", "\ud800"))


@given(_PART, _PART, _PART, st.integers(0, 10**12))
def test_a_hash_is_that_of_its_domain_and_parts_with_their_lengths(a: str, b: str, c: str, number: int) -> None:
    """As stores that are in use hold them. Twice: the second comes from memory."""
    hasher = Hasher(Mac(b"k" * 32))

    def long(*parts: str) -> bytes:
        message = "\0".join((parts[0], *[f"{len(part)}:{part}" for part in parts[1:]]))
        return hmac.digest(b"k" * 32, message.encode("utf-8", "surrogatepass"), "sha256")[:16]

    for _ in range(2):
        assert hasher.client(a, b) == long("client", a, b)
        assert hasher.recipient(a) == long("recipient", a)
        assert hasher.sent(a) == bytes(7) + long("sent", a)
        assert hasher.foreign(a, b, c) == long("foreign", a, b, c)
        assert hasher.once(a) == bytes(6) + long("once", a)
        assert hasher.body(a, b, c) == long("body", a, b, c)
        assert hasher.case_body(number, c) == number.to_bytes(6, "big") + long("case body", str(number), c)


def test_what_is_written_together_stands_together_in_an_index() -> None:
    """Before the hash a number or a time that the row tells anyway; nothing of a Message-ID that is not ours (S1)."""
    hasher = Hasher(Mac(b"k" * 32))
    assert [hasher.once(f"mail:{number}:ack:a@x.example")[:6] for number in (1, 70000)] == [
        b"\0\0\0\0\0\1",
        b"\0\0\0\1\x11\x70",
    ]
    assert {
        hasher.once(key)[:6] for key in ("", "mail", "mail:x:ack", "mail::", "due:12:close", f"mail:{'9' * 40}")
    } == {bytes(6)}
    first, second = f"<{tokens.fresh()}@desk.example>", f"<{tokens.fresh()}@desk.example>"
    assert [hasher.sent(one)[:7] for one in (first, second)] == [one[1:8].encode() for one in (first, second)]
    assert not hasher.sent("<hanako.yamada.2026@phone.example>")[:7].strip(b"\0")
    assert hasher.sent(first.replace(first[1:8], "ééééééé"))[:7] == b"???????"
    assert len({hasher.sent(first), hasher.sent(second), hasher.sent(first + " ")}) == 3


def test_nonces_are_twelve_bytes_and_differ() -> None:
    drawn = list(fresh_nonces(1000))
    assert {len(one) for one in drawn} == {12} and len(set(drawn)) == 1000
    assert list(fresh_nonces(0)) == []


def test_parameters_in_another_order_than_the_statement_has_are_refused(store: Store) -> None:
    """Rows are tuples: values would silently stand in each other's columns."""
    statement = update(cases).where(cases.c.number == bindparam("b_number")).values(state=bindparam("b_state"))
    with store._core.database.read() as connection:
        with pytest.raises(TypeError, match="order"):
            Bulk(statement, ("b_number", "b_state")).run(connection, [(1, "held")])
        with pytest.raises(TypeError, match="parameters"):
            Bulk(statement, ("b_state",)).run(connection, [("held",)])
        assert Bulk(statement, ("b_state", "b_number")).run(connection, [("held", 1)]) == 0
