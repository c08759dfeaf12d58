"""Removing flips and notifications that are older than they are kept, little by little, once a day.

Several processes on one database may do it at the same time: what one has removed, the others do not find.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Final

from hcserver.config.schema import LimitSettings
from hcserver.domain.clock import Clock
from hcserver.domain.notification_policy import LOOK_BACK
from hcserver.storage import Storage
from hcserver.storage.checks import CheckNumbers
from hcserver.storage.schema import NOTIFICATION_DAYS

log = logging.getLogger(__name__)

EVERY: Final = 86_400.0  # seconds between the end of a round and the beginning of the next one
RETRY: Final = 300.0  # seconds after which a round begins anew that the database's absence has ended
AT_ONCE: Final = 20  # checks, some 100 ms of work for the embedded server, before there is a rest
REST: Final = 0.5  # seconds: with a million checks a round takes eight hours
PAUSE: Final = 0.05  # seconds after each command that removes something


class Retention:
    """Goes through all checks, and removes from the history of each what is too old.

    The newest flip of a check stays, however old it is, and so do the notifications of its last LOOK_BACK
    alerts: whether somebody hears of a recovery depends on them.
    """

    def __init__(self, storage: Storage, limits: LimitSettings, clock: Clock) -> None:
        self._storage = storage
        self._limits = limits
        self._clock = clock

    async def go_round(self) -> float:
        """One round through all checks; the seconds until the next one. Raises Unavailable."""
        flips = notifications = 0
        async for checks in self._storage.checks.numbers(AT_ONCE):
            for check in checks:
                flips += await self._prune_flips(check)
                notifications += await self._prune_notifications(check)
            await asyncio.sleep(REST)
        if flips or notifications:
            log.info("removed %d flips and %d notifications that were too old", flips, notifications)
        return EVERY

    async def _prune_flips(self, check: CheckNumbers) -> int:
        if check.n_flips < 2:
            return 0
        before = self._clock() - timedelta(days=self._limits.flip_days)
        removed = 0
        async for some in self._storage.flips.prune(check.id, before, check.n_flips):
            removed += some
            await asyncio.sleep(PAUSE)
        return removed

    async def _prune_notifications(self, check: CheckNumbers) -> int:
        oldest = check.n_alerts - LOOK_BACK + 1  # alert whose notifications stay
        if oldest <= 1 or self._limits.notification_days >= NOTIFICATION_DAYS:
            return 0  # the database itself removes what is older than that
        before = self._clock() - timedelta(days=self._limits.notification_days)
        removed = 0
        async for some in self._storage.notifications.prune(check.id, before, oldest):
            removed += some
            await asyncio.sleep(PAUSE)
        return removed
