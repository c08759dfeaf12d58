"""Deleting checks with all that belongs to them, even if the server dies in the middle of it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from hcserver.domain.check import Check
from hcserver.domain.clock import Clock
from hcserver.domain.project import Project
from hcserver.services.change_publisher import ChangePublisher
from hcserver.services.events import CheckDeleted, EventBus
from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.lookup import Lookup
from hcserver.services.management.check_reader import CheckReader
from hcserver.services.management.dependency_assignment import DependencyAssignment
from hcserver.storage import Storage

TOMBSTONE_TIME = timedelta(minutes=10)  # after that no process has a deleted check in its memory
SWEEP_EVERY = 60.0  # seconds between looks for deletions that are to be finished


class CheckDeletion:
    """Every method raises Unavailable when the database is away."""

    def __init__(
        self,
        storage: Storage,
        cache: CheckCache,
        lookup: Lookup,
        reader: CheckReader,
        dependencies: DependencyAssignment,
        changes: ChangePublisher,
        events: EventBus,
        clock: Clock,
    ) -> None:
        self._storage = storage
        self._cache = cache
        self._lookup = lookup
        self._reader = reader
        self._dependencies = dependencies
        self._changes = changes
        self._events = events
        self._clock = clock

    async def stop(self) -> None:
        """Give up what deletions still have to write to other checks, which can do without."""
        await self._dependencies.stop()

    async def delete(self, project: Project, id: UUID) -> Check:
        """Delete a check with its pings, flips and maintenance windows; the check as it was. No other one
        depends on it then.

        Raises NotFound, Forbidden.
        """
        check = await self._reader.get(project, id)
        await self.remove(check)
        for window in await self._storage.windows.of_project(project.id):
            if window.check == id:
                await self._storage.windows.delete(window.id)
        await self._dependencies.drop(check)
        return check

    async def remove(self, check: Check) -> None:
        """Delete a check with its pings, flips and notifications.

        The tombstone comes first: whatever is left when the server dies in the middle, or is appended by
        processes that have not heard of the deletion yet, is removed later on (`sweep`).
        """
        await self._storage.tombstones.put(check.id, check.n_pings, check.log_from, self._clock())
        try:
            await self._delete_document(check)
        except BaseException:
            # Whether it is still there is unknown: whoever wants it has to look.
            self._cache.forget(check.id, check.project)
            self._lookup.forget(check.id)
            raise
        self._forget_deleted(check)
        await self._remove_history(check.id, check.n_pings, check.log_from)
        await self._changes.publish(check)

    async def sweep(self) -> float:
        """Finish deletions: once no process can have the check in memory any more, remove what came since.

        The seconds until the next call is worth it.
        """
        for check, n_pings, log_from in await self._storage.tombstones.before(self._clock() - TOMBSTONE_TIME):
            for left in (await self._storage.checks.load([check])).values():
                await self._delete_document(left.check)
                # What its document does not say yet about pruning: failures between the two may be kept.
                log_from = min(log_from, left.check.log_from)
                self._forget_deleted(left.check)
                await self._changes.publish(left.check)
            await self._remove_history(check, n_pings, log_from)
            await self._storage.tombstones.drop(check)
        return SWEEP_EVERY

    async def _delete_document(self, check: Check) -> None:
        # The document alone says which failures are kept, so that they go first.
        await self._storage.pings.delete_each(check.id, check.kept_failures)
        await self._storage.checks.delete(check)

    def _forget_deleted(self, check: Check) -> None:
        self._cache.remove_deleted(check)
        self._lookup.forget(check.id)
        self._events.publish(CheckDeleted(check))

    async def _remove_history(self, check: UUID, n_pings: int, log_from: int) -> None:
        last = n_pings + len(await self._storage.pings.tail(check, n_pings))
        # Noted before anything is removed: what comes in from now on begins behind it, where `sweep` looks.
        await self._storage.tombstones.extend(check, last)
        await self._storage.pings.delete(check, log_from, last)
        await self._storage.flips.delete(check)
        await self._storage.notifications.delete_of_check(check)
