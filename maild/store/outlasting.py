"""The part of a transaction that outlives cases: suspensions, marks, the daemon's small memory (rules D4, B6, S1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from maild.store import marks
from maild.store.instants import instant, micros
from maild.store.records import Suspension
from maild.store.vault import Hasher


class Outlasting:
    """Methods of ``Transaction``; keyed hashes only, nothing that names a person."""

    _hasher: Hasher
    _marks: marks.Marks
    _write_now: Callable[[], Any]

    def suspension(self, desk: str, address: str, at: datetime) -> Suspension | None:
        """The suspension of this client that holds at that instant (D4)."""
        found = self._marks.suspension(self._hasher.client(desk, address))
        if found is None or at < found.since or (found.until is not None and at >= found.until):
            return None
        return found

    def suspend(self, address: str, suspension: Suspension) -> None:
        """Suspend; one that exists is replaced, and the client is told anew."""
        self._write_now()
        self._marks.suspend(self._hasher.client(suspension.desk, address), suspension)

    def lift(self, desk: str, address: str) -> bool:
        """End a suspension; False where there was none."""
        self._write_now()
        return self._marks.lift(self._hasher.client(desk, address))

    def told_suspended(self, desk: str, address: str) -> None:
        """The client was told; once per suspension."""
        self._write_now()
        self._marks.told(self._hasher.client(desk, address))

    def mark(self, desk: str, address: str, kind: str, at: datetime) -> None:
        """A fact about a client that outlives cases and erasure: a strike (B6), an enrolment (B8)."""
        self._write_now()
        self._marks.mark(self._hasher.client(desk, address), kind, micros(at))

    def marks(self, desk: str, address: str, kind: str) -> list[datetime]:
        """When such marks were made, oldest first."""
        return [instant(at) for at in self._marks.marks(self._hasher.client(desk, address), kind)]

    def unmark(self, desk: str, address: str, kind: str) -> None:
        """Take back all marks of a kind."""
        self._write_now()
        self._marks.unmark(self._hasher.client(desk, address), kind)

    def remember(self, key: str, value: str) -> None:
        """A small fact of the daemon. The key is in clear: no personal data in it."""
        self._write_now()
        self._marks.remember(key, value)

    def recall(self, key: str) -> str | None:
        """What was remembered under the key."""
        return self._marks.recall(key)

    def forget(self, key: str) -> None:
        """Remember nothing under the key any more."""
        self._write_now()
        self._marks.forget(key)

    def recalled(self, prefix: str) -> dict[str, str]:
        """All that is remembered under keys with this beginning."""
        return self._marks.recalled(prefix)
