"""Admin keys, which open the management of projects."""

from __future__ import annotations

import hmac

from hcserver.domain.admin_key import AdminKey
from hcserver.domain.clock import Clock
from hcserver.errors import Ambiguous, NotFound, Unauthorized
from hcserver.services.lookup import API_KEY_LENGTH, key_hash
from hcserver.services.management.projects import new_key
from hcserver.storage import Storage
from hcserver.validation.json_fields import title
from hcserver.validation.limits import MAX_NAME


class AdminKeys:
    """Every method raises Unavailable when the database is away."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock

    async def create(self, name: str = "") -> tuple[AdminKey, str]:
        """A new key and, this once, the key in clear. Raises InvalidRequest for a name that can't be used."""
        if name:
            title(MAX_NAME)("name", name)
        clear = new_key("admin")
        key = AdminKey(hash=key_hash(clear), created=self._clock(), name=name)
        await self._storage.admin_keys.insert(key)
        return key, clear

    async def all(self) -> list[AdminKey]:
        """The oldest first."""
        return await self._storage.admin_keys.all()

    async def delete(self, name_or_id: str) -> AdminKey:
        """It stops working at once. Raises NotFound, Ambiguous."""
        keys = await self.all()
        found = [key for key in keys if key.id == name_or_id]
        found = found or [key for key in keys if key.name and key.name == name_or_id]
        if not found:
            raise NotFound(f"there is no admin key {name_or_id!r}")
        if len(found) > 1:
            raise Ambiguous(f"several admin keys are named {name_or_id!r}: give the id")
        await self._storage.admin_keys.delete(found[0].hash)
        return found[0]

    async def authenticate(self, key: str | None) -> AdminKey:
        """Raises Unauthorized."""
        if key is None or len(key) != API_KEY_LENGTH:
            raise Unauthorized("missing api key")
        digest = key_hash(key)
        found = await self._storage.admin_keys.get(digest)
        if found is None or not hmac.compare_digest(found.hash, digest):
            raise Unauthorized("wrong api key")
        return found
