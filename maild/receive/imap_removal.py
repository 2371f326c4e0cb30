"""Deleting or moving, by UID, of mails that are kept, and of no others (rules M8)."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from maild.log import get
from maild.receive.imap_connection import Connection, Refused
from maild.receive.imap_mailbox import BATCH, Mailbox

log = get(__name__)


def can_finish(connection: Connection, mailbox: Mailbox) -> bool:
    """Whether the server lets us take single mails out of the mailbox, and not only mark them as deleted."""
    return "UIDPLUS" in connection.capabilities or (mailbox.after == "move" and "MOVE" in connection.capabilities)


async def remove(connection: Connection, mailbox: Mailbox, uids: Sequence[int]) -> list[int]:
    """Those that are gone, or marked. A server that refuses is asked again at the next look."""
    removed: list[int] = []
    if mailbox.after == "keep":
        return removed
    for start in range(0, len(uids), BATCH):
        batch = uids[start : start + BATCH]
        try:
            if mailbox.after == "move":
                await _move(connection, mailbox, batch)
            else:
                await _delete(connection, mailbox, batch)
        except Refused as error:
            log.warning("imap_not_removed", source=mailbox.source, code=str(error), count=len(batch))
        else:
            removed += batch
    return removed


async def _move(connection: Connection, mailbox: Mailbox, uids: Sequence[int]) -> None:
    move = "MOVE" in connection.capabilities
    act = connection.move if move else connection.copy
    try:
        await act(uids, mailbox.move_to)
    except Refused:
        with contextlib.suppress(Refused):
            await connection.create(mailbox.move_to)  # the usual reason: it is not there yet
        await act(uids, mailbox.move_to)
    if not move:
        await _delete(connection, mailbox, uids)


async def _delete(connection: Connection, mailbox: Mailbox, uids: Sequence[int]) -> None:
    await connection.flag(uids, "\\Deleted")
    if "UIDPLUS" in connection.capabilities:
        await connection.expunge(uids)
    else:
        # A plain EXPUNGE would take what other people have marked; whoever empties the mailbox takes these.
        log.info("imap_no_uidplus", source=mailbox.source, count=len(uids))
