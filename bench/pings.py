"""Pings per second and their latency, by kind, with 1, 8, 32 and 128 clients that wait for each answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from bench.fill import FilledProject
from bench.ledger import missing_pings
from bench.load import run_requests
from bench.ping_requests import PingRequest, gets, posts, runs
from bench.processes import Processes
from bench.running import running_server
from bench.table import Row, memory_row, row_of_load

CHECKS = 1000
CLIENTS = (1, 8, 32, 128)
LARGE_CLIENTS = (1, 8, 32)  # 128 bodies of 100 kB fill the queue
WARM_UP = 3.0  # seconds


def rows(seconds: float) -> Iterator[Row]:
    with running_server(CHECKS) as (server, [project]):
        address = ("127.0.0.1", server.http_port)
        processes = Processes(server)
        acknowledged = []
        for kind, requests, counts in _kinds(project):
            warm_up = asyncio.run(run_requests(*address, requests, 32, WARM_UP / 3))
            acknowledged += warm_up.acknowledged
            for clients in counts:
                processes.wait_until_idle()
                before = processes.usage()
                outcome = asyncio.run(run_requests(*address, requests, clients, seconds))
                acknowledged += outcome.acknowledged
                yield row_of_load(f"ping, {kind}, {_clients(clients)}", outcome, processes.usage() - before)
        missing = missing_pings(server, project.keys.api_key, project.uuids, acknowledged)
        yield Row(what="acknowledged pings", remarks=f"{len(acknowledged)}, not in the log: {missing}")
        yield memory_row("memory after pings", processes)


def _kinds(project: FilledProject) -> Iterator[tuple[str, Iterator[PingRequest], tuple[int, ...]]]:
    paths = project.ping_paths
    yield "GET", gets(paths), CLIENTS
    yield "GET by slug", gets(project.slug_paths), CLIENTS
    yield "start, success", runs(paths), CLIENTS
    yield "POST 1 kB", posts(paths, 1000), CLIENTS
    yield "POST 100 kB", posts(paths, 100_000), LARGE_CLIENTS


def _clients(number: int) -> str:
    return "1 client" if number == 1 else f"{number} clients"
