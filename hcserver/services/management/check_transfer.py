"""Moving a check to another project, with its log and its addresses."""

from __future__ import annotations

from uuid import UUID

from msgspec.structs import replace

from hcserver.domain.check import Check
from hcserver.domain.clock import Clock
from hcserver.domain.project import Project
from hcserver.domain.state_machine import Step
from hcserver.services.change_publisher import ChangePublisher
from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.intake.state_writer import StateWriter
from hcserver.services.lookup import Lookup
from hcserver.services.management.check_creation import CheckCreation
from hcserver.services.management.check_reader import CheckReader
from hcserver.services.management.dependency_assignment import DependencyAssignment
from hcserver.services.management.in_project import in_project
from hcserver.storage import Storage


class CheckTransfer:
    """The id stays, and with it the ping and email addresses that contain it; those with a slug change."""

    def __init__(
        self,
        storage: Storage,
        cache: CheckCache,
        writer: StateWriter,
        lookup: Lookup,
        reader: CheckReader,
        dependencies: DependencyAssignment,
        changes: ChangePublisher,
        clock: Clock,
    ) -> None:
        self._storage = storage
        self._writer = writer
        self._lookup = lookup
        self._reader = reader
        self._dependencies = dependencies
        self._changes = changes
        self._creation = CheckCreation(storage, cache, lookup, changes, clock)

    async def move(self, project: Project, id: UUID, target: Project) -> Check:
        """The check as it is in the other project, without channels and dependencies, as those belong to a
        project.

        Raises NotFound, Forbidden (it is not in `project`, or the target has as many checks as it may have),
        Unavailable.
        """
        before = await self._reader.get(project, id)
        if target.id == project.id:
            return before
        async with self._creation.exclusively(target):
            await self._creation.require_room(target, self._reader.limit(target))
            moved = await self._writer.change(id, in_project(project.id, lambda check: _moved(check, target)))
        for changed in (project, target):
            self._lookup.forget_slugs(changed.id)
        for window in await self._storage.windows.of_project(project.id):
            if window.check == id:
                await self._storage.windows.delete(window.id)
        await self._changes.publish(before)
        await self._changes.publish(moved)
        await self._dependencies.drop(before)
        return moved


def _moved(check: Check, target: Project) -> Step:
    return Step(replace(check, project=target.id, channels=(), depends_on=()))
