from __future__ import annotations

from hcserver.storage import Storage
from tests.hcserver.storage.contract.records import NOW, later


async def test_a_set_up_token_is_good_in_every_process_until_it_expires(
    storage: Storage, other: Storage
) -> None:
    await storage.setup_tokens.add("a", later(3600))
    await other.setup_tokens.add("b", later(7200))
    assert await other.setup_tokens.has("a", NOW)
    assert await storage.setup_tokens.has("b", later(3600))
    assert not await storage.setup_tokens.has("a", later(3600))
    assert not await storage.setup_tokens.has("c", NOW)


async def test_no_set_up_token_is_good_after_they_are_cleared(storage: Storage) -> None:
    await storage.setup_tokens.add("a", later(3600))
    await storage.setup_tokens.add("b", later(3600))
    await storage.setup_tokens.clear()
    assert not await storage.setup_tokens.has("a", NOW)
    assert not await storage.setup_tokens.has("b", NOW)
