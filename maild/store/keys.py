"""The key store: data keys by number, apart from what they open (rules S3).

A key is committed here before the rows it seals are committed in the main database, so no row is ever without its key;
a key whose rows never came is an orphan and is swept at the next start. Destroying a key is erasure. All keys are
written while the caller holds the main database's write lock: so a sweep under that lock sees no key half used.
"""

from __future__ import annotations

import hmac
import os
import secrets as random
import threading
from collections import OrderedDict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from maild.store.bulk import Bulk, Query
from maild.store.engine import Database
from maild.store.errors import StoreError, TemporaryStoreError, WrongKey
from maild.store.schema import prepare
from maild.store.tables import data_key, destroyed, key_meta, secret
from maild.store.vault import new_secret, place, seal, subkey, unseal

_SECRETS = ("lookup", "audit", "memory")
_CACHED = 4096
#: Keys made in advance, with one commit for all.
_POOL = 256
_CHUNK = 500


_INSERT = Bulk(insert(data_key), ("id", "case_number", "wrapped"))
_OWNER = Bulk(
    update(data_key).where(data_key.c.id == bindparam("b_id")).values(case_number=bindparam("b_case")),
    ("b_case", "b_id"),
)
_DELETE = Bulk(delete(data_key).where(data_key.c.id == bindparam("b_id")), ("b_id",))
_NOTE = Bulk(
    update(key_meta).where(key_meta.c.name == bindparam("b_name")).values(value=bindparam("b_value")),
    ("b_value", "b_name"),
)
_EXISTING = Query(select(data_key.c.id).where(data_key.c.id.in_(bindparam("wanted", expanding=True))))
_WRAPPED = Query(
    select(data_key.c.id, data_key.c.wrapped).where(data_key.c.id.in_(bindparam("wanted", expanding=True)))
)


class KeyGone(StoreError):
    """A key was destroyed: what it sealed cannot be read any more."""


def chunks(numbers: Iterable[int]) -> list[list[int]]:
    """Lists short enough for one IN."""
    numbers = sorted(set(numbers))
    return [numbers[i : i + _CHUNK] for i in range(0, len(numbers), _CHUNK)]


def _check_value(master_key: bytes, identity: str) -> str:
    value: str = hmac.digest(subkey(master_key, "check"), identity.encode(), "sha256").hex()
    return value


class KeyStore:
    """Keys by number. Safe for use from several threads."""

    def __init__(self, url: str, master_key: bytes, *, migrate: bool = True, throw_away: bool = False) -> None:
        self._database = Database(url, keys=True, throw_away=throw_away)
        self._wrapping = AESGCM(subkey(master_key, "wrap"))
        self._ciphers: OrderedDict[int, AESGCM] = OrderedDict()
        self._process = os.getpid()
        self._pool: deque[tuple[int, AESGCM]] = deque()
        self._lock = threading.Lock()
        try:
            self.is_new = prepare(self._database, keys=True, migrate=migrate)
            self.identity = self._identify(master_key)
            self.secrets = self._load_secrets()
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Destroy the keys nobody used, forget the others, and close the database."""
        with self._lock:
            unused = [key_id for key_id, _ in self._pool] if self._process == os.getpid() else []
            self._pool.clear()
            self._ciphers.clear()
        if unused:
            with suppress(StoreError):  # swept at the next start
                self.conclude({}, unused, "")
        self._database.close()

    def forget_pages(self) -> None:
        """See Database.forget_pages."""
        self._database.forget_pages()

    # -- identity and secrets ------------------------------------------------------------------------------------

    def _identify(self, master_key: bytes) -> str:
        with self._database.write() as connection:
            found = {name: value for name, value in connection.execute(select(key_meta.c.name, key_meta.c.value))}
            if "identity" not in found:
                identity = random.token_hex(16)
                check = _check_value(master_key, identity)
                connection.execute(
                    insert(key_meta), [{"name": "identity", "value": identity}, {"name": "check", "value": check}]
                )
                return identity
        if not hmac.compare_digest(found["check"], _check_value(master_key, found["identity"])):
            raise WrongKey(
                "The master key is not the one of this database; put the right key file back "
                "([maild] key_file), or the database that belongs to this key."
            )
        return str(found["identity"])

    def _load_secrets(self) -> dict[str, bytes]:
        with self._database.write() as connection:
            found = {row.name: row.wrapped for row in connection.execute(select(secret.c.name, secret.c.wrapped))}
            for name in _SECRETS:
                if name not in found:
                    found[name] = seal(self._wrapping, b"secret/" + name.encode(), new_secret())
                    connection.execute(insert(secret), {"name": name, "wrapped": found[name]})
        return {n: unseal(self._wrapping, b"secret/" + n.encode(), w) for n, w in found.items()}

    def rotate(self, old: bytes, new: bytes) -> None:
        """Wrap everything with a new master key, in one transaction; hashes and texts stay as they are."""
        from_, to = AESGCM(subkey(old, "wrap")), AESGCM(subkey(new, "wrap"))
        with self._database.write() as connection:
            for name, wrapped in connection.execute(select(secret.c.name, secret.c.wrapped)).all():
                at = b"secret/" + name.encode()
                value = seal(to, at, unseal(from_, at, wrapped))
                connection.execute(update(secret).where(secret.c.name == name), {"wrapped": value})
            for key_id, wrapped in connection.execute(select(data_key.c.id, data_key.c.wrapped)).all():
                at = place("data_key", key_id, "wrapped")
                value = seal(to, at, unseal(from_, at, wrapped))
                connection.execute(update(data_key).where(data_key.c.id == key_id), {"wrapped": value})
            connection.execute(
                update(key_meta).where(key_meta.c.name == "check"), {"value": _check_value(new, self.identity)}
            )
        self._wrapping = to

    # -- data keys -----------------------------------------------------------------------------------------------

    def take(self, count: int) -> list[tuple[int, AESGCM]]:
        """Fresh keys, committed. They come from a pool that is made in advance, so that most calls write nothing.

        To be called under the main database's write lock: a sweep by another process, which holds that lock too, may
        have destroyed what this pool holds, so it is looked up once more.
        """
        if count == 0:
            return []
        with self._lock:
            taken = [self._pool.popleft() for _ in range(min(count, len(self._pool)))]
        if taken and len(self._existing([key_id for key_id, _ in taken])) < len(taken):
            with self._lock:
                self._pool.clear()
            taken = []
        if len(taken) < count:
            made = self._create(count - len(taken) + _POOL)
            taken += made[: count - len(taken)]
            with self._lock:
                self._pool.extend(made[len(made) - _POOL :])
        with self._lock:
            for key_id, cipher in taken:
                self._keep(key_id, cipher)
        return taken

    def _existing(self, key_ids: Sequence[int]) -> set[int]:
        with self._database.read() as connection:
            return {key_id for (key_id,) in _EXISTING.rows(connection, key_ids)}

    def _create(self, count: int) -> list[tuple[int, AESGCM]]:
        created: list[tuple[int, AESGCM]] = []
        rows = []
        with self._database.write() as connection:
            first = self._last(connection) + 1
            for key_id in range(first, first + count):
                value = new_secret()
                wrapped = seal(self._wrapping, place("data_key", key_id, "wrapped"), value)
                rows.append((key_id, None, wrapped))
                created.append((key_id, AESGCM(value)))
            _INSERT.run(connection, rows)
            self._note(connection, "last_key", str(first + count - 1))
        return created

    def conclude(self, cases: Mapping[int, int], spent: Collection[int], anchor: str) -> None:
        """After a commit of the main database: which key is which case's, keys that nothing names any more, and the
        head of the audit trail. A power cut may lose it: then a sweep does the rest."""
        with self._lock:
            for key_id in spent:
                self._ciphers.pop(key_id, None)
        with self._database.write(durable=False) as connection:
            _OWNER.run(connection, [(case, key_id) for key_id, case in cases.items()])
            _DELETE.run(connection, [(key_id,) for key_id in spent])
            if anchor:
                self._note(connection, "anchor", anchor)

    def _last(self, connection: Connection) -> int:
        value = connection.execute(select(key_meta.c.value).where(key_meta.c.name == "last_key")).scalar()
        return int(value or 0)

    def _note(self, connection: Connection, name: str, value: str) -> None:
        if not _NOTE.run(connection, [(value, name)]):
            connection.execute(insert(key_meta), {"name": name, "value": value})

    def reserve(self, at_least: int) -> None:
        """Give no number up to this one again: a key store restored from a backup must not reuse numbers."""
        with self._database.write() as connection:
            if self._last(connection) < at_least:
                self._note(connection, "last_key", str(at_least))

    def _keep(self, key_id: int, cipher: AESGCM) -> None:
        self._ciphers[key_id] = cipher
        if len(self._ciphers) > _CACHED:
            self._ciphers.popitem(last=False)

    def load(self, key_ids: Collection[int]) -> dict[int, AESGCM]:
        """Ciphers by number; a destroyed key is missing in the answer."""
        with self._lock:
            found = {key_id: cipher for key_id in key_ids if (cipher := self._ciphers.get(key_id)) is not None}
        missing = [key_id for key_id in key_ids if key_id not in found]
        if not missing:
            return found
        loaded: dict[int, AESGCM] = {}
        with self._database.read() as connection:
            for key_id, wrapped in _WRAPPED.rows(connection, sorted(missing)):
                loaded[key_id] = AESGCM(unseal(self._wrapping, place("data_key", key_id, "wrapped"), wrapped))
        with self._lock:
            for key_id, cipher in loaded.items():
                self._keep(key_id, cipher)
        return found | loaded

    def cipher(self, key_id: int) -> AESGCM:
        """One cipher; KeyGone where the key was destroyed."""
        cipher = self._ciphers.get(key_id) or self.load((key_id,)).get(key_id)
        if cipher is None:
            raise KeyGone("The key of this record was destroyed; what it sealed is erased.")
        return cipher

    # -- destruction ---------------------------------------------------------------------------------------------

    def destroy(self, key_ids: Collection[int], tombstones: Collection[tuple[int, int | None, int]] = ()) -> None:
        """Delete keys for good. ``tombstones`` (key, case, instant): those that an erasure destroyed (S3)."""
        if not key_ids:
            return
        with self._lock:
            for key_id in key_ids:
                self._ciphers.pop(key_id, None)
        with self._database.write() as connection:
            for chunk in chunks(key_ids):
                connection.execute(delete(data_key).where(data_key.c.id.in_(chunk)))
            known = set()
            for chunk in chunks(key_id for key_id, _, _ in tombstones):
                known |= set(
                    connection.execute(select(destroyed.c.key_id).where(destroyed.c.key_id.in_(chunk))).scalars()
                )
            rows = [
                {"key_id": key_id, "case_number": case, "at": at}
                for key_id, case, at in tombstones
                if key_id not in known
            ]
            if rows:
                connection.execute(insert(destroyed), rows)
        if tombstones:
            self.truncate_wal()

    def truncate_wal(self) -> None:
        """Leave no copy of a destroyed key in the write-ahead log."""
        if self._database.sqlite:
            try:
                with self._database.engine.connect() as connection:
                    connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            except Exception as error:
                raise TemporaryStoreError(
                    "A key was deleted but its copy in the write-ahead log could not be overwritten yet; "
                    "it goes with the next erasure or start."
                ) from error

    def all_ids(self) -> set[int]:
        """Every key there is."""
        with self._database.read() as connection:
            return set(connection.execute(select(data_key.c.id)).scalars())

    def tombstones(self) -> dict[int, tuple[int | None, int]]:
        """Keys destroyed by erasures: (case, instant)."""
        with self._database.read() as connection:
            return {row.key_id: (row.case_number, row.at) for row in connection.execute(select(destroyed))}

    def highest_case(self) -> int:
        """The highest case that ever had a key here, so that no restore gives its number again."""
        with self._database.read() as connection:
            living = connection.execute(select(func.max(data_key.c.case_number))).scalar()
            gone = connection.execute(select(func.max(destroyed.c.case_number))).scalar()
        return max(living or 0, gone or 0)

    # -- anchor of the audit trail -------------------------------------------------------------------------------

    def anchor(self, head: str | None = None) -> str:
        """The head of the audit trail as it stood at an earlier moment, kept apart from the trail (S5)."""
        with self._database.write() as connection:
            if head is None:
                found = connection.execute(select(key_meta.c.value).where(key_meta.c.name == "anchor")).scalar()
                return str(found or "")
            self._note(connection, "anchor", head)
            return head
