"""How a mail sounds as a whole (rules K1): what no single phrase says, and whether a doubtful phrase is meant.

A table of sequences of three characters with weights (crisis_tone.tsv), learnt from texts by
``python -m tests.corpus.tone``; the weights of a stretch of text are added up and divided by the root of its length.
docs/crisis.md explains it.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import accumulate
from math import sqrt
from operator import itemgetter, sub

__all__ = ["ALONE", "DOUBT", "HEAVIEST", "LABEL", "SIZE", "Table", "alarming", "framed", "tone", "weighed"]

LABEL = "文面全体の調子"  # what stands in place of a phrase
ALONE = 0.5  # heard though no phrase stands in the text
DOUBT = 0.5  # a doubtful phrase counts where its sentence sounds like this or worse
SIZE = 3  # characters of a sequence
SHORT = 20  # characters: what is shorter is no surer for it
SCALE = 20  # weights are whole numbers, so that the file is small and its changes can be read
HEAVIEST = 127  # so that one is a byte
# characters; of a long mail the most alarming stretch counts, so that its calm part hides nothing. A short one must
# be the more alarming, for a mail has many.
STRETCHES = ((64, 0.0), (32, 1.75))
_LONGEST = 200_000  # characters: as far as is read of hostile text


# Each UTF-16 unit of a sequence is multiplied by an odd number of its own, and the sum, cut to 20 bits, is its slot. Of
# the sequences of the table about one in a hundred shares one with another; what is measured of it includes that.
_MIX = 0x4537 << 64 | 0x4AE3 << 32 | 0x5383
_SLOTS = 1 << 20
_LOW_BITS = bytes(byte & 15 for byte in range(256))
_NOTHING = 128  # the byte of a sequence that weighs nothing


def _slots(text: str) -> array[int]:
    """The slots of the sequences that begin at each place. All at once, at the speed of C: the text is one number with
    32 bits a unit, and one multiplication multiplies all of them."""
    units = text.encode("utf-16-le", "surrogatepass")
    wide = bytearray(2 * len(units))
    wide[0::4], wide[1::4] = units[0::2], units[1::2]
    mixed = bytearray((int.from_bytes(wide, "little") * _MIX).to_bytes(len(wide) + 4 * SIZE, "little"))
    mixed[2::4], mixed[3::4] = mixed[2::4].translate(_LOW_BITS), bytes(len(mixed) // 4)
    slots = array("I", mixed)
    if sys.byteorder == "big":
        slots.byteswap()
    return slots[SIZE - 1 : len(units) // 2]  # what is before and after has not all of its units


@dataclass(frozen=True, slots=True)
class Table:
    """What a text without any sign begins from, and the weight of each slot as a byte."""

    base: float
    weights: bytes = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Table:
        """One sequence and its weight a line; the empty one is the base. Of two in one slot the heavier counts."""
        rows = [line.split("\t") for line in text.splitlines()]
        known = [(piece, int(weight)) for piece, weight in rows if piece]
        weights = bytearray([_NOTHING]) * _SLOTS
        slots = _slots("".join(piece for piece, _ in known))[::SIZE]
        # the heaviest last, as nothing may take its slot
        for slot, (_, weight) in sorted(zip(slots, known, strict=True), key=lambda one: abs(one[1][1])):
            weights[slot] = _NOTHING + weight
        return cls(next(int(weight) for piece, weight in rows if not piece) / SCALE, bytes(weights))

    def of(self, text: str) -> Sequence[int]:
        """The bytes of the sequences that begin at each place."""
        slots = _slots(text)
        if len(slots) < 2:  # itemgetter of one gives no tuple
            return [self.weights[slot] for slot in slots]
        found: tuple[int, ...] = itemgetter(*slots)(self.weights)
        return found


@cache
def shipped() -> Table:
    """The table of the package, read when it is first asked for."""
    return Table.parse(resources.files("maild.desk").joinpath("crisis_tone.tsv").read_text("utf-8"))


def framed(kana: str) -> str:
    """The text with an end of sentence at both ends: what begins or ends one is a sign of its own."""
    return f"。{kana.strip('。')}。"


def _totals(text: str, table: Table) -> list[int]:
    """The weights of all that begins before each place, so that any stretch is a difference of two totals."""
    return list(accumulate(table.of(text), initial=0))


def tone(kana: str, table: Table | None = None) -> float:
    """Of a mail above :data:`ALONE`: a crisis. Of a sentence below :data:`DOUBT`: a doubtful phrase in it is none."""
    table = table or shipped()
    total = _totals(framed(kana[:_LONGEST]), table)
    return table.base + max(_loudest(total, stretch) - less for stretch, less in STRETCHES)


def alarming(sentence: str, table: Table) -> bool:
    """Whether a doubtful phrase in this sentence is meant. The less there is beside it, the less can speak for calm: of
    the barest sentence (自殺する) it is enough that it does not sound calmer than nothing at all (K0)."""
    share = min(len(sentence) / SHORT, 1.0)
    return tone(sentence, table) > table.base + (DOUBT - table.base) * share


_STEP = 4  # characters: a stretch begins at each fourth, which is as good as at each, and four times as fast


def _loudest(total: list[int], stretch: int) -> float:
    """The most alarming stretch of so many characters; the whole of a text that is shorter."""
    inside = stretch - SIZE + 1  # sequences
    if len(total) <= inside:
        return (total[-1] - _NOTHING * (len(total) - 1)) / SCALE / sqrt(max(len(total) + SIZE - 2, SHORT))
    most: int = max(total[-1] - total[-1 - inside], *map(sub, total[inside::_STEP], total[::_STEP]))
    return (most - _NOTHING * inside) / SCALE / sqrt(stretch)


def weighed(kana: str, most: int = 5) -> tuple[str, ...]:
    """The expressions that weighed most, for the operator who asks why a mail was heard."""
    table = shipped()
    text = framed(kana[:_LONGEST])
    found: dict[str, int] = {}
    for at in range(len(text) - 4):
        piece = text[at : at + 5]
        found[piece] = sum(weight - _NOTHING for weight in table.of(piece))
    chosen: list[str] = []
    for piece in sorted(found, key=lambda one: -found[one]):
        if found[piece] > 0 and not any(piece[:3] in other or other[:3] in piece for other in chosen):
            chosen.append(piece)
        if len(chosen) == most:
            break
    return tuple(chosen)
