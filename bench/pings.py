"""Pings per second and their latency: `make bench`, or `python -m bench.pings [SECONDS]`.

The benchmark starts a real server with an embedded database in a temporary directory and creates 1000 checks.
Clients in a second process send GET pings over keep-alive connections. They run on the same machine, and take
processor time from the server.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from bench.load import run_load
from tests.e2e.server import RealServer, descendants

CHECKS = 1000
CLIENTS = (1, 8, 32, 128)


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


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 8.0
    with tempfile.TemporaryDirectory() as folder:
        server = RealServer(Path(folder)).start()
        try:
            measure(server, seconds)
        finally:
            server.stop()


def measure(server: RealServer, seconds: float) -> None:
    key = server.create_project("bench")["api_key"]
    paths = [
        f"/ping/{server.api('checks/', key, {'name': f'check {number}'})['uuid']}" for number in range(CHECKS)
    ]
    load = ("127.0.0.1", server.http_port, paths)
    # The first ping of a check also makes a flip, which is not measured here.
    asyncio.run(run_load(*load, clients=32, seconds=max(seconds / 2, 2)))
    database = database_pid(server)
    print(f"{CHECKS} checks, {seconds:g} s each; CPU in microseconds per ping, memory in MB")
    print("clients  pings/s  p50 ms  p99 ms  refused  CPU server  CPU db  MB server  MB db")
    for clients in CLIENTS:
        before = cpu_seconds(server.pid), cpu_seconds(database)
        outcome = asyncio.run(run_load(*load, clients=clients, seconds=seconds))
        after = cpu_seconds(server.pid), cpu_seconds(database)
        cpu = [1e6 * (late - early) / outcome.answers for early, late in zip(before, after, strict=True)]
        print(
            f"{clients:7d}  {outcome.rate:7.0f}  {outcome.percentile(50):6.2f}  {outcome.percentile(99):6.2f}"
            f"  {outcome.refused:7d}  {cpu[0]:10.0f}  {cpu[1]:6.0f}"
            f"  {resident_megabytes(server.pid):9.0f}  {resident_megabytes(database):5.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
