"""The members of a project, at /p/<project>/members."""

from __future__ import annotations

from handlers.api.base import UUID as UUID_PATTERN
from handlers.pages.base import PageHandler, signed_in
from hcserver.domain.project import Project
from hcserver.domain.user import ROLES, Role, User, name_key
from hcserver.domain.uuids import parse_uuid
from hcserver.errors import Conflict, InvalidFields, InvalidRequest, NotFound

ROLE_WORDS: dict[Role, str] = {
    "viewer": "sees everything but ping addresses",
    "editor": "also changes checks and channels, and sees ping addresses",
    "admin": "also manages keys and members",
}


class MembersPage(PageHandler):
    """Members see each other; admins of the project add, change and remove them."""

    @signed_in
    async def get(self, project_id: str) -> None:
        project = await self.open_project(project_id, "viewer")
        await self._show_members(project, {}, "")

    @signed_in
    async def post(self, project_id: str) -> None:
        project = await self.open_project(project_id, "admin")
        try:
            notice = await self._carry_out(project)
        except InvalidFields as error:
            self.set_status(400)
            await self._show_members(project, error.faults, "")
        except (Conflict, NotFound) as error:
            self.set_status(409)
            text = str(error)
            await self._show_members(project, {}, f"{text[:1].upper()}{text[1:]}.")
        else:
            role = await self.services.accounts.role_in(self.user, project.id)
            self.go("/" if role is None else f"/p/{project.id}/members", notice=notice)

    async def _carry_out(self, project: Project) -> str:
        """Do what the form asks for; what was done, as a sentence.

        Raises InvalidFields, InvalidRequest, NotFound, Conflict.
        """
        members = self.services.accounts.members
        match self.form.get("action"):
            case "add":
                user, role = await self._named_user(), self._role()
                await members.add(project, user, role)
                return f"{user.name} is a member now."
            case "change":
                user, role = await self._user(), self._role()
                await members.change(project, user, role)
                return f"{user.name} is {role} now."
            case "remove":
                user = await self._user()
                await members.remove(project, user)
                return f"{user.name} is no member any more."
        raise InvalidRequest("action is none of add, change and remove")

    async def _named_user(self) -> User:
        """Raises InvalidFields for a name that nobody has."""
        name = self.form.get("name")
        try:
            return await self.services.accounts.users.find(name)
        except NotFound as error:
            fault = f"There is no user {name[:100]!r} on this server." if name else "Give a name."
            raise InvalidFields({"name": fault}) from error

    async def _user(self) -> User:
        """Raises NotFound."""
        id = parse_uuid(self.form.get("user"))
        if id is None:
            raise NotFound("there is no such user")
        return await self.services.accounts.users.get(id)

    def _role(self) -> Role:
        """Raises InvalidFields."""
        role = self.form.get("role")
        if role not in ROLES:
            raise InvalidFields({"role": "Choose a role."})
        return role

    async def _show_members(self, project: Project, faults: dict[str, str], fault: str) -> None:
        users = await self.services.accounts.users.all() if self.may("admin") else []
        await self.show(
            "members.html", title="Members", section="settings", tab="members", faults=faults, fault=fault,
            members=await self.services.accounts.members.of_project(project), roles=ROLE_WORDS,
            name=self.form.get("name"), chosen=self.form.get("role") or "viewer",
            server_admins=sorted((user.name for user in users if user.admin), key=name_key),
        )  # fmt: skip


ROUTES = [(rf"/p/{UUID_PATTERN}/members", MembersPage)]
