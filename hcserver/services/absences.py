"""What was looked up and is not there, remembered for a moment: a flood of requests for it costs the database
one look-up a second.
"""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from hcserver.domain.clock import Clock

ABSENT_TIME = timedelta(seconds=1)  # for so long something that another process has created may not be found
MAX_ABSENT = 10_000  # keys; beyond it the oldest are looked up again

K = TypeVar("K", bound=Hashable)


class Absences(Generic[K]):
    """Keys of what does not exist. Whoever creates something discards its key, or clears them all."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: dict[K, datetime] = {}  # the oldest first

    def add(self, key: K) -> None:
        """It was looked up just now, and is not there."""
        self._since.pop(key, None)
        self._since[key] = self._clock()
        if len(self._since) > MAX_ABSENT:
            del self._since[next(iter(self._since))]

    def __contains__(self, key: K) -> bool:
        since = self._since.get(key)
        return since is not None and since <= self._clock() < since + ABSENT_TIME

    def discard(self, key: K) -> None:
        """It may be there now."""
        self._since.pop(key, None)

    def clear(self) -> None:
        """Everything may be there now."""
        self._since.clear()
