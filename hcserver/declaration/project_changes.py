"""One change within a project, as the request of the API that makes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from hcserver.declaration.plan import Change
from hcserver.declaration.present import PresentProject
from hcserver.declaration.read_window import as_sent
from hcserver.domain.project import Project
from hcserver.services.container import Services
from hcserver.validation.channel import parse_channel
from hcserver.validation.check import Spec, parse_spec

_VERSION = 3  # of the API, whose fields the data of changes are


class ProjectChanges:
    """Makes changes in one project, and knows the ids of the channels and checks that it has by then."""

    def __init__(self, services: Services, project: Project, present: PresentProject | None) -> None:
        self._services = services
        self._project = project
        self._channels = {} if present is None else {name: one.id for name, one in present.channels.items()}
        self._checks = {} if present is None else {slug: one.id for slug, one in present.checks.items()}

    async def make(self, change: Change) -> None:
        """Raises what the services raise."""
        match change.what:
            case "channel":
                await self._channel(change)
            case "check":
                await self._check(change)
            case "window":
                await self._window(change)
            case "project":
                raise AssertionError("a project is made before its contents are changed")

    async def create_checks(self, changes: Sequence[Change]) -> None:
        """Make all of these checks, or none if an error is raised."""
        specs = [self._spec(change) for change in changes]
        for check in await self._services.check_editor.create_all(self._project, specs):
            self._checks[check.slug] = check.id

    async def depend(self, change: Change) -> None:
        """Give a check, once all are made, those on which it is to depend. Raises what the services raise."""
        spec = parse_spec({"depends_on": change.depends_on}, _VERSION)
        await self._services.check_editor.update(self._project, self._checks[change.name], spec)

    async def _channel(self, change: Change) -> None:
        channels = self._services.channels
        if change.action == "delete" and change.id is not None:
            await channels.delete(self._project, change.id)
            return
        data = dict(change.data)
        if "events" in data:
            data["events"] = list(data["events"])
        if change.channels is not None:
            data["target"] = self._assigned(change)
        if change.id is None:
            made = await channels.create(self._project, parse_channel(data))
            self._channels[change.name] = made.id
        else:
            await channels.update(self._project, change.id, parse_channel(data))

    async def _check(self, change: Change) -> None:
        if change.action == "delete" and change.id is not None:
            await self._services.check_deletion.delete(self._project, change.id)
            return
        if change.id is None:
            await self.create_checks([change])
        else:
            await self._services.check_editor.update(self._project, change.id, self._spec(change))

    def _spec(self, change: Change) -> Spec:
        data = dict(change.data)
        if change.channels is not None:
            data["channels"] = self._assigned(change)
        return parse_spec(data, _VERSION)

    async def _window(self, change: Change) -> None:
        windows = self._services.windows
        if change.action == "delete" and change.id is not None:
            await windows.delete(self._project, change.id)
            return
        data: dict[str, Any] = as_sent(change.data)
        if "tag" in data:
            data["check"] = None if change.check is None else str(self._checks[change.check])
        if change.id is None:
            await windows.create(self._project, data)
        else:
            await windows.update(self._project, change.id, data)

    def _assigned(self, change: Change) -> str:
        """The ids of channels that a check or a group is to have."""
        ids: list[UUID] = [*(self._channels[name] for name in change.channels or ()), *change.kept]
        return ",".join(map(str, ids))
