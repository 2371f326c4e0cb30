"""The names that the clients of the open cases chose, kept between transactions (rule P5).

Each reply is looked through for them. Reading and decrypting every open case for that would cost more the more people
wait; so the names stay here, by what the transactions of this process commit, and are read anew when another process
wrote meanwhile. They are in memory only, and go with the case.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping

from maild.desk.chosen_names import ChosenNames


class DeskNames:
    """The names of one desk's open cases."""

    def __init__(self, names: Iterable[tuple[int, str]] = ()) -> None:
        self._lock = threading.RLock()
        self._of: dict[int, str] = {}
        self._bearers: dict[str, int] = {}  # how many cases bear a name
        self._index = ChosenNames()
        for number, name in names:
            self._put(number, name)

    def put(self, number: int, name: str | None) -> None:
        """A case as it is now; None: it is closed, or nobody named it."""
        with self._lock:
            self._put(number, name)

    def _put(self, number: int, name: str | None) -> None:
        before = self._of.pop(number, None)
        if name:
            self._of[number] = name
        if name == before:
            return
        if before is not None:
            self._bearers[before] -= 1
            if not self._bearers[before]:
                del self._bearers[before]
                self._index.discard(before)
        if name:
            if name not in self._bearers:
                self._index.add(name)
            self._bearers[name] = self._bearers.get(name, 0) + 1

    def within(self, folded: str, besides: Collection[int]) -> set[str]:
        """Names that may stand in a folded text, of cases other than these."""
        with self._lock:
            left = Counter(name for number in set(besides) if (name := self._of.get(number)) is not None)
            return {name for name in self._index.within(folded) if self._bearers[name] > left[name]}


class OpenNames:
    """Those of every desk, as of the ``_as_of``th transaction that wrote cases."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._as_of = -1
        self._desks: dict[str, DeskNames] = {}

    def of(self, desk: str, as_of: int, load: Callable[[], Iterable[tuple[int, str]]], *, keep: bool) -> DeskNames:
        """The names of a desk as of a transaction's number; ``load`` reads them where they are not known, and what it
        read is kept unless it may yet be rolled back."""
        with self._lock:
            if as_of == self._as_of and desk in self._desks:
                return self._desks[desk]
            names = DeskNames(load())
            if keep:
                if as_of != self._as_of:
                    self._desks.clear()
                    self._as_of = as_of
                self._desks[desk] = names
            return names

    def committed(self, number: int | None, written: Mapping[int, tuple[str, str | None]]) -> None:
        """What the transaction of that number wrote: desk and name of each case, None for a closed one."""
        if number is None:
            return
        with self._lock:
            if number != self._as_of + 1:  # another process came between, or nobody asked yet
                self._desks.clear()
                self._as_of = -1
                return
            self._as_of = number
            for case, (desk, name) in written.items():
                if desk in self._desks:
                    self._desks[desk].put(case, name)
