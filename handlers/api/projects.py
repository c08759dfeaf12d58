"""The API's projects, for whoever has an admin key."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID as Uuid

import msgspec

from handlers.api.base import UUID, ApiHandler, Routes, requires, route
from handlers.api.operation import describes
from handlers.api.payloads import project_payload
from handlers.api.schemas import listed, ref
from hcserver.domain.project import Project
from hcserver.services.management.projects import KEY_KINDS
from hcserver.validation import json_fields
from hcserver.validation.project import SCHEMA, ProjectSpec, parse_project

_ROTATE_FIELDS: Final[dict[str, json_fields.Reader]] = {"kind": json_fields.choice(*KEY_KINDS)}
_DELETE_DEADLINE = 300.0  # seconds: a project may have thousands of checks


class ProjectApiHandler(ApiHandler):
    """Finds projects, and shows them with the limits that hold for them."""

    async def find_project(self, project_id: str) -> Project:
        """Raises NotFound."""
        return await self.services.projects.get(Uuid(project_id))

    async def set_limits(self, project: Project, spec: ProjectSpec) -> Project:
        """The project as it is once its limits are what `spec` says."""
        if spec.checks_limit is not None or spec.pings_limit is not None:
            checks = project.checks_limit if spec.checks_limit is None else spec.checks_limit or None
            pings = project.pings_limit if spec.pings_limit is None else spec.pings_limit or None
            await self.services.projects.limit(project, checks, pings)
        return await self.services.projects.get(project.id)

    def project_payload(self, project: Project) -> dict[str, Any]:
        checks = self.services.checks
        return project_payload(project, checks.limit(project), checks.pings_kept(project))


class ProjectsHandler(ProjectApiHandler):
    """projects/"""

    @requires("admin")
    @describes("List projects", {200: listed("projects", "Project")})
    async def get(self) -> None:
        projects = await self.services.projects.all()
        self.write_json({"projects": [self.project_payload(project) for project in projects]})

    @requires("admin")
    @describes(
        "Create a project; the only answer with its keys",
        {201: ref("NewProject")},
        body={**SCHEMA, "required": ["name"]},
    )
    async def post(self) -> None:
        """Create a project. The only answer that has the project's keys in it."""
        spec = parse_project(self.data)
        if spec.name is None:
            raise json_fields.fault("name is missing")
        project, keys = await self.services.projects.create(spec.name)
        project = await self.set_limits(project, spec)
        self.write_json({**self.project_payload(project), **msgspec.structs.asdict(keys)}, 201)


class ProjectHandler(ProjectApiHandler):
    """projects/<uuid>"""

    @requires("admin")
    @describes("Read a project", {200: ref("Project")})
    async def get(self, project_id: str) -> None:
        self.write_json(self.project_payload(await self.find_project(project_id)))

    @requires("admin")
    @describes("Change a project", {200: ref("Project")}, body=SCHEMA)
    async def post(self, project_id: str) -> None:
        project = await self.find_project(project_id)
        spec = parse_project(self.data)
        if spec.name is not None and spec.name != project.name:
            await self.services.projects.rename(project, spec.name)
        self.write_json(self.project_payload(await self.set_limits(project, spec)))

    @requires("admin")
    @describes("Delete a project with everything in it", {200: ref("Project")})
    async def delete(self, project_id: str) -> None:
        project = await self.find_project(project_id)
        self.allow(_DELETE_DEADLINE)
        await self.services.projects.delete(project)
        self.write_json(self.project_payload(project))


class RotateKeyHandler(ProjectApiHandler):
    """projects/<uuid>/rotate-key"""

    @requires("admin")
    @describes(
        "Replace one of a project's keys",
        {200: ref("RotatedKey")},
        body=json_fields.object_schema(_ROTATE_FIELDS, ["kind"]),
    )
    async def post(self, project_id: str) -> None:
        """Replace the key of the kind that `kind` names."""
        project = await self.find_project(project_id)
        asked = json_fields.parse(self.data, _ROTATE_FIELDS)
        if not asked:
            raise json_fields.fault("kind is missing")
        key = await self.services.projects.rotate_key(project, asked["kind"])
        self.write_json({"id": str(project.id), "kind": asked["kind"], "key": key})


ROUTES: Routes = [
    (route(r"projects/"), ProjectsHandler),
    (route(rf"projects/{UUID}"), ProjectHandler),
    (route(rf"projects/{UUID}/rotate-key"), RotateKeyHandler),
]
