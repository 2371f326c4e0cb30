"""The public hotlines of a language, from data files beside this module (rules K3)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from datetime import time
from importlib import resources

from maild.desk.rules import Hotline


def _read(language: str) -> tuple[Hotline, ...]:
    data = resources.files("maild.desk").joinpath(f"hotlines_{language}.toml").read_text("utf-8")
    return tuple(Hotline(**one) for one in tomllib.loads(data)["hotline"])


_BY_LANGUAGE = {language: _read(language) for language in ("ja", "en")}


def hotlines_of(language: str) -> tuple[Hotline, ...]:
    """The hotlines shipped for the language; none for a language we do not know."""
    return _BY_LANGUAGE.get(language, ())


# «10時から22時», «9:30-17:00», «16時〜21時、毎月10日は24時間»
_SPAN = re.compile(r"(\d{1,2})(?:時|:(\d\d))(半)?\s*(?:から|[〜～~‐–―ー-]|to)\s*翌?(\d{1,2})(?:時|:(\d\d))(半)?")


def not_now(lines: Sequence[Hotline], at: time) -> tuple[Hotline, ...]:
    """Those that say they cannot be reached at this time of day (K3). Whoever names no hours in a way we can read
    counts as reachable: a call too many does less harm than a number not given."""
    return tuple(line for line in lines if not _open(line.hours, at))


def _open(hours: str, at: time) -> bool:
    found = _SPAN.search(hours)
    if found is None:
        return True
    minute = at.hour * 60 + at.minute
    start = int(found[1]) * 60 + (30 if found[3] else int(found[2] or 0))
    end = int(found[4]) * 60 + (30 if found[6] else int(found[5] or 0))
    return start <= minute < end if start < end else minute >= start or minute < end
