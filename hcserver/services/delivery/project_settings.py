"""The channels and maintenance windows of projects, kept for a moment: alerts come in crowds."""

from __future__ import annotations

from collections.abc import Iterable
from time import monotonic
from typing import NamedTuple
from uuid import UUID

from hcserver.domain.channel import Channel
from hcserver.domain.maintenance_window import MaintenanceWindow
from hcserver.notify.group import Group
from hcserver.storage import Storage

KEPT = 1.0  # seconds that a project's channels and windows are not read again


class ProjectSettings(NamedTuple):
    """The channels of a project by id, and its maintenance windows."""

    channels: dict[UUID, Channel]
    windows: list[MaintenanceWindow]

    def receivers(self, ids: Iterable[UUID]) -> list[Channel]:
        """The channels with these ids, groups replaced by their members, each once.

        A disabled group stands for itself, so that the log says why nobody was notified.
        """
        found: dict[UUID, Channel] = {}
        for id in ids:
            channel = self.channels.get(id)
            if channel is None:
                continue
            is_group = channel.kind == Group.name and channel.error is None
            members = Group().members(channel.target) if is_group else (id,)
            found.update({one: self.channels[one] for one in members if one in self.channels})
        return list(found.values())


class ProjectSettingsCache:
    """Reads them from the database, at most every KEPT seconds for each project."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._known: dict[UUID, tuple[ProjectSettings, float]] = {}  # -> and until when they are good

    async def get(self, project: UUID, channels: Iterable[UUID] = ()) -> ProjectSettings:
        """As known, unless one of `channels` is missing, which may be new. Raises Unavailable."""
        settings, good_until = self._known.get(project, (None, 0.0))
        if settings is None or monotonic() > good_until:
            return await self.read(project)
        if any(id not in settings.channels for id in channels):
            return await self.read(project)
        return settings

    async def read(self, project: UUID) -> ProjectSettings:
        """As they are in the database now. Raises Unavailable."""
        channels = {one.id: one for one in await self._storage.channels.of_project(project)}
        settings = ProjectSettings(channels, await self._storage.windows.of_project(project))
        now = monotonic()
        self._known = {id: known for id, known in self._known.items() if known[1] > now}
        self._known[project] = (settings, now + KEPT)
        return settings

    def forget(self, project: UUID) -> None:
        self._known.pop(project, None)
