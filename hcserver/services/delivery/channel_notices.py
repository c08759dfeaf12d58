"""A channel was disabled because its mail came back: whoever relies on it is notified by other channels."""

from __future__ import annotations

import asyncio
import logging
from uuid import uuid4

from hcserver.domain.channel import Channel
from hcserver.errors import Unavailable
from hcserver.notify.group import Group
from hcserver.services.background import Errands
from hcserver.services.delivery.attempts import Attempts, retry_pause
from hcserver.services.delivery.messages import Messages
from hcserver.services.delivery.project_settings import ProjectSettingsCache

log = logging.getLogger(__name__)

_DATABASE_PAUSE = 2.0  # seconds between tries while the database is away


class ChannelNotices:
    """Sends the notices, each up to `max_attempts` times. They are not stored: a server that stops leaves the
    rest unsent. The log and the operator's mail have the same news.
    """

    def __init__(
        self,
        messages: Messages,
        attempts: Attempts,
        project_settings: ProjectSettingsCache,
        max_attempts: int,
    ) -> None:
        self._messages = messages
        self._attempts = attempts
        self._project_settings = project_settings
        self._max_attempts = max_attempts
        self._errands = Errands("notices about a disabled channel")

    def notify(self, disabled: Channel) -> None:
        """Begin to notify the project's other channels, whatever events and tags they are for."""
        self._errands.begin(self._notify_all(disabled))

    async def stop(self) -> None:
        await self._errands.stop()

    async def _notify_all(self, disabled: Channel) -> None:
        settings = await self._settings(disabled)
        others = [
            one for one in settings if one.id != disabled.id and one.kind != Group.name and one.error is None
        ]
        await asyncio.gather(*(self._notify(one, disabled) for one in others))

    async def _settings(self, disabled: Channel) -> list[Channel]:
        while True:
            try:
                return list((await self._project_settings.read(disabled.project)).channels.values())
            except Unavailable:
                await asyncio.sleep(_DATABASE_PAUSE)

    async def _notify(self, channel: Channel, disabled: Channel) -> None:
        id = uuid4()  # the same on every attempt
        for attempt in range(1, self._max_attempts + 1):
            try:
                message = await self._messages.of_disabled_channel(disabled, channel, id)
            except Unavailable:
                await asyncio.sleep(retry_pause(attempt))
                continue
            failure = (await self._attempts.try_once(channel, message)).failure
            if failure is None:
                return
            log.warning(
                "channel %s: can't send that channel %s is disabled: %s", channel.id, disabled.id, failure
            )
            if not failure.transient:
                return
            await asyncio.sleep(retry_pause(attempt, failure.retry_after))
