"""The time from a failure to its notification: one at a time, many at once, after the receiver was down."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from time import perf_counter

from bench.load import run_once
from bench.processes import Processes, Usage
from bench.receiver import Receiver, add_channel
from bench.running import running_server
from bench.table import Row, percentile
from tests.e2e.server import RealServer

SINGLE = 20
CROWDS = (100, 1000)
AWAY = 10.0  # seconds for which the receiver is down


def rows(seconds: float) -> Iterator[Row]:
    with running_server() as (server, _):
        yield from asyncio.run(_Alerts(server).measure())


class _Alerts:
    def __init__(self, server: RealServer) -> None:
        self._server = server
        self._address = ("127.0.0.1", server.http_port)
        self._processes = Processes(server)
        self._receiver = Receiver()

    async def measure(self) -> list[Row]:
        port = await self._receiver.start()
        key = self._server.create_project("alerts")["api_key"]
        add_channel(self._server, "alerts", port)
        uuids = [
            self._server.api("checks/", key, {"name": f"{number}", "channels": "*"})["uuid"]
            for number in range(max(CROWDS))
        ]
        rows = [await self._one_at_a_time(uuids[:SINGLE])]
        for size in CROWDS:
            await self._recover(uuids[:size])
            rows.append(await self._crowd(uuids[:size]))
        rows.append(await self._after_the_receiver_was_down(uuids))
        return rows

    async def _one_at_a_time(self, uuids: list[str]) -> Row:
        before, delays = self._processes.usage(), []
        for uuid in uuids:
            began = perf_counter()
            await run_once(*self._address, [f"/ping/{uuid}/fail"], clients=1)
            await self._receiver.wait_for({f"{uuid}-down"})
            delays.append(self._receiver.arrived[f"{uuid}-down"] - began)
        return self._row("alert of 1", delays, before)

    async def _recover(self, uuids: list[str]) -> None:
        await run_once(*self._address, [f"/ping/{uuid}" for uuid in uuids], clients=32)
        await asyncio.to_thread(self._processes.wait_until_idle)
        self._receiver.clear()

    async def _crowd(self, uuids: list[str]) -> Row:
        before, began = self._processes.usage(), perf_counter()
        await run_once(*self._address, [f"/ping/{uuid}/fail" for uuid in uuids], clients=128)
        acknowledged = perf_counter() - began
        await self._receiver.wait_for({f"{uuid}-down" for uuid in uuids})
        row = self._row(
            f"alerts of {len(uuids)} at once",
            self._delays(began),
            before,
            f"acknowledged in {acknowledged:.1f} s, ",
        )
        self._receiver.clear()
        return row

    async def _after_the_receiver_was_down(self, uuids: list[str]) -> Row:
        self._receiver.status = b"503 Service Unavailable"
        before = self._processes.usage()
        await run_once(*self._address, [f"/ping/{uuid}" for uuid in uuids], clients=128)
        await asyncio.sleep(AWAY)
        self._receiver.status = b"200 OK"
        self._receiver.clear()
        began = perf_counter()
        await self._receiver.wait_for({f"{uuid}-up" for uuid in uuids})
        return self._row(f"{len(uuids)}, receiver was down {AWAY:.0f} s", self._delays(began), before)

    def _delays(self, began: float) -> list[float]:
        return [moment - began for moment in self._receiver.arrived.values()]

    def _row(self, what: str, delays: list[float], before: Usage, remarks: str = "") -> Row:
        """The delays are in seconds."""
        cpu_server, cpu_database = (self._processes.usage() - before).per(len(delays))
        ordered = sorted(1000 * delay for delay in delays)
        twice = sum(count > 1 for count in self._receiver.count.values())
        return Row(
            what=what,
            p50=percentile(ordered, 50),
            p99=percentile(ordered, 99),
            worst=ordered[-1],
            cpu_server=cpu_server,
            cpu_database=cpu_database,
            remarks=f"{remarks}{twice} notified twice",
        )
