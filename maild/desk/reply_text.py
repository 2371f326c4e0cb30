"""What a counselor wrote in answer to a notice: commands and text, nothing of the notice (rules P2, P4, P5).

The theory: a notice begins with ``BEGIN_MARK``, so what a mail program quotes can be told from what stands above it;
each line of an internal block carries ``LINE_TAG``, so none of it can slip through even in part; and the notice itself,
where known, is compared line by line, so a quote without prefixes (Outlook), re-wrapped or trimmed, is found too. The
client receives exactly what the counselor wrote, or the reply is held with doubt codes and shown back (P5).
What notices must print for this stands in :mod:`maild.desk.notice_marks`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from maild.desk import signatures
from maild.desk.commands import is_order
from maild.desk.notice_marks import (
    BEGIN_FOLDED,
    BEGIN_MARK,
    EARLIER_MARK,
    END_FOLDED,
    END_MARK,
    LINE_TAG,
    internal_sign,
    is_internal_folded,
)
from maild.desk.reply_quote import LONG, DoubtCode, LinesOfReply
from maild.desk.signatures import NOBODY, Identity
from maild.mail.quote_marks import MAX_MARK, clean, find_mark, fold, header, is_forward_subject, prefix
from maild.mail.quotes import join_own

__all__ = [
    "BEGIN_MARK",
    "EARLIER_MARK",
    "END_MARK",
    "LINE_TAG",
    "CommandLine",
    "DoubtCode",
    "Identity",
    "ReplyText",
    "extract",
    "internal_sign",
]

_RUN = 20
_WIDE = 30  # characters of a quoted line that a program may have folded
_LIKE = 0.6
_WORDS = 4  # folded characters that say something


@dataclass(frozen=True, slots=True)
class CommandLine:
    """One line starting with ``#`` or ``＃`` at the top of a reply, as written."""

    raw: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReplyText:
    """What the counselor wrote. Where ``certain`` is false the desk holds the reply and shows it back (P5)."""

    commands: tuple[CommandLine, ...]
    body: str = field(repr=False)
    certain: bool
    doubts: tuple[DoubtCode, ...] = ()
    cut: tuple[str, ...] = field(default=(), repr=False)  # lines left out as a signature


def extract(
    text: str,
    *,
    html: bool = False,
    notice: str | None = None,
    subject: str = "",
    identity: Identity = NOBODY,
) -> ReplyText:
    """Take the counselor's words out of a reply.

    ``html``: the text was made from HTML, so line ends are a converter's; ``notice``: the plain text of the notice that
    was answered; ``subject``: of the reply; ``identity``: who writes at this desk. Never raises; time is linear in the
    texts.
    """
    lines = [line.rstrip("\r") for line in text.split("\n")]
    if html:
        lines = [line.replace("\u00a0", " ") for line in lines]
    reading = _Reading(lines, notice, identity)
    reading.read()
    if is_forward_subject(subject):
        reading.doubt("forwarded")
    sections = reading.sections()
    pieces: list[str] = []
    cut: list[str] = []
    for section in sections:
        kept, doubts = signatures.cut(section, is_text_above=any(map(clean, pieces)), identity=identity)
        cut += section[len(kept) :]
        if "signature_unclear" in doubts:
            reading.doubt("signature_unclear")
        pieces.append(_piece(section, kept))
    commands, body = _commands(join_own(pieces) if len(pieces) != 1 else _outer(pieces[0]))
    if _has_stray_command(body):
        reading.doubt("stray_command")
    left_out = tuple(line for line in cut if clean(line))
    return ReplyText(commands, body, not reading.doubts, tuple(reading.doubts), left_out)


class _Reading(LinesOfReply):
    """Tells the counselor's lines from the others."""

    def read(self) -> None:
        self._read_parts()
        for at in range(len(self.lines) - 1):  # a mark that a program broke in two
            here, below = self.folded[at], self.folded[at + 1]
            if not (here and below and (self.own[at] or self.own[at + 1])) or not is_internal_folded(
                here[-24:] + below[:24]
            ):
                continue
            if not is_internal_folded(here) and not is_internal_folded(below):
                self._take_out(at)
                self._take_out(at + 1)

    def _take_out(self, at: int) -> None:
        if self.own[at]:
            self.own[at] = False
            self.doubt("internal_text")

    def _read_parts(self) -> None:
        mark, start, prefixed = self.quote_start()
        top_end = self._with_rule(mark.start if mark is not None else start)
        self._read_top(top_end, start < len(self.lines))
        if start >= len(self.lines):
            return
        if mark is not None and mark.kind == "forwarded":
            self.doubt("forwarded")
        if prefixed:
            self._read_interleaved(start, foreign=mark is not None and self._is_foreign(start))
        else:
            if mark is None:
                self.doubt("internal_text")  # no program quotes without prefix, attribution and headers alike
            self._read_unprefixed(start)

    def _read_top(self, end: int, is_quote_below: bool) -> None:
        """Above the quote: all of it is the counselor's, unless the notice shows through."""
        intact = is_quote_below and any(BEGIN_FOLDED in folded for folded in self.folded[end:])
        below = {folded for folded in self.folded[end:] if folded} if intact else set()
        run = 0
        for at in range(end):
            folded = self.folded[at]
            if folded and self.is_internal(at):
                self.doubt("internal_text")
                continue
            self.own[at] = True
            if self.quoted[at] and folded and folded not in below:  # below is empty unless the quote is intact
                self.doubt("moved_quote" if intact and self.found[at] is not None else "typed_quote")
            if intact or not folded or self.clients is None:
                continue
            run = run + len(folded) if self.clients.find(folded) is not None else 0
            if (len(folded) >= LONG and self.clients.likeness(folded) >= _LIKE) or (run >= _RUN and run > len(folded)):
                self.doubt("like_notice")

    def _is_foreign(self, start: int) -> bool:
        """Below an attribution nothing but prefixed lines to the end, none of them from the notice: the quote of
        another mail. Nobody has written into that one; with a line of the notice in it, somebody may have."""
        rest = range(start, len(self.lines))
        return all((self.quoted[at] and self.found[at] is None) or not self.folded[at] for at in rest)

    def _read_interleaved(self, start: int, *, foreign: bool) -> None:
        """In and below a quote with prefixes: lines without one are the counselor's."""
        count = len(self.lines)
        inside = False
        last_quoted = max(at for at in range(start, count) if self.quoted[at])
        between = False
        furthest = 0  # how far into the notice the quote has come
        complete = next((at for at in range(start, count) if self.quoted[at] and self._is_last(at)), count)
        skipped = start
        for at in range(start, count):
            folded = self.folded[at]
            place = self.found[at] or 0
            if BEGIN_FOLDED in folded:
                inside = True
            if at < skipped:
                continue
            again = self._attribution_between(at) if folded and not self.quoted[at] else None
            if again is not None:
                skipped = again
            elif self.quoted[at] and folded and at > complete and not self.is_internal(at):
                self.own[at] = True  # below the end of the quote
                self.doubt("typed_quote")
            elif self.quoted[at]:
                if 0 < place <= furthest and not self.is_internal(at):
                    self.doubt("moved_quote")  # programs quote in order
                furthest = max(furthest, place)
                if (
                    folded
                    and not foreign
                    and self.known is not None
                    and self.found[at] is None
                    and not self._is_program_line(at, start)
                ):
                    self.doubt("edited_quote")
            elif folded and self.is_internal(at):
                if not self._follows_quote(at):
                    self.doubt("internal_text")
            elif not folded:
                self.own[at] = True  # blank lines are kept where text of the counselor's is around them
            elif not self._is_folded_rest(at):
                self.own[at] = True
                between = between or at < last_quoted
                if inside:
                    self.doubt("inside_internal")
                self._doubt_likeness(at)
            if END_FOLDED in folded:
                inside = False
        first_quoted = min(at for at in range(start, count) if self.quoted[at])
        if self.known is None and not all(self.quoted[first_quoted:last_quoted]):
            self.doubt("unverified_quote")  # one of the quoted lines may be the counselor's: nothing to compare with
        self._doubt_below(start, last_quoted, between)

    def _attribution_between(self, at: int) -> int | None:
        """Where an attribution of the desk's mail ends that a program printed again above a part of the quote."""
        if not self.identity.is_desk(self.lines[at][:MAX_MARK]):
            return None
        mark = find_mark(self.lines, at)
        if mark is None or mark.kind != "attribution":
            return None
        below = mark.end
        while below < len(self.lines) and not self.folded[below]:
            below += 1
        return mark.end if below < len(self.lines) and self.quoted[below] else None

    def _is_program_line(self, at: int, start: int) -> bool:
        """A line inside the quote that the program, not the notice, put there: headers printed with a prefix."""
        bare = self.lines[at][len(prefix(self.lines[at])) :]
        return at < start + 12 and (header(bare) is not None or find_mark([bare], 0) is not None)

    def _follows_quote(self, at: int) -> bool:
        """Directly below a quoted line: the rest of a tagged line that a program folded."""
        return at > 0 and (self.quoted[at - 1] or self.is_internal(at - 1)) and self.found[at] is not None

    def _is_folded_rest(self, at: int) -> bool:
        """The rest of a quoted line that a program folded without repeating the prefix."""
        if at == 0 or not self.folded[at - 1] or self.own[at - 1]:
            return False
        before, here = self.found[at - 1], self.found[at]
        if self.known is None:
            if (
                self.quoted[at - 1]
                and len(self.lines[at - 1]) >= _WIDE
                and at + 1 < len(self.lines)
                and self.quoted[at + 1]
            ):
                self.doubt("rewrapped_quote")
            return False
        if before is None or here is None or here - len(self.folded[at]) != before:
            return False
        if self.known.ends_line(before):
            return False  # the line above is whole: this one is a line of its own
        if len(self.folded[at]) < 4 and not self.known.ends_line(here):
            self.doubt("rewrapped_quote")
        return True

    def _doubt_likeness(self, at: int) -> None:
        folded = self.folded[at]
        if self.clients is None or len(folded) < 8:
            return
        if self.clients.find(folded) is not None or (len(folded) >= 12 and self.clients.likeness(folded) >= _LIKE):
            self.doubt("like_notice")

    def _doubt_below(self, start: int, last_quoted: int, between: bool) -> None:
        """Text both above a whole quote and below its end: which of them is the reply?"""
        above = any(self.own[at] and self.folded[at] for at in range(start))
        below = [self.lines[at] for at in range(last_quoted + 1, len(self.lines)) if self.own[at]]
        kept, _ = signatures.cut(below, is_text_above=True, identity=self.identity)
        if above and not between and any(fold(line) for line in kept) and self._is_quote_complete(start):
            self.doubt("text_after_quote")

    def _is_quote_complete(self, start: int) -> bool:
        return any(self.quoted[at] and self._is_last(at) for at in range(start, len(self.lines)))

    def _is_last(self, at: int) -> bool:
        """Whether a line is the last one of the notice."""
        if self.known is None:
            return False
        return self.found[at] == self.known.last

    def _read_unprefixed(self, start: int) -> None:
        """Below an Outlook-like separator: only a comparison with the notice tells the counselor's lines."""
        inside = False
        furthest = 0
        for at in range(start, len(self.lines)):
            folded = self.folded[at]
            place = self.found[at] or 0
            if 0 < place <= furthest and not self.is_internal(at):
                self.doubt("text_after_quote")  # programs quote in order, and once: this line was written again
            furthest = max(furthest, place)
            if BEGIN_FOLDED in folded:
                inside = True
            if folded and self.known is None and not self.is_internal(at):
                self.doubt("unverified_quote")
            elif folded and self.known is not None and self.found[at] is None and not self.is_internal(at):
                if inside:
                    self.doubt("inside_internal")
                    # shown back, unless it may be a piece of the block that a program broke
                    self.own[at] = len(folded) >= _WORDS and self.known.likeness(folded) < _LIKE
                elif find_mark(self.lines, at) is None:
                    self.own[at] = True
            if END_FOLDED in folded:
                inside = False
        below = [self.lines[at] for at in range(start, len(self.lines)) if self.own[at]]
        if below:
            kept, doubts = signatures.cut(below, is_text_above=True, identity=self.identity)
            if doubts or any(fold(line) for line in kept):
                self.doubt("text_after_quote")
            elif self.known is not None:
                for at in range(start, len(self.lines)):
                    self.own[at] = False  # a program's own line below the quote

    def sections(self) -> list[list[str]]:
        """The counselor's lines, grouped as they stood between quotes."""
        groups: list[list[str]] = []
        open_group = False
        for at, line in enumerate(self.lines):
            if self.own[at]:
                if not open_group:
                    groups.append([])
                groups[-1].append(line)
            open_group = self.own[at]
        return groups


def _piece(section: Sequence[str], kept: Sequence[str]) -> str:
    """A section with its signature cut; it keeps the blank line that stood at its end."""
    tail = "\n\n" if len(section) > len(kept) else "\n"
    return "\n".join(kept) + tail


def _outer(piece: str) -> str:
    """Blank lines around are the program's; those inside are the counselor's."""
    lines = piece.split("\n")
    while lines and not clean(lines[0]):
        lines.pop(0)
    while lines and not clean(lines[-1]):
        lines.pop()
    return "\n".join(lines).rstrip()


def _commands(text: str) -> tuple[tuple[CommandLine, ...], str]:
    commands: list[CommandLine] = []
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        bare = clean(lines[at])
        if bare.startswith("#"):
            commands.append(CommandLine(lines[at].strip()))
        elif bare:
            break
        at += 1
    return tuple(commands), _outer("\n".join(lines[at:]))


def _has_stray_command(body: str) -> bool:
    """An order below the text is none, and no text for the client either (P4, P5)."""
    return any(is_order(clean(line[:MAX_MARK])) for line in body.split("\n"))
