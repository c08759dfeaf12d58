"""What the processes of a server use: CPU time and memory, as /proc has them."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.server import RealServer, descendants

_LOOK_EVERY = 0.5  # seconds


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_megabytes(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def database_pid(server: RealServer) -> int:
    """The largest of the server's children is its database."""
    return max(descendants(server.pid), key=resident_megabytes)


@dataclass(frozen=True)
class Usage:
    """CPU time in seconds, of the server and of its database."""

    server: float
    database: float

    def __sub__(self, earlier: Usage) -> Usage:
        return Usage(self.server - earlier.server, self.database - earlier.database)

    def per(self, answers: int) -> tuple[float, float]:
        """Microseconds per answer, of the server and of its database."""
        return 1e6 * self.server / max(answers, 1), 1e6 * self.database / max(answers, 1)


class Processes:
    """The two processes of a running server."""

    def __init__(self, server: RealServer) -> None:
        self._server = server.pid
        self._database = database_pid(server)

    def usage(self) -> Usage:
        """What they have used so far."""
        return Usage(cpu_seconds(self._server), cpu_seconds(self._database))

    def wait_until_idle(self) -> None:
        """Wait until what earlier requests have left to do is done: both use less than a tenth of a
        processor, for 30 seconds at most.
        """
        for _ in range(60):
            before = self.usage()
            time.sleep(_LOOK_EVERY)
            used = self.usage() - before
            if used.server + used.database < 0.1 * _LOOK_EVERY:
                break

    def megabytes(self) -> tuple[float, float]:
        """The memory that they have now, the server's first."""
        return resident_megabytes(self._server), resident_megabytes(self._database)
