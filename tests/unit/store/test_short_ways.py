"""Quick ways of the store are held against the long ones."""

from __future__ import annotations

import hmac
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import bindparam, update

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
        assert hasher.sent(a) == long("sent", a)
        assert hasher.foreign(a, b, c) == long("foreign", a, b, c)
        assert hasher.once(a) == long("once", a)
        assert hasher.body(a, b, c) == long("body", a, b, c)
        assert hasher.case_body(number, c) == long("case body", str(number), c)


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
