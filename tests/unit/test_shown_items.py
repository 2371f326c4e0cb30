"""What a client told of themselves, as the counselors see it beside the mail (rules M6, P1a, I1)."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from counselor_mail import CLIENT, START, TOP, words

from maild.config import Config, load
from maild.operate.rehearse import rehearse
from maild.operate.scenario import Step

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
