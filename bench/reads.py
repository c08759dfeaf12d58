"""How long people's reads take: `python -m bench.reads [CHECKS...]`, by default 10, 100, 1000 and 10,000.

One client sends one request after the other to a server process with an embedded database in a temporary
directory. In the same process, on a second port, a bare Tornado handler returns the same bytes from memory;
both are measured in turns.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import sys
import tempfile
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Any

from msgspec.structs import replace
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from handlers.badges import ALL, badge_addresses
from handlers.front import serve_http
from hcserver.app import build_services, make_budget
from hcserver.config.schema import EmbeddedSettings, HttpSettings, Settings
from hcserver.domain.ping import Report
from hcserver.embedded.database import EmbeddedDatabase
from hcserver.services.container import Services
from hcserver.storage.client import connect, database_of

SIZES = (10, 100, 1000, 10_000)
REQUESTS = 100  # of each kind, and as many of the bare handler
LONGEST = 3.0  # seconds for each kind; there are fewer requests then
PINGS = 100
_INSERTED_TOGETHER = 20  # checks

Request = tuple[str, str | None]  # path, API key


class BareHandler(RequestHandler):
    """Returns what was posted."""

    body = b""

    def get(self) -> None:
        self.write(BareHandler.body)

    def post(self) -> None:
        BareHandler.body = self.request.body


class Client:
    """A keep-alive connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, path: str, key: str | None = None, body: bytes | None = None) -> tuple[bytes, float]:
        """The body of the answer, and the seconds until it was complete."""
        method, length = ("GET", "") if body is None else ("POST", f"Content-Length: {len(body)}\r\n")
        header = "" if key is None else f"X-Api-Key: {key}\r\n"
        request = f"{method} {path} HTTP/1.1\r\nHost: x\r\n{header}{length}\r\n".encode() + (body or b"")
        began = perf_counter()
        self._socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._socket.recv(65536)
        head, _, start = received.partition(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        answer = bytearray(start)
        while len(answer) < size:
            answer += self._socket.recv(1 << 20)
        return bytes(answer), perf_counter() - began


async def _fill(services: Services, size: int) -> dict[str, Request]:
    """A project with so many checks; the requests to measure by name."""
    project, keys = await services.projects.create(f"{size} checks")
    blank = services.check_editor._creation.blank
    checks = []
    for number in range(size):
        tags = "all" + (" tenth" if number % 10 == 0 else "") + (" one" if number == 0 else "")
        checks.append(replace(blank(project), name=f"check {number}", slug=f"check-{number}", tags=tags))
    for start in range(0, size, _INSERTED_TOGETHER):
        some = checks[start : start + _INSERTED_TOGETHER]
        await asyncio.gather(*(services.storage.checks.insert(check) for check in some))
    for _ in range(PINGS):
        await services.intake.record(
            [Report(check=checks[0].id, at=services.clock(), signal="success", scheme="http", remote_addr="")]
        )
    badge = badge_addresses("", project, ALL)["svg"]
    api = "/api/v3/"
    return {
        "checks/": (f"{api}checks/", keys.api_key),
        "checks/, read-only key": (f"{api}checks/", keys.api_key_readonly),
        "checks/?tag= (a tenth)": (f"{api}checks/?tag=tenth", keys.api_key),
        "checks/?tag= (one)": (f"{api}checks/?tag=one", keys.api_key),
        "checks/?limit=10": (f"{api}checks/?limit=10", keys.api_key),
        "checks/<uuid>": (f"{api}checks/{checks[0].id}", keys.api_key),
        "badges/": (f"{api}badges/", keys.api_key),
        "a badge, svg": (badge, None),
        "pings/ of 100": (f"{api}checks/{checks[0].id}/pings/", keys.api_key),
        "wrong key": (f"{api}checks/", "x" * 32),
    }


async def _serve(folder: str, pipe: Connection, sizes: list[int]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = Settings(http=HttpSettings(host="127.0.0.1", port=port), embedded=EmbeddedSettings(folder))
    database = EmbeddedDatabase(settings.embedded)
    client = connect(await database.start(), settings.mongodb)
    try:
        services = build_services(database_of(client, "bench"), settings)
        await services.start()
        bare_sockets = bind_sockets(0, "127.0.0.1")
        HTTPServer(Application([(".*", BareHandler)])).add_sockets(bare_sockets)
        async with serve_http(services, make_budget(settings), 1.0):
            pipe.send((port, bare_sockets[0].getsockname()[1]))
            for size in sizes:
                pipe.send(await _fill(services, size))
            await asyncio.to_thread(pipe.recv)
        await services.stop()
    finally:
        client.close()
        await database.stop()


def _run_server(folder: str, pipe: Connection, sizes: list[int]) -> None:
    asyncio.run(_serve(folder, pipe, sizes))


def _measure(server: Client, bare: Client, request: Request) -> tuple[int, float, list[float], list[float]]:
    """The bytes of the answer; the seconds of the first one, of others, and of the bare handler."""
    body, first = server.send(*request)
    bare.send("/", None, body)
    seconds: list[float] = []
    bare_seconds: list[float] = []
    end = perf_counter() + LONGEST
    while len(seconds) < REQUESTS and perf_counter() < end:
        seconds.append(server.send(*request)[1])
        bare_seconds.append(bare.send("/")[1])
    return len(body), first, sorted(seconds), sorted(bare_seconds)


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:]] or list(SIZES)
    context: Any = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    with tempfile.TemporaryDirectory() as folder:
        process = context.Process(target=_run_server, args=(folder, theirs, sizes))
        process.start()
        server, bare = map(Client, ours.recv())
        print("times in milliseconds; times: p50 divided by the p50 of the bare handler")
        print("checks  request                      bytes   first     p50     p99  bare p50  times")
        for size in sizes:
            for name, request in ours.recv().items():
                length, first, seconds, bare_seconds = _measure(server, bare, request)
                p50, p99 = (1000 * seconds[len(seconds) * part // 100] for part in (50, 99))
                bare_p50 = 1000 * bare_seconds[len(bare_seconds) // 2]
                print(
                    f"{size:6d}  {name:24s}  {length:8d}  {1000 * first:6.1f}  {p50:6.2f}  {p99:6.2f}"
                    f"  {bare_p50:8.2f}  {p50 / bare_p50:5.1f}",
                    flush=True,
                )
        ours.send("stop")
        process.join()


if __name__ == "__main__":
    main()
