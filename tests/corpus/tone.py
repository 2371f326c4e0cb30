"""Learns maild/desk/crisis_tone.tsv from the crisis corpora: ``python -m tests.corpus.tone --write`` (half a minute).

A logistic regression over sequences of three characters, fitted by dual coordinate descent; standard
library only, and the same table every time. ``python -m tests.corpus.tone`` measures instead: every stranger's texts
are judged by a table learnt without that author.
"""

from __future__ import annotations

import math
import random
import re
import sys
import tomllib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from maild.desk.crisis import builtin, heard, hits
from maild.desk.crisis_tone import HEAVIEST, SCALE, SHORT, SIZE, Table, framed, tone
from maild.desk.textfold import folded
from tests.corpus import figures

TABLE = Path(__file__).parents[2] / "maild" / "desk" / "crisis_tone.tsv"
GRAMMAR = Path(__file__).parent / "crisis" / "grammar.txt"
RARE = 2.0  # how much more a rare sequence says than a common one: the power of its inverse frequency
COST = 0.02  # what a text that is judged wrong costs against the size of the weights
EACH, MADE = 20, 0.3  # texts made of every line of the grammar, and what one counts for beside a text that was written
LEAST = 2  # a sequence that stands in fewer texts is not learnt
ROUNDS = 30
ENOUGH = 0.5  # weights nearer to nothing than this are left out


_JAPANESE = re.compile("[。0-9ぁ-ん一-鿿々〇]+")  # of other languages there are too few texts to learn from


@dataclass(frozen=True, slots=True)
class Sample:
    author: str
    text: str = field(repr=False)
    crisis: bool
    share: float = 1.0


def written() -> Iterator[Sample]:
    """Every text of the crisis corpora, and the ordinary mails of two others."""
    for path in sorted((figures.CORPUS / "crisis").glob("*.toml")):
        for crisis, text in figures.texts_of(path):
            yield Sample(path.stem, text, crisis)
    ordinary = [("intake", f"{mail.subject}\n{mail.text}") for mail in figures.first_mails()]
    thanks = tomllib.loads((figures.CORPUS / "thanks" / "blind.toml").read_text("utf-8"))
    ordinary += [("thanks", text) for texts in thanks.values() for text in texts]
    for author, text in ordinary:
        if not heard(folded(text), builtin()):  # two of them are crises
            yield Sample(author, text, False)


class Grammar:
    """Lines with ``( | )`` alternatives, ``?`` after a bracket that may be missing, and ``{NAME}`` word lists."""

    def __init__(self, text: str) -> None:
        self.words: dict[str, str] = {}
        self.lines: dict[str, list[str]] = {}
        section = ""
        for line in filter(None, text.splitlines()):
            if line.startswith("@"):
                name, _, words = line[1:].partition(" ")
                self.words[name] = words
            elif line.startswith("["):
                section = line.strip("[]")
            elif not line.startswith("#"):
                self.lines.setdefault(section, []).append(line)

    def one(self, pattern: str, chance: random.Random) -> str:
        out, at = [], 0
        while at < len(pattern):
            if pattern[at] == "{":
                end = pattern.index("}", at)
                out.append(self.one(chance.choice(_options(self.words[pattern[at + 1 : end]])), chance))
                at = end + 1
            elif pattern[at] == "(":
                end = _closing(pattern, at)
                maybe = pattern[end + 1 : end + 2] == "?"
                if not maybe or chance.random() < 0.5:
                    out.append(self.one(chance.choice(_options(pattern[at + 1 : end])), chance))
                at = end + 1 + maybe
            else:
                out.append(pattern[at])
                at += 1
        return "".join(out)

    def texts(self, each: int) -> Iterator[Sample]:
        """Made texts, among neutral sentences that both kinds share."""
        chance = random.Random(1)
        for kind in ("crisis", "calm"):
            for line in self.lines[kind]:
                seen: set[str] = set()
                for _ in range(each):
                    text = self.one(line, chance)
                    if text not in seen:
                        seen.add(text)
                        yield Sample("made", self._among(text, chance), kind == "crisis", MADE)

    def _among(self, text: str, chance: random.Random) -> str:
        before, after = chance.choice((0, 0, 1, 1, 2)), chance.random() < 0.2
        around = [self.one(chance.choice(self.lines["context"]), chance) for _ in range(before + after)]
        return "".join([*around[:before], text, *around[before:]])


def _options(body: str) -> list[str]:
    out, depth = [""], 0
    for character in body:
        depth += (character == "(") - (character == ")")
        if character == "|" and not depth:
            out.append("")
        else:
            out[-1] += character
    return out


def _closing(pattern: str, at: int) -> int:
    depth = 0
    for here in range(at, len(pattern)):
        depth += (pattern[here] == "(") - (pattern[here] == ")")
        if not depth:
            return here
    raise ValueError(f"a bracket is not closed: {pattern}")


def grams(kana: str) -> list[str]:
    """Every sequence of the framed text that a table may know."""
    text = framed(kana)
    every = [text[at : at + SIZE] for at in range(len(text) - SIZE + 1)]
    return [gram for gram in every if _JAPANESE.fullmatch(gram)]


def learn(samples: Iterable[Sample]) -> dict[str, float]:
    """Weight by sequence, the empty one for the base: logistic regression with an L2 penalty, by its dual."""
    rows = [(Counter(grams(kana)), len(framed(kana)), s) for s in samples for kana in (folded(s.text).kana,)]
    often = Counter(gram for counts, _, _ in rows for gram in counts)
    kept = [gram for gram, count in often.items() if count >= LEAST]
    place = {gram: at for at, gram in enumerate(kept, 1)}
    rarity = [1.0, *(math.log(math.e * (1 + len(rows)) / (1 + often[gram])) ** RARE for gram in kept)]
    total = {kind: sum(s.share for _, _, s in rows if s.crisis == kind) for kind in (True, False)}
    data = []
    for counts, length, sample in rows:
        root = max(length, SHORT) ** 0.5
        pairs = [(place[gram], count) for gram, count in counts.items() if gram in place]
        where = array("l", [0, *(at for at, _ in pairs)])
        values = array("d", [10.0, *(rarity[at] * count / root for at, count in pairs)])
        # both kinds weigh the same in all, however many texts there are of each
        cost = COST * sample.share * sum(total.values()) / (2 * total[sample.crisis])
        data.append((where, values, 1.0 if sample.crisis else -1.0, cost, sum(v * v for v in values)))
    weights = _fit(data, len(kept) + 1)
    return {"": weights[0] * 10.0} | {gram: weights[at] * rarity[at] for gram, at in place.items()}


def _fit(data: Sequence[tuple[array[int], array[float], float, float, float]], size: int) -> list[float]:
    """Dual coordinate descent for logistic regression (Yu, Huang, Lin 2011): one text after the other, no step size."""
    weights = [0.0] * size
    share = [min(cost * 1e-3, 1e-8) for _, _, _, cost, _ in data]
    for (where, values, sign, _, _), alpha in zip(data, share, strict=True):
        for at, value in zip(where, values, strict=True):
            weights[at] += alpha * sign * value
    order, chance = list(range(len(data))), random.Random(1)
    for _ in range(ROUNDS):
        chance.shuffle(order)
        for number in order:
            where, values, sign, cost, square = data[number]
            margin = sign * sum([weights[at] * value for at, value in zip(where, values, strict=True)])
            old = new = share[number]
            for _ in range(20):  # Newton, kept inside (0, cost)
                slope = square * (new - old) + margin + math.log(new / (cost - new))
                step = slope / (square + cost / (new * (cost - new)))
                if new - step <= 0:
                    new *= 0.1
                elif new - step >= cost:
                    new = cost - (cost - new) * 0.1
                else:
                    new -= step
                    if abs(step) < 1e-9 * cost:
                        break
            share[number] = new
            change = (new - old) * sign
            for at, value in zip(where, values, strict=True):
                weights[at] += change * value
    return weights


def table(samples: Iterable[Sample]) -> str:
    """The file: one sequence and its weight a line, the heaviest sign of a crisis first."""
    learnt = learn(samples)
    base = round(learnt.pop("") * SCALE)
    found = {gram: _whole(weight) for gram, weight in learnt.items() if abs(weight) >= ENOUGH}
    rows = [("", base), *sorted(found.items(), key=lambda one: (-one[1], one[0]))]
    return "".join(f"{gram}\t{weight}\n" for gram, weight in rows)


def _whole(weight: float) -> int:
    return max(-HEAVIEST, min(round(weight * SCALE), HEAVIEST))


def made() -> Iterator[Sample]:
    """The texts of the grammar."""
    return Grammar(GRAMMAR.read_text("utf-8")).texts(EACH)


def measure() -> Iterator[str]:
    """Of the strangers' texts, each author's judged by what the others teach: heard, false alarms, what went wrong."""
    phrases = builtin()
    every = [*written(), *made()]
    authors = sorted({s.author[:10] for s in every if s.author.startswith("stranger")})
    counts = {True: [0, 0, 0], False: [0, 0, 0]}
    for author in authors:
        learnt = Table.parse(table(s for s in every if not s.author.startswith(author)))
        for sample in every:
            if not sample.author.startswith(author):
                continue
            forms = folded(sample.text)
            entries = heard(forms, phrases)
            sound = tone(forms.kana, learnt)
            both = bool(hits(sample.text, phrases, learnt))
            for place, yes in enumerate((bool(entries), sound > 0, both)):
                counts[sample.crisis][place] += yes
            counts[sample.crisis].append(1)
            names = ",".join(("" if entry.doubt else "!") + entry.phrase for entry in entries)
            kind = ("MISS" if sample.crisis else "FALSE") if both != sample.crisis else "ok"
            yield f"{sound:.2f}\t{kind}\t{sample.crisis}\t{sample.author}\t{names}\t{sample.text.strip()!r}"
    for crisis, (phrase, sound_only, both, *ones) in counts.items():
        rest = f"tone alone {sound_only / len(ones):.1%}, both {both / len(ones):.1%}"
        yield f"{'heard' if crisis else 'false alarms'}: phrases {phrase / len(ones):.1%}, {rest}"


if __name__ == "__main__":
    if "--write" in sys.argv:
        TABLE.write_text(table([*written(), *made()]), "utf-8")
    else:
        print(*measure(), sep="\n")
