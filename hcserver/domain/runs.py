"""Runs of a job: which start belongs to which end, and how long it took."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from hcserver.domain.ping import Signal

MAX_RUN: Final = timedelta(hours=72)  # a start that lies further back than this belongs to no end


class RunPing(Protocol):
    """What is needed of a ping to find its run."""

    @property
    def n(self) -> int: ...
    @property
    def type(self) -> Signal: ...
    @property
    def rid(self) -> UUID | None: ...
    @property
    def at(self) -> datetime: ...


class RunMatcher:
    """Finds the durations of success and fail pings, fed with a log from its newest ping to older ones.

    A ping's start is the nearest earlier one with the same run id (no id is an id too), at most 72 hours
    before it, with no other success or fail of that id between them. Time and memory are linear.
    """

    def __init__(self) -> None:
        self.durations: dict[int, float] = {}  # n of a success or fail: seconds, to two decimals
        self._open: dict[UUID | None, RunPing] = {}  # ends without a start so far, newest first

    def add(self, ping: RunPing) -> None:
        """Take in the next older ping."""
        self._give_up_before(ping.at)
        if ping.type in ("success", "fail"):
            # Removed first: an end hides what lies before it from the later one, and goes last in the order.
            self._open.pop(ping.rid, None)
            self._open[ping.rid] = ping
        elif ping.type == "start":
            end = self._open.pop(ping.rid, None)
            if end is not None:
                # Pings of several processes may be a little out of order; no run takes less than no time.
                self.durations[end.n] = max(0.0, round((end.at - ping.at).total_seconds(), 2))

    @property
    def unresolved(self) -> bool:
        """Whether older pings could still add a duration."""
        return bool(self._open)

    @property
    def earliest(self) -> datetime | None:
        """Nothing before this moment can add a duration; None if nothing at all can."""
        return min((end.at - MAX_RUN for end in self._open.values()), default=None)

    def _give_up_before(self, now: datetime) -> None:
        while self._open:
            newest = next(iter(self._open))
            if self._open[newest].at - now <= MAX_RUN:
                break
            del self._open[newest]


def durations(pings: Iterable[RunPing]) -> dict[int, float]:
    """The seconds that each success and fail ping's run took, by n, for those whose start is among `pings`.

    `pings` come newest first. Runs longer than 72 hours have no duration.
    """
    matcher = RunMatcher()
    for ping in pings:
        matcher.add(ping)
    return matcher.durations
