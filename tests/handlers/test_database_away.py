"""The database goes away and comes back: clients are told in time, and nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from hcserver.config.schema import MongoSettings
from hcserver.storage.locks import LOCK_SECONDS
from tests.handlers.harness import Connection, Reply, Site, serve
from tests.ports import unused_port

LONGEST = 5.0  # seconds in which every request has its answer
TOLERANCE = 0.7  # seconds more on a busy machine


class Database:
    """A database server that can be killed, stopped and started again on the same files."""

    def __init__(self, folder: Path) -> None:
        self.port = unused_port()
        self.uri = f"mongodb://127.0.0.1:{self.port}/?directConnection=true&retryWrites=false"
        self._folder = folder
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "secantus", "--port", str(self.port), "--log-level", "ERROR"]
        command += ["--storage-path", str(self._folder / "db"), "--sync-on-commit"]
        with (self._folder / "output").open("ab") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output)
        until = monotonic() + 30
        while monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
        raise AssertionError("the database server does not listen")

    def send(self, number: int) -> None:
        os.kill(self._process.pid, number)

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        self._process.wait()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path)
    yield database
    database.kill()


async def timed(
    connection: Connection, method: str, target: str, headers: dict[str, str]
) -> tuple[float, Reply]:
    began = monotonic()
    body = b'{"desc": "changed"}' if method == "POST" else None
    reply = await connection.request(method, target, headers, body)
    return monotonic() - began, reply


async def answers(site: Site, check: str, ping_key: str) -> dict[str, tuple[float, Reply]]:
    """One request of each kind, all at the same time: the seconds that each took, and its answer."""
    key = {"X-Api-Key": site.keys.api_key}
    other_key = {"X-Api-Key": "hcw_" + "x" * 28}
    api = f"/api/v3/checks/{check}"
    requests = [
        ("GET", f"/ping/{check}", {}),
        ("POST", f"/ping/{check}/start", {}),
        ("GET", "/ping/6837d6ec-fc08-4da5-a67f-08a9ed1ccf62", {}),
        ("GET", f"/ping/{ping_key}/known", {}),
        ("GET", f"/ping/{ping_key}/unknown", {}),
        *(("GET", f"/ping/{ping_key}/new-{n}?create=1", {}) for n in range(3)),
        ("GET", "/ping/nokey/known", {}),
        ("GET", "/api/v3/checks/", key),
        ("GET", "/api/v3/checks/", other_key),
        *(("POST", "/api/v3/checks/", {**key, "X-N": str(n)}) for n in range(3)),
        ("POST", api, key),
        ("POST", f"{api}/pause", key),
        ("DELETE", api, key),
        ("GET", f"{api}/pings/", key),
        ("GET", f"{api}/pings/1/body", key),
        ("GET", f"{api}/flips/", key),
        ("GET", f"/api/v3/checks/{'0' * 40}", key),
        ("GET", "/api/v3/channels/", key),
        ("DELETE", f"/api/v3/channels/{check}", key),
        ("POST", f"/api/v3/channels/{check}/test", key),
        ("POST", f"{api}/classify", {"X-Api-Key": "hcw_" + "y" * 28}),
        ("GET", "/api/v3/badges/", key),
        ("GET", "/api/v3/status/", {}),
        ("GET", "/b/2/6837d6ec-fc08-4da5-a67f-08a9ed1ccf62.svg", {}),
    ]
    connections = [await site.connect() for _ in requests]
    replies = await asyncio.gather(
        *(timed(connection, *request) for connection, request in zip(connections, requests, strict=True))
    )
    names = [f"{method} {target} {headers.get('X-N', '')}".strip() for method, target, headers in requests]
    return dict(zip(names, replies, strict=True))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_while_the_database_is_away_requests_are_answered_with_503_in_time(
    database: Database, number: int
) -> None:
    async with serve(database.uri, patience=MongoSettings().timeout) as site:
        check = (await site.create(slug="known"))["uuid"]
        for n in range(1, 11):
            await site.ping(check, "", b"%d" % n)
        assert (await site.request("GET", f"/ping/{site.keys.ping_key}/known")).status == 200

        database.kill() if number == signal.SIGKILL else database.send(number)
        replies = await answers(site, check, site.keys.ping_key)
        for name, (seconds, reply) in replies.items():
            assert seconds < LONGEST + TOLERANCE, name
            if name.startswith(f"GET /api/v3/checks/{check}/pings/"):
                assert reply.status == 200, name  # from memory
                continue
            assert (reply.status, reply.headers.get("retry-after")) == (503, "5"), name
            assert "connection" not in reply.headers, name
            assert not any(word in reply.text.lower() for word in ("mongo", "127.0.0.1", "timeout")), name
            if name.startswith(("GET /api/v3/status/", "POST /api", "DELETE /api")):
                assert reply.headers["access-control-allow-origin"] == "*", name
        assert list(replies["GET /api/v3/status/"][1].json["problems"]) == ["database"]

        database.start() if number == signal.SIGKILL else database.send(signal.SIGCONT)
        await until_healthy(site)
        await site.ping(check, "/fail")
        assert (await site.flips(check))[0]["up"] == 0
        # All that was acknowledged is there, in its order; what was refused may be there as well.
        pings = (await site.pings(check))[::-1]
        assert [ping["n"] for ping in pings] == list(range(1, len(pings) + 1))
        assert [await site.body(check, n) for n in range(1, 11)] == [b"%d" % n for n in range(1, 11)]
        assert len(pings) in range(12, 16)
        document = await site.get(check)
        assert (document["n_pings"], document["status"]) == (len(pings), "down")
        # A lock that nobody could let go of is free after a while.
        site.clock.advance(LOCK_SECONDS + 1)
        assert (await site.api("POST", "checks/", {})).status == 201


async def until_healthy(site: Site) -> None:
    async with asyncio.timeout(20):
        for _ in range(400):
            if (await site.api("GET", "status/", key="")).status == 200:
                return
            await asyncio.sleep(0.05)
