"""How a mail sounds as a whole (rules K1): what no single phrase says, and whether a doubtful phrase is meant.

A table of sequences of three characters with weights (crisis_tone.tsv), learnt from texts by
``python -m tests.corpus.tone``; the weights of a stretch of text are added up and divided by the root of its length.
docs/crisis.md explains it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import accumulate, repeat
from math import sqrt
from operator import sub

__all__ = ["ALONE", "DOUBT", "LABEL", "SIZE", "Table", "framed", "tone", "weighed"]

LABEL = "文面全体の調子"  # what stands in place of a phrase
ALONE = 0.5  # heard though no phrase stands in the text
DOUBT = 0.5  # a doubtful phrase counts where its sentence sounds like this or worse
SIZE = 3  # characters of a sequence: as many UTF-16 units and a NUL make a number of 64 bits
SHORT = 20  # characters: what is shorter is no surer for it
SCALE = 100  # weights are whole numbers, so that the file is small and its changes can be read
# characters; of a long mail the most alarming stretch counts, so that its calm part hides nothing. A short one must
# be the more alarming, for a mail has many.
STRETCHES = ((64, 0.0), (32, 2.5))
_LONGEST = 200_000  # characters: as far as is read of hostile text


def _number(piece: str) -> int:
    """The number that a sequence makes in memory."""
    return int.from_bytes(piece.encode("utf-16-le", "surrogatepass").ljust(8, b"\0"), sys.byteorder)


@dataclass(frozen=True, slots=True)
class Table:
    """What a text without any sign begins from, and weights by the number that a sequence makes."""

    base: float
    weights: Mapping[int, int] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Table:
        """One sequence and its weight a line; the empty one is the base."""
        weights: dict[int, int] = {}
        for line in text.splitlines():
            piece, _, weight = line.partition("\t")
            weights[_number(piece)] = int(weight)
        return cls(weights.pop(0) / SCALE, weights)


@cache
def shipped() -> Table:
    """The table of the package, read when it is first asked for."""
    return Table.parse(resources.files("maild.desk").joinpath("crisis_tone.tsv").read_text("utf-8"))


def framed(kana: str) -> str:
    """The text with an end of sentence at both ends: what begins or ends one is a sign of its own."""
    return f"。{kana.strip('。')}。"


def _totals(kana: str, table: Table) -> list[int]:
    """The weights of all that begins before each place, so that any stretch is a difference of two totals. Sequences
    are looked up as numbers, at the speed of C: no string is made of any of them."""
    units = framed(kana).encode("utf-16-le", "surrogatepass")
    count = max(len(units) // 2 - SIZE + 1, 0)
    numbers = bytearray(8 * count)
    for byte in range(2 * SIZE):
        numbers[byte::8] = units[byte : byte + 2 * count : 2]
    return list(accumulate(map(table.weights.get, memoryview(numbers).cast("Q"), repeat(0)), initial=0))


def tone(kana: str, table: Table | None = None) -> float:
    """Of a mail above :data:`ALONE`: a crisis. Of a sentence below :data:`DOUBT`: a doubtful phrase in it is none."""
    table = table or shipped()
    total = _totals(kana[:_LONGEST], table)
    return table.base + max(_loudest(total, stretch) - less for stretch, less in STRETCHES)


def _loudest(total: list[int], stretch: int) -> float:
    """The most alarming stretch of so many characters; the whole of a text that is shorter."""
    length = len(total) + SIZE - 2
    if length <= stretch:
        return total[-1] / SCALE / sqrt(max(length, SHORT))
    most: int = max(map(sub, total[stretch - SIZE + 1 :], total))
    return most / SCALE / sqrt(stretch)


def weighed(kana: str, most: int = 5) -> tuple[str, ...]:
    """The expressions that weighed most, for the operator who asks why a mail was heard."""
    table = shipped()
    text = framed(kana[:_LONGEST])
    found: dict[str, int] = {}
    for at in range(len(text) - 4):
        piece = text[at : at + 5]
        found[piece] = sum(table.weights.get(_number(piece[one : one + SIZE]), 0) for one in range(5 - SIZE + 1))
    chosen: list[str] = []
    for piece in sorted(found, key=lambda one: -found[one]):
        if found[piece] > 0 and not any(piece[:3] in other or other[:3] in piece for other in chosen):
            chosen.append(piece)
        if len(chosen) == most:
            break
    return tuple(chosen)
