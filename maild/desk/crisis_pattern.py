"""The pattern language of the crisis lists: small on purpose, so that nothing in it can match in more than linear time.

( | )   alternatives            ?   the character or bracket before it may be missing
…       up to 12 characters of the same sentence (in English up to three words)
!( )    not followed by         {name}   a list from [words]         #   a number of up to four digits
    @   in exceptions: the phrase itself
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from maild.desk.textfold import dense, normal
from maild.mail.charmap import HIRAGANA

_TOKEN = re.compile(r"\{(\w+)\}|(!\(|[()|?…@#])")


DIGITS = "0123456789〇一二三四五六七八九十百千数何"


class PhraseError(ValueError):
    """A phrase list that cannot be read; says where and what is allowed, never what a client wrote."""


REACH = 3  # characters of a beginning


@dataclass(frozen=True, slots=True)
class Literal:
    text: str


@dataclass(frozen=True, slots=True)
class Choice:
    options: tuple[Sequence, ...]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    pass


@dataclass(frozen=True, slots=True)
class Number:
    pass


@dataclass(frozen=True, slots=True)
class Never:
    what: Choice


@dataclass(frozen=True, slots=True)
class Itself:
    pass


Node = Literal | Choice | Gap | Number | Never | Itself
Sequence = tuple[Node, ...]


def parse(pattern: str, words: Mapping[str, str]) -> Sequence:
    """The pattern as a tree; raises :class:`PhraseError`."""
    choice, at = _choice(pattern, 0, words, depth=0)
    if at != len(pattern):
        raise PhraseError("a bracket too many")
    tree: Sequence = choice.options[0] if len(choice.options) == 1 else (choice,)
    if _empty(tree):
        raise PhraseError("the pattern matches an empty text")
    return tree


def _choice(pattern: str, at: int, words: Mapping[str, str], depth: int) -> tuple[Choice, int]:
    if depth > 20:
        raise PhraseError("brackets are nested too deep")
    options: list[Sequence] = []
    nodes: list[Node] = []
    while at < len(pattern):
        token = _TOKEN.search(pattern, at)
        end = token.start() if token else len(pattern)
        if literal := pattern[at:end]:
            nodes += [Literal(literal[:-1])] if len(literal) > 1 else []
            nodes.append(Literal(literal[-1]))
        at = end
        if not token or token[2] == ")":
            break
        at = token.end()
        if token[1]:
            if token[1] not in words:
                raise PhraseError(f"unknown word {{{token[1]}}}")
            inner, _ = _choice(words[token[1]], 0, words, depth + 1)
            nodes.append(inner)
        elif token[2] in ("(", "!("):
            inner, at = _choice(pattern, at, words, depth + 1)
            if pattern[at : at + 1] != ")":
                raise PhraseError("a bracket is not closed")
            at += 1
            nodes.append(inner if token[2] == "(" else Never(inner))
        elif token[2] == "|":
            options.append(tuple(nodes))
            nodes = []
        elif token[2] == "…":
            nodes.append(Gap())
        elif token[2] == "@":
            nodes.append(Itself())
        elif token[2] == "#":
            nodes.append(Number())
        else:
            last = nodes.pop() if nodes else None
            if not isinstance(last, Literal | Choice):
                raise PhraseError("? must follow a character or a bracket")
            nodes.append(Choice(((last,),), optional=True))
    return Choice((*options, tuple(nodes))), at


def _empty(tree: Sequence) -> bool:
    """Could the pattern be found in an empty text."""
    return all(
        isinstance(n, Never)
        or (isinstance(n, Choice) and (n.optional or any(map(_empty, n.options))))
        or isinstance(n, Gap)
        for n in tree
    )


@cache
def _fold(text: str, form: str) -> str:
    if form == "words":
        return re.sub(r"[^\w ]", "", normal(text))
    piece = dense(normal(text))
    return HIRAGANA(piece) if form == "kana" else piece


def regex(tree: Sequence, form: str, itself: str = "") -> str:
    """The tree as a regular expression for one form of the text; a 。 between two characters is no obstacle."""
    out: list[str] = []
    after_gap = False
    for node in tree:
        if isinstance(node, Literal):
            text = _fold(node.text, form)
            if form == "words":
                out.append(re.escape(text.lstrip(" ") if after_gap else text).replace(r"\ ", " "))
            else:
                out += [re.escape(c) + "。?" for c in text]
            after_gap = after_gap and not text.strip(" ")
            continue
        after_gap = isinstance(node, Gap)
        if isinstance(node, Gap):
            out.append("(?:[^ ]+ ){0,3}?" if form == "words" else "[^。]{0,12}?")
        elif isinstance(node, Number):
            out.append(f"[{DIGITS}]{{1,4}}")
        elif isinstance(node, Itself):
            out.append(f"(?:{itself})")
        else:
            choice = node.what if isinstance(node, Never) else node
            body = "|".join(regex(option, form, itself) for option in choice.options)
            out.append(f"(?{'!' if isinstance(node, Never) else ':'}{body}){'?' if choice.optional else ''}")
    return "".join(out)


def _extend(prefixes: set[str], tree: Sequence, form: str, done: set[str]) -> set[str]:
    for node in tree:
        if isinstance(node, Literal):
            longer = {(p + _fold(node.text, form)).lstrip(" ")[:REACH] for p in prefixes}
        elif isinstance(node, Choice):
            longer = set(prefixes) if node.optional else set()
            for option in node.options:
                longer |= _extend(prefixes, option, form, done)
        elif isinstance(node, Number):
            longer = {p + one for p in prefixes for one in DIGITS}  # one figure, or more of them
            done |= {(p + one)[:REACH] for p in longer for one in DIGITS}
        elif isinstance(node, Gap | Itself):
            done |= prefixes
            return set()
        else:
            continue
        done |= {p for p in longer if len(p) == REACH}
        prefixes = {p for p in longer if len(p) < REACH}
    return prefixes


def beginnings(tree: Sequence, form: str) -> set[str]:
    """The one to three characters that every match begins with (fewer than three: anything may follow)."""
    done: set[str] = set()
    done |= _extend({""}, tree, form, done)
    return done
