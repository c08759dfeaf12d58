"""Runs of a job: which start ping belongs to which end, and how long the run took."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from hcserver.domain.ping import Signal

MAX_RUN: Final = timedelta(hours=72)  # an earlier start belongs to no end


class RunPing(Protocol):
    """The fields of a ping that are needed to find its run."""

    @property
    def n(self) -> int: ...
    @property
    def type(self) -> Signal: ...
    @property
    def rid(self) -> UUID | None: ...
    @property
    def at(self) -> datetime: ...
    @property
    def ignored_end(self) -> bool: ...


class RunMatcher:
    """Finds the durations of ends: success and fail pings, and those whose exit status is ignored. Pings are
    added from the newest to the oldest.

    The start of an end is the nearest earlier start with the same run id (or both without one), at most 72
    hours before it, with no other end of that id between them. Time and memory are linear in the number of
    pings.

    The successes that ended a run within less than `min_runtime` seconds are `too_short`: as for the state of
    the check (see hcserver.domain.state_machine), only if no other start and no other end of that run came
    between.
    """

    def __init__(self, min_runtime: int = 0) -> None:
        self._least = timedelta(seconds=min_runtime)
        self.too_short: set[int] = set()  # n of a success
        self._remembered: set[UUID | None] = set()  # ids whose last start before is the one to be remembered
        self.durations: dict[int, float] = {}  # n of an end: seconds, to two decimals
        self.starts: dict[int, int] = {}  # n of an end: n of its start
        self._open: dict[UUID | None, RunPing] = {}  # ends without a start so far, newest first

    def add(self, ping: RunPing) -> None:
        """Add the next older ping."""
        self._give_up_before(ping.at)
        if ping.type in ("success", "fail") or ping.ignored_end:
            # Earlier starts belong to this end, no longer to a later one. Removing first moves it to the end.
            self._open.pop(ping.rid, None)
            self._open[ping.rid] = ping
            if ping.type == "fail" or ping.rid is None:
                self._remembered.clear()
            self._remembered.add(ping.rid)
        elif ping.type == "start":
            end = self._open.pop(ping.rid, None)
            if end is not None:
                self.starts[end.n] = ping.n
                # With several processes a start can carry a later time than its end.
                self.durations[end.n] = max(0.0, round((end.at - ping.at).total_seconds(), 2))
                took = max(end.at - ping.at, timedelta())
                if end.type == "success" and ping.rid in self._remembered and took < self._least:
                    self.too_short.add(end.n)
            self._remembered.clear()

    @property
    def unresolved(self) -> bool:
        """Whether older pings can still yield a duration."""
        return bool(self._open)

    def unresolved_from(self, first: int) -> bool:
        """Whether older pings can still yield the duration of a ping with n >= `first`."""
        return any(end.n >= first for end in self._open.values())

    @property
    def earliest(self) -> datetime | None:
        """Pings before this moment can't yield a duration; None: no older ping can."""
        return min((end.at - MAX_RUN for end in self._open.values()), default=None)

    def _give_up_before(self, now: datetime) -> None:
        while self._open:
            newest = next(iter(self._open))
            if self._open[newest].at - now <= MAX_RUN:
                break
            del self._open[newest]


def durations(pings: Iterable[RunPing]) -> dict[int, float]:
    """How many seconds the runs took: by the n of the ping that ended them, where its start is in `pings`.

    `pings` are ordered from the newest to the oldest. Runs longer than 72 hours have no duration.
    """
    matcher = RunMatcher()
    for ping in pings:
        matcher.add(ping)
    return matcher.durations
