"""What people do with checks: list, create, change, pause, resume, delete, and read their history."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from msgspec.structs import replace

from hcserver.config.schema import LimitSettings
from hcserver.domain.check import Check
from hcserver.domain.clock import Clock
from hcserver.domain.flip import Flip
from hcserver.domain.notification import Notification
from hcserver.domain.ping import Ping
from hcserver.domain.project import Project
from hcserver.domain.state_machine import Step, change_settings, pause, resume
from hcserver.errors import Conflict, Forbidden, InvalidRequest, NotFound
from hcserver.services.delivery.held_notifications import release
from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.lookup import Lookup
from hcserver.storage import Storage
from hcserver.storage.checks import Stored
from hcserver.validation.check import Spec, apply_spec, unique_matches

log = logging.getLogger(__name__)

SHOWN_PINGS = 1000  # the most that the API lists of one check
_NEAR_LIMIT = 100  # checks: from here on each new one is counted exactly
_COUNT_TIME = timedelta(minutes=1)
TOMBSTONE_TIME = timedelta(minutes=10)  # after that no process has a deleted check in its memory


class Checks:
    """The checks of projects. Every method raises Unavailable when the database is away."""

    def __init__(
        self, storage: Storage, cache: CheckCache, lookup: Lookup, limits: LimitSettings, clock: Clock
    ) -> None:
        self._storage = storage
        self._cache = cache
        self._lookup = lookup
        self._limits = limits
        self._clock = clock
        self._last_created: datetime | None = None
        self._telling: set[asyncio.Task[None]] = set()
        self._counts: dict[UUID, tuple[int, datetime]] = {}  # checks of a project -> known until

    # -- reading

    async def get(self, project: Project, id: UUID) -> Check:
        """Raises NotFound, Forbidden."""
        check = await self._cache.get(id)
        if check.project != project.id:
            raise Forbidden("")
        return check

    async def by_unique_key(self, project: Project, unique_key: str) -> Check:
        """Raises NotFound, for a foreign check as well."""
        id = await self._storage.checks.aliased(unique_key)
        if id is None:
            raise NotFound("not found")
        check = await self._cache.get(id)
        if check.project != project.id:
            raise NotFound("not found")
        return check

    async def by_badge(self, badge: UUID) -> Check:
        """Raises NotFound."""
        id = await self._storage.checks.aliased(badge.hex)
        if id is None:
            raise NotFound("not found")
        return await self._cache.get(id)

    async def of_project(
        self, project: UUID, slug: str | None = None, tags: Iterable[str] = ()
    ) -> list[Check]:
        """The project's checks with this slug and all of these tags, the oldest first."""
        wanted = set(tags)
        stored = await self._storage.checks.of_project(project, slug)
        checks = [self._cache.overlay(one) for one in stored]
        return [check for check in checks if wanted.issubset(check.tags.split())] if wanted else checks

    def limit(self, project: Project) -> int:
        """How many checks the project may have."""
        return project.checks_limit or self._limits.checks_per_project

    def pings_kept(self, project: Project) -> int:
        """How many pings of each check are kept and shown."""
        return min(project.pings_limit or self._limits.pings_per_check, SHOWN_PINGS)

    async def pings(self, check: Check, limit: int, before: int | None = None) -> list[Ping]:
        """The last `limit` pings (with n < `before`), newest first."""
        last = check.n_pings if before is None else min(before - 1, check.n_pings)
        pings = await self._storage.pings.read(check.id, last - limit + 1, last)
        return pings[::-1]

    async def ping(self, check: Check, n: int) -> Ping:
        """One ping with its body. Raises NotFound."""
        ping = await self._storage.pings.get(check.id, n) if 1 <= n <= check.n_pings else None
        if ping is None:
            raise NotFound("not found")
        return ping

    async def flips(self, check: Check, start: datetime | None, end: datetime | None) -> list[Flip]:
        """Flips with start <= at < end, newest first, including those of every acknowledged ping."""
        await self._cache.settle(check.id)
        return await self._storage.flips.read(check.id, start, end)

    # -- changing

    async def create(self, project: Project, spec: Spec) -> tuple[Check, bool]:
        """Create a check, or change the one that matches `spec.unique`; whether it was created.

        Raises InvalidRequest (a channel), Forbidden (the project's limit is reached).
        """
        channels = await self.resolve_channels(project, spec.channels)
        async with self._exclusively(project):
            if spec.unique:
                for check in await self.of_project(project.id, _slug_asked_for(spec)):
                    if unique_matches(spec, check):
                        return await self._change(check, spec, channels), False
            await self._make_room(project, self.limit(project))
            fresh = Check(id=uuid4(), project=project.id, created=self._creation_time(), badge=uuid4())
            if channels is None:
                channels = await self._assigned_to_new(project)
            check = replace(apply_spec(fresh, spec), channels=channels)
            return await self._insert(check), True

    async def create_for_slug(self, project: Project, slug: str) -> tuple[UUID, bool]:
        """The check with this slug, created if there is none.

        Raises Ambiguous; NotFound when the limit is reached.
        """
        channels = await self.resolve_channels(project, "*")
        async with self._exclusively(project):
            try:
                return await self._lookup.check_by_slug(project.id, slug), False
            except NotFound:
                pass
            try:
                await self._make_room(project, 2 * self.limit(project))
            except Forbidden:
                raise NotFound("not found") from None
            check = Check(
                id=uuid4(),
                project=project.id,
                created=self._creation_time(),
                badge=uuid4(),
                name=slug,
                slug=slug,
                channels=channels or (),
            )
            return (await self._insert(check)).id, True

    async def update(self, project: Project, id: UUID, spec: Spec) -> Check:
        """Raises NotFound, Forbidden, InvalidRequest (a channel); then nothing is changed."""
        check = await self.get(project, id)
        channels = await self.resolve_channels(project, spec.channels)
        return await self._change(check, spec, channels)

    async def pause(self, project: Project, id: UUID) -> Check:
        """Raises NotFound, Forbidden."""
        await self._get_fresh(project, id)
        now = self._clock()
        check = await self._cache.change(id, lambda check: pause(check, now))
        await self._tell(check)
        return check

    async def snooze(self, project: Project, id: UUID, until: datetime | None) -> Check:
        """Hold back notifications that the check is down until that moment; None: end the snooze.

        The moment is cut to seconds, as documents show it. Raises NotFound, Forbidden.
        """
        await self.get(project, id)
        until = until and until.replace(microsecond=0)
        check = await self._cache.change(id, lambda check: Step(replace(check, snoozed_until=until)))
        await self._tell(check)
        await release(self._storage, [id], self._clock())
        return check

    async def notifications(self, check: Check, limit: int) -> list[Notification]:
        """The last `limit` of what was, or is to be, told of the check, newest first."""
        await self._cache.settle(check.id)
        return await self._storage.notifications.of_check(check.id, limit)

    async def resume(self, project: Project, id: UUID) -> Check:
        """Raises NotFound, Forbidden, Conflict when it is not paused."""
        await self._get_fresh(project, id)
        now = self._clock()

        def resume_paused(check: Check) -> Step:
            if check.status != "paused":
                raise Conflict("check is not paused")
            return resume(check, now)

        check = await self._cache.change(id, resume_paused)
        await self._tell(check)
        return check

    async def delete(self, project: Project, id: UUID) -> Check:
        """Delete a check with its pings, flips and maintenance windows; the check as it was.

        Raises NotFound, Forbidden.
        """
        check = await self.get(project, id)
        await self.remove(check)
        for window in await self._storage.windows.of_project(project.id):
            if window.check == id:
                await self._storage.windows.delete(window.id)
        return check

    async def remove(self, check: Check) -> None:
        """Delete a check and all that belongs to it.

        The tombstone comes first: whatever is left when we die in the middle, or is appended by those who
        have not heard of it yet, is removed later on (`sweep`).
        """
        await self._storage.tombstones.put(check.id, check.n_pings, check.log_from, self._clock())
        try:
            await self._storage.checks.delete(check)
        except BaseException:
            # Whether it is still there is unknown: whoever wants it has to look.
            self._cache.forget(check.id)
            self._lookup.forget(check.id)
            raise
        self._cache.drop(check.id)
        self._lookup.forget(check.id)
        await self._remove_history(check.id, check.n_pings, check.log_from)
        await self._tell(check)

    async def sweep(self) -> None:
        """Finish deletions: once nobody can have the check in memory any more, remove what came since."""
        for check, n_pings, log_from in await self._storage.tombstones.before(self._clock() - TOMBSTONE_TIME):
            for left in (await self._storage.checks.load([check])).values():
                await self._storage.checks.delete(left.check)
                self._cache.drop(check)
                self._lookup.forget(check)
                await self._tell(left.check)
            await self._remove_history(check, n_pings, log_from)
            await self._storage.tombstones.drop(check)

    async def _remove_history(self, check: UUID, n_pings: int, log_from: int) -> None:
        last = n_pings + len(await self._storage.pings.tail(check, n_pings))
        # Noted before anything is removed: what comes in from now on begins behind it, where `sweep` looks.
        await self._storage.tombstones.extend(check, last)
        await self._storage.pings.delete(check, log_from, last)
        await self._storage.flips.delete(check)
        await self._storage.notifications.delete_of_check(check)

    async def resolve_channels(self, project: Project, wanted: str | None) -> tuple[UUID, ...] | None:
        """The ids that `wanted` names: "*" all, "" none, else ids and exact names; None for None.

        Raises InvalidRequest that says which one is wrong.
        """
        if not wanted:
            return None if wanted is None else ()
        channels = await self._storage.channels.of_project(project.id)
        if wanted == "*":
            return tuple(channel.id for channel in channels)
        named: dict[str, list[UUID]] = {}
        for channel in channels:
            for identifier in {str(channel.id), channel.name}:
                named.setdefault(identifier, []).append(channel.id)
        # Told apart once each: a request may name the same one a hundred thousand times.
        identifiers = dict.fromkeys(wanted.split(","))
        return tuple(dict.fromkeys(_only(identifier, named) for identifier in identifiers))

    async def _assigned_to_new(self, project: Project) -> tuple[UUID, ...]:
        """The channels of a new check that names none."""
        channels = await self._storage.channels.of_project(project.id)
        return tuple(channel.id for channel in channels if channel.auto_assign)

    async def _change(self, check: Check, spec: Spec, channels: tuple[UUID, ...] | None) -> Check:
        now = self._clock()

        def apply(current: Check) -> Step:
            check = apply_spec(current, spec)
            return change_settings(check if channels is None else replace(check, channels=channels), now)

        after = await self._cache.change(check.id, apply)
        if after.slug != check.slug:
            self._lookup.forget_slugs(after.project)
        await self._tell(after)
        if after.snoozed_until != check.snoozed_until:
            await release(self._storage, [check.id], now)
        return after

    async def _insert(self, check: Check) -> Check:
        await self._storage.checks.insert(check)
        self._cache.add(Stored(check, rev=1))
        self._lookup.forget_slugs(check.project)
        await self._tell(check)
        return check

    async def _make_room(self, project: Project, limit: int) -> None:
        """Refuse the check that would be one too many. Far from the limit an old count is good enough."""
        count, good_until = self._counts.get(project.id, (0, self._clock()))
        if count + _NEAR_LIMIT >= limit or self._clock() >= good_until:
            count = await self._storage.checks.count(project.id)
            good_until = self._clock() + _COUNT_TIME
        if count >= limit:
            raise Forbidden("check limit reached")
        self._counts[project.id] = (count + 1, good_until)

    def _creation_time(self) -> datetime:
        """Now, or a little later: no two checks of this process are of one age, so their order is certain."""
        now = self._clock()
        if self._last_created is not None and now <= self._last_created:
            now = self._last_created + timedelta(milliseconds=1)
        self._last_created = now
        return now

    async def _get_fresh(self, project: Project, id: UUID) -> Check:
        """As the database and the log have it, whoever changed it. Raises NotFound, Forbidden."""
        await self._cache.refresh([id])
        return await self.get(project, id)

    def tell_later(self, check: Check) -> None:
        """A change of the check was written although whoever asked for it was told otherwise."""
        task = asyncio.create_task(self._tell(check), name="late news")
        self._telling.add(task)
        task.add_done_callback(self._told)

    def _told(self, task: asyncio.Task[None]) -> None:
        self._telling.discard(task)
        if not task.cancelled() and isinstance(error := task.exception(), BaseException):
            log.warning("can't tell other processes of a late change: %s", error)

    async def _tell(self, check: Check) -> None:
        await self._storage.news.publish(self._clock(), check.id, check.project)

    def _exclusively(self, project: Project) -> AbstractAsyncContextManager[None]:
        """Checks of a project are created one at a time, whichever processes do it."""
        return self._storage.locks.hold(f"checks:{project.id}", self._clock)


def _only(identifier: str, named: Mapping[str, Sequence[UUID]]) -> UUID:
    if not identifier:
        raise InvalidRequest("empty channel identifier")
    found = named.get(identifier, ())
    if not found:
        raise InvalidRequest(f"invalid channel identifier: {identifier}")
    if len(found) > 1:
        raise InvalidRequest(f"non-unique channel identifier: {identifier}")
    return found[0]


def _slug_asked_for(spec: Spec) -> str | None:
    """The slug that a match must have, if it must: found by index, where the rest is compared one by one."""
    return spec.given.get("slug") if "slug" in spec.unique else None
