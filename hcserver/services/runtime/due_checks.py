"""Time passing: checks that hear nothing go down, and those that are down may be worth another alert."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from uuid import UUID

from hcserver.domain.clock import Clock
from hcserver.domain.state_machine import expire
from hcserver.services.intake.state_writer import StateWriter
from hcserver.services.runtime.absence import Absence
from hcserver.storage.checks import CheckStore

TICK = 1.0  # seconds: the longest that a check that another process changed is not looked at
AT_ONCE = 100  # checks changed together
LOOKED_FOR = 5000  # due checks that one query returns


class DueChecks:
    """Does to checks what time alone does to them: when it is due, once, whichever process is first."""

    def __init__(self, checks: CheckStore, writer: StateWriter, absence: Absence, clock: Clock) -> None:
        self._checks = checks
        self._writer = writer
        self._absence = absence
        self._clock = clock
        self._nothing_overdue = monotonic()  # when that was last so

    @property
    def lag(self) -> float:
        """Seconds since nothing was overdue."""
        return monotonic() - self._nothing_overdue

    async def tick(self) -> float:
        """Do what is due. The seconds until the next check is, at most TICK. Raises Unavailable."""
        while True:
            await self._absence.account()
            now = self._clock()
            # Many at a time: the embedded server reads all that is due, however few it is asked for.
            coming = await self._checks.due(now + timedelta(seconds=TICK), LOOKED_FOR)
            due = [id for id, moment in coming if moment <= now]
            if not due:
                self._nothing_overdue = monotonic()
                return _seconds_until(coming[0][1], now) if coming else TICK
            await self._write_postponed(due, now)
            for start in range(0, len(due), AT_ONCE):
                # What is in the log counts, whichever process put it there: a ping that was acknowledged in
                # time keeps its check up although its state is not written yet.
                some = due[start : start + AT_ONCE]
                await self._writer.change_refreshed(some, partial(expire, now=now))
                await self._absence.account()

    async def _write_postponed(self, due: list[UUID], now: datetime) -> None:
        """Write the checks of which this process knows that nothing is due, and take them out of the list."""
        postponed = [id for id in due if self._writer.postpones(id, now)]
        for start in range(0, len(postponed), AT_ONCE):
            await self._writer.settle_all(postponed[start : start + AT_ONCE])
        written = set(postponed)
        due[:] = [id for id in due if id not in written]


def _seconds_until(moment: datetime, now: datetime) -> float:
    return min(max((moment - now).total_seconds(), 0.001), TICK)
