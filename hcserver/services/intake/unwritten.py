"""Which checks have state that the database does not have yet, and when it is to be written."""

from __future__ import annotations

import asyncio
from itertools import islice
from time import monotonic
from uuid import UUID

DELAY = 1.0  # seconds that the pings of a check are collected before its state is written
MAX_CHECKS = 20_000  # unwritten checks; beyond it pings have to wait, rather than memory be used up
MAX_PINGS = 50_000  # acknowledged pings that no document counts, which a restart would have to read again


class UnwrittenChecks:
    """Checks that wait to be written: the urgent ones first, then those that have waited longest."""

    def __init__(self) -> None:
        self._since: dict[UUID, float] = {}  # check -> monotonic time, the oldest first
        self._urgent: dict[UUID, None] = {}
        self._pings = 0
        self._capacity = asyncio.Event()
        self._capacity.set()
        self.changed = asyncio.Event()  # something is to be written sooner than it seemed

    def __len__(self) -> int:
        return len(self._since)

    def add(self, id: UUID, *, urgent: bool) -> None:
        if id not in self._since:
            self._since[id] = monotonic()
        if urgent and id not in self._urgent:
            self._urgent[id] = None
            self.changed.set()
        if len(self._since) > MAX_CHECKS or self._pings > MAX_PINGS:
            self._capacity.clear()
            self.changed.set()

    def remove(self, id: UUID) -> None:
        self._since.pop(id, None)
        self._urgent.pop(id, None)

    def count_pings(self, number: int) -> None:
        """So many more (or fewer) pings are counted in memory only."""
        self._pings += number

    @property
    def urgent(self) -> bool:
        """Somebody waits for a write, or it has news in it."""
        return bool(self._urgent)

    @property
    def has_capacity(self) -> bool:
        """The database keeps up with the pings."""
        return self._capacity.is_set()

    async def wait_for_capacity(self) -> None:
        """Wait while too much is acknowledged but not written."""
        await self._capacity.wait()

    def restore_capacity(self) -> None:
        """Let pings in again when much less is unwritten than there may be."""
        if len(self._since) <= MAX_CHECKS // 2 and self._pings <= MAX_PINGS // 2:
            self._capacity.set()

    def oldest(self, number: int) -> list[UUID]:
        """The checks that have waited longest, urgent or not."""
        return list(islice(self._since, number))

    def next_batch(self, size: int, *, without_delay: bool) -> tuple[list[UUID], float]:
        """The checks to write now, at most `size`; if there are none, the seconds until there will be."""
        if self._urgent:
            return list(islice(self._urgent, size)), 0
        latest = monotonic() - (0 if without_delay or not self.has_capacity else DELAY)
        batch: list[UUID] = []
        for id, since in self._since.items():
            if since > latest or len(batch) == size:
                break
            batch.append(id)
        if batch:
            return batch, 0
        first = next(iter(self._since.values()), None)
        return [], DELAY if first is None else max(first - latest, 0.01)
