"""Making the changes of a plan, by the services that people's own changes go through."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from uuid import UUID

from msgspec.structs import replace

from hcserver.declaration.plan import Change, Plan, ProjectPlan
from hcserver.declaration.present import PresentProject
from hcserver.declaration.project_changes import ProjectChanges
from hcserver.domain.project import Project
from hcserver.errors import HcError, InvalidRequest
from hcserver.services.container import Services
from hcserver.services.management.projects import Keys
from hcserver.validation.json_fields import without_prefix

AT_ONCE = 20  # checks that are changed or deleted at a time
NEW_AT_ONCE = 50  # checks that are created together

Told = Callable[[Project, Keys], None]
Progress = Callable[[int, int], None]
Make = Callable[[Change], Awaitable[None]]


class Executor:
    """Makes the changes of a plan in their order: first the projects, then what is in them.

    Both methods raise HcError, which names the change that could not be made, and how many are made. Those
    stay, and another plan finds out which others there are.
    """

    def __init__(self, services: Services, plan: Plan, present: Mapping[UUID, PresentProject]) -> None:
        self._services = services
        self._plan = plan
        self._present = present
        self._projects: dict[str, Project] = {one.project.name: one.project for one in present.values()}
        self._done = 0

    async def make_projects(self, told: Told) -> None:
        """`told` gets the keys of each project that is made, at once: nobody can read them later."""
        for plan in self._plan.projects:
            for change in plan.changes:
                if change.what == "project":
                    with self._named([change], plan):
                        self._projects[plan.name] = await self._project(change, told)
                    self._done += 1

    async def make_contents(self, progress: Progress) -> None:
        """To be called when the projects are made. `progress` is called with how many changes are made, and
        how many there are.
        """
        for plan in self._plan.projects:
            changes = [change for change in plan.changes if change.what != "project"]
            present = None if plan.id is None else self._present[plan.id]
            work = ProjectChanges(self._services, self._projects[plan.name], present)
            for what, group in groupby(changes, lambda change: change.what):
                if what == "check":
                    await self._checks(list(group), plan, work, progress)
                    continue
                for change in group:
                    await self._together([change], plan, work.make)
                    progress(self._done, self._plan.count())

    async def _checks(
        self, changes: Sequence[Change], plan: ProjectPlan, work: ProjectChanges, progress: Progress
    ) -> None:
        """Checks are independent of each other; but new ones get their order from the file, and all are made
        before one depends on another.
        """
        new = [change for change in changes if change.action == "create"]
        for some in _batches(new, NEW_AT_ONCE):
            with self._named(some, plan):
                await work.create_checks(some)
            self._done += len(some)
            progress(self._done, self._plan.count())
        for some in _batches([change for change in changes if change.action != "create"], AT_ONCE):
            await self._together(some, plan, work.make)
            progress(self._done, self._plan.count())
        for some in _batches([change for change in changes if change.depends_on is not None], AT_ONCE):
            await self._together(some, plan, work.depend, counts=False)

    async def _together(
        self, changes: Sequence[Change], plan: ProjectPlan, make: Make, *, counts: bool = True
    ) -> None:
        """`counts`: the changes are made with that."""
        outcomes = await asyncio.gather(*(make(change) for change in changes), return_exceptions=True)
        self._done += sum(outcome is None for outcome in outcomes) if counts else 0
        for change, outcome in zip(changes, outcomes, strict=True):
            if outcome is not None:
                with self._named([change], plan):
                    raise outcome

    async def _project(self, change: Change, told: Told) -> Project:
        projects, data = self._services.projects, change.data
        project = self._projects.get(change.name)
        if project is None:
            project, keys = await projects.create(change.name)
            told(project, replace(keys, ping_key=data.get("ping_key", keys.ping_key)))
        if data.keys() & {"checks_limit", "pings_limit"}:
            checks = data.get("checks_limit", project.checks_limit)
            await projects.limit(project, checks, data.get("pings_limit", project.pings_limit))
        if "ping_key" in data:
            await projects.take_ping_key(project, data["ping_key"])
        return await projects.get(project.id)

    @contextmanager
    def _named(self, changes: Sequence[Change], plan: ProjectPlan) -> Iterator[None]:
        """Errors say which changes of the project could not be made."""
        try:
            yield
        except HcError as error:
            problem = without_prefix(error) if isinstance(error, InvalidRequest) else str(error)
            first, last = changes[0], changes[-1]
            which = f"the {first.what} {first.name}"
            if len(changes) > 1:
                which = f"the {len(changes)} {first.what}s from {first.name} to {last.name}"
            made = f"{self._done} of {self._plan.count()} changes are made: apply the file again for the rest"
            raise HcError(f"{plan.name}: can't {first.action} {which}: {problem}\n{made}") from error


def _batches(changes: Sequence[Change], size: int) -> Iterator[Sequence[Change]]:
    return (changes[start : start + size] for start in range(0, len(changes), size))
