"""What the operators must hear of although no mail brings it: silent sources, mails left on a server (rules M8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from maild.desk.actions import Letter
from maild.pipeline.session import Session
from maild.pipeline.writing import Cause
from maild.store import SourceState

LEFT = "left:"  # remembered by whoever reads a mailbox: left:SOURCE:UID -> reason
SILENT = timedelta(hours=1)


def run(session: Session, sources: Sequence[SourceState], now: datetime) -> None:
    """Tell each thing once; a source that was read again and fell silent again is told again."""
    for key, reason in session.tx.recalled(LEFT).items():
        source, _, uid = key.removeprefix(LEFT).rpartition(":")
        _tell(session, "imap_mail_left", key, f"{source} UID {uid}: {reason}")
        session.tx.forget(key)
    for state in sources:
        allowed = max(SILENT, timedelta(seconds=10 * state.every_seconds))
        if state.last_read is None or now - state.last_read <= allowed:
            continue
        hours = int((now - state.last_read).total_seconds() // 3600)
        _tell(session, "source_silent", f"{state.source}:{state.last_read.isoformat()}", f"{state.source}: {hours} h")


def _tell(session: Session, code: str, once: str, line: str) -> None:
    letter = Letter("operator_alert", "operators", {"code": code, "lines": [line], "days": 0}, timer=True)
    session.writer.letter(letter, None, session.world.desks[0], Cause(f"watch:{code}:{once}"))
