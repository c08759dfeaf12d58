"""The embedded database is killed under a working server."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import Callable

from tests.e2e.server import RealServer, descendants

CLIENTS = 12
KILLS = 2
PROGRESS = 300  # pings acknowledged before each of them, and after the last one
LIMIT = 5.0 + 1.0  # seconds for any answer; and for a machine that is busy with other tests


class Clients:
    """Ping as fast as it goes, and note what came of it."""

    def __init__(self, server: RealServer, checks: list[str]) -> None:
        self._server = server
        self._checks = checks
        self.stop = False
        self.acknowledged: Counter[str] = Counter()
        self.refused = 0
        self.slowest = 0.0

    async def run(self, number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._server.http_port)
        count = 0
        while not self.stop:
            mark = f"{number}-{count}"
            path = f"/ping/{self._checks[count % len(self._checks)]}"
            count += 1
            sent = time.monotonic()
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nUser-Agent: {mark}\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = int(head.partition("Content-Length: ")[2].partition("\r\n")[0])
            body = await reader.readexactly(length)
            self.slowest = max(self.slowest, time.monotonic() - sent)
            if head.startswith("HTTP/1.1 200 "):
                assert body == b"OK"
                self.acknowledged[mark] += 1
            else:
                assert head.startswith("HTTP/1.1 503 "), head
                assert "\r\nRetry-After: " in head
                self.refused += 1
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def make_progress(self) -> None:
        """Wait until some more pings are acknowledged."""
        enough = self.acknowledged.total() + PROGRESS
        while self.acknowledged.total() < enough:
            await asyncio.sleep(0.05)


def database(server: RealServer) -> int:
    """The process of the embedded database, which listens in a session of its own."""
    (pid,) = [pid for pid in descendants(server.pid) if os.getsid(pid) == pid]
    return pid


async def kill_the_database_under_load(server: RealServer, clients: Clients) -> None:
    tasks = [asyncio.ensure_future(clients.run(number)) for number in range(CLIENTS)]
    async with asyncio.timeout(60):
        for kills in range(KILLS):
            await clients.make_progress()
            os.kill(database(server), signal.SIGKILL)
            while server.output.read_text().count("the embedded database is back") <= kills:
                await asyncio.sleep(0.05)
        await clients.make_progress()
    clients.stop = True
    await asyncio.gather(*tasks)


def test_a_database_that_dies_is_started_again_and_nothing_acknowledged_is_lost(
    make_server: Callable[..., RealServer],
) -> None:
    server = make_server(HCSERVER_LIMITS_PINGS_PER_CHECK="1000").start()
    key = server.create_project("tests")["api_key"]
    checks = [server.api("checks/", key, {"name": f"check {n}"})["uuid"] for n in range(8)]
    clients = Clients(server, checks)
    asyncio.run(kill_the_database_under_load(server, clients))

    logged: Counter[str] = Counter()
    for uuid in checks:
        pings = server.api(f"checks/{uuid}/pings/", key)["pings"]
        assert [ping["n"] for ping in pings] == list(range(len(pings), 0, -1))
        assert server.api(f"checks/{uuid}", key)["n_pings"] == len(pings)
        logged.update(ping["ua"] for ping in pings)
    assert not clients.acknowledged - logged, "acknowledged, but not in the log"
    assert max(logged.values()) == 1, "in the log twice"
    assert clients.slowest < LIMIT
    assert server.stop() == 0


def test_while_the_database_hangs_answers_are_503_within_five_seconds_and_it_recovers(
    make_server: Callable[..., RealServer],
) -> None:
    server = make_server().start()
    keys = server.create_project("tests")
    check = server.api("checks/", keys["api_key"], {"slug": "known"})
    pid = database(server)
    os.kill(pid, signal.SIGSTOP)
    try:
        paths = [
            f"/ping/{check['uuid']}",
            f"/ping/{keys['ping_key']}/known",
            f"/ping/{keys['ping_key']}/unknown?create=1",
            "/api/v3/checks/",
            "/api/v3/status/",
        ]

        async def ask(path: str) -> tuple[int, str, float]:
            sent = time.monotonic()
            answer = await asyncio.to_thread(server.request, path, key=keys["api_key"])
            return answer.status, answer.headers["Retry-After"], time.monotonic() - sent

        async def ask_all() -> list[tuple[int, str, float]]:
            return await asyncio.gather(*map(ask, paths))

        for path, (status, retry_after, seconds) in zip(paths, asyncio.run(ask_all()), strict=True):
            assert (status, seconds < LIMIT) == (503, True), (path, status, seconds)
            assert int(retry_after) > 0
    finally:
        os.kill(pid, signal.SIGCONT)
    deadline = time.monotonic() + 20
    while server.request(f"/ping/{check['uuid']}").status != 200:
        assert time.monotonic() < deadline
    assert server.stop() == 0
