"""On which other checks of its project a check is to depend."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from hcserver.domain.check import Check
from hcserver.domain.state_machine import Step
from hcserver.domain.uuids import parse_uuid
from hcserver.errors import InvalidRequest, NotFound, Unavailable
from hcserver.services.background import Errands
from hcserver.services.dependencies import Dependencies
from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.intake.state_writer import StateWriter
from hcserver.services.management.in_project import in_project
from hcserver.services.reading.project_index import Selection
from hcserver.services.reading.project_reader import ProjectReader
from hcserver.validation.check import Spec
from hcserver.validation.json_fields import fault

WAIT: Final = 1.0  # seconds, where a request has five


class DependencyAssignment:
    """Every method raises Unavailable when the database is away."""

    def __init__(
        self, cache: CheckCache, writer: StateWriter, reader: ProjectReader, dependencies: Dependencies
    ) -> None:
        self._cache = cache
        self._writer = writer
        self._reader = reader
        self._dependencies = dependencies
        self._errands = Errands("dependencies on a check that is gone")

    async def stop(self) -> None:
        """Give up what is not written yet: its id counts as none."""
        await self._errands.stop()

    async def resolve(self, project: UUID, spec: Spec, known: Collection[UUID] = ()) -> Spec:
        """The request with the ids of the checks that it names. Those among `known` that do not exist any
        more are left out, so that a document can be sent back as it was given.

        Raises InvalidRequest that says which one is wrong.
        """
        if spec.depends_on is None:
            return spec
        found = [await self._resolve(project, identifier, known) for identifier in spec.depends_on]
        ids = tuple(dict.fromkeys(id for id in found if id is not None))
        return replace(spec, changes={**spec.changes, "depends_on": ids})

    async def require_no_cycle(self, check: Check, spec: Spec) -> None:
        """Raises InvalidRequest if the check would depend on itself, also by others."""
        if not (wanted := spec.changes.get("depends_on")):
            return
        if check.id in wanted:
            raise fault("depends_on names the check itself")
        for one in await self._dependencies.above(replace(check, depends_on=wanted)):
            if check.id in one.depends_on:
                raise fault(f"depends_on makes a cycle: {one.slug or one.id} depends on this check")

    async def drop(self, check: Check) -> None:
        """The check was deleted or is in another project: no check depends on it any more.

        When that is not written after WAIT, as may be with hundreds of checks, it is written soon after. If
        the server is killed before, or the checks of the project are not in memory, its id stays with those
        that depended on it, and counts as none.
        """
        below = await self._reader.known_dependents(check.project, check.id)
        if below:
            written = asyncio.Event()
            self._errands.begin(self._drop_all(below, check.id, written))
            with suppress(TimeoutError):
                async with asyncio.timeout(WAIT):
                    await written.wait()

    async def _drop_all(self, checks: Sequence[Check], id: UUID, written: asyncio.Event) -> None:
        try:
            await asyncio.gather(*(self._drop(one, id) for one in checks))
        finally:
            written.set()

    async def _drop(self, check: Check, id: UUID) -> None:
        def without(current: Check) -> Step:
            return Step(replace(current, depends_on=tuple(one for one in current.depends_on if one != id)))

        # It was deleted or moved as well, or it is not known whether it is written.
        with suppress(NotFound, Unavailable):
            await self._writer.change(check.id, in_project(check.project, without))

    async def _resolve(self, project: UUID, identifier: str, known: Collection[UUID]) -> UUID | None:
        id = parse_uuid(identifier)
        if id is not None and await self._is_in(project, id):
            return id
        found = await self._reader.checks(project, Selection(identifier), limit=2)
        if len(found) > 1:
            raise _named(identifier, "which several checks of the project have as their slug")
        if not found and id not in known:
            raise _named(identifier, "which is neither the uuid nor the slug of a check of the project")
        return found[0].id if found else None

    async def _is_in(self, project: UUID, id: UUID) -> bool:
        try:
            return (await self._cache.get(id)).project == project
        except NotFound:
            return False


def _named(identifier: str, problem: str) -> InvalidRequest:
    return fault(f"depends_on names {identifier!r}, {problem}")
