"""The checks of a project, their tags and the counts of their statuses, as lists and badges show them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from uuid import UUID

from hcserver.domain.check import Check
from hcserver.domain.clock import Clock
from hcserver.domain.status import ShownStatus, shown_status
from hcserver.services.management.check_reader import CheckReader
from hcserver.services.reading.index_loader import IndexLoader
from hcserver.services.reading.indexed_check import Key, key_of
from hcserver.services.reading.project_index import Selection

EVERYTHING = Selection()
_PER_TURN = 2000  # checks looked at, some 2 ms, before others get their turn
_COUNTED_PER_TURN = 500  # checks whose status is computed, some 2 ms
_UNLIMITED = 2**62  # checks


class ProjectReader:
    """Answers from the project's index, or from the database if the project has too many checks for one.

    The answers have everything acknowledged. Every method raises Unavailable when the database is away and
    needed.
    """

    def __init__(self, loader: IndexLoader, reader: CheckReader, clock: Clock) -> None:
        self.loader = loader
        self._reader = reader
        self._clock = clock

    async def stop(self) -> None:
        """Give up what is being loaded."""
        await self.loader.stop()

    async def checks(
        self,
        project: UUID,
        selection: Selection = EVERYTHING,
        after: Key | None = None,
        limit: int = _UNLIMITED,
    ) -> list[Check]:
        """The selected checks, the oldest first: `limit` at most, of those behind `after`."""
        index = await self.loader.index(project)
        if index is None:
            return await self._from_database(project, selection, after, limit)
        found: list[Check] = []
        while True:
            some, after = index.select(selection, after, limit - len(found), _PER_TURN)
            found += some
            if after is None or len(found) >= limit:
                return found
            await asyncio.sleep(0)

    async def dependents(self, project: UUID, id: UUID) -> list[Check]:
        """The checks of the project that depend on this one, the oldest first."""
        index = await self.loader.index(project)
        if index is not None:
            return index.dependents(id)
        return [check for check in await self._reader.of_project(project) if id in check.depends_on]

    async def known_dependents(self, project: UUID, id: UUID) -> list[Check]:
        """The same as far as that is known without reading the whole project: all of them, or none."""
        index = await self.loader.known(project)
        return [] if index is None else index.dependents(id)

    async def shown(self, project: UUID) -> list[tuple[Check, ShownStatus]]:
        """Every check with the status that it shows, in no order."""
        index = await self.loader.index(project)
        if index is not None:
            return [(entry.check, entry.status) for entry in index.shown()]
        shown: list[tuple[Check, ShownStatus]] = []
        checks = await self._reader.of_project(project)
        for start in range(0, len(checks), _COUNTED_PER_TURN):
            now = self._clock()
            shown += [
                (check, shown_status(check, now)) for check in checks[start : start + _COUNTED_PER_TURN]
            ]
            await asyncio.sleep(0)
        return shown

    async def tags(self, project: UUID) -> set[str]:
        """The tags that some check of the project has."""
        index = await self.loader.index(project)
        if index is not None:
            return set(index.tags())
        return {tag for check in await self._reader.of_project(project) for tag in check.tag_list()}

    async def status_counts(self, project: UUID, tag: str | None) -> Mapping[ShownStatus, int]:
        """How many of the checks with the tag (None: of all) show which status."""
        index = await self.loader.index(project)
        if index is not None:
            return index.counts(tag)
        checks = await self._reader.of_project(project, tags=() if tag is None else (tag,))
        counts: Counter[ShownStatus] = Counter()
        for start in range(0, len(checks), _COUNTED_PER_TURN):
            now = self._clock()
            counts.update(shown_status(check, now) for check in checks[start : start + _COUNTED_PER_TURN])
            await asyncio.sleep(0)
        return counts

    async def _from_database(
        self, project: UUID, selection: Selection, after: Key | None, limit: int
    ) -> list[Check]:
        checks = await self._reader.of_project(project, selection.slug, selection.tags)
        return [check for check in checks if after is None or key_of(check) > after][:limit]
