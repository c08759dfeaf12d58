"""How long people's requests take, one after the other by one client, on projects of several sizes.

A bare Tornado handler that returns the same bytes from memory is measured in turns with them.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from time import perf_counter
from typing import NamedTuple

from bench.bare import bare_server
from bench.bare_database import BareDatabase, bare_database
from bench.fill import FilledProject
from bench.http_client import Client
from bench.load import run_once
from bench.processes import Processes
from bench.running import badge_paths, running_server
from bench.table import Row, memory_row, percentile
from tests.e2e.server import RealServer

SIZES = (10, 100, 1000, 10_000)
MOST = 200  # requests of a kind, and as many of the bare handler
FEW_PINGS, MANY_PINGS = 100, 1000
API = "/api/v3/"


class Request(NamedTuple):
    """A kind of request; a POST has a body each time, and `write` makes its writes by the driver alone."""

    name: str
    path: str
    key: str | None
    bodies: Iterator[dict[str, object]] | None = None
    write: Callable[[], None] | None = None

    def send(self, client: Client) -> tuple[bytes, float]:
        body = None if self.bodies is None else json.dumps(next(self.bodies)).encode()
        answer = client.send(self.path, self.key, body)
        if answer.status not in (200, 201) and self.name != "wrong key":
            raise SystemExit(f"{self.name}: {answer.status} {answer.body[:200]!r}")
        return answer.body, answer.seconds


def rows(seconds: float) -> Iterator[Row]:
    with (
        running_server(*SIZES) as (server, projects),
        bare_server() as bare_port,
        closing(Client(server.http_port)) as client,
        closing(Client(bare_port)) as bare,
    ):
        processes = Processes(server)
        for size, project in zip(SIZES, projects, strict=True):
            first, second = project.ping_paths[:2]
            address = ("127.0.0.1", server.http_port)
            asyncio.run(run_once(*address, [first] * FEW_PINGS + [second] * MANY_PINGS, clients=8))
            processes.wait_until_idle()
            with bare_database(server, project) as database:
                for request in (*_reads(server, project), *_changes(project, database)):
                    yield _measure(
                        f"{size} checks, {request.name}", request, client, bare, processes, seconds
                    )
        yield memory_row("memory after reads", processes)


def _reads(server: RealServer, project: FilledProject) -> Iterator[Request]:
    keys, checks = project.keys, f"{API}checks/"
    badges = badge_paths(server, keys.api_key)
    few, many = (f"{checks}{uuid}/pings/" for uuid in project.uuids[:2])
    yield Request("checks/", checks, keys.api_key)
    yield Request("checks/, read-only", checks, keys.api_key_readonly)
    yield Request("?tag= (tenth)", f"{checks}?tag=tenth", keys.api_key)
    yield Request("?tag= (one)", f"{checks}?tag=one", keys.api_key)
    yield Request("?slug= (one)", f"{checks}?slug=check-1", keys.api_key)
    yield Request("?limit=10", f"{checks}?limit=10", keys.api_key)
    yield Request("one check", f"{checks}{project.uuids[0]}", keys.api_key)
    yield Request(f"pings/ of {FEW_PINGS}", few, keys.api_key)
    yield Request(f"pings/ of {MANY_PINGS}", many, keys.api_key)
    yield Request(f"?limit=100 of {MANY_PINGS}", f"{many}?limit=100", keys.api_key)
    yield Request("badges/", f"{API}badges/", keys.api_key)
    for format in ("svg", "json"):
        yield Request(f"a badge, {format}", badges[format], None)
    yield Request("wrong key", checks, "x" * len(keys.api_key))


def _changes(project: FilledProject, database: BareDatabase) -> Iterator[Request]:
    key, checks = project.keys.api_key, f"{API}checks/"
    unchanged: dict[str, object] = {
        "slug": project.checks[1].slug,
        "tags": project.checks[1].tags,
        "unique": ["slug"],
    }
    yield Request("upsert, no change", checks, key, itertools.repeat(unchanged))
    descriptions: Iterator[dict[str, object]] = (
        {"desc": f"description {number}"} for number in itertools.count()
    )
    yield Request("update", f"{checks}{project.uuids[1]}", key, descriptions, database.update)
    names: Iterator[dict[str, object]] = ({"name": f"new {number}"} for number in itertools.count())
    yield Request("create", checks, key, names, database.create)


def _measure(
    what: str, request: Request, client: Client, bare: Client, processes: Processes, seconds: float
) -> Row:
    body, first = request.send(client)
    bare.send("/", None, body)
    times: list[float] = []
    bare_times: list[float] = []
    before = processes.usage()
    end = perf_counter() + seconds
    while len(times) < MOST and perf_counter() < end:
        times.append(1000 * request.send(client)[1])
        bare_times.append(1000 * bare.send("/").seconds)
    cpu_server, cpu_database = (processes.usage() - before).per(len(times))
    remarks = f"first {1000 * first:.1f} ms, {len(body)} bytes"
    if request.write is not None:
        remarks += f", its writes alone {_write_alone(request.write, len(times)):.2f} ms"
    times.sort()
    return Row(
        what=what,
        p50=percentile(times, 50),
        p99=percentile(times, 99),
        worst=times[-1],
        cpu_server=cpu_server,
        cpu_database=cpu_database,
        bare=percentile(sorted(bare_times), 50),
        remarks=remarks,
    )


def _write_alone(write: Callable[[], None], times: int) -> float:
    """The milliseconds (p50) that the writes of a request take without the request."""
    write()
    seconds = []
    for _ in range(times):
        began = perf_counter()
        write()
        seconds.append(perf_counter() - began)
    return 1000 * percentile(sorted(seconds), 50)
