"""Telling what a client wrote this time from the earlier mails that their program quoted (rules K1, P1).

The theory: a quote goes only where something shows that a program made it, and that it is of an earlier mail of this
exchange: an attribution or separator line, headers, or ``>`` prefixes in a mail whose subject says it is a reply.
Whatever could be the sender's own stays, since a quote too many costs a counselor a glance and a word too few can cost
a life (freescout 5624). Pasted mails and chats that hurt somebody are theirs. If nothing would be left, all stays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Literal

from maild.mail.known_text import KnownText, without_known
from maild.mail.quote_marks import (
    Mark,
    base_subject,
    clean,
    find_mark,
    fold,
    holds_no_mark,
    is_blank,
    is_forward_subject,
    is_program_signature,
    is_reply_subject,
    lines_of,
    named_prefix,
    prefix,
    quiet_lines,
)

__all__ = ["Part", "Split", "own_text", "split", "without_known"]

PartKind = Literal["own", "quote", "attribution", "signature"]

# The line above says: what follows is what somebody else wrote. Strong enough even against an attribution below it.
_POINTS_BELOW = re.compile(
    r"[:↓⇓⬇👇▼]$"
    r"|(?:次|以下|下記|下|こちら)の?(?:よう|通り|とおり|メール|文|内容|LINE|ライン|メッセージ|もの)?"
    r"(?:です|でした|になります|が|を|に)?[。.]?$"
    r"|(?:次|以下|下記|こんな|こういう|こう|このような|そのような)(?:の|が)?(?:内容の|文の|ひどい)?"
    r"(?:メール|LINE|ライン|メッセージ|DM|文|やり取り|やりとり|言葉|こと|書き込み|返事|風)"
    r"|(?:こう|このように|次のように|以下のように)(?:書|記|述べ|言|定め|な[りっ]|あ[りっる])"
    r"|転送|コピペ|コピーし|貼り付け|貼ります|貼って|載せ|引用し|そのまま(?:貼|載|転|送|コピ|書|写)",
    re.IGNORECASE,
)
# Weaker: enough to keep lines that have a prefix and no attribution.
_TELLS_OF_OTHERS = re.compile(
    r"(?:言われ|いわれ|書かれ|送られ|送って|届い|届き|来まし|来た|きまし|きた|もらい|言い(?:ます|まし)|言っ|返信が|返事が|書き込まれ)"
    r"[^。]{0,12}[。.…!]*$"
    r"|(?:からの?|との)(?:メール|LINE|ライン|メッセージ|DM|手紙)[^。]{0,10}[。.]?$",
    re.IGNORECASE,
)
_ANSWERING = re.compile(r"回答|返信し|返信いた|返信させ|答え|お返事(?:し|いた|させ)|質問|コメント")
_SAYS_OF_IT = re.compile(
    r"(?:などと|と|って)(?:言(?:わ|っ|う|い|葉)|いわ|いう|いっ|書(?:か|い)|かか|送(?:ら|っ)|メール|LINE|ライン|返(?:事|信|っ)"
    r"|来(?:ま|た)|きま|あり(?:ま|、)|の(?:こと|メール|LINE|言葉|内容))"
    r"|(?:こんな|これ[がを](?:送|来|届|言|書)|(?:この|上の|上記の)(?:メール|LINE|言葉|メッセージ|文))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Part:
    """A run of lines of one kind."""

    kind: PartKind
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Split:
    """A text taken apart; the parts concatenate back to it, nothing is lost."""

    own: str = field(repr=False)
    quoted: str = field(repr=False)
    parts: tuple[Part, ...] = field(repr=False)
    unmarked: bool = False  # a part of the quote has no marks: ``known`` may tell what somebody wrote into it


def own_text(text: str, *, subject: str = "", parties: Sequence[str] = (), known: Sequence[str] = ()) -> str:
    """What the sender wrote this time, inline answers included, earlier mails left out. See :func:`split`."""
    return split(text, subject=subject, parties=parties, known=known).own


def split(text: str, *, subject: str = "", parties: Sequence[str] = (), known: Sequence[str] = ()) -> Split:
    """Take a client's mail apart into own words, quotes, attributions and program signatures.

    ``subject``: of this mail; ``Re:`` is evidence, ``Fw:`` says that the quote is what the sender wants to show.
    ``parties``: mail addresses of this exchange (the desk's, the client's). Where given, a quote whose attribution
    names only other addresses is somebody else's mail that the client pasted, and stays.
    ``known``: earlier mails of the exchange. Where given, a line below an Outlook-like separator that stands in none of
    them is an answer written into the quote, and stays.
    """
    if holds_no_mark(text):
        return Split(text.rstrip(), "", (Part("own", text),) if text else ())
    return _read(text, subject, parties, known)


def _read(text: str, subject: str, parties: Sequence[str], known: Sequence[str]) -> Split:
    """:func:`split` the long way, line by line."""
    lines = lines_of(text)
    kinds: list[PartKind] = ["own"] * len(lines)
    unmarked = False
    if not is_forward_subject(subject):
        reading = _Reading(lines, kinds, quiet_lines(text), subject, parties, known)
        reading.mark()
        unmarked = reading.unmarked
    if all(kinds[at] != "own" or is_blank(lines[at]) for at in range(len(lines))):
        kinds = ["own"] * len(lines)  # nothing would be left: then it is theirs
    return _assemble(text, lines, kinds, unmarked)


class _Reading:
    """One pass over one mail; holds what the steps share."""

    def __init__(
        self,
        lines: list[str],
        kinds: list[PartKind],
        quiet: int,
        subject: str,
        parties: Sequence[str],
        known: Sequence[str],
    ) -> None:
        self.lines = lines
        self.kinds = kinds
        self.quiet = quiet  # lines at the top that hold nothing
        self.whole_subject = subject
        self.is_reply = is_reply_subject(subject)
        self.parties = frozenset(party.casefold() for party in parties)
        self.known = KnownText(known) if known else None
        self.prefixed = _prefixed(lines, quiet, self.is_reply)
        self.blank = [is_blank(line) for line in lines]
        self.unmarked = False

    @cached_property
    def subject(self) -> str:
        return base_subject(self.whole_subject)

    @cached_property
    def no_subject(self) -> bool:
        return not clean(self.whole_subject)

    def mark(self) -> None:
        lines, count = self.lines, len(self.lines)
        at = self.quiet
        attributed = False  # an accepted attribution stands above: prefixed lines below it are quotes
        single = self.prefixed.count(True) == 1
        while at < count:
            if self.prefixed[at]:
                end = self._block_end(at)
                bare_evidence = self.is_reply and (not single or prefix(lines[at]).endswith(" "))
                if (attributed or bare_evidence) and not self._is_shown(at, end):
                    self._set(at, end, "quote")
                at = end
                continue
            found = None if self.blank[at] else find_mark(lines, at)
            if found is None:
                at += 1
                continue
            below = self._next_text(found.end)
            if below < count and self.prefixed[below]:
                end = self._block_end(below)
                if self._is_of_exchange(found):
                    attributed = True
                    self._set(found.start, below, "attribution")
                    self._set(below, end, "quote")
                at = end
            elif found.strong and not found.by_hand and self._is_of_exchange(found) and self._is_quoted_below(found):
                self._set(found.start, found.end, "attribution")
                self._mark_unprefixed(found.end)
                break
            else:
                at = found.end
        self._mark_program_signatures()

    def _set(self, start: int, end: int, kind: PartKind) -> None:
        self.kinds[start:end] = [kind] * (end - start)

    def _next_text(self, at: int) -> int:
        while at < len(self.lines) and self.blank[at]:
            at += 1
        return at

    def _block_end(self, at: int) -> int:
        """The end of the prefixed lines that begin here; blank lines between them belong to them."""
        end = at
        while at < len(self.lines):
            if self.prefixed[at]:
                end = at + 1
            elif not self.blank[at]:
                break
            at += 1
        return end

    def _above(self, at: int, most_blank: int = 1) -> str:
        """The sender's line right above, as long as at most so many blank lines lie between."""
        above = at - 1
        while above >= 0 and self.blank[above] and at - 1 - above < most_blank:
            above -= 1
        if above < 0 or self.blank[above] or self.kinds[above] != "own":
            return ""
        line = clean(self.lines[above][-300:])
        return "" if _ANSWERING.search(line) else line

    def _is_shown(self, start: int, end: int) -> bool:
        """Whether the words around a prefixed block say that somebody else wrote it: a chat, a mail, what was said."""
        above = self._above(start)
        if above and (_POINTS_BELOW.search(above) or _TELLS_OF_OTHERS.search(above)):
            return True
        return end < len(self.lines) and _SAYS_OF_IT.match(clean(self.lines[end][:100])) is not None

    def _is_of_exchange(self, found: Mark) -> bool:
        """Whether a mark introduces an earlier mail of this exchange, not one that the sender pasted or forwarded."""
        if found.kind == "forwarded":
            return False
        if found.kind == "headers" and found.subject is None and not found.addresses:
            return False  # written by hand: programs print the subject, or whose mail it was
        if self.parties and found.addresses:
            return any(address in self.parties for address in found.addresses)
        if found.subject is not None and self.subject:
            quoted = base_subject(found.subject)
            if quoted and quoted not in self.subject and self.subject not in quoted and not self.is_reply:
                return False
            if found.kind == "headers" and not self._has_subject(quoted):
                return False
        above = self._above(found.start)
        return not (above and _POINTS_BELOW.search(above))

    def _has_subject(self, quoted: str) -> bool:
        """Whether a quoted subject is this mail's own, or cut off, or unknown."""
        return not quoted or quoted.startswith(self.subject[:12]) or self.subject.startswith(quoted[:12])

    def _is_quoted_below(self, found: Mark) -> bool:
        """Whether an unprefixed quote may begin here: the sender wrote above, and the subject agrees."""
        above = any(
            self.kinds[at] == "own" and not self.blank[at] and not is_program_signature(self.lines[at])
            for at in range(found.start)
        )
        if not above or not any(not self.blank[at] for at in range(found.end, len(self.lines))):
            return False
        told = self.parties and found.addresses
        if (
            found.subject is not None
            and self.subject
            and not told
            and not self._has_subject(base_subject(found.subject))
        ):
            return False  # somebody else's mail, pasted with its separator
        same = found.subject is not None and self.subject and base_subject(found.subject) == self.subject
        return bool(
            self.is_reply or self.no_subject or same or found.kind == "original" or (self.parties and found.addresses)
        )

    def _mark_unprefixed(self, start: int) -> None:
        self.unmarked = True
        expected: int | None = None
        for at in range(start, len(self.lines)):
            if self.known is not None and not self.blank[at] and not self.prefixed[at]:
                expected = self.known.find(fold(self.lines[at]), expected)
                if expected is None and find_mark(self.lines, at) is None:
                    continue  # in no earlier mail: written into the quote
            self.kinds[at] = "quote"

    def _mark_program_signatures(self) -> None:
        """``iPhoneから送信`` at the end, or right above a quote, was not written by the sender."""
        ends = True
        for at in range(len(self.lines) - 1, -1, -1):
            if self.blank[at]:
                continue
            if self.kinds[at] != "own":
                ends = True
            elif ends and is_program_signature(self.lines[at]):
                self.kinds[at] = "signature"
            else:
                ends = False


def _prefixed(lines: list[str], quiet: int, is_reply: bool) -> list[bool]:
    found = [False] * quiet + [bool(prefix(line)) for line in lines[quiet:]]
    if is_reply and not any(found):
        # ``花子> ``: one name only, on three lines or more; two names are a chat log that somebody shows us
        names = [named_prefix(line) for line in lines]
        distinct = {name for name in names if name}
        if len(distinct) == 1 and sum(1 for name in names if name) >= 3:
            return [bool(name) for name in names]
    return found


def _assemble(text: str, lines: list[str], kinds: list[PartKind], unmarked: bool) -> Split:
    parts: list[Part] = []
    start = 0
    for kind, run in groupby(kinds):
        end = start + len(list(run))
        parts.append(Part(kind, "".join(lines[start:end])))
        start = end
    quoted = "".join([part.text for part in parts if part.kind == "quote"])
    if kinds.count("own") == len(kinds):
        return Split(text.rstrip(), quoted, tuple(parts), unmarked)
    return Split(join_own([part.text for part in parts if part.kind == "own"]), quoted, tuple(parts), unmarked)


def join_own(pieces: Sequence[str]) -> str:
    """Own pieces with the quotes between them gone: a blank line stays where one was, and never more than that."""
    out = ""
    gap = False
    for piece in pieces:
        lines = piece.split("\n")
        first = next((at for at, line in enumerate(lines) if line.strip()), len(lines))
        body = "\n".join(lines[first:]).rstrip()
        if not body:
            gap = True
            continue
        if out:
            out += "\n\n" if gap or first else "\n"
        out += body
        gap = len(lines) > 2 and not lines[-2].strip()  # the piece ends in a blank line
    return out
