from __future__ import annotations

import asyncio

from hcserver.storage import Storage


async def test_all_processes_get_the_same_secret(storage: Storage, other: Storage) -> None:
    first, second = await asyncio.gather(storage.secret(), other.secret())
    assert first == second == await storage.secret()
    assert len(first) == 32


async def test_a_database_that_takes_writes_passes_the_probe(storage: Storage) -> None:
    await storage.probe()
    await storage.probe()
