"""A coming version of the terms is announced to open cases before it holds, digest or none (rules S7, P7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from counselor_mail import play, reply, templates, two_counselors, with_desk, words

from maild.config import Config
from maild.desk.rules import Terms


@pytest.fixture(scope="module")
def base() -> Config:
    config = two_counselors()
    old = replace(config.desks[0].terms[0], effective=date(2025, 4, 1))
    coming = Terms("2026-02", date(2026, 2, 1), "cc" * 32, url="https://soudan.example/terms-2026")
    return with_desk(config, terms=(old, coming), timezone="Asia/Tokyo")


@pytest.mark.parametrize("digest", [None, time(8, 30)])
def test_s7_a_coming_version_is_announced_once_to_open_cases(base: Config, digest: time | None) -> None:
    config = with_desk(base, rules=replace(base.desks[0].rules, digest=digest))
    rows = play(config, reply("読みました。"), {"after": timedelta(days=10)}, {"after": timedelta(days=30)})
    assert templates(rows[2]) == ["terms_changed"]
    told = words(rows[2], "terms_changed")
    assert "2026年2月1日" in told and "https://soudan.example/terms-2026" in told
    assert "terms_changed" not in templates(rows[3])
    assert ("digest" in templates(rows[2], "counselor")) == (digest is not None)
