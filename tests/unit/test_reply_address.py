"""The address that an answer goes to where the desk has plus addressing (rules M7, P2c)."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes

import pytest
from counselor_mail import CLIENT, FIRST, START, TOP

from maild.config import load
from maild.operate.rehearse import rehearse
from maild.operate.scenario import Step


@pytest.mark.parametrize(("local", "plus"), [("soudan", True), ("s" * 30, True), ("s" * 31, False)])
def test_m7_the_reply_address_is_one_that_every_server_takes(local: str, plus: bool) -> None:
    config = load(TOP / "examples" / "raltan.toml", require_files=False)
    desk = replace(config.desks[0], address=f"{local}@soudan.example", plus_addressing=True)
    (row,) = rehearse(replace(config, desks=(desk,)), START, (Step(0, START, mail={"from": CLIENT, "text": FIRST}),))
    for sent in row.sent:
        address = message_from_bytes(sent.data)["Reply-To"]
        assert (address is not None) == plus
        assert not plus or len(address.rpartition("@")[0]) <= 64
