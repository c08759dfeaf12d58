"""The memory that request bodies and emails under way may take, all connections together."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

DEFAULT_BYTES = 200_000_000
LOG_INTERVAL = 60.0  # seconds between two log lines about a budget that is used up


class ByteBudget:
    """`limit` bytes, of which each message has a share as long as it is in memory. `monotonic`: seconds that
    never go back.
    """

    def __init__(self, limit: int = DEFAULT_BYTES, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._free = limit
        self._monotonic = monotonic
        self._next_log: float | None = None

    @property
    def free(self) -> int:
        """Bytes that are left."""
        return self._free

    def share(self) -> Share:
        """The share of one message, which is empty at first."""
        return Share(self)

    def take(self, size: int) -> bool:
        """Allot `size` bytes. False: there are not so many left."""
        if size > self._free:
            self._log()
            return False
        self._free -= size
        return True

    def give_back(self, size: int) -> None:
        self._free += size

    def _log(self) -> None:
        now = self._monotonic()
        if self._next_log is None or now >= self._next_log:
            self._next_log = now + LOG_INTERVAL
            log.warning("no memory is left for request bodies and emails: clients are asked to try again")


class Share:
    """What one message takes of the budget."""

    __slots__ = ("_budget", "_taken")

    def __init__(self, budget: ByteBudget) -> None:
        self._budget = budget
        self._taken = 0

    def take(self, size: int) -> bool:
        """Allot `size` more bytes to the message. False: there are not so many left."""
        if not self._budget.take(size):
            return False
        self._taken += size
        return True

    def give_back(self) -> None:
        """The message is no longer in memory. It has no effect the second time."""
        self._budget.give_back(self._taken)
        self._taken = 0
