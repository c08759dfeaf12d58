"""Time passing: checks that hear nothing go down, other processes' news are heard, deletions are finished."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID

from hcserver.domain.check import Check
from hcserver.domain.clock import Clock
from hcserver.domain.state_machine import Step, expire, put_off
from hcserver.errors import NotFound, Unavailable
from hcserver.services.intake.cached_check import Change
from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.lookup import Lookup
from hcserver.services.management.checks import Checks
from hcserver.storage import Storage

log = logging.getLogger(__name__)

TICK = 1.0  # seconds: the longest that a check that another process changed goes unseen
AWAY = timedelta(minutes=1)  # without a tick for this long, we were away, not the jobs
BEAT = timedelta(seconds=10)  # how often it is noted that we are not
AT_ONCE = 100  # checks taken down together
IN_SIGHT = 5000  # due checks that are looked for in one go
HEARING = timedelta(seconds=10)  # how much the clocks of two machines may differ
LISTENING = timedelta(minutes=30)  # news are kept for an hour
SWEEP_EVERY = 60.0  # seconds


class Scheduler:
    """Moves what is due to down, at its moment, once, whichever process gets there first."""

    def __init__(
        self, storage: Storage, cache: CheckCache, lookup: Lookup, checks: Checks, clock: Clock
    ) -> None:
        self._storage = storage
        self._cache = cache
        self._lookup = lookup
        self._checks = checks
        self._clock = clock
        self._heard: set[object] = set()
        self._since = clock()
        self._on_time = monotonic()
        self.away = AWAY
        self._last_tick: datetime | None = None
        self._last_beat: datetime | None = None
        self.on_return: Callable[[datetime, datetime], None] = lambda since, now: None
        self.tell_operator: Callable[[str], None] = lambda text: None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        for name, step, pause in (
            ("due checks", self.tick, TICK),
            ("news", self.listen, TICK),
            ("sweep", self._sweep, SWEEP_EVERY),
        ):
            self._tasks.append(asyncio.create_task(_repeat(name, step, pause), name=name))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def lag(self) -> float:
        """Seconds since nothing was overdue."""
        return monotonic() - self._on_time

    async def tick(self) -> float:
        """Take down what is due. Seconds until the next check is, at most TICK."""
        while True:
            await self.account_for_absence()
            now = self._clock()
            # Many at a time: the embedded server reads all that is due, however few it is asked for.
            coming = await self._storage.checks.due(now + timedelta(seconds=TICK), IN_SIGHT)
            due = [id for id, moment in coming if moment <= now]
            if not due:
                self._on_time = monotonic()
                return _seconds_until(coming[0][1], now) if coming else TICK
            for start in range(0, len(due), AT_ONCE):
                await self._take_down(due[start : start + AT_ONCE], now)
                await self.account_for_absence()

    async def account_for_absence(self) -> None:
        """If we (or the database) were away, jobs could not report: what came due meanwhile gets its grace
        time again. What was reported to us as a failure is not held back.
        """
        now = self._clock()
        if self._last_tick is None:
            self._last_tick = await self._storage.heartbeat.last() or now
        if now - self._last_tick > self.away:
            # Another server may have been at work meanwhile.
            since = max(self._last_tick, await self._storage.heartbeat.last() or self._last_tick)
            if now - since > self.away:
                await self._put_off(since, now)
        if self._last_beat is None or now - self._last_beat >= BEAT:
            await self._storage.heartbeat.beat(now)
            self._last_beat = now
        self._last_tick = now

    async def _put_off(self, since: datetime, now: datetime) -> None:
        self.on_return(since, now)
        seen: set[UUID] = set()
        excused: set[UUID] = set()

        def excuse(check: Check) -> Step:
            step = put_off(check, now)
            if step.check is not check:
                excused.add(check.id)
            return step

        while True:
            # Those that are put off leave this range; others (reminders that are due) stay in it.
            due = await self._storage.checks.due(now, AT_ONCE + len(seen), after=since)
            ids = [id for id, _ in due if id not in seen]
            if not ids:
                break
            seen.update(ids)
            await self._change_all(ids, excuse)
        text = (
            f"hcserver or its database was away from {since.isoformat(timespec='seconds')} to "
            f"{now.isoformat(timespec='seconds')}. {len(excused)} checks that came due meanwhile get their "
            "grace time again."
        )
        log.warning(text)
        # Once, however many servers there are.
        if await self._storage.heartbeat.came_back(now, self.away):
            self.tell_operator(text)

    async def _take_down(self, ids: Sequence[UUID], now: datetime) -> None:
        # What is in the log counts, whichever process put it there: a ping that was acknowledged in time
        # keeps its check up although its state is not written yet.
        await self._change_all(ids, lambda check: expire(check, now))

    async def _change_all(self, ids: Sequence[UUID], change: Change) -> None:
        await self._cache.ensure(ids)
        with self._cache.pinned(ids):
            # Their logs are read, and stay known until the change is made.
            await self._cache.refresh(ids)
            outcomes = await asyncio.gather(
                *(self._cache.change(id, change) for id in ids), return_exceptions=True
            )
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, NotFound):
                raise outcome

    async def listen(self) -> float:
        """Forget what other processes have changed."""
        now = self._clock()
        if now - self._since > LISTENING:
            # We were cut off, and some of the news may be gone already.
            self._lookup.forget_all()
            self._cache.forget_all()
        news = await self._storage.news.since(self._since - HEARING)
        for message, subject in news:
            if message not in self._heard:
                self._lookup.forget(subject)
                self._cache.forget(subject)
        self._heard = {message for message, _ in news}
        self._since = now
        return TICK

    async def _sweep(self) -> float:
        await self._checks.sweep()
        return SWEEP_EVERY


def _seconds_until(moment: datetime, now: datetime) -> float:
    return min(max((moment - now).total_seconds(), 0.001), TICK)


async def _repeat(name: str, step: Callable[[], Awaitable[float]], pause: float) -> None:
    """Do `step` for ever, with the pauses that it asks for; trouble is logged and does not end it."""
    while True:
        try:
            wait = await step()
        except Unavailable:
            wait = pause
        except Exception:
            log.exception("%s: unexpected", name)
            wait = pause
        await asyncio.sleep(wait)
