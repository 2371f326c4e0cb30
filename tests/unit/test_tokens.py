"""Secrets in Message-IDs and reply addresses (rules P3)."""

from __future__ import annotations

import re

from maild import tokens


def test_p3_a_token_is_its_second_and_a_secret_that_nobody_has_seen() -> None:
    drawn = [tokens.fresh() for _ in range(2000)]
    assert all(re.fullmatch(r"[a-z2-7]{33}", one) for one in drawn)
    secret = {one[tokens.TIME :] for one in drawn}
    assert len(secret) == 2000 and all(len(set(column)) == 32 for column in zip(*secret, strict=True))


def test_what_is_written_within_a_while_begins_alike() -> None:
    begins = [tokens._second(at) for at in range(1_800_000_000, 1_800_001_000)]
    assert len(set(begins)) == 1000 and len({one[:4] for one in begins}) <= 2
    assert tokens._second(0) == "aaaaaaa" and tokens._second(2**35 - 1) == "7777777"
