"""What a ping costs through the slim exchange and through a RequestHandler: `python -m bench.exchange
[ROUNDS]`.

Both run in one server process, on two ports, with the same code for the ping itself; it is recorded in no
database, so that only the HTTP part is measured. Rounds with the one and with the other alternate; the
figures are medians of the rounds' CPU time per request in the server.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
import time
import urllib.request
from collections.abc import Sequence
from contextlib import AsyncExitStack
from multiprocessing.connection import Connection
from statistics import median
from types import SimpleNamespace
from typing import Any, cast

from tornado.httputil import HTTPHeaders, RequestStartLine
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from bench.load import run_load
from handlers.base import BaseHandler
from handlers.client_address import ClientAddresses
from handlers.front import Front
from handlers.ping.handler import PingHandler, PingRequest
from handlers.server.application import ApplicationReceiver
from handlers.server.connection import HttpConnection
from handlers.server.incoming import Receiver
from handlers.server.listener import HttpListener
from handlers.server.traffic import Traffic
from hcserver.config.schema import Settings
from hcserver.domain.clock import utc_now
from hcserver.domain.ping import Report
from hcserver.net.byte_budget import ByteBudget
from hcserver.services.container import Services

CLIENTS = 8
ROUND_SECONDS = 1.0
PATHS = [f"/ping/6837d6ec-fc08-4da5-a67f-{number:012x}" for number in range(100)]


_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Content-Type": "text/plain; charset=utf-8",
    "Cache-Control": "max-age=0, no-cache, no-store, must-revalidate, private",
    "Ping-Body-Limit": "10000",
}


class _Intake:
    """Takes pings and records none."""

    async def record(self, reports: Sequence[Report]) -> None:
        await asyncio.sleep(0)


class PingRequestHandler(BaseHandler):
    """A ping as it would be without the exchange."""

    async def get(self) -> None:
        handler: PingHandler = self.settings["pings"]
        request, context = self.request, self.request.connection.context
        status, body = await handler.answer(
            PingRequest(
                request.method or "",
                request.path,
                request.query,
                request.headers,
                context.remote_ip,
                context.protocol,
                self.body,
            )
        )
        self.set_status(status)
        for name, value in _HEADERS.items():
            self.set_header(name, value)
        self.write(body)

    post = put = delete = patch = options = get  # what SUPPORTED_METHODS could add is not measured


class CpuHandler(RequestHandler):
    """The CPU time that the server has used so far, in seconds."""

    def get(self) -> None:
        self.write(repr(time.process_time()))


class ApplicationFront(Front):
    """Pings go to the application, too."""

    def _open(
        self, connection: HttpConnection, start_line: RequestStartLine, headers: HTTPHeaders
    ) -> Receiver:
        return ApplicationReceiver(self._application, connection, start_line, headers, self._max_body)


async def _serve(ports: Connection) -> None:
    settings = Settings()
    addresses = ClientAddresses(settings.http.trusted_proxies)
    services = SimpleNamespace(ready=True, settings=settings, intake=_Intake(), clock=utc_now)
    pings = PingHandler(cast(Services, services), addresses)
    listeners = []
    async with AsyncExitStack():
        for front_type in (Front, ApplicationFront):
            traffic = Traffic()
            application = Application(
                [("/cpu", CpuHandler), ("/ping/.*", PingRequestHandler)],
                log_function=lambda handler: None,
                pings=pings,
                traffic=traffic,
                max_body_bytes=settings.http.max_body_bytes,
            )
            front = front_type(application, pings, settings.http, traffic, addresses, ByteBudget())
            sockets = bind_sockets(0, "127.0.0.1")
            ports.send(sockets[0].getsockname()[1])
            listeners.append(
                HttpListener(front, sockets, settings.http, traffic.is_stopping, addresses.is_proxy)
            )
        await asyncio.Event().wait()


def _run_server(ports: Connection) -> None:
    asyncio.run(_serve(ports))


def _cpu(port: int) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/cpu") as answer:
        return float(answer.read())


def _measure(port: int) -> tuple[float, float]:
    """CPU microseconds per ping, and pings per second."""
    before = _cpu(port)
    outcome = asyncio.run(run_load("127.0.0.1", port, PATHS, CLIENTS, ROUND_SECONDS))
    assert not outcome.refused
    return 1e6 * (_cpu(port) - before) / outcome.answers, outcome.rate


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    context: Any = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    server = context.Process(target=_run_server, args=(sending,), daemon=True)
    server.start()
    try:
        ports = {"exchange": receiving.recv(), "RequestHandler": receiving.recv()}
        results: dict[str, list[tuple[float, float]]] = {name: [] for name in ports}
        for port in ports.values():
            _measure(port)  # to warm up
        for _ in range(rounds):
            for name, port in ports.items():
                results[name].append(_measure(port))
    finally:
        server.terminate()
        server.join()
    print(f"{rounds} rounds of {ROUND_SECONDS:g} s each, {CLIENTS} clients; medians")
    print("                CPU us per ping  pings/s")
    cost = {}
    for name, measured in results.items():
        cost[name] = median(cpu for cpu, _ in measured)
        print(f"{name:14s}  {cost[name]:15.1f}  {median(rate for _, rate in measured):7.0f}")
    saved = 1 - cost["exchange"] / cost["RequestHandler"]
    print(f"exchange / RequestHandler: {1 - saved:.2f}, so {100 * saved:.0f} % are saved")


if __name__ == "__main__":
    main()
