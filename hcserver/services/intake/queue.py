"""The reports that wait to be appended to the log, and how many of them may wait.

Large reports have a queue of their own, of which one append takes little, so that one email to a hundred
checks does not hold up the pings of others.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from uuid import UUID

from hcserver.domain.ping import Report
from hcserver.services.intake.submission import QueuedReport

LARGE_BYTES = 65_536  # a body above this size makes a report a large one
BATCH_REPORTS = 256  # of each queue in one append
BATCH_BYTES = 4_000_000  # of small reports in one append
LARGE_BATCH_BYTES = 1_000_000  # of large reports in one append, or a single one
QUEUE_BYTES = 64_000_000  # of small reports that wait, and as many again of large ones
QUEUE_REPORTS = 20_000  # that wait in both queues


class ReportQueue:
    """Waiting reports. Those of one check leave it in the order in which they came."""

    def __init__(self) -> None:
        self._small: deque[QueuedReport] = deque()
        # A small report stands in the queue of the large ones if one of its check is in there already.
        self._large: deque[QueuedReport] = deque()
        self._checks_in_large: Counter[UUID] = Counter()  # check -> its reports in the queue of large ones
        self._small_bytes = self._large_bytes = 0

    def __len__(self) -> int:
        return len(self._small) + len(self._large)

    def has_room_for(self, reports: Iterable[Report]) -> bool:
        """Whether these reports may wait, too. Large reports that wait refuse no small ones."""
        large = any(report.body is not None and len(report.body) > LARGE_BYTES for report in reports)
        waiting_bytes = self._large_bytes if large else self._small_bytes
        return len(self) < QUEUE_REPORTS and waiting_bytes < QUEUE_BYTES

    def add(self, reports: Iterable[QueuedReport]) -> None:
        for queued in reports:
            check = queued.report.check
            if queued.size > LARGE_BYTES or check in self._checks_in_large:
                self._checks_in_large[check] += 1
                self._large_bytes += queued.size
                self._large.append(queued)
            else:
                self._small_bytes += queued.size
                self._small.append(queued)

    def take_batch(self) -> Sequence[QueuedReport]:
        """The reports of the next append, without those that nobody waits for any more."""
        small = _take(self._small, BATCH_BYTES)
        self._small_bytes -= sum(queued.size for queued in small)
        large = _take(self._large, LARGE_BATCH_BYTES)
        if large:
            self._large_bytes -= sum(queued.size for queued in large)
            self._checks_in_large -= Counter(queued.report.check for queued in large)  # zeros are dropped
        return [queued for queued in small + large if queued.wanted]


def _take(queue: deque[QueuedReport], limit: int) -> list[QueuedReport]:
    """The first reports of the queue, as many as fit into `limit` bytes, but at least one."""
    taken: list[QueuedReport] = []
    size = 0
    while queue and len(taken) < BATCH_REPORTS and (not taken or size + queue[0].size <= limit):
        queued = queue.popleft()
        size += queued.size
        taken.append(queued)
    return taken
