"""Recall and precision of intake reading and crisis triage over the corpora, as the tables that docs/ show.

``python -m tests.corpus.figures`` prints them; ``--write`` puts them into docs/intake.md and docs/crisis.md.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from maild.desk.crisis import builtin, hits
from maild.desk.intake import find
from maild.desk.rules import ItemSpec

CORPUS = Path(__file__).parent
DOCS = CORPUS.parent.parent / "docs"
ITEMS = tuple(ItemSpec(item) for item in ("name", "sex", "age", "region", "content"))
BEGIN, END = "<!-- figures: python -m tests.corpus.figures --write -->", "<!-- end of figures -->"
HALVES = ("tuning", "held-out", "fresh", "blind", "voices")
CRISIS_HALVES = (*HALVES, "stranger")


@dataclass(frozen=True, slots=True)
class Mail:
    half: str
    text: str = field(repr=False)
    subject: str = field(repr=False)
    has: dict[str, str] = field(repr=False)


def _later(path: Path) -> str:
    """Which of the sets that were written after tuning a file belongs to."""
    return next((half for half in CRISIS_HALVES[2:] if path.stem.startswith(half)), "")


def first_mails() -> Iterator[Mail]:
    """Even mails tune, odd ones are held out; what was written after tuning is fresh."""
    number = 0
    for path in sorted((CORPUS / "intake").glob("*.toml")):
        later = _later(path)
        for entry in tomllib.loads(path.read_text("utf-8"))["mail"]:
            half = later or HALVES[number % 2]
            number += not later
            yield Mail(half, entry["text"], entry.get("subject", ""), entry["has"])


def crisis_texts() -> Iterator[tuple[str, bool, str]]:
    """(half, is it a crisis, text)."""
    for path in sorted((CORPUS / "crisis").glob("*.toml")):
        for number, (crisis, text) in enumerate(texts_of(path)):
            yield _later(path) or HALVES[number % 2], crisis, text


def texts_of(path: Path) -> Iterator[tuple[bool, str]]:
    """(is it a crisis, text) of one file: lists named crisis and calm, groups of the one kind, or one table a text."""
    for name, group in tomllib.loads(path.read_text("utf-8")).items():
        kind = path.stem if path.stem in ("crisis", "calm") else name
        for entry in group:
            yield (entry["crisis"], entry["text"]) if isinstance(entry, dict) else (kind == "crisis", entry)


def intake_counts() -> dict[tuple[str, str], list[int]]:
    """(half, item) -> [found and there, there but missed, found but not there]."""
    counts = {(half, spec.item): [0, 0, 0] for half in HALVES for spec in ITEMS}
    for mail in first_mails():
        found = find(mail.text, ITEMS, subject=mail.subject)
        for spec in ITEMS:
            there, seen = spec.item in mail.has, spec.item in found
            if there or seen:
                counts[mail.half, spec.item][0 if there and seen else 1 if there else 2] += 1
    return counts


def crisis_counts() -> dict[str, list[int]]:
    """half -> [crises, heard, calm texts, false alarms]."""
    counts = {half: [0, 0, 0, 0] for half in CRISIS_HALVES}
    phrases = builtin("ja")
    for half, crisis, text in crisis_texts():
        counts[half][0 if crisis else 2] += 1
        counts[half][1 if crisis else 3] += bool(hits(text, phrases))
    return counts


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def intake_table() -> str:
    """Markdown."""
    rows = ["| item | half | there | recall | precision |", "| --- | --- | --- | --- | --- |"]
    counts = intake_counts()
    for spec in ITEMS:
        for half in HALVES:
            hit, missed, false = counts[half, spec.item]
            rows.append(
                f"| {spec.item} | {half} | {hit + missed} | {_share(hit, hit + missed)} | {_share(hit, hit + false)} |"
            )
    return "\n".join(rows)


def crisis_table() -> str:
    """Markdown."""
    rows = ["| half | crisis texts | heard | calm texts | false alarms |", "| --- | --- | --- | --- | --- |"]
    for half, (crises, heard, calm, false) in crisis_counts().items():
        rows.append(f"| {half} | {crises} | {_share(heard, crises)} | {calm} | {_share(false, calm)} |")
    return "\n".join(rows)


def within(page: str) -> str:
    """The table that a page of docs/ holds."""
    text = (DOCS / page).read_text("utf-8")
    return text.split(BEGIN)[1].split(END)[0].strip()


def write() -> None:
    """Put the tables into the pages."""
    for page, table in (("intake.md", intake_table()), ("crisis.md", crisis_table())):
        path = DOCS / page
        head, rest = path.read_text("utf-8").split(BEGIN)
        path.write_text(f"{head}{BEGIN}\n\n{table}\n\n{END}{rest.split(END)[1]}", "utf-8")


if __name__ == "__main__":
    write() if "--write" in sys.argv else print(intake_table(), crisis_table(), sep="\n\n")
