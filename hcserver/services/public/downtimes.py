"""The downtime of checks on the last 90 days. Flips are read once and added up; what is up to date costs the
database nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from hcserver.domain.check import Check
from hcserver.domain.clock import Clock
from hcserver.domain.day_totals import Day, DayTotals
from hcserver.domain.flip import Flip
from hcserver.services.management.check_reader import CheckReader

DAYS: Final = 90
REMEMBERED: Final = 10_000  # checks, 2 kB each; beyond it the flips of the oldest are read again
_AT_ONCE: Final = 1000  # flips that are read at once, if they are evenly spread
_PER_TURN: Final = 50  # checks, some 3 ms, before others get their turn
_FLIPS_PER_TURN: Final = 1000  # the same
_MANY: Final = 20  # checks, from which on the flips of all checks are read by their time
# So many flips are read by their time in the time that it takes to read those of one check: in the embedded
# database, 60 us for each and 3 ms. If they are not enough, most of them were those of other projects.
_PER_CHECK: Final = 50
_FIRST_SPAN: Final = timedelta(hours=1)
_GROWTH: Final = 4
_WORTH_GROWING: Final = 1000  # flips in a span, below which the next one is longer


class Downtimes:
    """Every method raises Unavailable when the database is away and needed."""

    def __init__(self, checks: CheckReader, clock: Clock) -> None:
        self._checks = checks
        self._clock = clock
        self._histories: dict[UUID, _History] = {}  # the one that was used longest ago first

    async def of_checks(self, checks: Sequence[Check]) -> list[list[Day]]:
        """For each check the last DAYS days, the earliest first; today ends now."""
        found = []
        for index, check in enumerate(checks, start=1):
            found.append(await self._days(check))
            if index % _PER_TURN == 0:
                await asyncio.sleep(0)
        return found

    async def read_ahead(self, checks: Sequence[Check]) -> None:
        """Read what is not known yet of these checks: of many at once, of few when it is needed."""
        now = self._clock()
        behind = {}
        for check in checks[:REMEMBERED]:
            history = self._history(check, now)
            if history.flips < check.n_flips:
                behind[check.id] = history
        if len(behind) >= _MANY:
            await self._read_together(behind, now)

    async def _read_together(self, behind: dict[UUID, _History], now: datetime) -> None:
        """Take in flips in the order of time, until there are too many of other checks among them."""
        start, span = min(history.next_from for history in behind.values()), _FIRST_SPAN
        rest = len(behind) * _PER_CHECK
        while start <= now and rest > 0:
            flips = await self._checks.flips_of_all(start, start + span, rest)
            if len(flips) == rest:
                return  # the earliest ones of the span are missing
            for index, flip in enumerate(sorted(flips, key=lambda flip: flip.n), start=1):
                if (history := behind.get(flip.check)) is not None:
                    history.take_next(flip)
                if index % _FLIPS_PER_TURN == 0:
                    await asyncio.sleep(0)
            start, rest = start + span, rest - len(flips)
            if len(flips) < _WORTH_GROWING:
                span *= _GROWTH

    def _history(self, check: Check, now: datetime) -> _History:
        """What is known of the check, which may be nothing."""
        history = self._histories.pop(check.id, None)
        if history is None or history.flips > check.n_flips:
            history = _History(check, now)
        self._histories[check.id] = history
        if len(self._histories) > REMEMBERED:
            del self._histories[next(iter(self._histories))]
        history.totals.move(now)
        if check.flipped_at is not None and check.flipped_at < history.totals.begin:
            history.skip(check)  # all flips were before these days
        return history

    async def _days(self, check: Check) -> list[Day]:
        now = self._clock()
        history = self._history(check, now)
        if history.flips < check.n_flips:
            await self._read(check, history, now)
        return history.days(check, now)

    async def _read(self, check: Check, history: _History, now: datetime) -> None:
        """Take in the flips that the history does not have yet."""
        for first, last in _windows(history.next_from, now, check.n_flips - history.flips):
            history.take(reversed(await self._checks.flips(check, first, last)))


class _History:
    """What happened up to a moment: the last flip that was taken in."""

    def __init__(self, check: Check, now: datetime) -> None:
        self.totals = DayTotals(now, DAYS)
        self.flips = 0  # n of the last one
        self.through = check.created

    @property
    def next_from(self) -> datetime:
        """The moment from which on there may be flips that it does not have."""
        # A check may have flipped before it was created, if the clock was set back.
        begin = self.totals.begin
        return max(self.through, begin) if self.flips else begin

    def take(self, flips: Iterable[Flip]) -> None:
        """Take in flips in the order of their numbers; those that it has already are skipped."""
        for flip in flips:
            if flip.n > self.flips:
                self.totals.add(self.through, flip.at, flip.old)
                self.flips, self.through = flip.n, flip.at

    def take_next(self, flip: Flip) -> None:
        """Take in the flip unless one between them is missing, which may not be published yet."""
        if not self.flips or flip.n == self.flips + 1:
            self.take([flip])

    def skip(self, check: Check) -> None:
        """All flips of the check are too long ago to matter."""
        assert check.flipped_at is not None
        self.flips, self.through = check.n_flips, check.flipped_at

    def days(self, check: Check, now: datetime) -> list[Day]:
        """The days up to now, with the status that the check has had since its last flip."""
        totals = self.totals.copy()
        totals.add(self.through, now, check.status)
        return totals.days()


def _windows(start: datetime, now: datetime, flips: int) -> Iterator[tuple[datetime, datetime | None]]:
    """In which pieces flips since `start` are read, so that no piece has very many of them."""
    pieces = -(-flips // _AT_ONCE)
    step = (now - start) / pieces
    for _ in range(pieces - 1):
        yield start, start + step
        start += step
    yield start, None
