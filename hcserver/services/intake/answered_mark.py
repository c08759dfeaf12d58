"""Notes in the database which emails have been answered, for the next start: see `repetitions`."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from hcserver.domain.clock import Clock
from hcserver.errors import Unavailable
from hcserver.services.background import PeriodicTask
from hcserver.services.intake.repetitions import Repetitions
from hcserver.storage.heartbeat import Heartbeat

log = logging.getLogger(__name__)

INTERVAL = 0.5  # seconds between two writes while emails come in; without any nothing is written


class AnsweredMark:
    """Keeps the mark in the database about a second behind the clock while emails are stored."""

    def __init__(self, heartbeat: Heartbeat, repetitions: Repetitions, clock: Clock) -> None:
        self._heartbeat = heartbeat
        self._repetitions = repetitions
        self._clock = clock
        self._read = False
        self._written: datetime | None = None
        self._task = PeriodicTask("answered mark", self._step, INTERVAL)
        self._started = False

    async def start(self) -> None:
        """Raises Unavailable; then it may be called again."""
        if not self._read:  # Once: a write that failed below may have been carried out.
            self._repetitions.start(await self._heartbeat.answered())
            self._read = True
        # The first emails may come in, and the server be killed, before the mark is written again.
        await self._heartbeat.note_answered(self._clock() - timedelta(milliseconds=1))
        self._task.start()
        self._started = True

    async def stop(self) -> None:
        """Call it when every email has been answered."""
        if not self._started:
            return
        await self._task.stop()
        try:
            await self._heartbeat.note_answered(self._clock() + timedelta(milliseconds=1))
        except Unavailable:
            log.warning("emails of the last second that are sent again may be taken for repetitions")

    async def write(self) -> None:
        """Write the mark if there are emails that it does not cover yet. Raises Unavailable."""
        newest = self._repetitions.newest
        if newest is None or (self._written is not None and self._written > newest):
            return
        mark = self._repetitions.mark()
        if self._written is None or mark > self._written:
            await self._heartbeat.note_answered(mark)
            self._written = mark
            self._repetitions.marked(mark)

    async def _step(self) -> float:
        await self.write()
        return INTERVAL
