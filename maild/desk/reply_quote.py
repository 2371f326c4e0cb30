"""Where the quote of a notice begins in a reply, and what the mail program put above it (rules P2)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal

from maild.desk.notice_marks import EARLIER_MARK, internal_lines, is_internal_folded
from maild.desk.signatures import Identity
from maild.mail.known_text import KnownText
from maild.mail.quote_marks import MAX_MARK, Mark, clean, find_mark, fold, header, prefix

DoubtCode = Literal[
    "internal_text",  # something of the internal block stood where the counselor writes; it was taken out
    "inside_internal",  # written between the lines of the internal block
    "forwarded",  # a forward, not a reply
    "unverified_quote",  # a quote without prefixes, and the notice is not known
    "text_after_quote",  # own-looking text below a quote without prefixes, or below the end of a full quote
    "edited_quote",  # a quoted line that is not in the notice: perhaps the counselor wrote into it
    "typed_quote",  # a line with > that no program can be shown to have made
    "moved_quote",  # a quoted line of the notice above the place where the quote begins
    "like_notice",  # lines that are in the notice, or nearly, without a quote around them
    "rewrapped_quote",  # the rest of a quoted line that a program may have folded
    "signature_unclear",  # a block that may be a signature or advice
    "stray_command",  # a line that looks like a command, below the text
]

LONG = 40  # folded characters of one line, or of a run of lines, that nobody repeats by chance
_PROGRAM_RULES = ("_" * 32, "-" * 20)  # Outlook's, and what becomes of <hr>
_HEADERS = 10  # lines of headers under a program's rule, blank ones included
_FIELD = re.compile(
    r"[*_ ]{0,3}(?:[^\s:。、]{1,14}(?:\s[^\s:。、]{1,4})?[*_ ]{0,3}\s?:"
    r"|(?:from|to|cc|date|sent|subject|差出人|宛先|件名|日付|日時|送信日時)\s)",
    re.IGNORECASE,
)
_SAYS = re.compile(
    r"(?:(?:は|が|の)(?:書きました|書いた|書かれました|送信しました|メール|メッセージ|発言)"
    r"|から(?:の)?(?:メール|メッセージ)|\bwrote|\bwrites|\bsaid)\s?[:;]?$",
    re.IGNORECASE,
)
_DATED = re.compile(r"[(\[<]?\s?(?:on )?\d{2,4}\s?[年/.\-]\s?\d{1,2}\s?[月/.\-]\s?\d{1,2}[^一-龥ぁ-ん]{0,24}[)\]>]?$")


class LinesOfReply:
    """One reply, line by line; ``own`` says which lines are the counselor's."""

    def __init__(self, lines: list[str], notice: str | None, identity: Identity) -> None:
        self.lines = lines
        self.identity = identity
        self.folded = [fold(line) for line in lines]
        self.quoted = [bool(prefix(line)) for line in lines]
        self.own = [False] * len(lines)
        self.doubts: list[DoubtCode] = []
        self.known = KnownText([notice]) if notice is not None and notice.strip() else None
        clients = (notice or "").split(EARLIER_MARK, 1)[0]
        self.clients = KnownText([clients]) if clients.strip() else None  # what no counselor writes by chance
        self.internal = internal_lines(notice or "")
        self.found = self._find_all()

    def doubt(self, code: DoubtCode) -> None:
        if code not in self.doubts:
            self.doubts.append(code)

    def _find_all(self) -> list[int | None]:
        """Where each line ends in the notice; None where it is not in it."""
        found: list[int | None] = [None] * len(self.lines)
        if self.known is None:
            return found
        expected: int | None = None
        for at, folded in enumerate(self.folded):
            if folded:
                found[at] = expected = self.known.find(folded, expected)
        return found

    def is_internal(self, at: int) -> bool:
        folded = self.folded[at]
        return is_internal_folded(folded) or (len(folded) >= 6 and folded in self.internal)

    def quote_start(self) -> tuple[Mark | None, int, bool]:
        """The mark above the program's quote, the first line of the quote, and whether its lines have prefixes."""
        count = len(self.lines)
        at = 0
        while at < count:
            if not self.folded[at]:
                at += 1
                continue
            if self.is_internal(at):
                if not self.quoted[at]:
                    return None, at, False
                start = self._prefixed_mark(at)
                return self._own_mark(start), start, True
            found = None if self.quoted[at] else find_mark(self.lines, at)
            if found is not None and self._is_behind(found):
                at += 1  # a line with a date directly above the program's own mark is the counselor's
                continue
            if found is not None:
                found = self._with_all_headers(self._without_frame(found))
                below = found.end
                while below < count and not self.folded[below]:
                    below += 1
                if below < count and (self.quoted[below] or found.strong or self.found[below] is not None):
                    return found, found.end, self.quoted[below]
                if below >= count and found.strong:
                    return found, found.end, False  # an attribution whose quote was deleted
                at = found.end
                continue
            at += 1
        # no mark of a program: prefixed lines that are whole lines of the notice begin a trimmed quote
        for at in range(count):
            if self.quoted[at] and self._is_whole(at):
                start = self._prefixed_mark(at)
                return self._own_mark(start), start, True
        return None, count, False

    def _prefixed_mark(self, start: int) -> int:
        """Apple Mail puts the attribution behind the prefix, too: the quote begins there."""
        best = start
        for at in range(start - 1, max(start - 10, -1), -1):
            if not self.quoted[at]:
                break
            bare = [line[len(prefix(line)) :] for line in self.lines[at:start]]
            mark = find_mark(bare, 0)
            if mark is not None and not any(clean(line) for line in bare[mark.end :]):
                best = at  # the highest one: a header block may begin above what is enough to know it by
        return best

    def _is_behind(self, mark: Mark) -> bool:
        """Whether a mark that runs over lines holds one that says more by itself."""
        headed = header(self.lines[mark.start]) is not None  # not a program's rule
        for at in range(mark.start + 1, mark.end):
            gap = headed and self.folded[at - 1] != "" and header(self.lines[at - 1]) is None
            if mark.kind == "attribution" or (mark.kind == "headers" and gap):
                found = find_mark(self.lines, at)
                if found is not None and found.strong:
                    return True
        return False

    def _without_frame(self, mark: Mark) -> Mark:
        """A rule above headers that closes a frame opened above with the same rule is the counselor's."""
        first = self.folded[mark.start]
        if mark.kind != "headers" or first in _PROGRAM_RULES or header(self.lines[mark.start]) is not None:
            return mark
        opened = sum(folded == first for folded in self.folded[: mark.start])
        return replace(mark, start=mark.start + 1) if opened % 2 else mark

    def _with_all_headers(self, mark: Mark) -> Mark:
        """Between a program's rule and the first line of the notice stand its headers, however it spells them."""
        if mark.kind == "attribution":
            return mark
        for at in range(mark.end, min(mark.end + _HEADERS, len(self.lines))):
            if self.is_internal(at):
                return replace(mark, end=at, strong=True) if at > mark.end else mark
            if self.folded[at] and (self.quoted[at] or not _FIELD.match(clean(self.lines[at][:MAX_MARK]))):
                break
        return mark

    def _with_rule(self, start: int) -> int:
        """A program's «original message» directly above its attribution belongs to it."""
        at = start - 1
        while at >= max(0, start - 3):
            if self.folded[at]:
                found = None if self.quoted[at] else find_mark(self.lines, at)
                ruled = found is not None and found.kind in ("original", "forwarded")
                return at if ruled and start < len(self.lines) else start
            at -= 1
        return start

    def _own_mark(self, start: int) -> Mark | None:
        """Above a quote of the notice: a line that says who wrote it, as programs do that print no address."""
        at = start - 1
        while at >= 0 and not self.folded[at]:
            at -= 1
        if at < max(0, start - 3) or self.quoted[at]:
            return None
        line = clean(self.lines[at][:MAX_MARK])
        named = self.identity.is_desk(line)
        if _SAYS.search(_DATED.sub("", line).strip()) is not None and len(line) <= 120 and (named or line[-1] in ":)"):
            return Mark(at, start, "attribution", True)
        if named and line.endswith(":"):
            self.doubt("unverified_quote")
        return None

    def _is_whole(self, at: int) -> bool:
        end = self.found[at]
        if self.known is None or end is None:
            return False
        return self.known.is_whole(self.folded[at], end) or len(self.folded[at]) >= LONG
