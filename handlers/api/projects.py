"""The API's projects, for those who have an admin key."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from handlers.api.base import UUID_PATTERN, Call, Endpoint, endpoint, json_response
from handlers.api.payloads import project_document
from handlers.ping.exchange import Response
from hcserver.domain.project import Project
from hcserver.services.management.projects import KEY_KINDS
from hcserver.validation import json_fields
from hcserver.validation.project import ProjectSpec, parse_project

_DELETE_PATIENCE = 300.0  # seconds: a project may have thousands of checks


async def list_projects(call: Call) -> Response:
    """GET projects/"""
    projects = await call.services.projects.all()
    return json_response({"projects": [_document(call, project) for project in projects]})


async def create_project(call: Call) -> Response:
    """POST projects/: the only answer that has the project's keys in it."""
    spec = parse_project(call.data)
    if spec.name is None:
        raise json_fields.fault("name is missing")
    project, keys = await call.services.projects.create(spec.name)
    project = await _limit(call, project, spec)
    return json_response({**_document(call, project), **msgspec.structs.asdict(keys)}, 201)


async def get_project(call: Call) -> Response:
    """GET projects/<uuid>"""
    return json_response(_document(call, await _find(call)))


async def update_project(call: Call) -> Response:
    """POST projects/<uuid>"""
    project = await _find(call)
    spec = parse_project(call.data)
    if spec.name not in (None, project.name):
        await call.services.projects.rename(project, spec.name)
    return json_response(_document(call, await _limit(call, project, spec)))


async def delete_project(call: Call) -> Response:
    """DELETE projects/<uuid>"""
    project = await _find(call)
    call.request.allow(_DELETE_PATIENCE)
    await call.services.projects.delete(project)
    return json_response(_document(call, project))


async def rotate_key(call: Call) -> Response:
    """POST projects/<uuid>/rotate-key: the key of the kind that `kind` names."""
    project = await _find(call)
    asked = json_fields.parse(call.data, {"kind": json_fields.choice(*KEY_KINDS)})
    if not asked:
        raise json_fields.fault("kind is missing")
    key = await call.services.projects.rotate_key(project, asked["kind"])
    return json_response({"id": str(project.id), "kind": asked["kind"], "key": key})


async def _find(call: Call) -> Project:
    return await call.services.projects.get(UUID(call.arguments[0]))


async def _limit(call: Call, project: Project, spec: ProjectSpec) -> Project:
    """The project as it is once its limits are what `spec` says."""
    if spec.checks_limit is not None or spec.pings_limit is not None:
        checks = project.checks_limit if spec.checks_limit is None else spec.checks_limit or None
        pings = project.pings_limit if spec.pings_limit is None else spec.pings_limit or None
        await call.services.projects.limit(project, checks, pings)
    return await call.services.projects.get(project.id)


def _document(call: Call, project: Project) -> dict[str, Any]:
    checks = call.services.checks
    return project_document(project, checks.limit(project), checks.pings_kept(project))


ENDPOINTS: list[Endpoint] = [
    endpoint(r"projects/", GET=("admin", list_projects), POST=("admin", create_project)),
    endpoint(
        rf"projects/{UUID_PATTERN}",
        GET=("admin", get_project),
        POST=("admin", update_project),
        DELETE=("admin", delete_project),
    ),
    endpoint(rf"projects/{UUID_PATTERN}/rotate-key", POST=("admin", rotate_key)),
]
