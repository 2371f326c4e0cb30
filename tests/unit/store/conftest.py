"""A store in a directory of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from maild.store import Store
from store.working import KEY


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The main database's file; the key store's is beside it."""
    return tmp_path / "var" / "maild.db"


@pytest.fixture
def open_store(path: Path) -> Iterator[Callable[[], Store]]:
    """Open the same files again; all are closed at the end."""
    stores: list[Store] = []

    def opened() -> Store:
        stores.append(Store.open(f"sqlite:///{path}", KEY))
        return stores[-1]

    yield opened
    for store in stores:
        store.close()


@pytest.fixture
def store(open_store: Callable[[], Store]) -> Store:
    return open_store()
