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
from maild.store.vault import Mac, fresh_nonces


@given(st.binary(max_size=64), st.binary(max_size=300))
def test_a_mac_is_hmac_sha256(key: bytes, message: bytes) -> None:
    mac = Mac(key)
    assert mac.digest(message) == mac.digest(message) == hmac.digest(key, message, "sha256")


def test_a_key_that_would_have_to_be_hashed_is_refused() -> None:
    with pytest.raises(ValueError, match="longer"):
        Mac(bytes(65))


@given(st.text(max_size=90) | st.text("aZ0_ @.é\n-", max_size=100) | st.from_regex(r"[a-z_]{1,90}", fullmatch=True))
def test_a_code_is_what_the_long_way_makes_of_it(value: str) -> None:
    words = ("(address)" if "@" in word else word for word in value[:400].split())
    assert code(value) == re.sub(r"[^A-Za-z0-9 .,:;()/_-]", "?", " ".join(words))[:80]


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
