"""kill -9 in the middle of everything: what was acknowledged is there, once; all agrees with the log."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.server import RealServer

CLIENTS = 32
CHECKS = 12
SECONDS = 2.0
SUFFIXES = ("", "/start", "/fail", "/log", "/0", "/3")


async def _ping_while_starting(
    server: RealServer, checks: list[str], number: int, acknowledged: Counter[str]
) -> None:
    """Ping from the moment that the port opens until the server is ready; note what was answered with OK."""
    choices = random.Random(number)
    for count in itertools.count():
        mark = f"start-{number}-{count}"
        try:
            path = f"/ping/{choices.choice(checks)}{choices.choice(SUFFIXES)}"
            status = await _status(server, path, mark)
            assert status in (200, 503)
            if status == 200:
                acknowledged[mark] += 1
                if await _status(server, "/api/v3/status/", mark) == 200:
                    return
        except OSError:
            await asyncio.sleep(0.01)


async def _status(server: RealServer, path: str, mark: str) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.http_port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nUser-Agent: {mark}\r\n\r\n".encode())
        return int((await reader.readline()).split()[1])
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _client(server: RealServer, checks: list[str], number: int, acknowledged: Counter[str]) -> None:
    """Ping as fast as it goes until the connection breaks; note what was answered with OK."""
    choices = random.Random(number)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.http_port)
    try:
        for count in itertools.count():
            mark = f"{number}-{count}"
            path = f"/ping/{choices.choice(checks)}{choices.choice(SUFFIXES)}"
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nUser-Agent: {mark}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            assert await reader.readexactly(2) == b"OK"
            acknowledged[mark] += 1
    except (OSError, EOFError):
        pass
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _kill_under_load(server: RealServer, checks: list[str]) -> Counter[str]:
    acknowledged: Counter[str] = Counter()
    clients = [asyncio.ensure_future(_client(server, checks, n, acknowledged)) for n in range(CLIENTS)]
    await asyncio.sleep(SECONDS * random.uniform(0.5, 1))
    server.kill()
    await asyncio.gather(*clients)
    return acknowledged


def _replay(pings: list[dict[str, Any]]) -> tuple[str, bool, list[int]]:
    """The status, whether it is running, and the flips (newest first) that a log of pings comes to."""
    status, started, flips = "new", False, []
    for ping in pings:
        if ping["type"] == "start":
            started = True
        elif ping["type"] in ("success", "fail"):
            started = False
            turned = "up" if ping["type"] == "success" else "down"
            if turned != status:
                flips.append(int(turned == "up"))
            status = turned
    return status, started, flips[::-1]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A running server, which keeps all pings of these tests."""
    server = RealServer(tmp_path_factory.mktemp("server"), HCSERVER_LIMITS_PINGS_PER_CHECK="1000").start()
    yield server
    assert server.stop() == 0, server.output.read_text()


def test_nothing_acknowledged_is_lost(server: RealServer) -> None:
    key = server.create_project("tests")["api_key"]
    checks = [server.api("checks/", key, {"name": f"check {n}"})["uuid"] for n in range(CHECKS)]
    acknowledged = asyncio.run(_kill_under_load(server, checks))
    assert sum(acknowledged.values()) > 100

    server.start()
    _require_agreement(server, key, checks, acknowledged)


def _require_agreement(server: RealServer, key: str, checks: list[str], acknowledged: Counter[str]) -> None:
    """All that was acknowledged is in the logs once, and states and flips are what the logs come to."""
    logged: Counter[str] = Counter()
    for uuid in checks:
        pings = server.api(f"checks/{uuid}/pings/", key)["pings"][::-1]
        assert [ping["n"] for ping in pings] == list(range(1, len(pings) + 1))
        logged.update(ping["ua"] for ping in pings)

        check = server.api(f"checks/{uuid}", key)
        status, started, flips = _replay(pings)
        assert (check["n_pings"], check["status"], check["started"]) == (len(pings), status, started)
        assert [flip["up"] for flip in server.api(f"checks/{uuid}/flips/", key)["flips"]] == flips
    assert not acknowledged - logged, "acknowledged, but not in the log"
    assert max(logged.values()) == 1, "in the log twice"


def test_pings_that_come_while_a_killed_server_looks_through_its_logs_agree_with_them(
    server: RealServer,
) -> None:
    key = server.create_project("many checks")["api_key"]
    checks = [server.api("checks/", key, {"name": f"check {n}"})["uuid"] for n in range(10 * CHECKS)]
    acknowledged = asyncio.run(_kill_under_load(server, checks))

    async def ping_while_starting() -> None:
        server.launch()
        await asyncio.gather(*(_ping_while_starting(server, checks, n, acknowledged) for n in range(8)))

    asyncio.run(ping_while_starting())
    assert any(mark.startswith("start-") for mark in acknowledged)
    _require_agreement(server, key, checks, acknowledged)
