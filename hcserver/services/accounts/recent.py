"""What was read from the database a moment ago, and still holds."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from hcserver.domain.clock import Clock

AGE = timedelta(seconds=5)  # for so long a change by another process goes unnoticed
REMEMBERED = 10_000  # keys; beyond it the oldest are read again

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Values by key, each for `age` after it was read.

    What is read while something changes may be from before the change. So `put` takes the value that
    `changes` had before the reading, and keeps nothing if it is another one now.
    """

    def __init__(self, clock: Clock, age: timedelta = AGE) -> None:
        self._clock = clock
        self._age = age
        self._values: dict[K, tuple[V, datetime]] = {}  # the oldest first
        self.changes = 0

    def get(self, key: K) -> V | None:
        value, read_at = self._values.get(key, (None, None))
        if read_at is None or not read_at <= self._clock() < read_at + self._age:
            return None
        return value

    def put(self, key: K, value: V, changes: int) -> None:
        """Keep what was just read, unless something has changed since `changes` was looked up."""
        if changes != self.changes:
            return
        self._values.pop(key, None)
        self._values[key] = (value, self._clock())
        if len(self._values) > REMEMBERED:
            del self._values[next(iter(self._values))]

    def replace(self, key: K, value: V) -> None:
        """The value of the key is another one now; it stays as old as it is."""
        if key in self._values:
            self._values[key] = (value, self._values[key][1])

    def forget(self, key: K) -> None:
        self.changes += 1
        self._values.pop(key, None)

    def forget_all(self) -> None:
        self.changes += 1
        self._values.clear()
