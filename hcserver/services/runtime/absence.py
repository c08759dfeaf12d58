"""Noticing that this server or its database was away, so that jobs are not blamed for it."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from hcserver.domain.check import Check
from hcserver.domain.clock import Clock
from hcserver.domain.state_machine import Step, put_off
from hcserver.services.intake.state_writer import StateWriter
from hcserver.storage import Storage

log = logging.getLogger(__name__)

AWAY = timedelta(minutes=1)  # without a heartbeat for this long, the server was away, not the jobs
BEAT = timedelta(seconds=10)  # between heartbeats
AT_ONCE = 100  # checks changed together


class ReturnListener(Protocol):
    """Whoever has to know when an absence has ended."""

    def came_back(self, since: datetime, now: datetime) -> None:
        """The server, or its database, was away from `since` to `now`."""

    def notify_operator(self, text: str) -> None:
        """Send a line to whoever runs this server, without waiting for it."""


class Absence:
    """Keeps the heartbeat of this server, and excuses checks for the time in which there was none."""

    def __init__(self, storage: Storage, writer: StateWriter, listener: ReturnListener, clock: Clock) -> None:
        self.threshold = AWAY
        self._storage = storage
        self._writer = writer
        self._listener = listener
        self._clock = clock
        self._last_seen: datetime | None = None  # when this server, or one before it, last did its work
        self._last_beat: datetime | None = None

    async def account(self) -> None:
        """Note that the server is at work. If it (or the database) was away, jobs could not report: checks
        that came due meanwhile get their grace time again. A failure that was reported is not held back.

        Raises Unavailable.
        """
        now = self._clock()
        if self._last_seen is None:
            self._last_seen = await self._storage.heartbeat.last() or now
        if now - self._last_seen > self.threshold:
            # Another server may have been at work meanwhile.
            since = max(self._last_seen, await self._storage.heartbeat.last() or self._last_seen)
            if now - since > self.threshold:
                await self._end(since, now)
        if self._last_beat is None or now - self._last_beat >= BEAT:
            await self._storage.heartbeat.beat(now)
            self._last_beat = now
        self._last_seen = now

    async def _end(self, since: datetime, now: datetime) -> None:
        self._listener.came_back(since, now)
        excused = await self._excuse_checks(since, now)
        text = (
            f"hcserver or its database was away from {since.isoformat(timespec='seconds')} to "
            f"{now.isoformat(timespec='seconds')}. {excused} checks that came due meanwhile get their "
            "grace time again."
        )
        log.warning(text)
        # Once, however many servers there are.
        if await self._storage.heartbeat.came_back(now, self.threshold):
            self._listener.notify_operator(text)

    async def _excuse_checks(self, since: datetime, now: datetime) -> int:
        """Give the checks that came due in that time their grace time again; how many there were."""
        seen: set[UUID] = set()
        excused: set[UUID] = set()

        def excuse(check: Check) -> Step:
            step = put_off(check, now)
            if step.check is not check:
                excused.add(check.id)
            return step

        while True:
            # Those that are excused leave this range; others (reminders that are due) stay in it.
            due = await self._storage.checks.due(now, AT_ONCE + len(seen), after=since)
            ids = [id for id, _ in due if id not in seen]
            if not ids:
                return len(excused)
            seen.update(ids)
            await self._writer.change_refreshed(ids, excuse)
