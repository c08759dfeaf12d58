"""Pings at a fixed rate, whether the server keeps up or not.

Each ping has a moment at which it should be sent. Its latency is counted from that moment, so that a server
which stalls is not spared the pings that would have come meanwhile. 50, 200, 500 and 1000 pings a second are
sent to 1000 checks, and finally 4000 within one second.
"""

from __future__ import annotations

import asyncio
import selectors
from collections import deque
from collections.abc import Coroutine, Iterator
from time import perf_counter
from typing import Any, TypeVar

from bench.ledger import missing_pings
from bench.load import Outcome, PingConnection, run_requests
from bench.ping_requests import PingRequest, gets
from bench.processes import Processes
from bench.running import running_server
from bench.table import Row, row_of_load

CHECKS = 1000
RATES = (50, 200, 500, 1000)
BURST = 4000  # pings within one second
WARM_UP = 2.0  # seconds
CONNECTIONS = 128  # more pings than this are not under way; later ones wait, and their latency shows it
_LEAD = 0.05  # seconds before the first ping

T = TypeVar("T")


class _Pool:
    """Connections that take the pings in the order of their moments."""

    def __init__(self, count: int) -> None:
        self.outcome = Outcome()
        self.connections: list[_Connection] = []
        self.free: list[_Connection] = []
        self.settled = asyncio.Event()  # all pings are answered, or a connection was lost
        self._count = count
        self._waiting: deque[tuple[PingRequest, float]] = deque()

    def submit(self, request: PingRequest, intended: float) -> None:
        if self.free:
            self.free.pop().ask(request, intended)
        else:
            self._waiting.append((request, intended))

    def answered(self, connection: _Connection, serial: int, head: bytes, latency: float) -> None:
        self.outcome.note(serial, head, latency)
        if self.outcome.answers == self._count:
            self.settled.set()
        elif self._waiting:
            connection.ask(*self._waiting.popleft())
        else:
            self.free.append(connection)


class _Connection(PingConnection):
    def __init__(self, pool: _Pool) -> None:
        super().__init__()
        self._pool = pool

    def ask(self, request: PingRequest, intended: float) -> None:
        self._serial, self._intended = request.serial, intended
        self.send(request.data)

    def answered(self, head: bytes) -> None:
        self._pool.answered(self, self._serial, head, perf_counter() - self._intended)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._pool.settled.set()


async def run_open_loop(
    host: str, port: int, requests: Iterator[PingRequest], rate: float, seconds: float
) -> Outcome:
    """Send `rate` pings a second for that many seconds, and wait for all responses."""
    loop = asyncio.get_running_loop()
    count = int(rate * seconds)
    pool = _Pool(count)
    for _ in range(min(CONNECTIONS, int(rate))):
        _, connection = await loop.create_connection(lambda: _Connection(pool), host, port)
        pool.connections.append(connection)
        pool.free.append(connection)
    began = perf_counter() + _LEAD
    for number in range(count):
        intended = began + number / rate
        delay = intended - perf_counter()
        if delay > 0:
            await asyncio.sleep(delay)
        elif number % 16 == 0:
            await asyncio.sleep(0)  # late already: let responses in
        pool.submit(next(requests), intended)
    await pool.settled.wait()
    pool.outcome.seconds = perf_counter() - began
    for connection in pool.connections:
        connection.close()
    return pool.outcome


def run_exactly(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` in an event loop whose timers are exact to some microseconds: those of the usual one are
    late by up to a millisecond.
    """
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
        return runner.run(main)


def rows(seconds: float) -> Iterator[Row]:
    with running_server(CHECKS) as (server, [project]):
        address = ("127.0.0.1", server.http_port)
        processes = Processes(server)
        requests = gets(project.ping_paths)
        acknowledged = asyncio.run(run_requests(*address, requests, 32, WARM_UP)).acknowledged
        for rate, duration in [*((rate, 2 * seconds) for rate in RATES), (BURST, 1.0)]:
            processes.wait_until_idle()
            before = processes.usage()
            outcome = run_exactly(run_open_loop(*address, requests, rate, duration))
            processes.wait_until_idle()  # what is written later belongs to these pings, too
            acknowledged += outcome.acknowledged
            yield row_of_load(f"pings at {rate}/s for {duration:g} s", outcome, processes.usage() - before)
        missing = missing_pings(server, project.keys.api_key, project.uuids, acknowledged)
        yield Row(what="acknowledged pings", remarks=f"{len(acknowledged)}, not in the log: {missing}")
