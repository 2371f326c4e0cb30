"""Two halves of one mail: whether the HTML says more than the plain text does (rules K1, RFC 2046 section 5.1.4).

Programs write both halves from one text, and then the plain one is read. Some do not: the plain half of decorated
phone mail and of some apps is a stub, or an older draft. What a person sees is the HTML; so whatever stands only there
must be read as well, or a cry for help is not seen. An ordinary mail whose halves say the same is not doubled: line
ends, spaces, bullets, link texts and quote marks make no difference.
"""

from __future__ import annotations

import html as entities
import re
import unicodedata
from collections.abc import Callable
from typing import Final

from maild.mail import html
from maild.mail.quote_marks import lines_of
from maild.mail.quotes import split

_TAG: Final = re.compile(r"<[^<>]*>")
_INLINE: Final = re.compile(
    r"(?i)</?(?:b|i|u|s|em|strong|span|font|big|small|sub|sup|tt|code|mark|ins|del|abbr|cite|q|nobr|wbr|img|o:p)(?:[\s/][^<>]*)?>"
)
_UNSURE: Final = re.compile(r"(?i)<(?:!--|!\[|\?|head|style|script|title|template)")
_HEAD: Final = re.compile(r"(?i)<head[\s>]")
_HEAD_END: Final = re.compile(r"(?i)</head\s*>")
_BREAK: Final = "\x1f"
_NOT_WORD: Final = re.compile(r"[^\w\x1f]+|_+")
_ASIDE: Final = re.compile(f"{html.ASIDE[0]}[^{html.ASIDE[1]}\n]*{html.ASIDE[1]}?")
_TARGET: Final = re.compile(r"(?i)<?(?:https?|ftp|mailto|tel|sms):[^\s<>\u3000]{1,2000}>?")
_IMAGE: Final = re.compile(r"\[(?:image|cid|画像|イメージ)[:：][^\]\n]{0,300}\]")
_WORK: Final = 50_000_000  # characters that may be searched through for one mail; past that, all counts as more (M6)


class _Words:
    """The letters of one half, and whether those of a piece of the other stand in them. Linear where both run along."""

    def __init__(self, text: str) -> None:
        self.text = _fold(text)
        self._next = 0
        self._work = _WORK

    def hold(self, piece: str) -> bool:
        if not piece:
            return True
        if self.text.startswith(piece, self._next):
            self._next += len(piece)
            return True
        if self._work <= 0:
            return False
        self._work -= len(self.text)
        found = self.text.find(piece)
        if found >= 0:
            self._next = found + len(piece)
        return found >= 0


def _fold(text: str) -> str:
    """Letters and digits alone, in one width and case."""
    text = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return _NOT_WORD.sub("", text).casefold()


def merged(plain: str, source: str, subject: Callable[[], str]) -> str | None:
    """The text of a mail whose HTML half (``source``) says more than ``plain``; None where the plain text says it all.

    Where the HTML also holds all that the sender wrote in the plain half, it alone is the text; else both are, with
    only those lines of the HTML that the plain half lacks. Earlier mails that one half quotes and the other does not
    are no difference: they are not the sender's words.
    """
    if _says_the_same(plain, source):
        return None
    words = _Words(_IMAGE.sub(" ", plain))
    marked = html.to_text(source, aside=lambda target: words.hold(_fold(target)))
    laid = html.without_asides(marked)
    own = _own_lines(laid, subject())
    more = [
        line
        for line, shown, is_own in zip(laid.split("\n"), marked.split("\n"), own, strict=True)
        if is_own and not all(words.hold(piece) for piece in _pieces(shown))
    ]
    if not more:
        return None
    theirs = [line for line, is_own in zip(plain.split("\n"), _own_lines(plain, subject()), strict=True) if is_own]
    whole = _Words("\n".join(line for line, is_own in zip(laid.split("\n"), own, strict=True) if is_own))
    if all(whole.hold(piece) for line in theirs for piece in _pieces(_IMAGE.sub(" ", line))):
        return laid
    # Above, so that no quote of the plain half swallows it.
    return "\n".join(more) + "\n\n" + plain


def with_lines_of(text: str, other: str) -> str:
    """Two plain forms of one mail: the first, and those lines of the second that do not stand in it."""
    words = _Words(text)
    more = [line for line in other.split("\n") if not words.hold(_fold(line))]
    return "\n".join([text, "", *more]) if more else text


def _says_the_same(plain: str, source: str) -> bool:
    """The quick look: most halves are the same letters, or the same pieces of text between tags."""
    head = _HEAD.search(source)
    end = _HEAD_END.search(source, head.end()) if head else None
    source = source[: head.start()] + source[end.end() :] if head and end else source
    if _UNSURE.search(source):
        return False
    bare = _INLINE.sub("", source)
    bare = _TAG.sub(_BREAK, bare)
    if "&" in bare:
        bare = entities.unescape(bare)
    known = _Words(plain)
    return all(map(known.hold, _fold(bare).split(_BREAK)))


def _pieces(line: str) -> list[str]:
    """The parts of a line that must be found: link targets, texts of known links and pictures are not asked for."""
    return _fold(_TARGET.sub(_BREAK, _ASIDE.sub(_BREAK, line))).split(_BREAK)


def _own_lines(text: str, subject: str) -> list[bool]:
    """Which lines are the sender's own."""
    kinds = [part.kind == "own" for part in split(text, subject=subject).parts for _ in lines_of(part.text)]
    return kinds + [False] * (text.count("\n") + 1 - len(kinds))
