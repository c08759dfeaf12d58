"""Reading what projects have, and checking a plan against the settings of the server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from hcserver.declaration.faults import Faults
from hcserver.declaration.plan import Plan
from hcserver.declaration.planner import Allowed
from hcserver.declaration.present import PresentProject
from hcserver.domain.project import Project
from hcserver.services.container import Services


async def read_present(services: Services, projects: Iterable[Project]) -> dict[UUID, PresentProject]:
    """What these projects have. Raises Unavailable."""
    return {
        one.id: PresentProject(
            one,
            await services.channels.of_project(one.id),
            await services.checks.of_project(one.id),
            await services.windows.of_project(one),
        )
        for one in projects
    }


def configured_limits(services: Services) -> Allowed:
    limits = services.settings.limits
    return Allowed(checks=limits.checks_per_project, pings=limits.pings_per_check)


def require_usable_targets(services: Services, plan: Plan, present: Mapping[UUID, PresentProject]) -> None:
    """Raises InvalidRequest with a line for each new target to which nothing could be sent."""
    faults = Faults()
    for project in plan.projects:
        there = present[project.id].channels if project.id else {}
        for change in project.changes:
            if change.what == "channel" and (target := change.data.get("target")) is not None:
                kind = change.data.get("kind") or there[change.name].kind
                with Faults(change.place, change.name, faults.texts).of_field("target"):
                    services.channels.require_usable(kind, target)
    faults.raise_any()


async def find_projects(services: Services, names: Iterable[str]) -> list[Project]:
    """The projects with these names or ids, each once; without names all. Raises NotFound, Ambiguous."""
    found = [await services.projects.find(name) for name in dict.fromkeys(names)]
    return list({one.id: one for one in found or await services.projects.all()}.values())
