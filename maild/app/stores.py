"""Opening the store of this installation; apart from ``assembly``, so that the process that talks stays small."""

from __future__ import annotations

from maild.config import Config
from maild.errors import Temporary, UserError
from maild.store import Store, StoreError, TemporaryStoreError, load_or_create_key


def open_store(config: Config, *, throw_away: bool = False) -> Store:
    """The store of this installation; key and database are made at the first start. ``throw_away``: of a rehearsal,
    which nobody needs after a power cut."""
    maild = config.maild
    try:
        maild.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = maild.key_create and not Store.exists(maild.database_url())
        return Store.open(maild.database_url(), load_or_create_key(maild.key_file, new), throw_away=throw_away)
    except TemporaryStoreError as error:
        raise Temporary(str(error)) from error
    except StoreError as error:
        raise UserError(str(error)) from error
    except OSError as error:
        raise UserError(f"[maild] data_dir: {error.strerror}: make it a directory that maild may write to") from error
