"""Waiting for notifications to be settled: sent, failed for good, or skipped."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from hcserver.domain.check import Check
from hcserver.domain.notification import Notification
from hcserver.services.delivery.project_settings import ProjectSettings
from hcserver.storage import Storage
from hcserver.storage.notifications import Place

_PLANNED: Final = timedelta(minutes=5)  # after an alert: then no channel wants one that is not there
_MAX: Final = 5000  # that are waited for; the oldest leave
_ALERTS: Final = 100  # of one check, the newest
_OF_CHANNEL: Final = 5000  # of one channel that are resumed, the newest
_FUTURE: Final = timedelta(days=1)  # from now: there are none of later moments
_SHARE: Final = 10  # times as long as a look has taken until the next one


class ExpectedNotifications:
    """Those of one project. Every asynchronous method raises Unavailable, and can be repeated then."""

    def __init__(self, storage: Storage, project: UUID) -> None:
        self._storage = storage
        self._project = project
        # When they happened or, as long as it is not known whether they are wanted, were first waited for.
        self._expected: dict[Place, datetime] = {}
        self._next_look = 0.0

    def oldest(self, at: datetime) -> datetime:
        """The moment of the oldest one, or `at` if that is earlier."""
        return min([at, *self._expected.values()])

    async def expect(self, alerted: Iterable[tuple[Check, int]], now: datetime) -> None:
        """Wait for those about the alerts of these checks, each after a number. Which of a check's channels
        want one, only the process knows that plans them.
        """
        alerted = [(check, told) for check, told in alerted if check.channels]
        if not alerted:
            return
        channels = await self._storage.channels.of_project(self._project)
        settings = ProjectSettings({channel.id: channel for channel in channels}, [])
        for check, told in alerted:
            first = max(told, check.n_alerts - _ALERTS) + 1
            for channel in settings.receivers(check.channels):
                for n in range(first, check.n_alerts + 1):
                    self._expected.setdefault((check.id, n, channel.id), now)
        self._limit()

    async def resume(self, settled: datetime, pending: datetime, now: datetime) -> None:
        """Wait for those from `pending` on that may have been settled since `settled`, or are not yet."""
        for channel in await self._storage.channels.of_project(self._project):
            found = await self._storage.notifications.latest(channel.id, pending, now + _FUTURE, _OF_CHANNEL)
            for one in found:
                if _may_be_settled(one, settled):
                    self._expected[one.check, one.n, one.channel] = one.at
        self._limit()

    async def settled(self, now: datetime) -> list[Notification]:
        """Those that are settled, in their order; they are not waited for any more."""
        began = time.monotonic()
        if not self._expected or began < self._next_look:
            return []
        found = await self._storage.notifications.read(self._expected)
        settled: list[Notification] = []
        for place, since in list(self._expected.items()):
            one = found.get(place)
            if one is None:
                if since <= now - _PLANNED:
                    del self._expected[place]
            elif one.status == "pending":
                self._expected[place] = one.at
            else:
                del self._expected[place]
                settled.append(one)
        finished = time.monotonic()
        self._next_look = finished + _SHARE * (finished - began)
        return sorted(settled, key=_settled_at)

    def _limit(self) -> None:
        for place in list(self._expected)[: max(len(self._expected) - _MAX, 0)]:
            del self._expected[place]


def _may_be_settled(notification: Notification, since: datetime) -> bool:
    """Whether it may have been settled since. For one that was skipped without an attempt it is not known."""
    unknown = notification.status == "pending" or not notification.attempts
    return unknown or _settled_at(notification) >= since


def _settled_at(notification: Notification) -> datetime:
    if not notification.attempts:
        return notification.at
    last = notification.attempts[-1]
    return max(notification.at, last.at + timedelta(seconds=last.duration))
