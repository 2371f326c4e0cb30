"""The tap on the daemon's shoulder: heard where one listens, harmless where none does."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest

from maild.operate.wake import NAME, listen, poke


@pytest.mark.parametrize("depth", [0, 12])
async def test_a_poke_is_heard(tmp_path: Path, depth: int) -> None:
    place = tmp_path.joinpath(*["directory"] * depth)  # also where the path is longer than sun_path
    place.mkdir(parents=True, exist_ok=True)
    heard = asyncio.Event()
    assert not poke(place)
    stop = await listen(place, heard.set)
    assert stat.S_IMODE((place / NAME).stat().st_mode) == 0o600
    for _ in range(2):
        heard.clear()
        assert poke(place)
        async with asyncio.timeout(10):
            await heard.wait()
    stop()
    assert not poke(place) and not (place / NAME).exists()


async def test_many_pokes_never_wait(tmp_path: Path) -> None:
    heard: list[int] = []
    stop = await listen(tmp_path, lambda: heard.append(1))
    assert all(poke(tmp_path) for _ in range(2000))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert 1 <= len(heard) <= 2  # they are heard together
    stop()


async def test_a_socket_left_behind_is_replaced(tmp_path: Path) -> None:
    heard = asyncio.Event()
    first = await listen(tmp_path, lambda: None)
    second = await listen(tmp_path, heard.set)
    first()  # the earlier one must not take the later one's socket with it
    assert poke(tmp_path)
    async with asyncio.timeout(10):
        await heard.wait()
    second()


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    assert not poke(tmp_path / "nowhere")
    assert not poke(tmp_path.joinpath(*["nowhere"] * 20))
