"""Named API keys by their hashes, remembered until their project changes."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from hcserver.domain.api_key import ApiKey
from hcserver.domain.clock import Clock
from hcserver.services.absences import Absences
from hcserver.storage import Storage

REMEMBERED: Final = 10_000  # keys; beyond it the oldest are looked up again


class NamedKeys:
    """A key that does not exist is remembered for a second."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._absent: Absences[str] = Absences(clock)
        self._keys: dict[str, ApiKey] = {}  # by hash, the oldest first
        self._hashes_of: dict[UUID, set[str]] = {}  # by project
        self._changes = 0  # grows with each one: what was read before the last change is not remembered

    async def find(self, hash: str) -> ApiKey | None:
        """Raises Unavailable."""
        key = self._keys.get(hash)
        if key is None and hash not in self._absent:
            changes = self._changes
            key = await self._storage.api_keys.get(hash)
            if changes != self._changes:
                return key
            if key is None:
                self._absent.add(hash)
            else:
                self._remember(key)
        return key

    def forget(self, project: UUID) -> None:
        """The project was changed, by another process maybe."""
        self.forget_absences()
        for hash in self._hashes_of.pop(project, ()):
            del self._keys[hash]

    def forget_absences(self) -> None:
        """A key was created: what was not there may be there now."""
        self._changes += 1
        self._absent.clear()

    def forget_all(self) -> None:
        """Everything may have changed."""
        self.forget_absences()
        self._keys.clear()
        self._hashes_of.clear()

    def _remember(self, key: ApiKey) -> None:
        self._keys[key.hash] = key
        self._hashes_of.setdefault(key.project, set()).add(key.hash)
        if len(self._keys) > REMEMBERED:
            self.forget(next(iter(self._keys.values())).project)
