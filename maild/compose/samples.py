"""Every template rendered once with sample values: at start, by ``maild check``, and to know our own words (K1)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from maild.compose.render import Rendered, TemplateFault, Templates
from maild.desk.rules import Desk
from maild.letters import LETTERS, MARKS, SAMPLE_CASES, TermsView

# what a client receives from us without any human hand: a phone may quote all of it back
OWN_WORDS = tuple(name for name, spec in LETTERS.items() if spec.audience == "client")


def rendered(templates: Templates, desk: Desk, name: str) -> Iterator[Rendered]:
    """One template with each of its samples. Raises ``TemplateFault``."""
    spec = LETTERS[name]
    cases = (None,) if spec.case == "never" else SAMPLE_CASES if spec.case == "always" else (None, *SAMPLE_CASES)
    common = {
        "desk": desk,
        "rules": desk.rules,
        "terms": TermsView("1", ""),
        "hotlines": desk.rules.hotlines,
        "language": desk.language,
        "marks": MARKS,
        "today": date(2026, 1, 5),
    }
    for case in cases:
        for sample in spec.samples:
            yield templates.render(name, common | spec.defaults | dict(sample) | {"case": case})


def faults(templates: Templates, desk: Desk) -> list[str]:
    """What is wrong with any template of this desk."""
    found: list[str] = []
    for name in LETTERS:
        try:
            for _ in rendered(templates, desk, name):
                pass
        except TemplateFault as fault:
            found.append(str(fault))
    return found


def own_texts(templates: Templates, desk: Desk) -> tuple[str, ...]:
    """The letters of this desk to clients, as text."""
    texts: dict[str, None] = {}
    for name in OWN_WORDS:
        try:
            for letter in rendered(templates, desk, name):
                texts[letter.text] = None
                texts[letter.subject] = None
        except TemplateFault:
            continue  # told by ``faults``
    return tuple(texts)
