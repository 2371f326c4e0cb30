"""The look at a mail before it is accepted, at a desk that refuses attachments (rules A1, A4, P5, M7)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from counselor_mail import CLIENT, SATO, START, again, play, reply, templates, two_counselors, with_desk, words

from maild.app.screen import Refuse
from maild.config import Config
from maild.operate.scenario import Attachment
from maild.store import Incoming

DESK, ON_CALL, SECOND = "soudan@soudan.example", "oncall@soudan.example", "second@soudan.example"
PDF = (Attachment("a.pdf", "application/pdf", 900),)
WITH_FILE = """From: {sender}
To: {to}
Subject: Re: [1]
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8

{text}
--b
Content-Type: application/pdf; name=a.pdf
Content-Disposition: attachment; filename=a.pdf

%PDF-1.4
--b--
"""


def refusing(**changes: object) -> Config:
    config = two_counselors()
    return with_desk(config, rules=replace(config.desks[0].rules, attachments="refuse"), **changes)


@pytest.fixture(scope="module")
def base() -> Config:
    return refusing(on_call=(ON_CALL,), inboxes=(SECOND,))


def look(
    config: Config, to: tuple[str, ...] = (DESK,), sender: str = CLIENT, envelope: str | None = None, text: str = "資料"
) -> str | None:
    raw = WITH_FILE.format(sender=sender, to=to[0], text=text).replace("\n", "\r\n").encode()
    return Refuse(config).look(Incoming("smtp", START, sender if envelope is None else envelope, to, raw))


# -- A1: whose desk it is ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "to",
    [
        "soudan@soudan.example",
        "SOUDAN@Soudan.Example",
        "soudan+abc@soudan.example",
        "Soudan+ABC@SOUDAN.example",
        "soudan+a+b@soudan.example",
        "soudan+@soudan.example",
        '"soudan+abc"@soudan.example',
    ],
)
def test_a1_no_writing_of_the_address_passes_the_door(to: str) -> None:
    """M7: a client who answers a letter of ours writes to the address with the token."""
    config = refusing(plus_addressing=True)
    assert look(config, (to,)) is not None
    assert look(config, (to,), text="もう死にたいです。") is None, "A4: crisis first"


def test_a1_refused_only_where_every_desk_refuses(base: Config) -> None:
    other = replace(base.desks[0], name="two", address="two@soudan.example", plus_addressing=True)
    both = replace(base, desks=(*base.desks, other))
    assert look(both, (DESK, "two+t@soudan.example")) is not None
    milder = replace(other, rules=replace(other.rules, attachments="reject"))
    both = replace(base, desks=(*base.desks, milder))
    assert look(both, (DESK, "TWO+t@soudan.example")) is None
    assert look(both, (DESK,)) is not None


def test_m7_the_plus_is_a_part_of_the_name_where_the_desk_says_so(base: Config) -> None:
    config = with_desk(base, address="soudan+mie@soudan.example")
    assert look(config, ("Soudan+Mie@soudan.example",)) is not None
    assert look(config, ("soudan+tsu@soudan.example",)) is None, "no desk's: RCPT refuses it"


# -- P5: who is inside -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sender", [SATO, "Sato@SOUDAN.example", "inbox@soudan.example", SECOND, ON_CALL])
def test_p5_staff_pass_the_door(base: Config, sender: str) -> None:
    assert look(base, sender=sender) is None
    assert look(base, sender=f"Hana <{sender}>", envelope="relay@elsewhere.example") is None


def test_p5_the_envelope_counts_where_from_is_unusable(base: Config) -> None:
    assert look(base, sender="", envelope="SATO@soudan.example") is None
    assert look(base, sender="", envelope=CLIENT) is not None


def test_a1_a_client_stays_a_client_whatever_the_envelope_says(base: Config) -> None:
    """The pipeline takes who stands in From for the sender (M2): what it would not hold is refused here."""
    assert look(base) is not None
    assert look(base, envelope=SATO) is not None
    assert look(base, sender="former@soudan.example") is not None


def test_p5_a_counselors_reply_with_a_file_is_held_at_a_desk_that_refuses_files(base: Config) -> None:
    rows = play(base, reply("資料です。", attach=PDF), again("写真です。", attach=PDF))
    assert (rows[1].dispositions, templates(rows[1])) == (("refused",), [])
    assert "添付ファイル" in words(rows[1], "reply_held")
    assert (rows[2].dispositions, rows[2].sent) == (("rejected",), ())
