"""The marks that a notice prints around what must never reach a client (rules P2, P5).

What a notice template must print::

    BEGIN_MARK                            the very first line of every mail that a counselor may answer (P2c)
    LINE_TAG + " " + text                 every non-empty line of the internal block: number, dates, turn, commands
    END_MARK
                                          the client's text, plain, outside any internal block
    EARLIER_MARK                          then what the desk itself wrote: earlier exchange, a held reply shown back
    BEGIN_MARK / LINE_TAG lines / END_MARK  again at the end where commands are explained; END_MARK last of all

No line of a notice may be ``-- `` (programs cut there), none of our lines may start with ``>``.
"""

from __future__ import annotations

from maild.mail.quote_marks import fold

BEGIN_MARK = "━━ 内部の控え（相手には送られません） ━━"
END_MARK = "━━ 内部の控え ここまで ━━"
EARLIER_MARK = "── これまでのやりとり ──"  # a counselor may well repeat what stands below: it is the desk's own text
LINE_TAG = "〔内部〕"  # at the beginning of each line of an internal block

_CORES = tuple(fold(core) for core in (LINE_TAG, "内部の控え（", "相手には送られません", "内部の控え ここまで"))
BEGIN_FOLDED = fold("内部の控え（")
END_FOLDED = fold("内部の控え ここまで")


def internal_sign(line: str) -> bool:
    """Whether a line carries a mark or tag of an internal block, in part and after folding."""
    return is_internal_folded(fold(line))


def is_internal_folded(folded: str) -> bool:
    """The same for a line that is folded already."""
    return any(core in folded for core in _CORES)


def internal_lines(notice: str) -> frozenset[str]:
    """Folded lines of the internal blocks of a notice, with their tag and without it."""
    inside = False
    lines: set[str] = set()
    tag = fold(LINE_TAG)
    for line in notice.split("\n"):
        folded = fold(line)
        if BEGIN_FOLDED in folded:
            inside = True
        if inside or tag in folded:
            lines.add(folded)
            lines.add(folded.replace(tag, ""))
        if END_FOLDED in folded:
            inside = False
    return frozenset(lines)
