"""Two servers on one database. A server on its own writes states late, and nobody else reads them; here each
state is written within a second, and the other server is told.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.load import Outcome
from bench.open_loop import run_exactly, run_open_loop
from bench.ping_requests import gets
from bench.processes import Processes, Usage, cpu_seconds
from bench.running import SETTINGS, database_uri, running_server
from bench.table import Row, row_of_load
from tests.e2e.server import RealServer

CHECKS = 1000
RATES = (200, 500)  # pings a second, of both servers together


def rows(seconds: float) -> Iterator[Row]:
    with running_server(CHECKS) as (server, [project]), _second(server) as other:
        halves = (project.ping_paths[::2], project.ping_paths[1::2])
        all_of_them = (project.ping_paths, project.ping_paths)
        for name, paths in (("each check at one", halves), ("any check at any", all_of_them)):
            yield from _rows(name, server, other, paths, seconds)


@contextmanager
def _second(server: RealServer) -> Iterator[RealServer]:
    """Another server on the database of the first one."""
    with tempfile.TemporaryDirectory() as folder:
        other = RealServer(Path(folder), **SETTINGS, HCSERVER_MONGODB_URI=database_uri(server)).start()
        try:
            yield other
        finally:
            other.stop()


def _rows(
    name: str, server: RealServer, other: RealServer, paths: Sequence[Sequence[str]], seconds: float
) -> Iterator[Row]:
    processes = Processes(server)
    for rate in RATES:
        processes.wait_until_idle()
        before = _usage(processes, other)
        outcome = run_exactly(_both((server, other), paths, rate, 2 * seconds))
        processes.wait_until_idle()
        used = _usage(processes, other) - before
        yield row_of_load(f"two servers, {name}, {rate}/s", outcome, used)


def _usage(processes: Processes, other: RealServer) -> Usage:
    """What both servers and the database have used so far."""
    first = processes.usage()
    return Usage(first.server + cpu_seconds(other.pid), first.database)


async def _both(
    servers: Sequence[RealServer], paths: Sequence[Sequence[str]], rate: float, seconds: float
) -> Outcome:
    """Half of the pings to each server, at the same time."""
    outcomes = await asyncio.gather(
        *(
            run_open_loop("127.0.0.1", server.http_port, gets(one), rate / len(servers), seconds)
            for server, one in zip(servers, paths, strict=True)
        )
    )
    return Outcome(
        acknowledged=[serial for one in outcomes for serial in one.acknowledged],
        refused=sum(one.refused for one in outcomes),
        seconds=max(one.seconds for one in outcomes),
        latencies=[latency for one in outcomes for latency in one.latencies],
    )
