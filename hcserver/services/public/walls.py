"""Walls: links to the states of a project's checks, made, listed and revoked."""

from __future__ import annotations

import secrets
from typing import Final
from uuid import UUID

from hcserver.domain.clock import Clock
from hcserver.domain.project import Project
from hcserver.domain.status_page import Wall
from hcserver.errors import InvalidFields, NotFound
from hcserver.services.absences import Absences
from hcserver.services.accounts.recent import Recent
from hcserver.services.accounts.sessions import token_hash
from hcserver.services.public.status_pages import REMEMBERED_FOR
from hcserver.storage import Storage
from hcserver.validation.status_page import short_line

MAX_WALLS: Final = 20  # of a project
TOKEN_LENGTH: Final = 43  # characters, of 256 random bits


class Walls:
    """Every method raises Unavailable when the database is away and needed."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._recent: Recent[str, Wall] = Recent(clock, REMEMBERED_FOR)
        self._absent: Absences[str] = Absences(clock)

    async def create(self, project: Project, name: str) -> str:
        """A new wall; its token, which is not known afterwards. Raises InvalidFields."""
        name = short_line("name", name)
        token = secrets.token_urlsafe(32)
        wall = Wall(hash=token_hash(token), project=project.id, name=name, created=self._clock())
        async with self._storage.locks.hold(f"walls {project.id}", self._clock):
            if len(await self.of_project(project)) >= MAX_WALLS:
                raise InvalidFields({"name": f"A project has at most {MAX_WALLS} walls."})
            await self._storage.walls.insert(wall)
        return token

    async def of_project(self, project: Project) -> list[Wall]:
        """The oldest first."""
        return await self._storage.walls.of_project(project.id)

    async def revoke(self, project: Project, id: str) -> Wall:
        """Make the link of the wall with this id useless. Raises NotFound."""
        for wall in await self.of_project(project):
            if wall.id == id:
                await self._storage.walls.delete(wall.hash)
                await self._changed(project.id)
                return wall
        raise NotFound("there is no such wall")

    async def find(self, token: str) -> Wall:
        """The wall that has this token. Raises NotFound."""
        if len(token) != TOKEN_LENGTH:
            raise NotFound("not found")
        hash = token_hash(token)
        wall = self._recent.get(hash) or await self._read(hash)
        if wall is None:
            raise NotFound("not found")
        return wall

    def forget_all(self) -> None:
        """Some wall has changed, by another process maybe."""
        self._recent.forget_all()
        self._absent.clear()

    async def _read(self, hash: str) -> Wall | None:
        if hash in self._absent:
            return None
        changes = self._recent.changes
        wall = await self._storage.walls.get(hash)
        if wall is not None:
            self._recent.put(hash, wall, changes)
        elif changes == self._recent.changes:
            self._absent.add(hash)
        return wall

    async def _changed(self, project: UUID) -> None:
        self.forget_all()
        await self._storage.news.publish(self._clock(), project)
