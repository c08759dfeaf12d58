"""The set-up of a new server: with the link that its first start prints, the first user is created."""

from __future__ import annotations

import secrets
from datetime import timedelta

from hcserver.domain.clock import Clock
from hcserver.domain.project import Project
from hcserver.domain.user import User
from hcserver.errors import InvalidFields, InvalidRequest, NotFound
from hcserver.services.accounts.sessions import MAX_TOKEN, token_hash
from hcserver.services.accounts.users import LOCK, Users
from hcserver.services.management.projects import FIRST_PROJECT, Projects
from hcserver.storage import Storage
from hcserver.validation.account import all_of, new_user
from hcserver.validation.json_fields import title, without_prefix
from hcserver.validation.limits import MAX_NAME

LINK_LIFETIME = timedelta(days=7)
_NOT_VALID = (
    "This link is not valid (any more): it is good for one user and for seven days. While there is no user, "
    "the server prints a new one each time it starts."
)


class Setup:
    """Every method raises Unavailable when the database is away."""

    def __init__(self, storage: Storage, users: Users, projects: Projects, clock: Clock) -> None:
        self._storage = storage
        self._users = users
        self._projects = projects
        self._clock = clock

    async def offer(self) -> str | None:
        """A new token for the set-up; None if there is a user already."""
        if await self._users.any():
            return None
        token = secrets.token_urlsafe(32)
        await self._storage.setup_tokens.add(token_hash(token), self._clock() + LINK_LIFETIME)
        return token

    async def require(self, token: str) -> None:
        """Raises NotFound if nothing can be set up with this token."""
        known = len(token) <= MAX_TOKEN and await self._storage.setup_tokens.has(
            token_hash(token), self._clock()
        )
        if not known or await self._users.any():
            raise NotFound(_NOT_VALID)

    async def run(self, token: str, name: str, password: str, project_name: str) -> User:
        """Create the first user, an admin of the server, and name the project (an empty name: don't).

        Raises NotFound for a token that is not valid, InvalidFields; then nothing is changed.
        """
        await self.require(token)
        project_name = project_name.strip()
        all_of(lambda: _project_name(project_name), lambda: new_user(name, password))
        user = await self._users.prepare(name, password, admin=True)
        async with self._storage.locks.hold(LOCK, self._clock):
            await self.require(token)
            if project_name:
                await self._name_project(project_name)
            await self._users.insert(user)
            await self._storage.setup_tokens.clear()
        return user

    async def _name_project(self, name: str) -> None:
        """Rename the project that the first start has made if nobody has used it, else create one. The only
        project may have the name already.
        """
        projects = await self._projects.all()
        if [project.name for project in projects] == [name]:
            return
        try:
            if await self._is_unused(projects):
                await self._projects.rename(projects[0], name)
            else:
                await self._projects.create(name)
        except InvalidRequest as error:
            raise InvalidFields({"project_name": f"There is a project {name!r} already."}) from error

    async def _is_unused(self, projects: list[Project]) -> bool:
        """Whether there is only the project of the first start, without any check."""
        if [project.name for project in projects] != [FIRST_PROJECT]:
            return False
        return await self._storage.checks.count(projects[0].id) == 0


def _project_name(name: str) -> None:
    """Raises InvalidFields for what can't be a project's name."""
    if not name:
        return
    try:
        title(MAX_NAME)("project_name", name)
    except InvalidRequest as error:
        raise InvalidFields({"project_name": _sentence(without_prefix(error))}) from error


def _sentence(fault: str) -> str:
    """`project_name is too long` as a sentence to show beside the field."""
    return f"The name {fault.partition(' ')[2]}."
