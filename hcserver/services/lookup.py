"""Projects by their keys and checks by their slugs, remembered until somebody changes them."""

from __future__ import annotations

import hashlib
import hmac
from typing import Literal
from uuid import UUID

from hcserver.domain.project import Project
from hcserver.errors import Ambiguous, NotFound, Unauthorized
from hcserver.storage import Storage

Access = Literal["write", "read"]
REMEMBERED = 10_000  # projects, and slugs; beyond it the oldest are looked up again

API_KEY_LENGTH = 32  # characters


class Lookup:
    """Look-ups that most requests begin with. News of changes empties it: `forget`."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._by_id: dict[UUID, Project] = {}
        self._by_key: dict[tuple[str, str], Project] = {}
        self._keys: dict[UUID, set[tuple[str, str]]] = {}  # project -> what it is known by
        self._slugs: dict[tuple[UUID, str], UUID] = {}
        self._places: dict[UUID, set[tuple[UUID, str]]] = {}  # check, and project -> its slugs
        self._changes = 0  # what was read before the last one is not remembered

    async def authenticate(self, api_key: str | None, needed: Access) -> tuple[Project, bool]:
        """The project that the API key opens, and whether it is a read-write key.

        Raises Unauthorized, Unavailable.
        """
        if api_key is None or len(api_key) != API_KEY_LENGTH:
            raise Unauthorized("missing api key")
        digest = key_hash(api_key)
        project = await self._by("api_key_hash", digest)
        if project is not None and hmac.compare_digest(project.api_key_hash or "", digest):
            return project, True
        if needed == "read":
            project = await self._by("api_key_readonly_hash", digest)
            if project is not None and hmac.compare_digest(project.api_key_readonly_hash or "", digest):
                return project, False
        raise Unauthorized("wrong api key")

    async def by_ping_key(self, ping_key: str) -> Project:
        """Raises NotFound, Unavailable."""
        project = await self._by("ping_key", ping_key)
        if project is None:
            raise NotFound("not found")
        return project

    async def by_badge_key(self, badge_key: str) -> Project | None:
        return await self._by("badge_key", badge_key)

    async def by_id(self, id: UUID) -> Project | None:
        project = self._by_id.get(id)
        if project is None:
            changes = self._changes
            project = await self._storage.projects.get(id)
            if project is not None and changes == self._changes:
                self._by_id[id] = project
                if len(self._by_id) > REMEMBERED:
                    del self._by_id[next(iter(self._by_id))]
        return project

    async def check_by_slug(self, project: UUID, slug: str) -> UUID:
        """Raises NotFound, Ambiguous, Unavailable."""
        known = self._slugs.get((project, slug))
        if known is not None:
            return known
        changes = self._changes
        found = await self._storage.checks.of_project(project, slug) if slug else []
        if not found:
            raise NotFound("not found")
        if len(found) > 1:
            raise Ambiguous("ambiguous slug")
        check = found[0].check.id
        if changes != self._changes:
            return check
        if (project, slug) in self._slugs:
            self._forget_slug((project, slug))
        self._slugs[project, slug] = check
        for subject in (project, check):
            self._places.setdefault(subject, set()).add((project, slug))
        if len(self._slugs) > REMEMBERED:
            self._forget_slug(next(iter(self._slugs)))
        return check

    def forget_slugs(self, project: UUID) -> None:
        """A check of the project was created, renamed or deleted."""
        self._changes += 1
        for place in list(self._places.get(project, ())):
            self._forget_slug(place)

    def forget(self, subject: UUID) -> None:
        """A project or a check was changed, by another process maybe."""
        self._by_id.pop(subject, None)
        for key in self._keys.pop(subject, ()):
            self._by_key.pop(key, None)
        self.forget_slugs(subject)

    def forget_all(self) -> None:
        """Everything may have changed."""
        self._changes += 1
        for remembered in (self._by_id, self._by_key, self._keys, self._slugs, self._places):
            remembered.clear()

    def _forget_slug(self, place: tuple[UUID, str]) -> None:
        check = self._slugs.pop(place)
        for subject in (place[0], check):
            places = self._places[subject]
            places.discard(place)
            if not places:
                del self._places[subject]

    async def _by(
        self, field: Literal["api_key_hash", "api_key_readonly_hash", "ping_key", "badge_key"], value: str
    ) -> Project | None:
        project = self._by_key.get((field, value))
        if project is None:
            changes = self._changes
            project = await self._storage.projects.by_key(field, value)
            if project is not None and changes == self._changes:
                self._by_key[field, value] = project
                self._keys.setdefault(project.id, set()).add((field, value))
                if len(self._by_key) > REMEMBERED:
                    self.forget(next(iter(self._by_key.values())).id)
        return project


def key_hash(api_key: str) -> str:
    """How API keys are stored. They are random and long, so that a fast hash is as good as a slow one."""
    return hashlib.sha256(api_key.encode("utf-8", "surrogatepass")).hexdigest()
