"""Loading the index of a project from the database, and bringing it up to date before it is read."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from hcserver.domain.clock import Clock
from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.reading.project_index import ProjectIndex
from hcserver.services.reading.project_indexes import ProjectIndexes
from hcserver.storage.checks import CheckStore
from hcserver.storage.client import IN_LIMIT

PER_TURN = 500  # checks indexed, some 5 ms, before others get their turn
TOO_LARGE_TIME = timedelta(minutes=1)  # until a project that was too large for an index is counted again
_TOO_LARGE_REMEMBERED = 1000  # projects
_ATTEMPTS = 3  # to load an index that is dropped as soon as it is loaded


class IndexLoader:
    """Every method raises Unavailable when the database is away and needed."""

    def __init__(self, checks: CheckStore, cache: CheckCache, indexes: ProjectIndexes, clock: Clock) -> None:
        self._checks = checks
        self._cache = cache
        self._indexes = indexes
        self._clock = clock
        self._loads: dict[UUID, asyncio.Task[None]] = {}
        self._too_large: dict[UUID, datetime] = {}  # since when that is known

    async def stop(self) -> None:
        """Give up what is being loaded."""
        loads = list(self._loads.values())
        for load in loads:
            load.cancel()
        await asyncio.gather(*loads, return_exceptions=True)

    async def index(self, project: UUID) -> ProjectIndex | None:
        """The project's index as of now, with everything that was acknowledged in this process. None if it
        has too many checks to be indexed.
        """
        for _ in range(_ATTEMPTS):
            if (index := await self.known(project)) is not None:
                return index
            if self._is_too_large(project):
                return None
            await self._loaded(project)
        return None

    async def known(self, project: UUID) -> ProjectIndex | None:
        """Like `index`, but None where it would have to be loaded."""
        index = self._indexes.get(project)
        if index is not None and index.is_ahead_of(self._clock()):
            self._indexes.drop(project)
            return None
        if index is None or not index.loaded:
            return None
        await self._refresh(project, index)
        await self._advance(index)
        return index

    def _is_too_large(self, project: UUID) -> bool:
        since = self._too_large.get(project)
        return since is not None and since <= self._clock() < since + TOO_LARGE_TIME

    async def _loaded(self, project: UUID) -> None:
        """Load the index, or wait until it is loaded: whoever asks meanwhile shares one task, which goes on
        when they have stopped waiting.
        """
        load = self._loads.get(project)
        if load is None:
            load = self._loads[project] = asyncio.create_task(self._load(project), name="index a project")
            load.add_done_callback(lambda _: self._loads.pop(project, None))
        await asyncio.shield(load)

    async def _load(self, project: UUID) -> None:
        count = await self._checks.count(project)
        index = self._indexes.begin(project)
        try:
            if await self._read(project, index, count):
                index.finish_loading()
                return
        except BaseException:
            self._indexes.drop(project)
            raise
        self._indexes.drop(project)
        self._too_large.pop(project, None)
        self._too_large[project] = self._clock()
        if len(self._too_large) > _TOO_LARGE_REMEMBERED:
            del self._too_large[next(iter(self._too_large))]

    async def _read(self, project: UUID, index: ProjectIndex, count: int) -> bool:
        """Read the project's checks into the index; False if there is no room for them."""
        if not self._indexes.make_room(project, count):
            return False
        async for piece in self._checks.pieces_of_project(project):
            for stored in piece:
                index.load(self._cache.overlay(stored), self._clock())
            if not self._indexes.make_room(project):
                return False
            await asyncio.sleep(0)
        return True

    async def _advance(self, index: ProjectIndex) -> None:
        """Take in what has changed since the last time, and the time that has passed."""
        more = True
        while more:
            more = index.advance(self._clock(), PER_TURN)
            if more:
                await asyncio.sleep(0)

    async def _refresh(self, project: UUID, index: ProjectIndex) -> None:
        """Load those checks again that other processes have changed."""
        if not index.outdated and not index.refreshing.locked():
            return
        async with index.refreshing:
            while index.outdated:
                batch = list(islice(index.outdated, IN_LIMIT))
                index.outdated.difference_update(batch)
                try:
                    await self._cache.ensure(batch)
                except BaseException:
                    index.outdated.update(batch)
                    raise
                for id in batch:
                    cached = self._cache.find(id)
                    if cached is None or cached.check.project != project:
                        index.remove(id)
                    else:
                        index.put(cached.check, self._clock())
