"""Checks and their history, as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from hcserver.config.schema import LimitSettings
from hcserver.domain.check import Check
from hcserver.domain.flip import Flip
from hcserver.domain.notification import Notification
from hcserver.domain.ping import Ping
from hcserver.domain.project import Project
from hcserver.errors import Forbidden, NotFound
from hcserver.services import limits
from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.intake.state_writer import StateWriter
from hcserver.services.lookup import Lookup
from hcserver.services.reading.ping_history import PingHistory
from hcserver.storage import Storage


class CheckReader:
    """The answers have everything that this process has acknowledged, and what others have published.

    Every method raises Unavailable when the database is away.
    """

    def __init__(
        self,
        storage: Storage,
        cache: CheckCache,
        writer: StateWriter,
        lookup: Lookup,
        ping_history: PingHistory,
        settings: LimitSettings,
    ) -> None:
        self._storage = storage
        self._cache = cache
        self._writer = writer
        self._lookup = lookup
        self._ping_history = ping_history
        self._settings = settings

    # -- checks

    async def get(self, project: Project, id: UUID) -> Check:
        """Raises NotFound, Forbidden."""
        check = await self._cache.get(id)
        if check.project != project.id:
            raise Forbidden("")
        return check

    async def by_id(self, id: UUID) -> Check:
        """The check, whatever its project. Raises NotFound."""
        return await self._cache.get(id)

    async def by_unique_key(self, project: Project, unique_key: str) -> Check:
        """Raises NotFound, for a foreign check as well."""
        check = await self._by_alias(unique_key)
        if check.project != project.id:
            raise NotFound("not found")
        return check

    async def by_badge(self, badge: UUID) -> Check:
        """Raises NotFound."""
        return await self._by_alias(badge.hex)

    async def _by_alias(self, alias: str) -> Check:
        return await self._cache.get(await self._lookup.check_by_alias(alias))

    async def of_project(
        self, project: UUID, slug: str | None = None, tags: Iterable[str] = ()
    ) -> list[Check]:
        """The project's checks with this slug and all of these tags, the oldest first."""
        wanted = set(tags)
        stored = await self._storage.checks.of_project(project, slug)
        checks = [self._cache.overlay(one) for one in stored]
        return [check for check in checks if wanted.issubset(check.tags.split())] if wanted else checks

    # -- limits

    def limit(self, project: Project) -> int:
        """How many checks the project may have."""
        return limits.checks_allowed(project, self._settings)

    def pings_kept(self, project: Project) -> int:
        """How many pings of each check are kept and shown."""
        return limits.pings_kept(project, self._settings)

    def oldest_shown(self, project: Project, check: Check) -> int:
        """The number of the first of the newest pings that people may see, if it is in the log."""
        return max(check.n_pings - self.pings_kept(project) + 1, check.shown_from)

    # -- history

    async def pings(self, check: Check, limit: int, before: int | None = None) -> list[Ping]:
        """The last `limit` pings (with n < `before`) that are in the log, newest first, without bodies."""
        return await self._ping_history.pings(check, limit, before)

    async def durations(self, check: Check, pings: Sequence[Ping]) -> dict[int, float]:
        """The durations in seconds of these pings of the check, newest first and without gaps, by number."""
        return await self._ping_history.durations(check, pings)

    async def ping(self, check: Check, n: int) -> Ping:
        """One ping with its body. Raises NotFound."""
        ping = await self._ping_history.ping(check, n)
        if ping is None:
            raise NotFound("not found")
        return ping

    async def old_failures(self, project: Project, check: Check) -> list[Ping]:
        """The failures that are kept longer than other pings, newest first, without bodies."""
        number = self._settings.failures_per_check
        if not number:
            return []
        return await self._ping_history.failures_before(check, self.oldest_shown(project, check), number)

    async def shown_ping(self, project: Project, check: Check, n: int) -> Ping:
        """One ping that people may see, with its body. Raises NotFound."""
        ping = await self.ping(check, n)
        is_kept = ping.type == "fail" and self._settings.failures_per_check > 0
        if n < self.oldest_shown(project, check) and not is_kept:
            raise NotFound("not found")
        return ping

    async def bodies(self, check: Check, ns: Iterable[int]) -> dict[int, bytes]:
        """The bodies of those of these pings that have one, by n."""
        return await self._storage.pings.bodies(check.id, filter(check.may_show, ns))

    async def flips(self, check: Check, start: datetime | None, end: datetime | None) -> list[Flip]:
        """Flips with start <= at < end, newest first."""
        await self._writer.publish(check.id)
        return await self._storage.flips.read(check.id, start, end)

    async def flips_of_all(self, start: datetime, end: datetime, limit: int) -> list[Flip]:
        """The last `limit` flips of all checks with start <= at < end that are published, newest first."""
        return await self._storage.flips.within(start, end, limit)

    async def flips_numbered(self, check: Check, first: int, last: int) -> list[Flip]:
        """Flips with first <= n <= last, newest first."""
        await self._writer.publish(check.id)
        return await self._storage.flips.numbered(check.id, first, last)

    async def notifications(
        self, check: Check, limit: int, before: datetime | None = None
    ) -> list[Notification]:
        """The last `limit` notifications about the check (before that moment), sent or not, newest first."""
        await self._writer.publish(check.id)
        return await self._storage.notifications.of_check(check.id, limit, before)
