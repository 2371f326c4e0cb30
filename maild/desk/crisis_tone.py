"""How a mail sounds as a whole (rules K1): what no single phrase says, and whether a doubtful phrase is meant.

A table of character sequences with weights (crisis_tone.tsv), learnt from texts by ``python -m tests.corpus.tone``;
the weights of a stretch of text are added up and divided by the root of its length. docs/crisis.md explains it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import accumulate, repeat
from operator import add

__all__ = ["ALONE", "DOUBT", "LABEL", "Table", "framed", "grams", "tone", "weighed"]

LABEL = "文面全体の調子"  # what the notice shows in place of a phrase
ALONE = 1.3  # heard though no phrase stands in the text
DOUBT = -0.5  # a doubtful phrase counts from here on
_SHORT = 20  # characters: what is shorter is no surer for it
_WINDOW, _STEP = 120, 30  # characters: a long mail is heard piece by piece, so that its calm part hides nothing
_SCALE = 100  # weights are whole numbers, so that the file is small and its changes can be read
_LONGEST = 200_000  # characters: as far as is read of hostile text


@dataclass(frozen=True, slots=True)
class Table:
    """Weights by the length of the sequence (one to three characters), and what a text without any begins from."""

    base: float
    one: Mapping[str, int] = field(repr=False)
    two: Mapping[str, int] = field(repr=False)
    three: Mapping[str, int] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Table:
        """One sequence and its weight a line."""
        by: tuple[dict[str, int], ...] = ({}, {}, {}, {})
        for line in text.splitlines():
            piece, _, weight = line.partition("\t")
            by[len(piece)][piece] = int(weight)
        return cls(by[0][""] / _SCALE, *by[1:])


@cache
def shipped() -> Table:
    """The table of the package, read when it is first asked for."""
    return Table.parse(resources.files("maild.desk").joinpath("crisis_tone.tsv").read_text("utf-8"))


def framed(kana: str) -> str:
    """The text with an end of sentence at both ends: what begins or ends one is a sign of its own."""
    return f"。{kana.strip('。')}。"


def grams(kana: str) -> list[str]:
    """Every sequence of one to three characters of the framed text."""
    text = framed(kana)
    return [text[at : at + size] for size in (1, 2, 3) for at in range(len(text) - size + 1)]


def _weights(text: str, table: Table) -> list[int]:
    """What every place weighs: the sequences that begin there."""
    pairs = list(map(add, text, text[1:]))
    ones = map(table.one.get, text, repeat(0))
    twos = map(table.two.get, [*pairs, ""], repeat(0))
    threes = map(table.three.get, [*map(add, pairs, text[2:]), "", ""], repeat(0))
    return list(map(add, map(add, ones, twos), threes))


def tone(kana: str, table: Table | None = None) -> float:
    """Above :data:`ALONE` a crisis, below :data:`DOUBT` none that a doubtful phrase could make one."""
    table = table or shipped()
    text = framed(kana[:_LONGEST])
    total = list(accumulate(_weights(text, table), initial=0))
    length = len(text)
    if length <= _WINDOW:
        best = total[-1] / max(length, _SHORT) ** 0.5
    else:
        ends = [*range(_WINDOW, length, _STEP), length]
        best = max(total[end] - total[end - _WINDOW] for end in ends) / _WINDOW**0.5
    return table.base + best / _SCALE


def weighed(kana: str, most: int = 5) -> tuple[str, ...]:
    """The expressions that weighed most, for the operator who asks why a mail was heard."""
    table = shipped()
    text = framed(kana[:_LONGEST])
    weights = _weights(text, table)
    found: dict[str, int] = {}
    for at in range(len(text)):
        piece = text[at : at + 5].strip("。")
        if len(piece) > 1:
            found[piece] = max(found.get(piece, 0), sum(weights[at : at + 4]))
    chosen: list[str] = []
    for piece in sorted(found, key=lambda one: -found[one]):
        if found[piece] > 0 and not any(piece[:2] in other or other[:2] in piece for other in chosen):
            chosen.append(piece)
        if len(chosen) == most:
            break
    return tuple(chosen)
