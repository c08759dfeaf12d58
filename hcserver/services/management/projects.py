"""Projects and their keys, as people manage them."""

from __future__ import annotations

import secrets
import string
from contextlib import suppress
from typing import Literal, get_args
from uuid import UUID, uuid4

import msgspec

from hcserver.domain.api_key import PREFIX as NAMED
from hcserver.domain.clock import Clock
from hcserver.domain.project import Project
from hcserver.errors import Ambiguous, Forbidden, InvalidRequest, NotFound
from hcserver.services.events import EventBus, ProjectChanged
from hcserver.services.lookup import Lookup, key_hash
from hcserver.services.management.check_deletion import CheckDeletion
from hcserver.services.management.check_reader import CheckReader
from hcserver.storage import Storage
from hcserver.validation import json_fields
from hcserver.validation.json_fields import title
from hcserver.validation.limits import MAX_NAME
from hcserver.validation.project import parse_ping_key

FIRST_PROJECT = "main"  # the name of the project that the first start creates

KeyKind = Literal["api", "api-readonly", "ping", "badge"]
KEY_KINDS: tuple[KeyKind, ...] = get_args(KeyKind)

_ALPHANUMERIC = string.ascii_letters + string.digits
# Ping keys are part of email addresses, which people and mail servers write in either case.
_LOWER = string.ascii_lowercase + string.digits


class Keys(msgspec.Struct, frozen=True):
    """A project's keys in clear, known only at the moment they are made."""

    api_key: str
    api_key_readonly: str
    ping_key: str
    badge_key: str


class Projects:
    """Every method raises Unavailable when the database is away."""

    def __init__(
        self,
        storage: Storage,
        lookup: Lookup,
        checks: CheckReader,
        deletion: CheckDeletion,
        events: EventBus,
        clock: Clock,
    ) -> None:
        self._storage = storage
        self._lookup = lookup
        self._checks = checks
        self._deletion = deletion
        self._events = events
        self._clock = clock

    async def create(self, name: str) -> tuple[Project, Keys]:
        """Raises InvalidRequest for a name that can't be used or is taken."""
        async with self._storage.locks.hold("projects", self._clock):
            return await self._create(name)

    async def _create(self, name: str) -> tuple[Project, Keys]:
        await self._require_free(name)
        keys = Keys(new_key("api"), new_key("api-readonly"), new_key("ping"), new_key("badge"))
        project = Project(
            id=uuid4(),
            name=name,
            created=self._clock(),
            ping_key=keys.ping_key,
            badge_key=keys.badge_key,
            badge_secret=_new_badge_secret(),
            api_key_hash=key_hash(keys.api_key),
            api_key_readonly_hash=key_hash(keys.api_key_readonly),
        )
        await self._storage.projects.insert(project)
        self._lookup.forget_absences()
        self._events.publish(ProjectChanged(project.id))
        return project, keys

    async def all(self) -> list[Project]:
        """The oldest first."""
        return await self._storage.projects.all()

    async def get(self, id: UUID) -> Project:
        """Raises NotFound."""
        project = await self._storage.projects.get(id)
        if project is None:
            raise NotFound("not found")
        return project

    async def find(self, name_or_id: str) -> Project:
        """The project with this id, else the one with this name. Raises NotFound, Ambiguous."""
        projects = await self.all()
        found = [p for p in projects if str(p.id) == name_or_id]
        found = found or [p for p in projects if p.name == name_or_id]
        if not found:
            raise NotFound(f"there is no project {name_or_id!r}")
        if len(found) > 1:
            raise Ambiguous(f"several projects are named {name_or_id!r}: give the id")
        return found[0]

    async def rename(self, project: Project, name: str) -> None:
        """Raises InvalidRequest for a name that can't be used or is taken."""
        async with self._storage.locks.hold("projects", self._clock):
            if name != project.name:
                await self._require_free(name)
            await self._update(project, name=name)

    async def limit(self, project: Project, checks: int | None, pings: int | None) -> None:
        """Set the project's own limits; None: the configured limit applies.

        A project without an own limit does not get one that equals the limit that applies anyway, so that the
        document of a project can be sent back as it is.
        """
        if project.checks_limit is None and checks == self._checks.limit(project):
            checks = None
        if project.pings_limit is None and pings == self._checks.pings_kept(project):
            pings = None
        await self._update(project, checks_limit=checks, pings_limit=pings)

    async def rotate_key(self, project: Project, kind: KeyKind) -> str:
        """Make a new key; the old one stops working within a second."""
        key = new_key(kind)
        match kind:
            case "api":
                await self._update(project, api_key_hash=key_hash(key))
            case "api-readonly":
                await self._update(project, api_key_readonly_hash=key_hash(key))
            case "ping":
                await self._update(project, ping_key=key)
            case "badge":
                await self._update(project, badge_key=key, badge_secret=_new_badge_secret())
        return key

    async def take_ping_key(self, project: Project, key: str) -> bool:
        """Give the project a ping key that is known already; whether that is a change. The key that it had
        stops working within a second.

        Raises InvalidRequest for what is no ping key, or is that of another project.
        """
        async with self._storage.locks.hold("projects", self._clock):
            await self.require_free_ping_key(project, key)
            if changed := key != project.ping_key:
                await self._update(project, ping_key=key)
        return changed

    async def require_free_ping_key(self, project: Project, key: str) -> None:
        """Raises InvalidRequest for what is no ping key, or is that of another project."""
        parse_ping_key(key)
        owner = await self._storage.projects.by_key("ping_key", key)
        if owner is not None and owner.id != project.id:
            raise json_fields.fault(f"ping_key is that of the project {owner.name!r}")

    async def with_badge_secret(self, project: Project) -> Project:
        """The project, which gets a secret for the addresses of its badges if it has none yet."""
        if project.badge_secret is not None:
            return project
        async with self._storage.locks.hold("projects", self._clock):
            project = await self.get(project.id)
            if project.badge_secret is None:
                await self._update(project, badge_secret=_new_badge_secret())
                project = await self.get(project.id)
        return project

    async def delete(self, project: Project) -> int:
        """Delete the project with its checks and all else that it has; the number of its checks.

        If it is cut short the project is still there, and it can be repeated.
        """
        count = await self._remove_checks(project)
        await self._storage.channels.delete_of_project(project.id)
        await self._storage.windows.delete_of_project(project.id)
        await self._storage.members.delete_of_project(project.id)
        await self._storage.status_pages.delete_of_project(project.id)
        await self._storage.walls.delete_of_project(project.id)
        await self._storage.api_keys.delete_of_project(project.id)
        await self._storage.projects.delete(project.id)
        await self._changed(project)
        # Whatever was added while we were at it.
        return count + await self._remove_checks(project)

    async def _remove_checks(self, project: Project) -> int:
        removed = 0
        for check in await self._checks.of_project(project.id):
            # It takes minutes with many of them: the others may be moved to another project meanwhile.
            with suppress(NotFound, Forbidden):
                await self._deletion.remove(await self._checks.get(project, check.id))
                removed += 1
        return removed

    async def _require_free(self, name: str) -> None:
        title(MAX_NAME)("name", name)
        if any(name == project.name for project in await self.all()):
            raise InvalidRequest(f"there is a project {name!r} already")

    async def _update(self, project: Project, **changes: str | int | None) -> None:
        await self._storage.projects.update(project.id, changes)
        await self._changed(project)

    async def _changed(self, project: Project) -> None:
        """Nobody is to go on with what was remembered of the project, old keys above all."""
        self._lookup.forget(project.id)
        self._events.publish(ProjectChanged(project.id))
        await self._storage.news.publish(self._clock(), project.id)


def new_key(kind: KeyKind | Literal["admin", "named"]) -> str:
    """A random key. API and admin keys have 28 alphanumerics behind a prefix, 32 characters in all."""
    match kind:
        case "admin":
            return "hca_" + _random(_ALPHANUMERIC, 28)
        case "named":
            return NAMED + _random(_ALPHANUMERIC, 28)
        case "api":
            return "hcw_" + _random(_ALPHANUMERIC, 28)
        case "api-readonly":
            return "hcr_" + _random(_ALPHANUMERIC, 28)
        case "ping":
            return _random(_LOWER, 22)
        case "badge":
            return _random(_LOWER, 22)


def _new_badge_secret() -> str:
    return secrets.token_hex(32)


def _random(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))
