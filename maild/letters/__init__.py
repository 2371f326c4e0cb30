"""The table of letters: to whom each template goes and which variables it may use, with samples ("Templates").

Data only. Whoever composes a letter gives it ``desk case rules terms hotlines language`` (to counselors ``marks`` too)
and its own variables; what is left out takes its default. ``maild check`` and the tests render every sample.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from maild.letters.clients import TO_CLIENTS
from maild.letters.parts import (
    COMMON,
    MARKS,
    REQUIRED,
    SAMPLE_CASE,
    SAMPLE_CASES,
    SAMPLE_DESKS,
    SAMPLE_HOTLINES,
    SAMPLE_TERMS,
    Audience,
    CaseUse,
    CaseView,
    DeskView,
    LetterSpec,
    MarksView,
    TermsView,
    Variable,
)
from maild.letters.staff import TO_STAFF

LETTERS: Final[Mapping[str, LetterSpec]] = {**TO_CLIENTS, **TO_STAFF}

__all__ = [
    "COMMON",
    "LETTERS",
    "MARKS",
    "REQUIRED",
    "SAMPLE_CASE",
    "SAMPLE_CASES",
    "SAMPLE_DESKS",
    "SAMPLE_HOTLINES",
    "SAMPLE_TERMS",
    "Audience",
    "CaseUse",
    "CaseView",
    "DeskView",
    "LetterSpec",
    "MarksView",
    "TermsView",
    "Variable",
]
