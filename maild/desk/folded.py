"""A text folded for comparison, with the way back to what was written (rules K1, P5)."""

from __future__ import annotations

import bisect
import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache

from maild.desk.readings import fold_characters

KANJI, HIRAGANA, KATAKANA, LATIN, DIGIT, OTHER = "K", "H", "T", "L", "D", "-"


@dataclass(frozen=True, slots=True)
class Folded:
    """``text``: half-width, lower case, katakana as hiragana, usual characters, no accents, nothing invisible.

    ``kinds`` holds the script of each character as written; ``starts`` where it began in the original.
    """

    text: str = field(repr=False)
    kinds: str = field(repr=False)
    starts: tuple[int, ...] = field(repr=False)
    original: str = field(repr=False)

    def written(self, start: int, end: int) -> str:
        """What stands in the original for ``text[start:end]``."""
        if start >= end:
            return ""
        stop = self.starts[end] if end < len(self.starts) else len(self.original)
        return self.original[self.starts[start] : stop].strip()


def fold(text: str) -> Folded:
    """Fold ``text``; linear in its length, whatever it holds."""
    folded: list[str] = []
    kinds: list[str] = []
    starts: list[int] = []
    at = 0
    while at < len(text):
        end = at + 1
        while end < len(text) and end - at < 8 and _is_mark(text[end]):
            end += 1
        for character, kind in _folded_cluster(text[at:end]):
            folded.append(character)
            kinds.append(kind)
            starts.append(at)
        at = end
    return Folded("".join(folded), "".join(kinds), tuple(starts), text)


def _is_mark(character: str) -> bool:
    return character > "\u02ff" and (character in "\uff9e\uff9f" or unicodedata.combining(character) != 0)


@lru_cache(maxsize=4096)
def _folded_cluster(cluster: str) -> tuple[tuple[str, str], ...]:
    """The folded characters of one written character and the script of each."""
    return tuple((chr(ord(one) - 0x60) if "ァ" <= one <= "ヶ" else one, _kind(one)) for one in fold_cluster(cluster))


def fold_cluster(cluster: str) -> str:
    """One character with its marks."""
    if cluster.isascii():
        return cluster.lower()
    if unicodedata.category(cluster[0]) in ("Cf", "Cc", "Mn") and cluster[0] not in "\n\t\r":
        return ""
    text = fold_characters(unicodedata.normalize("NFKC", cluster)).lower()
    if text and not text.isascii() and text[0] < "\u0250":
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return text


@lru_cache(maxsize=512)
def fold_word(word: str) -> str:
    """A name or word as ``fold`` would show it."""
    return fold(word).text.strip()


def _kind(character: str) -> str:
    if "ぁ" <= character <= "ゖ":
        return HIRAGANA
    if "ァ" <= character <= "ヺ" or character == "ー":
        return KATAKANA
    if "a" <= character <= "z":
        return LATIN
    if character.isdigit():
        return DIGIT
    if "\u3400" <= character <= "\u9fff" or character in "々〆" or character >= "\U00020000":
        return KANJI
    return OTHER


@dataclass(frozen=True, slots=True)
class Joined:
    """Letters that were spaced out (``S a t o``, ``さ と う``) put together again."""

    text: str = field(repr=False)
    places: tuple[int, ...] = field(repr=False)  # where each character stands in Folded.text


_SEPARATORS = " \t\u3000\n.・･-_/|*★☆♡‐–—…,、"
_SPACED = re.compile(rf"\w(?=[{re.escape(_SEPARATORS)}]\w[{re.escape(_SEPARATORS)}]\w)")


def spaced_out(folded: Folded) -> list[Joined]:
    """Runs of three or more single characters with one separator between each two."""
    text, kinds = folded.text, folded.kinds
    found: list[Joined] = []
    at = 0
    for hit in _SPACED.finditer(text):
        if hit.start() < at or kinds[hit.start()] not in "KHTL":
            continue
        at = hit.start()
        if at and kinds[at - 1] == kinds[at]:
            continue
        places = [at]
        here = at
        while here + 2 < len(text) and text[here + 1] in _SEPARATORS and kinds[here + 2] in "KHTL":
            runs_on = kinds[here + 3 : here + 4] == kinds[here + 2]
            if runs_on and kinds[here + 2] != HIRAGANA:
                break
            here += 2
            places.append(here)
            if runs_on:
                break  # さ と うです
        if len(places) >= 3:
            found.append(Joined("".join(text[place] for place in places), tuple(places)))
        at = here + 1
    return found


def line_of(folded: Folded, breaks: list[int], place: int) -> tuple[int, int]:
    """Start and end of the line ``place`` stands in; ``breaks`` from ``line_breaks``."""
    number = bisect.bisect_left(breaks, place)
    start = breaks[number - 1] + 1 if number else 0
    end = breaks[number] if number < len(breaks) else len(folded.text)
    return start, end


def line_breaks(folded: Folded) -> list[int]:
    """Where the lines of the folded text end."""
    return [at for at, character in enumerate(folded.text) if character == "\n"]
