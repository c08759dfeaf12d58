"""Trying again: a report is not lost because the server is away for a moment."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from hcserver.runner.request import NotDelivered

T = TypeVar("T")

_LONGEST_PAUSE: Final = 15.0  # seconds


def pauses() -> Iterator[float]:
    """Seconds between attempts: 1, 2, 4, 8, 15, 15, each up to a half shorter: not all jobs retry at once."""
    longest = 1.0
    while True:
        yield longest * random.uniform(0.5, 1)
        longest = min(2 * longest, _LONGEST_PAUSE)


def retry(
    attempt: Callable[[], T], *, patience: float, pause: Callable[[float], bool], clock: Callable[[], float]
) -> T:
    """The result of the first attempt that succeeds.

    Raises the NotDelivered of the last one when the next would begin more than `patience` seconds after the
    first, or when `pause` (which waits for so many seconds) returns False.
    """
    begun = clock()
    waits = pauses()
    while True:
        try:
            return attempt()
        except NotDelivered as failure:
            seconds = next(waits)
            if clock() - begun + seconds > min(patience, failure.patience) or not pause(seconds):
                raise
