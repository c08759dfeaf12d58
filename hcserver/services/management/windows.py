"""Maintenance windows, as people manage them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from hcserver.domain.clock import Clock
from hcserver.domain.maintenance_window import MaintenanceWindow, covers
from hcserver.domain.project import Project
from hcserver.errors import Forbidden, NotFound
from hcserver.services.delivery.held_notifications import release
from hcserver.services.delivery.notifier import Notifier
from hcserver.services.intake.check_cache import CheckCache
from hcserver.storage import Storage
from hcserver.validation import json_fields
from hcserver.validation.window import apply_window

MAX_WINDOWS = 100  # of a project: all of them are looked at for each notification


class Windows:
    """The maintenance windows of projects. Every method raises Unavailable when the database is away."""

    def __init__(self, storage: Storage, cache: CheckCache, notifier: Notifier, clock: Clock) -> None:
        self._storage = storage
        self._cache = cache
        self._notifier = notifier
        self._clock = clock

    async def of_project(self, project: Project) -> list[MaintenanceWindow]:
        """The oldest first."""
        return await self._storage.windows.of_project(project.id)

    async def get(self, project: Project, id: UUID) -> MaintenanceWindow:
        """Raises NotFound, Forbidden."""
        window = await self._storage.windows.get(id)
        if window is None:
            raise NotFound("not found")
        if window.project != project.id:
            raise Forbidden("")
        return window

    async def create(self, project: Project, data: Mapping[str, object]) -> MaintenanceWindow:
        """A window as `data` says. Raises InvalidRequest, Forbidden (the project has MAX_WINDOWS)."""
        now = self._clock()
        window = apply_window(MaintenanceWindow(id=uuid4(), project=project.id, created=now), data, now)
        await self._require_check(project, window)
        async with self._exclusively(project):
            if len(await self.of_project(project)) >= MAX_WINDOWS:
                raise Forbidden(f"maintenance window limit reached: a project can have {MAX_WINDOWS}")
            await self._storage.windows.put(window)
        return window

    async def update(self, project: Project, id: UUID, data: Mapping[str, object]) -> MaintenanceWindow:
        """Raises NotFound, Forbidden, InvalidRequest; then nothing is changed."""
        async with self._exclusively(project):
            before = await self.get(project, id)
            window = apply_window(before, data, self._clock())
            if window.check != before.check:
                await self._require_check(project, window)
            await self._storage.windows.put(window)
        await self._release(before)
        return window

    async def delete(self, project: Project, id: UUID) -> MaintenanceWindow:
        """Delete a window; the window as it was. Raises NotFound, Forbidden."""
        async with self._exclusively(project):
            window = await self.get(project, id)
            await self._storage.windows.delete(id)
        await self._release(window)
        return window

    async def _release(self, before: MaintenanceWindow) -> None:
        """Have the notifications looked at now that the window, as it was, may have held back."""
        checks = [self._cache.overlay(one) for one in await self._storage.checks.of_project(before.project)]
        down = [check.id for check in checks if check.status == "down" and covers(before, check)]
        await release(self._storage, down, self._clock())

    async def _require_check(self, project: Project, window: MaintenanceWindow) -> None:
        if window.check is None:
            return
        try:
            check = await self._cache.get(window.check)
        except NotFound:
            check = None
        if check is None or check.project != project.id:
            raise json_fields.fault("check is no check of the project")

    @asynccontextmanager
    async def _exclusively(self, project: Project) -> AsyncIterator[None]:
        """One change at a time, so that none is lost and a deleted window is not stored again."""
        async with self._storage.locks.hold(f"windows:{project.id}", self._clock):
            yield
        self._notifier.forget(project.id)
