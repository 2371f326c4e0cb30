"""Names that other clients chose, in a reply (rule P5): a chosen name may be any word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from maild.desk import ordinary_words
from maild.desk.folded import LATIN, fold_word
from maild.desk.name_context import Page, Trace
from maild.desk.readings import take_apart

_LETTERS = re.compile(r"[a-z]")
# -- names other clients chose -----------------------------------------------------------------------------------------

_NOBODY = re.compile(
    r"匿名.{0,4}|名無し.{0,4}|ななし.{0,4}|なし|無し|相談者.{0,2}|本人|ひみつ|秘密|未記入|同上|無記名|母|父|妻|夫|主婦|学生|会社員|名前|不明|特になし|"
    r"anonymous|none|no ?name|n/?a|test|テスト|てすと|[a-z]"
)


def find_chosen(page: Page, chosen: str) -> Iterator[Trace]:
    """Traces of another client: the name they chose, which may be any word."""
    text = page.folded.text
    for word, clear, asked in sought_chosen(chosen):
        start = text.find(word)
        while start >= 0:
            end = start + len(word)
            if (clear or page.addressed(start, end, given_out=True, asked=asked)) and _latin_ends(page, start, end):
                yield Trace(start, end)
            start = text.find(word, start + 1)


@lru_cache(maxsize=512)
def sought_chosen(chosen: str) -> tuple[tuple[str, bool, bool], ...]:
    """What to look for: words, whether each is a trace wherever it stands, and whether 「…の相談」 tells of it."""
    name = fold_word(chosen)
    bare = re.sub(r"[\s\u3000]+", "", name)
    if not bare or len(bare) > 100 or _NOBODY.fullmatch(bare) or (len(bare) == 1 and not bare >= "\u3400"):
        return ()
    found = {word: (_is_plain(bare), _is_asked_for(bare)) for word in (name, bare)}
    apart = take_apart(chosen)
    for part in (*apart.families, *apart.givens):
        word = fold_word(part.written)
        if word != bare and (len(word) >= 2 or word >= "\u3400"):
            found.setdefault(word, (False, _is_asked_for(word)))
    return tuple((word, *how) for word, how in found.items())


_HEAD = 8  # characters by which names are looked up


class ChosenNames:
    """Names by what one would look for, so that a text asks for its own words and not for every name there is."""

    def __init__(self) -> None:
        self._by_head: dict[str, tuple[str, ...]] = {}  # tuples: nearly all heads have one name, and a set is large
        self._sizes: dict[int, int] = {}

    def add(self, name: str) -> None:
        """A name to be found."""
        for head in _heads(name):
            known = self._by_head.get(head, ())
            if not known:
                self._sizes[len(head)] = self._sizes.get(len(head), 0) + 1
            if name not in known:
                self._by_head[head] = (*known, name)

    def discard(self, name: str) -> None:
        """No longer to be found."""
        for head in _heads(name):
            left = tuple(one for one in self._by_head[head] if one != name)
            if left:
                self._by_head[head] = left
            else:
                del self._by_head[head]
                self._sizes[len(head)] -= 1

    def within(self, folded: str) -> Iterator[str]:
        """Names whose beginning stands in a folded text; whether it means them is for ``find_chosen``."""
        for size in [size for size, count in self._sizes.items() if count]:
            seen = {folded[at : at + size] for at in range(len(folded) - size + 1)}
            for head in seen & self._by_head.keys():
                yield from self._by_head[head]


def _heads(name: str) -> set[str]:
    return {word[:_HEAD] for word, _, _ in sought_chosen(name)}


def _is_asked_for(word: str) -> bool:
    """Whether 「…の相談」 names a person: こころの相談 and お金の相談 do not."""
    return not (word in ordinary_words.KANA or word in ordinary_words.WORDS or word.startswith("お"))


def _is_plain(name: str) -> bool:
    """Whether a chosen name is no word: then it is a trace wherever it stands."""
    if name in ordinary_words.WORDS or name in ordinary_words.PLACES or name in ordinary_words.LATIN:
        return False
    if re.fullmatch(r"[ぁ-ゖー]+", name):
        return False
    if name.isascii():
        return len(name) >= 4 and bool(_LETTERS.search(name))
    apart = take_apart(name)
    return len(name) >= 3 and bool(apart.families) and (apart.families[0].readings != () or len(name) >= 4)


def _latin_ends(page: Page, start: int, end: int) -> bool:
    text = page.folded.text
    if page.kind(start) in (LATIN, "D") and text[start - 1 : start].isascii() and text[start - 1 : start].isalnum():
        return False
    return not (page.kind(end - 1) in (LATIN, "D") and text[end : end + 1].isascii() and text[end : end + 1].isalnum())
