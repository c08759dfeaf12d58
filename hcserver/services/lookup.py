"""Projects by their keys and checks by their slugs and aliases, remembered until somebody changes them. What
is not there is remembered for a second.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Literal
from uuid import UUID

from hcserver.domain.api_key import PREFIX as NAMED
from hcserver.domain.clock import Clock
from hcserver.domain.project import Project
from hcserver.errors import Ambiguous, NotFound, Unauthorized
from hcserver.services.absences import Absences
from hcserver.services.key_uses import KeyUses
from hcserver.services.named_keys import NamedKeys
from hcserver.storage import Storage

Access = Literal["write", "read"]
KeyField = Literal["api_key_hash", "api_key_readonly_hash", "ping_key", "badge_key"]
Key = tuple[KeyField, str]
Slug = tuple[UUID, str]  # project, slug

REMEMBERED = 10_000  # projects, slugs and aliases; beyond it the oldest are looked up again
API_KEY_LENGTH = 32  # characters


class Lookup:
    """The look-ups that most requests begin with. `forget` is called when something has changed."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self.key_uses = KeyUses(storage, clock)
        self._named_keys = NamedKeys(storage, clock)
        self._absent: Absences[Key | Slug | UUID | str] = Absences(clock)
        self._aliases: dict[str, UUID] = {}  # the check of an alias never changes
        self._projects_by_id: dict[UUID, Project] = {}
        self._projects_by_key: dict[Key, Project] = {}
        self._keys_of_project: dict[UUID, set[Key]] = {}
        self._checks: dict[Slug, UUID] = {}
        self._slugs_of: dict[UUID, set[Slug]] = {}  # by check, and by project
        self._changes = 0  # grows with each one: what was read before the last change is not remembered

    async def authenticate(self, api_key: str | None, needed: Access) -> tuple[Project, bool]:
        """The project that the API key opens, and whether it is a read-write key.

        Raises Unauthorized, Unavailable.
        """
        if api_key is None or len(api_key) != API_KEY_LENGTH:
            raise Unauthorized("missing api key")
        digest = key_hash(api_key)
        if api_key.startswith(NAMED):
            return await self._authenticate_named(digest, needed)
        project = await self._by_key("api_key_hash", digest)
        if project is not None and hmac.compare_digest(project.api_key_hash or "", digest):
            return project, True
        if needed == "read":
            project = await self._by_key("api_key_readonly_hash", digest)
            if project is not None and hmac.compare_digest(project.api_key_readonly_hash or "", digest):
                return project, False
        raise Unauthorized("wrong api key")

    async def _authenticate_named(self, digest: str, needed: Access) -> tuple[Project, bool]:
        key = await self._named_keys.find(digest)
        if key is None or (needed == "write" and not key.writable):
            raise Unauthorized("wrong api key")
        project = await self.by_id(key.project)
        if project is None or not hmac.compare_digest(key.hash, digest):
            raise Unauthorized("wrong api key")
        self.key_uses.note(key)
        return project, key.writable

    async def by_ping_key(self, ping_key: str) -> Project:
        """Raises NotFound, Unavailable."""
        project = await self._by_key("ping_key", ping_key)
        if project is None:
            raise NotFound("not found")
        return project

    async def by_badge_key(self, badge_key: str) -> Project | None:
        """Raises Unavailable."""
        return await self._by_key("badge_key", badge_key)

    async def by_id(self, id: UUID) -> Project | None:
        """Raises Unavailable."""
        project = self._projects_by_id.get(id)
        if project is None and id not in self._absent:
            changes = self._changes
            project = await self._storage.projects.get(id)
            if changes != self._changes:
                return project
            if project is None:
                self._absent.add(id)
            else:
                self._projects_by_id[id] = project
                if len(self._projects_by_id) > REMEMBERED:
                    del self._projects_by_id[next(iter(self._projects_by_id))]
        return project

    async def check_by_ping_key(self, ping_key: str, slug: str) -> UUID:
        """The check with this slug in the ping key's project. Raises NotFound, Ambiguous, Unavailable."""
        project = await self.by_ping_key(ping_key)
        return await self.check_by_slug(project.id, slug)

    async def check_by_slug(self, project: UUID, slug: str) -> UUID:
        """Raises NotFound, Ambiguous, Unavailable."""
        known = self._checks.get((project, slug))
        if known is not None:
            return known
        if not slug or (project, slug) in self._absent:
            raise NotFound("not found")
        changes = self._changes
        found = await self._storage.checks.of_project(project, slug)
        if not found:
            if changes == self._changes:
                self._absent.add((project, slug))
            raise NotFound("not found")
        if len(found) > 1:
            raise Ambiguous("ambiguous slug")
        check = found[0].check.id
        if changes == self._changes:
            self._remember_slug((project, slug), check)
        return check

    async def check_by_alias(self, alias: str) -> UUID:
        """The id of the check with this unique_key, or with this badge (32 hex digits). The check may have
        been deleted. Raises NotFound, Unavailable.
        """
        known = self._aliases.get(alias)
        if known is not None:
            return known
        if alias in self._absent:
            raise NotFound("not found")
        changes = self._changes
        check = await self._storage.checks.aliased(alias)
        if check is None:
            if changes == self._changes:
                self._absent.add(alias)
            raise NotFound("not found")
        self._aliases[alias] = check
        if len(self._aliases) > REMEMBERED:
            del self._aliases[next(iter(self._aliases))]
        return check

    def forget_absences(self) -> None:
        """Something was created: what was not there may be there now."""
        self._changes += 1
        self._absent.clear()
        self._named_keys.forget_absences()

    def forget_slugs(self, project: UUID) -> None:
        """A check of the project was created, renamed or deleted."""
        self.forget_absences()
        for slug in list(self._slugs_of.get(project, ())):
            self._forget_slug(slug)

    def forget(self, subject: UUID) -> None:
        """A project or a check was changed, by another process maybe."""
        self._named_keys.forget(subject)
        self._projects_by_id.pop(subject, None)
        for key in self._keys_of_project.pop(subject, ()):
            self._projects_by_key.pop(key, None)
        self.forget_slugs(subject)

    def forget_all(self) -> None:
        """Everything may have changed."""
        self.forget_absences()
        self._named_keys.forget_all()
        self._aliases.clear()
        self._projects_by_id.clear()
        self._projects_by_key.clear()
        self._keys_of_project.clear()
        self._checks.clear()
        self._slugs_of.clear()

    def _remember_slug(self, slug: Slug, check: UUID) -> None:
        if slug in self._checks:
            self._forget_slug(slug)
        self._checks[slug] = check
        for subject in (slug[0], check):
            self._slugs_of.setdefault(subject, set()).add(slug)
        if len(self._checks) > REMEMBERED:
            self._forget_slug(next(iter(self._checks)))

    def _forget_slug(self, slug: Slug) -> None:
        check = self._checks.pop(slug)
        for subject in (slug[0], check):
            slugs = self._slugs_of[subject]
            slugs.discard(slug)
            if not slugs:
                del self._slugs_of[subject]

    async def _by_key(self, field: KeyField, value: str) -> Project | None:
        project = self._projects_by_key.get((field, value))
        if project is None and (field, value) not in self._absent:
            changes = self._changes
            project = await self._storage.projects.by_key(field, value)
            if changes != self._changes:
                return project
            if project is None:
                self._absent.add((field, value))
            else:
                self._projects_by_key[field, value] = project
                self._keys_of_project.setdefault(project.id, set()).add((field, value))
                if len(self._projects_by_key) > REMEMBERED:
                    self.forget(next(iter(self._projects_by_key.values())).id)
        return project


def key_hash(api_key: str) -> str:
    """How API keys are stored. They are random and long, so that no slow hash function is needed."""
    return hashlib.sha256(api_key.encode("utf-8", "surrogatepass")).hexdigest()
