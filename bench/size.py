"""A server with 100,000 checks beside one with 100: what should cost the same, start-up, and memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from time import perf_counter, sleep

from bench.fill import BRIEF, FilledProject
from bench.http_client import Client
from bench.load import run_load, run_once
from bench.processes import Processes
from bench.receiver import Receiver, add_channel
from bench.running import badge_paths, running_server
from bench.table import Row, memory_row, percentile, row_of_load
from tests.e2e.server import RealServer

SIZES = (100, 100_000)
PINGED = 50  # checks: each gets more pings than are kept, so that pruning is part of it
PINGS_KEPT = 10
TAKEN_DOWN = 50
CLIENTS = 8
READS = 200
READY_TIME = 600.0  # seconds that a start may take


def rows(seconds: float) -> Iterator[Row]:
    for size in SIZES:
        settings = {"HCSERVER_LIMITS_PINGS_PER_CHECK": str(PINGS_KEPT)}
        with running_server(size, brief=TAKEN_DOWN, **settings) as (server, [project]):
            processes = Processes(server)
            yield memory_row(f"{size} checks, memory at the start", processes)
            yield from _pings(server, project, processes, 2 * seconds)
            yield from _reads(server, project)
            yield asyncio.run(_taking_down(server, project))
            yield memory_row(f"{size} checks, memory at the end", processes)
            server.stop()
            yield from _start(server, project, "start")
            server.kill()
            yield from _start(server, project, "start after kill -9")


def _start(server: RealServer, project: FilledProject, what: str) -> Iterator[Row]:
    """How long it takes until the first ping is recorded, and until everything is answered."""
    name = f"{len(project.checks)} checks, {what}"
    began = perf_counter()
    server.launch()
    while not _is_recorded(server, project.ping_paths[0]):
        sleep(0.01)
    yield Row(what=f"{name}: first ping", worst=1000 * (perf_counter() - began))
    server.wait_until_ready(READY_TIME)
    yield Row(what=f"{name}: ready", worst=1000 * (perf_counter() - began))
    yield memory_row(f"{name}, memory", Processes(server))


def _is_recorded(server: RealServer, path: str) -> bool:
    try:
        return server.request(path).status == 200
    except OSError:
        return False


def _pings(server: RealServer, project: FilledProject, processes: Processes, seconds: float) -> Iterator[Row]:
    load = ("127.0.0.1", server.http_port, project.ping_paths[:PINGED], CLIENTS)
    asyncio.run(run_load(*load, 1.0))
    processes.wait_until_idle()
    before = processes.usage()
    outcome = asyncio.run(run_load(*load, seconds))
    processes.wait_until_idle()
    used = processes.usage() - before
    yield row_of_load(
        f"{len(project.checks)} checks, pings", outcome, used, f"{CLIENTS} clients, with pruning"
    )


def _reads(server: RealServer, project: FilledProject) -> Iterator[Row]:
    checks, key = "/api/v3/checks/", project.keys.api_key
    badge = badge_paths(server, key)["svg"]
    with closing(Client(server.http_port)) as client:
        for name, path in (
            ("?limit=10", f"{checks}?limit=10"),
            ("?tag= (one)", f"{checks}?tag=one"),
            ("one check", f"{checks}{project.uuids[0]}"),
            ("a badge", badge),
        ):
            first = client.send(path, key).seconds
            times = sorted(1000 * client.send(path, key).seconds for _ in range(READS))
            yield Row(
                what=f"{len(project.checks)} checks, {name}",
                p50=percentile(times, 50),
                p99=percentile(times, 99),
                worst=times[-1],
                remarks=f"first {1000 * first:.1f} ms",
            )


async def _taking_down(server: RealServer, project: FilledProject) -> Row:
    """How long after their deadlines people are notified of checks that get no more pings."""
    receiver = Receiver()
    port = await receiver.start()
    name = f"{len(project.checks)} checks"
    add_channel(server, name, port)
    uuids = project.uuids[-TAKEN_DOWN:]
    for uuid in uuids:
        server.api(f"checks/{uuid}", project.keys.api_key, {"channels": "*"})
    began = perf_counter()
    await run_once("127.0.0.1", server.http_port, [f"/ping/{uuid}" for uuid in uuids], clients=CLIENTS)
    deadline = perf_counter() + 2 * BRIEF
    took = perf_counter() - began
    await receiver.wait_for({f"{uuid}-down" for uuid in uuids})
    delays = sorted(1000 * (moment - deadline) for moment in receiver.arrived.values())
    return Row(
        what=f"{name}, taking down {TAKEN_DOWN}",
        p50=percentile(delays, 50),
        worst=delays[-1],
        remarks=f"from the last deadline to the notification; pinged within {1000 * took:.0f} ms",
    )
