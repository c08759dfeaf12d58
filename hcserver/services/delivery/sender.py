"""One notification whose turn has come: skip it, hold it back, let it wait for earlier ones, or send it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.clock import EPOCH
from hcserver.domain.notification import Notification
from hcserver.domain.notification_policy import reason_to_skip
from hcserver.errors import NotFound
from hcserver.services.delivery.attempts import Attempts
from hcserver.services.delivery.grouped import Grouped
from hcserver.services.delivery.held_notifications import Holds
from hcserver.services.delivery.leases import Leases
from hcserver.services.delivery.outcomes import Outcomes
from hcserver.services.delivery.planner import LATE, SUPERSEDED
from hcserver.services.delivery.project_settings import ProjectSettings, ProjectSettingsCache
from hcserver.services.intake.check_cache import CheckCache
from hcserver.storage import Storage

READ_AT_ONCE = 10  # notifications whose predecessors, LOOK_BACK each, are read by one command


class Sender:
    """Decides by the state of the check and the channel at that moment, and notes the outcome."""

    def __init__(
        self,
        storage: Storage,
        cache: CheckCache,
        project_settings: ProjectSettingsCache,
        holds: Holds,
        attempts: Attempts,
        leases: Leases,
        outcomes: Outcomes,
    ) -> None:
        self._storage = storage
        self._cache = cache
        self._project_settings = project_settings
        self._holds = holds
        self._attempts = attempts
        self._leases = leases
        self._outcomes = outcomes
        self._read_earlier = Grouped(storage.notifications.before, READ_AT_ONCE)
        self._back_since = EPOCH  # when this server, or its database, came back from its last long absence

    def came_back(self, since: datetime, now: datetime) -> None:
        """This server, or its database, was away between these moments."""
        if now - since > LATE:
            self._back_since = now

    async def send(self, notification: Notification) -> list[Notification]:
        """See a leased notification through. Raises Unavailable.

        If earlier ones of the same check and channel are pending, nothing is done but to return those.
        """
        earlier = [await self._skip_if_ended(one, notification) for one in await self.earlier(notification)]
        pending = [one for one in earlier if one.status == "pending"]
        if pending and notification.event == "reminder" and any(one.held for one in pending):
            await self._outcomes.skipped(notification, "an earlier message is still held back")
        elif pending:
            return pending
        else:
            await self._send(notification, earlier)
        return []

    async def earlier(self, notification: Notification) -> list[Notification]:
        """The last few of the same check and channel before it, the newest first. Raises Unavailable."""
        return await self._read_earlier(notification) if notification.n > 1 else []

    async def _skip_if_ended(self, earlier: Notification, later: Notification) -> Notification:
        """The earlier notification; skipped if it is held back and the later one reports how it ended."""
        if not (earlier.status == "pending" and earlier.held) or later.event == "reminder":
            return earlier
        if not await self._storage.notifications.claim(earlier, self._leases.end()):
            return earlier  # it is on its way
        why = f"over before it was told ({earlier.why})"
        await self._outcomes.skipped(earlier, why)
        return replace(earlier, status="skipped", why=why)

    async def _send(self, notification: Notification, earlier: Sequence[Notification]) -> None:
        settings = await self._project_settings.get(notification.project, [notification.channel])
        channel = settings.channels.get(notification.channel)
        check = await self._check(notification.check)
        if channel is None or check is None:
            await self._outcomes.skipped(notification, "the channel or the check was deleted")
            return
        why = await self._reason_to_skip(notification, earlier, channel, check, settings)
        if why is not None:
            await self._outcomes.skipped(notification, why)
            return
        hold = await self._holds.of(notification, check, channel, settings)
        if hold is None:
            await self._attempts.make(notification, channel, check)
        elif notification.event == "reminder":
            await self._outcomes.skipped(notification, hold.why)
        else:
            await self._outcomes.put_off(notification, hold.why, hold.until, held=True)

    async def _reason_to_skip(
        self,
        notification: Notification,
        earlier: Sequence[Notification],
        channel: Channel,
        check: Check,
        settings: ProjectSettings,
    ) -> str | None:
        def reason(check: Check) -> str | None:
            assigned = channel in settings.receivers(check.channels)
            return reason_to_skip(notification, earlier, channel, check, assigned=assigned)

        if reason(check) is None:
            return await self._superseded(notification, check)
        # Another process may have changed the check a moment ago: a message must not get lost over that.
        await self._cache.refresh([check.id])
        fresh = await self._check(check.id)
        return "the channel or the check was deleted" if fresh is None else reason(fresh)

    async def _superseded(self, notification: Notification, check: Check) -> str | None:
        """After a long absence of ours only the newest of what had happened before is sent."""
        if notification.at >= self._back_since or check.n_alerts <= notification.n:
            return None
        latest = await self._storage.notifications.is_latest(notification, check.n_alerts)
        return None if latest else SUPERSEDED

    async def _check(self, id: UUID) -> Check | None:
        try:
            return await self._cache.get(id)
        except NotFound:
            return None
