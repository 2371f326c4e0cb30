"""The way out that stays on this machine: each mail becomes a file of a Maildir; nothing is ever sent."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path

from maild.courier.port import Deferred, Delivered, Verdict
from maild.log import get
from maild.store.records import Claimed

log = get(__name__)

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class MaildirCourier:
    """Writes to tmp, then renames into new; file and directory are on disk before a mail counts as delivered.

    The name of a file follows from the mail, so one that is written a second time after a crash is still one file.
    """

    hop = "maildir"

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def deliver(self, mail: Claimed) -> Verdict:
        """One file, mode 0600."""
        return await _told(asyncio.to_thread(self._write, mail))

    async def probe(self) -> Deferred | None:
        """Whether a file can be written."""
        verdict = await _told(asyncio.to_thread(self._try))
        return verdict if isinstance(verdict, Deferred) else None

    async def close(self) -> None:
        """Nothing is held open."""

    def _prepare(self) -> None:
        if not self._directory.is_dir():
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)  # what will be in there was confided
            _sync(self._directory.parent)
        made = [name for name in ("cur", "new", "tmp") if not (self._directory / name).is_dir()]
        for name in made:
            (self._directory / name).mkdir(exist_ok=True, mode=0o700)
        if made:
            _sync(self._directory)

    def _write(self, mail: Claimed) -> Verdict:
        self._prepare()
        name = _name(mail)
        if mail.attempts > 1 and self._is_there(name):
            return Delivered("250 2.0.0 there already")
        # maildir(5): lines end as they do on this system
        self._put(self._directory / "tmp" / name, mail.data.replace(b"\r\n", b"\n"))
        os.rename(self._directory / "tmp" / name, self._directory / "new" / name)
        _sync(self._directory / "new")
        return Delivered("250 2.0.0 written")

    def _is_there(self, name: str) -> bool:
        """Written by an attempt that was not recorded; a mail program may have seen it and put flags to its name."""
        if (self._directory / "new" / name).exists():
            _sync(self._directory / "new")
            return True
        return any(found.partition(":")[0] == name for found in os.listdir(self._directory / "cur"))

    def _try(self) -> Verdict:
        self._prepare()
        path = self._directory / "tmp" / f"probe.{os.getpid()}"
        self._put(path, bytes(4096))
        path.unlink()
        return Delivered("250")

    def _put(self, path: Path, data: bytes) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            with suppress(OSError):
                path.unlink()
            raise


def _name(mail: Claimed) -> str:
    """Sorts by the instant of writing; unique by number and Message-ID (a new database starts its numbers anew)."""
    at, micro = divmod(round(mail.created.timestamp() * 1_000_000), 1_000_000)
    digest = hashlib.sha256(mail.message_id.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{at}.M{micro:06d}Q{mail.id:08d}_{digest}.maild"


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def _told(work: Coroutine[object, object, Verdict]) -> Verdict:
    try:
        return await work
    except OSError as error:
        trouble = "maildir_full" if error.errno in _FULL else "maildir_unwritable"
        return Deferred(f"{trouble} {errno.errorcode.get(error.errno or 0, 'unknown')}", relay=trouble)
    except Exception:
        log.exception("courier_error", hop="maildir")
        return Deferred("courier_error")
