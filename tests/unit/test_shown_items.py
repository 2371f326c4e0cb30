"""What a client told of themselves, as the counselors see it beside the mail (rules M6, P1a, I1)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from counselor_mail import CLIENT, START, TOP, words

from maild.config import Config, load
from maild.operate.rehearse import rehearse
from maild.operate.scenario import Step
from maild.pipeline.mask import MASK

ITEMS = "名前：{}\n性別：女性\n年齢：24歳\n住まい：県内\n相談内容：仕事を続けられるか不安です。"


def shown(name: str, language: str = "ja") -> list[str]:
    """The items in the notice of a first mail from somebody who calls themselves so."""
    config: Config = load(TOP / "examples" / "raltan.toml", require_files=False)
    config = replace(config, desks=(replace(config.desks[0], language=language),))
    (row,) = rehearse(config, START, (Step(0, START, mail={"from": CLIENT, "text": ITEMS.format(name)}),))
    _, _, below = words(row, "notice").partition({"ja": "■ 書いてあった項目", "en": "* Items found"}[language])
    return below.splitlines()[1:5]


SIGNS = "\u202e\u202b\u2066\u2069\u200f\u061c\u200b\u2060\u00ad\ufeff\U000e0041"


@pytest.mark.parametrize("language", ["ja", "en"])
def test_m6_nothing_in_an_item_turns_or_hides_what_stands_beside_it(language: str) -> None:
    lines = shown(f"{SIGNS}花{SIGNS}子{SIGNS}・Ｈａｎａ（はなこ） 😊", language)
    assert re.split("[:：]", lines[0])[1].strip() == "花子・Ｈａｎａ（はなこ） 😊", "and ordinary text stays"
    assert not [line for line in lines if any(sign in line for sign in SIGNS)]


def test_p1a_an_address_in_an_item_is_hidden_whatever_is_strewn_into_it() -> None:
    assert not [line for line in shown("hanako\u034f.y\u180e@phone.example") if "phone.example" in line]


TOLD = {"subject": "はじめまして", "text": ITEMS.format("花子") + "\n\n夜も眠れません。"}
QUOTE = f"\n\n2026年1月4日 9:05 友人 <tomo@phone.example>:\n> 前の話ですが、\n> {CLIENT} に送りました。"
PLACES = {
    "subject": {"subject": f"{CLIENT} です"},
    "own words": {"text": f"{TOLD['text']}\n返事は{CLIENT}へください。"},
    "item": {"text": ITEMS.format(CLIENT)},
    "quote": {"text": TOLD["text"] + QUOTE},
}


@pytest.mark.parametrize("place", PLACES)
def test_p1a_the_address_is_hidden_in_every_part_of_a_notice_and_of_the_next_one(place: str) -> None:
    """What is read ahead in a mail speaks for that mail alone: the next notice shows this one once more."""
    config: Config = load(TOP / "examples" / "raltan.toml", require_files=False)
    first = Step(0, START, mail={"from": CLIENT, **TOLD, **PLACES[place]})
    later = Step(1, START + timedelta(hours=1), mail={"from": CLIENT, "subject": "追伸", "text": "書き忘れました。"})
    notices = [words(row, "notice") for row in rehearse(config, START, (first, later))]
    assert MASK in notices[0]
    assert not [notice for notice in notices if CLIENT.partition("@")[0] in notice]
