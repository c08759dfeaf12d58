"""The time from a failure to its notification: `python -m bench.alerts [CHECKS]`.

The benchmark starts a real server with an embedded database, and a receiver of webhooks on the loopback
address. First single checks fail, one after the other. Then CHECKS checks fail at once. Finally they recover
while the receiver is down for some seconds.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
from collections import Counter
from pathlib import Path
from time import perf_counter

from bench.load import run_once
from tests.e2e.server import RealServer

SINGLE = 50
WAIT = 300.0  # seconds until a missing notification counts as lost


class Receiver:
    """Receives webhooks, and records when each arrived, by the path of its URL."""

    def __init__(self) -> None:
        self.arrived: dict[str, float] = {}
        self.count: Counter[str] = Counter()
        self.changed = asyncio.Event()
        self.status = b"200 OK"

    async def start(self) -> int:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")
                size = next((int(x[15:]) for x in lines if x.lower().startswith("content-length:")), 0)
                await reader.readexactly(size)
                if self.status.startswith(b"200"):
                    name = lines[0].split()[1].lstrip("/")
                    self.arrived.setdefault(name, perf_counter())
                    self.count[name] += 1
                    self.changed.set()
                writer.write(b"HTTP/1.1 " + self.status + b"\r\nContent-Length: 0\r\n\r\n")
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def wait_for(self, names: set[str]) -> None:
        async with asyncio.timeout(WAIT):
            while not names <= self.arrived.keys():
                self.changed.clear()
                await self.changed.wait()


async def measure(server: RealServer, checks: int) -> None:
    receiver = Receiver()
    port = await receiver.start()
    project = server.create_project("bench")
    target = json.dumps({"url": f"http://127.0.0.1:{port}/$CODE-$STATUS"})
    server.cli("channel", "create", "bench", "webhook", target, "--name", "receiver", "--json")
    uuids = [
        server.api("checks/", project["api_key"], {"name": f"{n}", "channels": "*"})["uuid"]
        for n in range(checks)
    ]
    load = ("127.0.0.1", server.http_port)

    times = []
    for uuid in uuids[:SINGLE]:
        sent = perf_counter()
        await run_once(*load, [f"/ping/{uuid}/fail"], clients=1)
        await receiver.wait_for({f"{uuid}-down"})
        times.append(1000 * (receiver.arrived[f"{uuid}-down"] - sent))
    print(
        f"single failures: notified after {statistics.median(times):.0f} ms (median), "
        f"{max(times):.0f} ms at most"
    )

    await run_once(*load, [f"/ping/{uuid}" for uuid in uuids], clients=32)
    await receiver.wait_for({f"{uuid}-up" for uuid in uuids[:SINGLE]})
    receiver.arrived.clear()
    receiver.count.clear()
    began = perf_counter()
    await run_once(*load, [f"/ping/{uuid}/fail" for uuid in uuids], clients=128)
    acknowledged = perf_counter() - began
    await receiver.wait_for({f"{uuid}-down" for uuid in uuids})
    report(f"{checks} at once (acknowledged within {acknowledged:.1f} s)", receiver, began)

    receiver.status = b"503 Service Unavailable"
    began = perf_counter()
    await run_once(*load, [f"/ping/{uuid}" for uuid in uuids], clients=128)
    await asyncio.sleep(10)
    receiver.status = b"200 OK"
    receiver.arrived.clear()
    receiver.count.clear()
    began = perf_counter()
    await receiver.wait_for({f"{uuid}-up" for uuid in uuids})
    report(f"{checks} after the receiver was down for 10 s", receiver, began)


def report(what: str, receiver: Receiver, began: float) -> None:
    delays = sorted(moment - began for moment in receiver.arrived.values())
    twice = sum(count > 1 for count in receiver.count.values())
    print(
        f"{what}: notified after {statistics.median(delays):.2f} s (median), "
        f"{delays[int(len(delays) * 0.99)]:.2f} s (99 %), {delays[-1]:.2f} s (all); {twice} notified twice",
        flush=True,
    )


def main() -> None:
    checks = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder:
        server = RealServer(
            Path(folder),
            HCSERVER_NOTIFICATIONS_ALLOWED_NETWORKS="127.0.0.0/8",
            HCSERVER_NOTIFICATIONS_ATTEMPTS="20",
        ).start()
        try:
            asyncio.run(measure(server, checks))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
