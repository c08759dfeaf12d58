"""How long work takes, whatever else the machine and the process of the tests do."""

from __future__ import annotations

import time
from collections.abc import Callable


def cpu_seconds(work: Callable[[], object], attempts: int = 1) -> float:
    """CPU time of this thread, the least of so many attempts: other threads and processes make no difference,
    nor does a garbage collection during one of several attempts.
    """
    best = float("inf")
    for _ in range(attempts):
        began = time.thread_time()
        work()
        best = min(best, time.thread_time() - began)
    return best
