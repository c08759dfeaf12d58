"""Pings per second and their latency: `make bench`, or `python -m bench.pings [SECONDS]`.

The benchmark starts a real server with an embedded database in a temporary directory and creates 1000 checks.
Clients in a second process send GET pings over keep-alive connections. They run on the same machine, and take
processor time from the server.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from bench.load import run_load
from bench.processes import Processes
from tests.e2e.server import RealServer

CHECKS = 1000
CLIENTS = (1, 8, 32, 128)


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
    processes = Processes(server)
    print(f"{CHECKS} checks, {seconds:g} s each; CPU in microseconds per ping, memory in MB")
    print("clients  pings/s  p50 ms  p99 ms  refused  CPU server  CPU db  MB server  MB db")
    for clients in CLIENTS:
        before = processes.usage()
        outcome = asyncio.run(run_load(*load, clients=clients, seconds=seconds))
        cpu = (processes.usage() - before).per(outcome.answers)
        megabytes = processes.megabytes()
        print(
            f"{clients:7d}  {outcome.rate:7.0f}  {outcome.percentile(50):6.2f}  {outcome.percentile(99):6.2f}"
            f"  {outcome.refused:7d}  {cpu[0]:10.0f}  {cpu[1]:6.0f}"
            f"  {megabytes[0]:9.0f}  {megabytes[1]:5.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
