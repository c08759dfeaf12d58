"""When named API keys were last used: noted in memory, and written to the database once a minute."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from hcserver.domain.api_key import ApiKey
from hcserver.domain.clock import Clock
from hcserver.errors import Unavailable
from hcserver.storage import Storage

WRITE_EVERY: Final = 60.0  # seconds: the uses of so long are lost when the process is killed


class KeyUses:
    """No request waits for the database because its key has a name."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._unwritten: dict[str, datetime] = {}  # the last use, by the hash of the key

    def note(self, key: ApiKey) -> None:
        """The key was used just now."""
        self._unwritten[key.hash] = self._clock()

    def with_last_use(self, key: ApiKey) -> ApiKey:
        """The key as the database has it, with a later use that is not written yet."""
        used = self._unwritten.get(key.hash)
        if used is None or (key.last_used is not None and key.last_used >= used):
            return key
        return replace(key, last_used=used)

    async def write(self) -> float:
        """Write what was noted since the last call. The seconds until the next one. Raises Unavailable; what
        is not written then is written later.
        """
        for hash, used in list(self._unwritten.items()):
            await self._storage.api_keys.touch(hash, used)
            if self._unwritten[hash] == used:
                del self._unwritten[hash]
        return WRITE_EVERY

    async def stop(self) -> None:
        """Write what was noted, if the database is there."""
        with suppress(Unavailable):
            await self.write()
