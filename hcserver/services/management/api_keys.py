"""Named API keys: made, listed, revoked."""

from __future__ import annotations

from typing import Final

from hcserver.domain.api_key import ApiKey, KeyAccess
from hcserver.domain.clock import Clock
from hcserver.domain.project import Project
from hcserver.errors import InvalidFields, NotFound
from hcserver.services.events import EventBus, ProjectChanged
from hcserver.services.lookup import Lookup, key_hash
from hcserver.services.management.projects import new_key
from hcserver.storage import Storage
from hcserver.validation.status_page import short_line

MAX_API_KEYS: Final = 20  # with names, of a project


class ApiKeys:
    """Every method raises Unavailable when the database is away."""

    def __init__(self, storage: Storage, lookup: Lookup, events: EventBus, clock: Clock) -> None:
        self._storage = storage
        self._lookup = lookup
        self._events = events
        self._clock = clock

    async def create(self, project: Project, name: str, access: KeyAccess) -> tuple[ApiKey, str]:
        """A new key and, this once, the key in clear.

        Raises InvalidFields for a name that can't be used or that another key of the project has, and where
        there are MAX_API_KEYS.
        """
        name, clear = short_line("name", name), new_key("named")
        key = ApiKey(
            hash=key_hash(clear), project=project.id, name=name, access=access, created=self._clock()
        )
        async with self._storage.locks.hold(f"api_keys {project.id}", self._clock):
            others = await self._storage.api_keys.of_project(project.id)
            if len(others) >= MAX_API_KEYS:
                raise InvalidFields({"name": f"A project has at most {MAX_API_KEYS} API keys with names."})
            if any(name == other.name for other in others):
                raise InvalidFields({"name": "Another API key of the project has this name."})
            await self._storage.api_keys.insert(key)
        return key, clear

    async def of_project(self, project: Project) -> list[ApiKey]:
        """The oldest first. What other processes have seen of their use may be missing for a minute."""
        keys = await self._storage.api_keys.of_project(project.id)
        return [self._lookup.key_uses.with_last_use(key) for key in keys]

    async def find(self, project: Project, name_or_id: str) -> ApiKey:
        """The project's key with this id, else the one with this name. Raises NotFound."""
        keys = await self.of_project(project)
        found = [key for key in keys if key.id == name_or_id]
        found = found or [key for key in keys if key.name == name_or_id]
        if not found:
            raise NotFound(f"there is no API key {name_or_id!r}")
        return found[0]

    async def revoke(self, project: Project, name_or_id: str) -> ApiKey:
        """It opens nothing any more, in other processes within a second. Raises NotFound."""
        try:
            key = await self.find(project, name_or_id)
        except NotFound:
            # An earlier attempt may have deleted it, and failed before other processes heard of it.
            await self._changed(project)
            raise
        await self._storage.api_keys.delete(key.hash)
        await self._changed(project)
        return key

    async def _changed(self, project: Project) -> None:
        self._lookup.forget(project.id)
        self._events.publish(ProjectChanged(project.id))
        await self._storage.news.publish(self._clock(), project.id)
