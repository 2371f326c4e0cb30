"""What outlives cases, as keyed hashes only (rules S1, D4, B6, B8), and the small memory of the daemon."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from maild.store.bulk import Query
from maild.store.codes import code
from maild.store.core import Core
from maild.store.instants import instant, instant_or_none, micros, micros_or_none
from maild.store.records import Suspension
from maild.store.tables import mark, memory, suspension
from maild.store.vault import seal, unseal

_SUSPENSIONS = Query(
    select(
        suspension.c.client_hash,
        suspension.c.desk,
        suspension.c.reason,
        suspension.c.since,
        suspension.c.until,
        suspension.c.told,
        suspension.c.kind,
    ).where(suspension.c.client_hash.in_(bindparam("wanted", expanding=True)))
)
_RECALL = Query(select(memory.c.value).where(memory.c.name == bindparam("b_name")))


def _memory_place(name: str) -> bytes:
    return b"memory/" + name.encode("utf-8", "surrogatepass")


class Marks:
    """Rows of the tables suspension, mark and memory, within one transaction."""

    def __init__(self, core: Core, connection: Connection) -> None:
        self._core = core
        self._connection = connection
        self._suspensions: dict[bytes, Suspension | None] = {}
        self._recalled: dict[str, str | None] = {}  # every mail of a batch asks whether its desk is paused

    def load_suspensions(self, clients: Iterable[bytes]) -> None:
        """Suspensions of these clients, at one go."""
        wanted = [value for value in set(clients) if value not in self._suspensions]
        for value in wanted:
            self._suspensions[value] = None
        for client, desk, reason, since, until, told, kind in _SUSPENSIONS.rows(self._connection, wanted):
            self._suspensions[client] = Suspension(
                desk, reason, instant(since), instant_or_none(until), bool(told), kind
            )

    def suspension(self, client: bytes) -> Suspension | None:
        """The newest suspension of a client, over or not."""
        if client not in self._suspensions:
            self.load_suspensions((client,))
        return self._suspensions[client]

    def suspend(self, client: bytes, value: Suspension) -> None:
        """Replace whatever there is."""
        self.lift(client)
        row = {
            "client_hash": client,
            "desk": value.desk,
            "kind": value.kind,
            "reason": code(value.reason),
            "since": micros(value.since),
            "until": micros_or_none(value.until),
            "told": int(value.told),
        }
        self._connection.execute(insert(suspension), row)
        self._suspensions.pop(client, None)

    def lift(self, client: bytes) -> bool:
        """Take it away."""
        self._suspensions.pop(client, None)
        return self._connection.execute(delete(suspension).where(suspension.c.client_hash == client)).rowcount > 0

    def told(self, client: bytes) -> None:
        """The client knows."""
        self._suspensions.pop(client, None)
        self._connection.execute(update(suspension).where(suspension.c.client_hash == client), {"told": 1})

    def mark(self, client: bytes, kind: str, at: int) -> None:
        """Add a mark; the same one twice is one."""
        if at not in self.marks(client, kind):
            self._connection.execute(insert(mark), {"client_hash": client, "kind": code(kind), "at": at})

    def marks(self, client: bytes, kind: str) -> list[int]:
        """Instants of the marks."""
        statement = select(mark.c.at).where(mark.c.client_hash == client, mark.c.kind == code(kind)).order_by(mark.c.at)
        return list(self._connection.execute(statement).scalars())

    def unmark(self, client: bytes, kind: str) -> None:
        """Take all of a kind away."""
        self._connection.execute(delete(mark).where(mark.c.client_hash == client, mark.c.kind == code(kind)))

    def remember(self, name: str, value: str) -> None:
        """Set a value."""
        self._recalled.pop(name, None)
        sealed = seal(self._core.memory_cipher, _memory_place(name), value.encode("utf-8", "surrogatepass"))
        changed = self._connection.execute(update(memory).where(memory.c.name == name), {"value": sealed})
        if not changed.rowcount:
            self._connection.execute(insert(memory), {"name": name, "value": sealed})

    def recall(self, name: str) -> str | None:
        """A value, None where there is none."""
        if name not in self._recalled:
            sealed = _RECALL.scalar(self._connection, b_name=name)
            self._recalled[name] = None if sealed is None else self._open(name, sealed)
        return self._recalled[name]

    def recalled(self, prefix: str) -> dict[str, str]:
        """All values whose name begins so, by name."""
        found = {}
        statement = select(memory).where(memory.c.name >= prefix).order_by(memory.c.name)
        for row in self._connection.execute(statement):
            if not row.name.startswith(prefix):
                break
            found[row.name] = self._open(row.name, row.value)
        return found

    def forget(self, name: str) -> None:
        """Drop a value."""
        self._recalled.pop(name, None)
        self._connection.execute(delete(memory).where(memory.c.name == name))

    def _open(self, name: str, sealed: bytes) -> str:
        return unseal(self._core.memory_cipher, _memory_place(name), sealed).decode("utf-8", "surrogatepass")
