"""A project's settings: name and limits, at /p/<project>/settings, and its deletion."""

from __future__ import annotations

from typing import Final

from handlers.api.base import UUID as UUID_PATTERN
from handlers.pages.base import PageHandler, signed_in
from handlers.pages.form import Form
from hcserver.domain.project import Project
from hcserver.errors import InvalidFields, InvalidRequest
from hcserver.validation.json_fields import without_prefix
from hcserver.validation.limits import MAX_NAME
from hcserver.validation.project import MAX_CHECKS, MAX_PINGS
from hcserver.validation.status_page import short_line

DELETE_TIME: Final = 300.0  # seconds that the deletion of a project with many checks may take


class GeneralPage(PageHandler):
    """Admins of the project rename it; only admins of the server set its limits."""

    @signed_in
    async def get(self, project_id: str) -> None:
        project = await self.open_project(project_id, "viewer")
        if not self.may("admin"):
            self.go(f"/p/{project.id}/settings/{'keys' if self.may('editor') else 'badges'}")
            return
        await self._show_form(project, _values(project), {})

    @signed_in
    async def post(self, project_id: str) -> None:
        project = await self.open_project(project_id, "admin")
        try:
            await self._change(project)
        except InvalidFields as error:
            self.set_status(400)
            await self._show_form(project, self.form.values(), error.faults)
        else:
            self.go(f"/p/{project.id}/settings", notice="Saved.")

    async def _change(self, project: Project) -> None:
        name = short_line("name", self.form.get("name"))
        limits = None
        if self.user.admin:
            limits = (
                _limit(self.form, "checks_limit", MAX_CHECKS),
                _limit(self.form, "pings_limit", MAX_PINGS),
            )
        await name_project(self, project, name)
        if limits is not None:
            await self.services.projects.limit(project, *limits)

    async def _show_form(self, project: Project, values: dict[str, str], faults: dict[str, str]) -> None:
        limits = self.services.settings.limits
        await self.show(
            "settings.html",
            title=f"Settings of {project.name}",
            section="settings",
            tab="general",
            values=values,
            faults=faults,
            max_name=MAX_NAME,
            default_checks=limits.checks_per_project,
            default_pings=limits.pings_per_check,
        )


class DeletePage(PageHandler):
    """Deletes a project for whoever types its name."""

    @signed_in
    async def get(self, project_id: str) -> None:
        await self._show_form(await self.open_project(project_id, "admin"), "")

    @signed_in
    async def post(self, project_id: str) -> None:
        project = await self.open_project(project_id, "admin")
        if self.form.get("name") != project.name.strip():
            self.set_status(400)
            await self._show_form(project, "This is not the project's name.")
            return
        self.allow(DELETE_TIME)
        await self.services.projects.delete(project)
        self.go("/", notice=f"The project {project.name} is deleted.")

    async def _show_form(self, project: Project, fault: str) -> None:
        await self.show(
            "settings_danger.html",
            title="Delete the project",
            section="settings",
            tab="danger",
            fault=fault,
            checks=await self.services.storage.checks.count(project.id),
        )


async def name_project(handler: PageHandler, project: Project | None, name: str) -> Project:
    """Rename the project; None: create one. Raises InvalidFields if the name is taken."""
    try:
        if project is None:
            return (await handler.services.projects.create(name))[0]
        if name != project.name:
            await handler.services.projects.rename(project, name)
        return project
    except InvalidRequest as error:
        text = without_prefix(error)
        raise InvalidFields({"name": f"{text[:1].upper()}{text[1:]}."}) from error


def _values(project: Project) -> dict[str, str]:
    return {
        "name": project.name,
        "checks_limit": str(project.checks_limit or ""),
        "pings_limit": str(project.pings_limit or ""),
    }


def _limit(form: Form, name: str, highest: int) -> int | None:
    """The number in the field; None where it is empty. Raises InvalidFields."""
    text = form.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= highest):
        raise InvalidFields({name: f"A whole number from 1 to {highest}, or nothing."})
    return int(text)


ROUTES = [
    (rf"/p/{UUID_PATTERN}/settings", GeneralPage),
    (rf"/p/{UUID_PATTERN}/settings/danger", DeletePage),
]
