"""Which case a client's mail belongs to (rules M2, D2, C3, C7, C8, K2): policy only, the look-ups are the caller's.

Signs of a thread in order of trust: the token in the recipient address, our Message-ID in In-Reply-To or References,
the subject tag, and at last the sender's one open case. A sign counts only together with a registered address of that
case.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from maild.desk.case import Case

# what compose prints into subjects; people retype it half-width, full-width, with or without brackets' spaces
_TAG = re.compile(r"\[\s{0,4}(?:受付|No\.?|Ref\.?)\s{0,4}[#:]?\s{0,4}(\d{1,12})\s{0,4}\]", re.IGNORECASE)


def tag(number: int, language: str) -> str:
    """The subject tag of a case: neutral, since families share phones (P10)."""
    return f"[受付 {number}]" if language == "ja" else f"[Ref {number}]"


def tagged(subject: str) -> int | None:
    """The case number a subject claims; None where it claims none."""
    folded = unicodedata.normalize("NFKC", subject[:2000]).replace("【", "[").replace("】", "]")
    found = _TAG.search(folded)
    return int(found[1]) if found else None


# closed, yet a mail that continues the thread is answered there (C3, C12, D1)
_CONTINUED = ("completed", "declined", "service_ended")


@dataclass(frozen=True, slots=True)
class Route:
    """Where a mail goes."""

    kind: Literal["join", "new", "third_party"]
    case: Case | None = None  # join: the case; new: the older one it is linked to; third_party: the one it claims


def registered(case: Case, sender: str) -> bool:
    """Whether an address is the case's own or one that staff accepted (D2)."""
    return sender == case.client or sender in case.addresses


def route(sender: str, at: datetime, claimed: Case | None, own: Sequence[Case], *, crisis: bool) -> Route:
    """Decide where a mail of ``sender`` that arrived ``at`` belongs.

    ``claimed``: the case its signs name; ``own``: all cases of this address at this desk, newest first.
    """
    open_case = next((case for case in own if case.is_open), None)
    latest = own[0] if own else None
    if claimed is not None and not registered(claimed, sender):
        if not crisis and not (open_case is not None and open_case.crisis):
            return Route("third_party", claimed)
        return Route("join", open_case) if open_case else Route("new", latest)
    if claimed is not None and claimed.is_open:
        return Route("join", claimed)
    if open_case is not None:
        return Route("join", open_case)
    if crisis:
        return Route("new", claimed or latest)
    if claimed is not None and (joins_closed(claimed, at) or claimed.reason in _CONTINUED):
        return Route("join", claimed)
    if latest is not None and (joins_closed(latest, at) or latest.reason == "service_ended"):
        return Route("join", latest)
    return Route("new", claimed or latest)


def joins_closed(case: Case, at: datetime) -> bool:
    """Whether a mail that arrived ``at`` was in time for a case that has closed meanwhile (C7)."""
    if case.reason in ("silence", "intake_silence", "client_days"):
        return case.closed is not None and at < case.closed
    return case.reason == "completed" and case.last_delivered is not None and at < case.last_delivered
