"""The public hotlines of a language, from data files beside this module (rules K3)."""

from __future__ import annotations

import tomllib
from importlib import resources

from maild.desk.rules import Hotline


def _read(language: str) -> tuple[Hotline, ...]:
    data = resources.files("maild.desk").joinpath(f"hotlines_{language}.toml").read_text("utf-8")
    return tuple(Hotline(**one) for one in tomllib.loads(data)["hotline"])


_BY_LANGUAGE = {language: _read(language) for language in ("ja", "en")}


def hotlines_of(language: str) -> tuple[Hotline, ...]:
    """The hotlines shipped for the language; none for a language we do not know."""
    return _BY_LANGUAGE.get(language, ())
