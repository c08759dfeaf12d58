"""Creating checks: within the project's limit, one at a time, whichever processes do it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from hcserver.domain.check import Check
from hcserver.domain.clock import Clock
from hcserver.domain.project import Project
from hcserver.errors import Forbidden
from hcserver.services.change_publisher import ChangePublisher
from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.lookup import Lookup
from hcserver.storage import Storage
from hcserver.storage.checks import Stored

_NEAR_LIMIT = 100  # checks: from here on each new one is counted exactly
_COUNT_TIME = timedelta(minutes=1)  # for so long a count is good enough far from the limit


class CheckCreation:
    """Every method raises Unavailable when the database is away."""

    def __init__(
        self, storage: Storage, cache: CheckCache, lookup: Lookup, changes: ChangePublisher, clock: Clock
    ) -> None:
        self._storage = storage
        self._cache = cache
        self._lookup = lookup
        self._changes = changes
        self._clock = clock
        self._last_created: datetime | None = None
        # project -> how many checks it has, and until when that is good enough
        self._counts: dict[UUID, tuple[int, datetime]] = {}

    def exclusively(self, project: Project) -> AbstractAsyncContextManager[None]:
        """Within it nobody else creates a check of the project."""
        return self._storage.locks.hold(f"checks:{project.id}", self._clock)

    def has_ample_room(self, project: Project, limit: int) -> bool:
        """Whether the project is so far from its limit that checks may be created at the same time."""
        count, good_until = self._counts.get(project.id, (limit, self._clock()))
        return count + _NEAR_LIMIT < limit and self._clock() < good_until

    async def require_room(self, project: Project, limit: int, new: int = 1) -> None:
        """Raises Forbidden if the project would have more than `limit` checks with so many new ones."""
        count, good_until = self._counts.get(project.id, (0, self._clock()))
        if count + new + _NEAR_LIMIT > limit or self._clock() >= good_until:
            count = await self._storage.checks.count(project.id)
            good_until = self._clock() + _COUNT_TIME
        if count + new > limit:
            raise Forbidden("check limit reached")
        self._counts[project.id] = (count + new, good_until)

    def blank(self, project: Project, id: UUID | None = None, badge: UUID | None = None) -> Check:
        """A new check with default settings, and with new ids where none are given."""
        return Check(
            id=id or uuid4(), project=project.id, created=self._creation_time(), badge=badge or uuid4()
        )

    async def insert(self, check: Check) -> Check:
        await self._storage.checks.insert(check)
        self._cache.add(Stored(check, rev=1))
        self._lookup.forget_slugs(check.project)
        await self._changes.publish(check)
        return check

    async def insert_all(self, project: Project, checks: Sequence[Check]) -> None:
        """Insert checks of the project together: with three commands, however many they are."""
        await self._storage.checks.insert_all(checks)
        for check in checks:
            self._cache.add(Stored(check, rev=1))
        self._lookup.forget_slugs(project.id)
        await self._changes.publish_all(project.id, [check.id for check in checks])

    def _creation_time(self) -> datetime:
        """Now, or a little later: no two checks of this process have the same time, so that their order is
        certain.
        """
        now = self._clock()
        if self._last_created is not None and now <= self._last_created:
            now = self._last_created + timedelta(milliseconds=1)
        self._last_created = now
        return now
