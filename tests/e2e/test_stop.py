"""SIGTERM under load: what was begun is finished and answered, and the exit status is 0."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable

from tests.e2e.server import RealServer

CLIENTS = 8  # of each kind
CHECKS = 8
UPLOAD = 0.2  # seconds that a slow body takes


class Load:
    """Clients that report as fast as they can until nobody answers; every report has a mark of its own."""

    def __init__(self, server: RealServer, checks: list[str]) -> None:
        self._server = server
        self._checks = checks
        self._numbers = itertools.count()
        self.begun: dict[str, float] = {}  # when the server began to read it, by the loop's clock
        self.answered: set[str] = set()

    def mark(self) -> tuple[str, str]:
        """A new report's mark, and the check that it is for."""
        number = next(self._numbers)
        return f"mark-{number}", self._checks[number % CHECKS]

    async def pings(self) -> None:
        """HEAD requests, each connection used until the server says that it was the last one there."""
        while True:
            async with self._connected(self._server.http_port) as (reader, writer):
                last = False
                while not last:
                    mark, check = self.mark()
                    head = f"HEAD /ping/{check} HTTP/1.1\r\nHost: x\r\nUser-Agent: {mark}\r\n\r\n"
                    writer.write(head.encode())
                    last = b"\r\nConnection: close\r\n" in await self._answer(reader, mark)

    async def uploads(self) -> None:
        """Bodies that take their time, each on a connection of its own."""
        while True:
            async with self._connected(self._server.http_port) as (reader, writer):
                mark, check = self.mark()
                head = (
                    f"POST /ping/{check} HTTP/1.1\r\nHost: x\r\nUser-Agent: {mark}\r\nContent-Length: 8\r\n"
                )
                writer.write(head.encode() + b"Expect: 100-continue\r\n\r\n")
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
                self.begun[mark] = asyncio.get_running_loop().time()
                await asyncio.sleep(UPLOAD)
                writer.write(b"the body")
                await self._answer(reader, mark)

    async def mails(self) -> None:
        """Emails, all on one connection."""
        async with self._connected(self._server.smtp_port) as (reader, writer):
            await reader.readline()
            writer.write(b"HELO nas.example.org\r\n")
            await reader.readline()
            while True:
                mark, check = self.mark()
                for line, code in (
                    ("MAIL FROM:<nas@example.org>", b"250"),
                    (f"RCPT TO:<{check}@hc.example.org>", b"250"),
                    ("DATA", b"354"),
                    (f"Subject: {mark}\r\n\r\n.", b"250"),
                ):
                    writer.write(line.encode() + b"\r\n")
                    reply = await reader.readline()
                    if not reply or reply.startswith(b"421 "):
                        raise EOFError
                    assert reply.startswith(code), reply
                self.answered.add(mark)

    async def _answer(self, reader: asyncio.StreamReader, mark: str) -> bytes:
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 "), answer
        self.answered.add(mark)
        return answer

    @contextlib.asynccontextmanager
    async def _connected(self, port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def until_nobody_answers(talk: Callable[[], Awaitable[None]]) -> None:
    with contextlib.suppress(OSError, EOFError):
        await talk()


async def stop_under_load(server: RealServer, load: Load) -> float:
    """When it was told to stop, by the loop's clock."""
    kinds = (load.pings, load.uploads, load.mails)
    clients = [asyncio.ensure_future(until_nobody_answers(talk)) for talk in kinds for _ in range(CLIENTS)]
    await asyncio.sleep(1)
    told = asyncio.get_running_loop().time()
    os.kill(server.pid, signal.SIGTERM)
    await asyncio.gather(*clients)
    return told


def test_a_stop_under_load_finishes_and_answers_what_was_begun(
    make_server: Callable[..., RealServer],
) -> None:
    server = make_server(HCSERVER_LIMITS_PINGS_PER_CHECK="1000").start()
    key = server.create_project("tests")["api_key"]
    checks = [server.api("checks/", key, {"name": f"check {n}"})["uuid"] for n in range(CHECKS)]
    load = Load(server, checks)
    told = asyncio.run(stop_under_load(server, load))
    assert server.stop() == 0
    assert "Traceback" not in server.output.read_text()
    begun = {mark for mark, at in load.begun.items() if at < told}
    assert len(begun) > CLIENTS
    assert not sorted(begun - load.answered), "the server had begun to read these, and did not answer"

    server.start()
    pings = [p for uuid in checks for p in server.api(f"checks/{uuid}/pings/", key)["pings"]]
    logged = [ping["ua"] if ping["scheme"] != "email" else ping["subject"] for ping in pings]
    assert len(set(logged)) == len(logged)
    assert not sorted(load.answered - set(logged)), "answered, but not in the log"
    assert not sorted(set(logged) - load.answered), "in the log, but not answered"
    assert server.stop() == 0
