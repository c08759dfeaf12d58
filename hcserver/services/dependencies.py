"""The checks on which a check depends, by itself or by others."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import Final
from uuid import UUID

from hcserver.domain.check import Check
from hcserver.errors import NotFound
from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.reading.index_loader import IndexLoader

WAIT: Final = 1.0  # seconds that a message waits for a number that it could do without
WALKED: Final = 100  # checks that are looked at; what is further away counts as not there


class Dependencies:
    """Answers from memory. Every method raises Unavailable when the database is away and needed."""

    def __init__(self, cache: CheckCache, loader: IndexLoader) -> None:
        self._cache = cache
        self._loader = loader

    async def of(self, check: Check) -> list[Check]:
        """The checks that it names, in its order, without those that were deleted or are in another project
        by now.
        """
        found = [await self._find(id) for id in check.depends_on]
        return [one for one in found if one is not None and one.project == check.project]

    async def above(self, check: Check) -> list[Check]:
        """The checks on which it depends, the nearest first: those that it names, those that these name and
        so on, WALKED at most. Itself is among them if it is part of a cycle.
        """
        found: dict[UUID, Check] = {}
        waiting = deque([check])
        while waiting:
            for one in await self.of(waiting.popleft()):
                if one.id not in found and len(found) < WALKED:
                    found[one.id] = one
                    waiting.append(one)
        return list(found.values())

    async def may_lead_to(self, check: Check, other: UUID) -> bool:
        """Whether the check depends on the other one, or there are too many on which it does to be sure."""
        above = await self.above(check)
        return len(above) >= WALKED or any(one.id == other for one in above)

    async def number_below(self, check: Check) -> int:
        """How many checks name it as one on which they depend; 0 if that is not known within WAIT, as with a
        large project of which nothing is in memory yet.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT):
                if (index := await self._loader.index(check.project)) is not None:
                    return len(index.dependents(check.id))
        return 0

    async def _find(self, id: UUID) -> Check | None:
        try:
            return await self._cache.get(id)
        except NotFound:
            return None
