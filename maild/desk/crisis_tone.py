"""How a mail sounds as a whole (rules K1): what no single phrase says, and whether a doubtful phrase is meant.

A table of character sequences with weights (crisis_tone.tsv), learnt from texts by ``python -m tests.corpus.tone``;
the weights of a stretch of text are added up and divided by the root of its length. docs/crisis.md explains it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import accumulate, repeat, zip_longest
from math import sqrt
from operator import sub
from typing import Literal

__all__ = ["ALONE", "DOUBT", "LABEL", "SIZES", "Table", "framed", "tone", "weighed"]

LABEL = "文面全体の調子"  # what stands in place of a phrase
ALONE = 1.9  # heard though no phrase stands in the text
DOUBT = 0.5  # a doubtful phrase counts where its sentence sounds like this or worse
# characters of a sequence, and the number that as many UTF-16 units make
SIZES: dict[int, Literal["I", "Q"]] = {2: "I", 4: "Q"}
SHORT = 20  # characters: what is shorter is no surer for it
SCALE = 100  # weights are whole numbers, so that the file is small and its changes can be read
# characters; of a long mail the most alarming stretch counts, so that its calm part hides nothing. A short one must
# be the more alarming, for a mail has many.
STRETCHES = ((64, 0.0), (32, 2.5))
_LONGEST = 200_000  # characters: as far as is read of hostile text


def _number(piece: str) -> int:
    """The number that a sequence makes in memory."""
    return int.from_bytes(piece.encode("utf-16-le", "surrogatepass"), sys.byteorder)


@dataclass(frozen=True, slots=True)
class Table:
    """What a text without any sign begins from, and weights by length of the sequence and the number that it makes."""

    base: float
    weights: Mapping[int, Mapping[int, int]] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Table:
        """One sequence and its weight a line; the empty one is the base."""
        by: dict[int, dict[int, int]] = {0: {}, **{size: {} for size in SIZES}}
        for line in text.splitlines():
            piece, _, weight = line.partition("\t")
            by[len(piece)][_number(piece)] = int(weight)
        return cls(by.pop(0)[0] / SCALE, by)


@cache
def shipped() -> Table:
    """The table of the package, read when it is first asked for."""
    return Table.parse(resources.files("maild.desk").joinpath("crisis_tone.tsv").read_text("utf-8"))


def framed(kana: str) -> str:
    """The text with an end of sentence at both ends: what begins or ends one is a sign of its own."""
    return f"。{kana.strip('。')}。"


def _weights(units: bytes, table: Table) -> list[tuple[int, list[int]]]:
    """(length, weights): of the sequences that begin at every place. They are looked up as numbers, every second or
    fourth place at a time, at the speed of C."""
    found = []
    for size, kind in SIZES.items():
        for first in range(size):
            numbers = memoryview(units[2 * first : len(units) - (len(units) - 2 * first) % (2 * size)]).cast(kind)
            found.append((size, list(map(table.weights[size].get, numbers, repeat(0)))))
    return found


def tone(kana: str, table: Table | None = None) -> float:
    """Of a mail above :data:`ALONE`: a crisis. Of a sentence below :data:`DOUBT`: a doubtful phrase in it is none."""
    table = table or shipped()
    units = framed(kana[:_LONGEST]).encode("utf-16-le", "surrogatepass")
    length = len(units) // 2
    # what begins in each four characters, so that any stretch is a difference of two totals
    rows = [column[at :: 4 // size] for size, column in _weights(units, table) for at in range(4 // size)]
    total = list(accumulate(map(sum, zip_longest(*rows, fillvalue=0)), initial=0))
    best = max(_loudest(total, length, stretch) - less for stretch, less in STRETCHES)
    return table.base + best


def _loudest(total: list[int], length: int, stretch: int) -> float:
    """The most alarming stretch of so many characters; the whole of a text that is shorter."""
    if length <= stretch:
        return total[-1] / SCALE / sqrt(max(length, SHORT))
    most: int = max(map(sub, total[stretch // 4 :], total))
    return most / SCALE / sqrt(stretch)


def weighed(kana: str, most: int = 5) -> tuple[str, ...]:
    """The expressions that weighed most, for the operator who asks why a mail was heard."""
    table = shipped()
    text = framed(kana[:_LONGEST])
    found = {}
    for at in range(len(text) - 4):
        piece = text[at : at + 5]
        inside = [piece[one : one + size] for size in SIZES for one in range(5 - size + 1)]
        found[piece] = sum(table.weights[len(one)].get(_number(one), 0) for one in inside)
    chosen: list[str] = []
    for piece in sorted(found, key=lambda one: -found[one]):
        if found[piece] > 0 and not any(piece[:3] in other or other[:3] in piece for other in chosen):
            chosen.append(piece)
        if len(chosen) == most:
            break
    return tuple(chosen)
