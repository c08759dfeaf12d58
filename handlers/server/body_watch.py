"""How long a request's body may take, and how much of it is read for nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

# A body is read beyond the bytes that are kept, so that the connection stays usable, but not for ever.
MAX_SURPLUS = 67_108_864  # bytes
CHUNK_COST = (
    1024  # bytes that a chunk beyond the limit counts for, as small chunks cost more time than their bytes
)


class BodyPace(NamedTuple):
    """A body may pause for `pause` seconds, and in all take that long and a second per `min_rate` bytes."""

    pause: float
    min_rate: int


class BodyWatch:
    """Watches a body that comes in; calls `on_slow` with a text once it takes too long. `limit`: bytes that
    are kept.
    """

    def __init__(self, pace: BodyPace, limit: int, on_slow: Callable[[str], None]) -> None:
        self._pace = pace
        self._limit = limit
        self._on_slow = on_slow
        self._loop = asyncio.get_running_loop()
        self._began = self._latest = self._loop.time()
        self._received = 0
        self._chunks_within = 0  # chunks that came before the limit was exceeded
        self._timer: asyncio.TimerHandle | None = self._loop.call_later(pace.pause, self._check)

    @property
    def is_over_limit(self) -> bool:
        return self._received > self._limit

    @property
    def left(self) -> int:
        """Bytes that are kept of what is still to come."""
        return max(self._limit - self._received, 0)

    def received(self, size: int, chunks: int) -> bool:
        """Note `size` more bytes, and that there were `chunks` chunks so far. Whether more may be read."""
        self._latest = self._loop.time()
        self._received += size
        surplus = self._received - self._limit
        if surplus <= 0:
            self._chunks_within = chunks
            return True
        return surplus + CHUNK_COST * (chunks - self._chunks_within) <= MAX_SURPLUS

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check(self) -> None:
        paused = self._latest + self._pace.pause
        overdue = self._began + self._pace.pause + self._received / self._pace.min_rate
        now = self._loop.time()
        if now >= paused:
            self._on_slow("the request's body stopped coming")
        elif now >= overdue:
            self._on_slow("the request's body comes too slowly")
        else:
            self._timer = self._loop.call_at(min(paused, overdue), self._check)
