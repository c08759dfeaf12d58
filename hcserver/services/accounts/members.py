"""The members of projects: who they are, what they may do, and who may change it."""

from __future__ import annotations

from uuid import UUID

from hcserver.domain.clock import Clock
from hcserver.domain.member import Member, Membership, ProjectMember
from hcserver.domain.project import Project
from hcserver.domain.user import Role, User, name_key
from hcserver.errors import Conflict, InvalidFields, NotFound
from hcserver.services.accounts.recent import Recent
from hcserver.storage import Storage

_LAST_ADMIN = "the project needs an admin: make another member one first"


class Members:
    """Every method raises Unavailable when the database is away. Callers check who may call which of them."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._recent: Recent[UUID, list[Membership]] = Recent(clock)

    async def of_user(self, user: User) -> list[Membership]:
        """The projects of the user in the order of their names; an admin of the server has all of them."""
        known = self._recent.get(user.id)
        if known is None:
            changes = self._recent.changes
            known = await self._read(user)
            self._recent.put(user.id, known, changes)
        return known

    async def role_in(self, user: User, project: UUID) -> Role | None:
        """What the user is in the project; None: no member."""
        if user.admin:
            return "admin"
        roles = (one.role for one in await self.of_user(user) if one.project.id == project)
        return next(roles, None)

    async def of_project(self, project: Project) -> list[ProjectMember]:
        """In the order of their names, without the admins of the server who are no members."""
        members = await self._storage.members.of_project(project.id)
        users = {user.id: user for user in await self._storage.users.all()}
        found = [ProjectMember(user=users[one.user], role=one.role) for one in members if one.user in users]
        return sorted(found, key=lambda member: name_key(member.user.name))

    async def add(self, project: Project, user: User, role: Role) -> None:
        """Raises InvalidFields if the user is a member already."""
        async with self._storage.locks.hold(f"members {project.id}", self._clock):
            if await self._storage.members.get(project.id, user.id) is not None:
                raise InvalidFields({"name": f"{user.name} is a member already."})
            await self._put(project, user, role)

    async def change(self, project: Project, user: User, role: Role) -> None:
        """Give the member another role. Raises NotFound; Conflict if the project would have no admin."""
        async with self._storage.locks.hold(f"members {project.id}", self._clock):
            if role != "admin":
                await self._require_other_admin(project, user)
            elif await self._storage.members.get(project.id, user.id) is None:
                raise _no_member(user)
            await self._put(project, user, role)

    async def remove(self, project: Project, user: User) -> None:
        """Raises NotFound; Conflict if the project would have no admin."""
        async with self._storage.locks.hold(f"members {project.id}", self._clock):
            await self._require_other_admin(project, user)
            await self._storage.members.delete(project.id, user.id)
            self.forget_all()

    async def remove_user(self, user: User) -> None:
        """The user was deleted."""
        await self._storage.members.delete_of_user(user.id)
        self.forget_all()

    def forget_all(self) -> None:
        """Something that memberships depend on has changed."""
        self._recent.forget_all()

    async def _put(self, project: Project, user: User, role: Role) -> None:
        await self._storage.members.put(Member(project=project.id, user=user.id, role=role))
        self.forget_all()

    async def _require_other_admin(self, project: Project, user: User) -> None:
        """Raises NotFound if the user is no member; Conflict if nobody else can manage the project."""
        members = await self.of_project(project)
        roles = {member.user.id: member.role for member in members}
        if user.id not in roles:
            raise _no_member(user)
        if roles[user.id] != "admin" or list(roles.values()).count("admin") > 1:
            return
        if not any(one.admin for one in await self._storage.users.all()):
            raise Conflict(_LAST_ADMIN)

    async def _read(self, user: User) -> list[Membership]:
        projects = await self._storage.projects.all()
        if user.admin:
            found = [Membership(project=project, role="admin") for project in projects]
        else:
            roles = {one.project: one.role for one in await self._storage.members.of_user(user.id)}
            found = [Membership(project=one, role=roles[one.id]) for one in projects if one.id in roles]
        return sorted(found, key=lambda one: (one.project.name.casefold(), one.project.id))


def _no_member(user: User) -> NotFound:
    return NotFound(f"{user.name} is no member of the project")
