"""Creating, changing, pausing, resuming and snoozing checks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from hcserver.domain.check import Check
from hcserver.domain.clock import Clock
from hcserver.domain.project import Project
from hcserver.domain.state_machine import Step, change_settings, pause, resume
from hcserver.errors import Conflict, Forbidden, NotFound
from hcserver.services.change_publisher import ChangePublisher
from hcserver.services.delivery.held_notifications import release
from hcserver.services.intake.cached_check import Change
from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.intake.state_writer import StateWriter
from hcserver.services.lookup import Lookup
from hcserver.services.management.channel_assignment import ChannelAssignment
from hcserver.services.management.check_creation import CheckCreation
from hcserver.services.management.check_reader import CheckReader
from hcserver.services.management.dependency_assignment import DependencyAssignment
from hcserver.services.management.in_project import in_project
from hcserver.services.reading.project_index import Selection
from hcserver.services.reading.project_reader import ProjectReader
from hcserver.storage import Storage
from hcserver.validation.check import Spec, apply_spec, unique_matches, with_tags

Edit = Callable[[Check], Check]

_PER_TURN = 2000  # checks compared with an upsert, some 4 ms, before others get their turn


class CheckEditor:
    """Changes by people. Every method raises Unavailable when the database is away."""

    def __init__(
        self,
        storage: Storage,
        cache: CheckCache,
        writer: StateWriter,
        lookup: Lookup,
        reader: CheckReader,
        project_reader: ProjectReader,
        dependencies: DependencyAssignment,
        changes: ChangePublisher,
        clock: Clock,
    ) -> None:
        self._storage = storage
        self._cache = cache
        self._writer = writer
        self._lookup = lookup
        self._reader = reader
        self._project_reader = project_reader
        self._changes = changes
        self._clock = clock
        self._channels = ChannelAssignment(storage.channels)
        self._dependencies = dependencies
        self._creation = CheckCreation(storage, cache, lookup, changes, clock)

    async def create(self, project: Project, spec: Spec) -> tuple[Check, bool]:
        """Create a check, or change the one that matches `spec.unique`; whether it was created.

        Raises InvalidRequest (a channel, a dependency), Forbidden (the project's limit is reached).
        """
        channels = await self._channels.resolve(project.id, spec.channels)
        spec = await self._dependencies.resolve(project.id, spec)
        if spec.unique:
            known = await self._project_reader.checks(project.id, Selection(_slug_asked_for(spec)))
            if (changed := await self._change_matching(known, spec, channels)) is not None:
                return changed, False
        elif self._creation.has_ample_room(project, self._reader.limit(project)):
            return await self._insert(project, spec, channels), True
        async with self._creation.exclusively(project):
            if spec.unique:
                # Another process may have created it meanwhile.
                stored = await self._reader.of_project(project.id, _slug_asked_for(spec))
                if (changed := await self._change_matching(stored, spec, channels)) is not None:
                    return changed, False
            return await self._insert(project, spec, channels), True

    async def create_as(
        self, project: Project, spec: Spec, id: UUID | None, badge: UUID | None, edit: Edit = lambda new: new
    ) -> Check:
        """Create a check with the ids that it has had on another server; None: a new one. `edit` gives it a
        state.

        The caller has made sure that no check has them, or had this id a few minutes ago. Raises
        InvalidRequest (a channel, a dependency), Forbidden (the project's limit is reached).
        """
        channels = await self._channels.resolve(project.id, spec.channels)
        spec = await self._dependencies.resolve(project.id, spec)
        async with self._creation.exclusively(project):
            await self._creation.require_room(project, self._reader.limit(project))
            check = await self._new(project, spec, channels, id, badge)
            return await self._creation.insert(edit(check))

    async def create_all(self, project: Project, specs: Sequence[Spec]) -> list[Check]:
        """Create checks in this order, each of them with a slug and with channels, and without dependencies.

        Raises InvalidRequest (a channel), Conflict (there is a check with one of the slugs by now), Forbidden
        (the project's limit is reached); then none is created.
        """
        channels = {
            wanted: await self._channels.resolve(project.id, wanted)
            for wanted in {spec.channels for spec in specs}
        }
        async with self._creation.exclusively(project):
            slugs = [spec.given["slug"] for spec in specs]
            if taken := await self._storage.checks.slugs_taken(project.id, slugs):
                raise Conflict(f"there is a check {min(taken)} by now")
            await self._creation.require_room(project, self._reader.limit(project), len(specs))
            checks = [
                replace(
                    apply_spec(self._creation.blank(project), spec), channels=channels[spec.channels] or ()
                )
                for spec in specs
            ]
            await self._creation.insert_all(project, checks)
        return checks

    async def create_for_slug(self, ping_key: str, slug: str) -> tuple[UUID, bool]:
        """The check with this slug in the ping key's project, created with all channels if there is none;
        and whether it was created.

        Raises Ambiguous; NotFound when there is no such project or its limit is reached twice over.
        """
        project = await self._lookup.by_ping_key(ping_key)
        channels = await self._channels.resolve(project.id, "*")
        async with self._creation.exclusively(project):
            try:
                return await self._lookup.check_by_slug(project.id, slug), False
            except NotFound:
                pass
            try:
                await self._creation.require_room(project, 2 * self._reader.limit(project))
            except Forbidden:
                raise NotFound("not found") from None
            blank = self._creation.blank(project)
            check = replace(blank, name=slug, slug=slug, channels=channels or ())
            return (await self._creation.insert(check)).id, True

    async def update(self, project: Project, id: UUID, spec: Spec) -> Check:
        """Raises NotFound, Forbidden, InvalidRequest (a channel, a dependency); then nothing is changed."""
        check = await self._reader.get(project, id)
        channels = await self._channels.resolve(project.id, spec.channels)
        spec = await self._dependencies.resolve(project.id, spec, check.depends_on)
        await self._dependencies.require_no_cycle(check, spec)
        return await self._change_settings(check, lambda current: _edited(current, spec, channels))

    async def change_tags(
        self, project: Project, id: UUID, added: Iterable[str], removed: Collection[str]
    ) -> Check:
        """Add tags to those that the check has, and take others away; what others change meanwhile stays.

        Raises NotFound, Forbidden, InvalidRequest (too many tags); then nothing is changed.
        """
        check = await self._reader.get(project, id)
        return await self._change_settings(check, lambda current: with_tags(current, added, removed))

    async def change_channels(
        self, project: Project, id: UUID, added: Iterable[str], removed: Collection[UUID]
    ) -> Check:
        """Give the check channels, and take others away; what others change meanwhile stays.

        `added` has ids or names. Raises NotFound, Forbidden, InvalidRequest (one of them); then nothing is
        changed.
        """
        check = await self._reader.get(project, id)
        given = await self._channels.resolve(project.id, ",".join(added)) or ()

        def adjust(current: Check) -> Check:
            kept = (one for one in current.channels if one not in removed)
            return replace(current, channels=tuple(dict.fromkeys([*kept, *given])))

        return await self._change_settings(check, adjust)

    async def pause(self, project: Project, id: UUID) -> Check:
        """Raises NotFound, Forbidden."""
        await self._refresh(project, id)
        now = self._clock()
        return await self._change(project, id, lambda check: pause(check, now))

    async def resume(self, project: Project, id: UUID) -> Check:
        """Raises NotFound, Forbidden, Conflict when it is not paused."""
        await self._refresh(project, id)
        now = self._clock()

        def resume_paused(check: Check) -> Step:
            if check.status != "paused":
                raise Conflict("check is not paused")
            return resume(check, now)

        return await self._change(project, id, resume_paused)

    async def snooze(self, project: Project, id: UUID, until: datetime | None) -> Check:
        """Send no notifications that the check is down until that moment; None: send them again.

        The moment is cut to seconds, as documents show it. Raises NotFound, Forbidden.
        """
        await self._reader.get(project, id)
        until = until and until.replace(microsecond=0)
        check = await self._change(project, id, lambda check: Step(replace(check, snoozed_until=until)))
        await release(self._storage, [id], self._clock())
        return check

    async def _insert(self, project: Project, spec: Spec, channels: tuple[UUID, ...] | None) -> Check:
        """Raises Forbidden if the project's limit is reached."""
        await self._creation.require_room(project, self._reader.limit(project))
        return await self._creation.insert(await self._new(project, spec, channels))

    async def _new(
        self,
        project: Project,
        spec: Spec,
        channels: tuple[UUID, ...] | None,
        id: UUID | None = None,
        badge: UUID | None = None,
    ) -> Check:
        blank = self._creation.blank(project, id, badge)
        if channels is None:
            channels = await self._channels.for_new_check(project.id)
        return replace(apply_spec(blank, spec), channels=channels)

    async def _change_matching(
        self, checks: Iterable[Check], spec: Spec, channels: tuple[UUID, ...] | None
    ) -> Check | None:
        """Change the first of the checks that has the unique values; None: there is none, or it has just been
        deleted, or changed so that it does not match any more.
        """
        for number, check in enumerate(checks):
            if number % _PER_TURN == _PER_TURN - 1:
                await asyncio.sleep(0)
            if unique_matches(spec, check):
                await self._dependencies.require_no_cycle(check, spec)
                with suppress(NotFound):
                    return await self._change_settings(check, _if_it_matches(spec, channels))
        return None

    async def _change_settings(self, check: Check, edit: Edit) -> Check:
        """Change the check as it is by then. Raises NotFound, also if it is in another project by then, and
        what `edit` raises.
        """
        now = self._clock()
        changed = False

        def apply(current: Check) -> Step:
            nonlocal changed
            step = change_settings(edit(current), now)
            changed = step.check != current
            return step if changed else Step(current)

        after = await self._writer.change(check.id, in_project(check.project, apply))
        if not changed:
            return after
        if after.slug != check.slug:
            self._lookup.forget_slugs(after.project)
            # Other processes hear of any write; that they have to look the slug up again has to be published.
            await self._changes.publish(after)
        if _what_holds(after) != _what_holds(check):
            # A snooze has ended, or the check has left a maintenance window that is for a tag, or it does not
            # depend any more on what is down.
            await release(self._storage, [check.id], now)
        return after

    async def _change(self, project: Project, id: UUID, apply: Change) -> Check:
        check = await self._writer.change(id, in_project(project.id, apply))
        await self._changes.publish(check)
        return check

    async def _refresh(self, project: Project, id: UUID) -> None:
        """Have the check as the database and the log have it, whoever changed it.

        Raises NotFound, Forbidden.
        """
        await self._cache.refresh([id])
        await self._reader.get(project, id)


def _what_holds(check: Check) -> tuple[object, ...]:
    """The settings that can hold notifications back."""
    return check.snoozed_until, check.tags, check.depends_on


def _edited(check: Check, spec: Spec, channels: tuple[UUID, ...] | None) -> Check:
    edited = apply_spec(check, spec)
    return edited if channels is None else replace(edited, channels=channels)


def _if_it_matches(spec: Spec, channels: tuple[UUID, ...] | None) -> Edit:
    """An edit that raises NotFound if the check does not match `spec.unique` any more."""

    def edit(current: Check) -> Check:
        if not unique_matches(spec, current):
            raise NotFound("not found")
        return _edited(current, spec, channels)

    return edit


def _slug_asked_for(spec: Spec) -> str | None:
    """The slug that a match must have, if it must: found by index, where the rest is compared one by one."""
    return spec.given.get("slug") if "slug" in spec.unique else None
