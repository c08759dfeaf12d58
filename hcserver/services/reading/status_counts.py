"""How many checks of a project, and of each of its tags, show which status; it moves with the time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from heapq import heapify, heappop, heappush
from uuid import UUID

from hcserver.domain.status import ShownStatus
from hcserver.services.reading.indexed_check import IndexedCheck

_NONE: Mapping[ShownStatus, int] = {}
_SPARE_LOOKS = 1000  # looks that are not needed any more, beside two for each check, before they are removed


class StatusCounts:
    """Counts checks by the status that they show, and knows when time changes it.

    Each check has one look scheduled for the next moment at which its status may change. If the moment moves
    into the future, as with each ping, the look is not moved: when it comes, a new one is scheduled.
    """

    def __init__(self) -> None:
        self._counts: dict[str | None, Counter[ShownStatus]] = {None: Counter()}  # None: all checks
        self._looks: list[tuple[datetime, UUID]] = []  # a heap

    def of(self, tag: str | None) -> Mapping[ShownStatus, int]:
        """The counts of the checks with the tag; None: of all checks."""
        return self._counts.get(tag, _NONE)

    def add(self, entry: IndexedCheck) -> None:
        """Count the check from now on."""
        self._move(entry, 1)
        self.schedule(entry)

    def remove(self, entry: IndexedCheck) -> None:
        """Count the check no longer."""
        self._move(entry, -1)
        entry.next_look = None

    def look(self, entry: IndexedCheck, now: datetime) -> None:
        """The check has changed, but not its tags, or time has passed: count it by what it shows now."""
        before = entry.status
        entry.look(now)
        if entry.status != before:
            for tag in (None, *entry.tags):
                counts = self._counts[tag]
                counts[before] -= 1
                counts[entry.status] += 1
        self.schedule(entry)

    def schedule(self, entry: IndexedCheck) -> None:
        """Have the check looked at when time changes what it shows."""
        if entry.until is not None and (entry.next_look is None or entry.until < entry.next_look):
            entry.next_look = entry.until
            heappush(self._looks, (entry.until, entry.check.id))

    def take_due(self, now: datetime) -> tuple[datetime, UUID] | None:
        """The next look that is due at `now`, which is scheduled no longer."""
        if self._looks and self._looks[0][0] <= now:
            return heappop(self._looks)
        return None

    def drop_spare_looks(self, entries: Mapping[UUID, IndexedCheck]) -> None:
        """Keep memory in bounds when deadlines are moved forward again and again."""
        if len(self._looks) > 2 * len(entries) + _SPARE_LOOKS:
            self._looks = [
                (entry.next_look, id) for id, entry in entries.items() if entry.next_look is not None
            ]
            heapify(self._looks)

    def _move(self, entry: IndexedCheck, by: int) -> None:
        for tag in (None, *entry.tags):
            counts = self._counts.setdefault(tag, Counter())
            counts[entry.status] += by
            if tag is not None and not any(counts.values()):
                del self._counts[tag]
