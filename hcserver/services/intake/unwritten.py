"""Which checks have state that the database does not have yet, and when it is to be written.

What nobody waits for is written late, so that several pings of a check share a write. The log has these
pings, so a crash loses nothing; a restart reads them again, which is why their number is bounded.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from heapq import heapify, heappop, heappush
from itertools import islice
from time import monotonic
from uuid import UUID

from hcserver.domain.clock import Clock

DELAY = 1.0  # seconds that the pings of a check are collected, before its state is written
# Seconds, as long as no other process reads this state. Not a multiple of a minute: jobs that cron starts
# every minute ping together, and the writes are to come between.
LAZY_DELAY = 100.0
AHEAD = 5.0  # seconds before a moment at which time changes a check: by then the database has to know of it
CROWD = 1.0  # seconds: checks that are to be written so soon are written together with those that are due
LAZY_CHECKS = 2_000  # unwritten checks, beyond which the first ones are written early,
LAZY_PINGS = 10_000  # and pings that no document counts: a restart takes some 2 s to read so many again
MAX_CHECKS = 20_000  # unwritten checks; beyond it pings have to wait, rather than memory be used up
MAX_PINGS = 50_000  # acknowledged pings that no document counts, which a restart would have to read again


class UnwrittenChecks:
    """Checks that wait to be written: the urgent ones first, then those whose time comes first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._shared = False
        self._times: dict[UUID, float] = {}  # check -> monotonic time at which it is to be written
        self._queue: list[tuple[float, UUID]] = []  # a heap of these; entries that differ from them are void
        self._urgent: dict[UUID, None] = {}
        self._pings = 0
        self._capacity = asyncio.Event()
        self._capacity.set()
        self.changed = asyncio.Event()  # something is to be written sooner than it seemed

    def __len__(self) -> int:
        return len(self._times)

    def add(self, id: UUID, *, urgent: bool, moment: datetime | None = None) -> None:
        """Have the check written. `moment`: when time alone changes something of it, by its state in memory
        or in the database; None: never.
        """
        time = monotonic() + self._delay(moment)
        known = self._times.get(id)
        if known is None or time < known:
            self._times[id] = time
            self._push(time, id)
        if urgent and id not in self._urgent:
            self._urgent[id] = None
            self.changed.set()
        if len(self._times) > MAX_CHECKS or self._pings > MAX_PINGS:
            self._capacity.clear()
            self.changed.set()

    def remove(self, id: UUID) -> None:
        self._times.pop(id, None)
        self._urgent.pop(id, None)

    def share(self, shared: bool) -> None:
        """Other processes read what is written from now on (or don't any more): it must not be late."""
        if shared and not self._shared and self._times:
            now = monotonic()
            self._times = {id: min(time, now) for id, time in self._times.items()}
            self._rebuild_queue()
            self.changed.set()
        self._shared = shared

    def count_pings(self, number: int) -> None:
        """So many more (or fewer) pings are counted in memory only."""
        self._pings += number

    @property
    def urgent(self) -> bool:
        """Somebody waits for a write, or it has news in it."""
        return bool(self._urgent)

    @property
    def urgent_number(self) -> int:
        """How many checks have a change that somebody waits for, such as a flip."""
        return len(self._urgent)

    @property
    def has_capacity(self) -> bool:
        """The database keeps up with the pings."""
        return self._capacity.is_set()

    async def wait_for_capacity(self) -> None:
        """Wait while too much is acknowledged but not written."""
        await self._capacity.wait()

    def restore_capacity(self) -> None:
        """Let pings in again when much less is unwritten than there may be."""
        if len(self._times) <= MAX_CHECKS // 2 and self._pings <= MAX_PINGS // 2:
            self._capacity.set()

    def some(self, number: int) -> list[UUID]:
        """Some of the checks, urgent or not, due or not."""
        return list(islice(self._times, number))

    def next_batch(self, size: int, *, without_delay: bool) -> tuple[list[UUID], float]:
        """The checks to write now, at most `size`; if there are none, the seconds until there may be some."""
        if self._urgent:
            return list(islice(self._urgent, size)), 0
        if not self._times:
            return [], DELAY
        now = monotonic()
        first = self._first()[0]
        if without_delay or not self.has_capacity or self._too_many:
            return self._take(size, until=first + LAZY_DELAY), 0
        if first > now:
            return [], min(max(first - now, 0.01), DELAY)
        return self._take(size, until=now + CROWD), 0

    @property
    def _too_many(self) -> bool:
        return len(self._times) > LAZY_CHECKS or self._pings > LAZY_PINGS

    def _delay(self, moment: datetime | None) -> float:
        """How many seconds the state of a check may wait."""
        if self._shared:
            return DELAY
        if moment is None:
            return LAZY_DELAY
        seconds = (moment - self._clock()).total_seconds() - AHEAD
        return min(max(seconds, DELAY), LAZY_DELAY)

    # -- the queue

    def _push(self, time: float, id: UUID) -> None:
        heappush(self._queue, (time, id))
        if len(self._queue) > 2 * len(self._times) + 100:
            self._rebuild_queue()

    def _rebuild_queue(self) -> None:
        """Leave out the void entries."""
        self._queue = [(time, id) for id, time in self._times.items()]
        heapify(self._queue)

    def _first(self) -> tuple[float, UUID]:
        while self._times.get(self._queue[0][1]) != self._queue[0][0]:
            heappop(self._queue)
        return self._queue[0]

    def _take(self, size: int, until: float) -> list[UUID]:
        """The first checks whose time comes before `until`. They stay in the queue until they are removed."""
        taken: dict[UUID, float] = {}
        while self._queue and self._queue[0][0] <= until and len(taken) < size:
            time, id = heappop(self._queue)
            if self._times.get(id) == time:
                taken[id] = time
        for id, time in taken.items():
            heappush(self._queue, (time, id))
        return list(taken)
