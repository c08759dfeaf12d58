"""A load of HTTP pings. Each client has a connection, and sends the next ping when it has the response."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter


@dataclass
class Outcome:
    """The result of a load: the number of responses, how many were not 200, the duration in seconds, and the
    latency of each response in seconds.
    """

    answers: int
    refused: int
    seconds: float
    latencies: list[float]

    @property
    def rate(self) -> float:
        return self.answers / self.seconds

    def percentile(self, percent: float) -> float:
        """Latency in milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)]


class _Client(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], until: float, outcome: Outcome) -> None:
        self._requests = requests
        self._until = until
        self._outcome = outcome
        self._received = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def _send(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
            return
        self._sent = perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator or len(body) < int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0]):
            return
        now = perf_counter()
        self._outcome.latencies.append(now - self._sent)
        self._outcome.answers += 1
        self._outcome.refused += not head.startswith(b"HTTP/1.1 200")
        self._received = b""
        if now < self._until:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def run_load(host: str, port: int, paths: Sequence[str], clients: int, seconds: float) -> Outcome:
    """Ping the paths in turn, for that many seconds."""
    return await _run(host, port, itertools.cycle(_requests(host, paths)), clients, seconds)


async def run_once(host: str, port: int, paths: Sequence[str], clients: int) -> Outcome:
    """Ping each of the paths once."""
    return await _run(host, port, _requests(host, paths), clients, float("inf"))


def _requests(host: str, paths: Sequence[str]) -> Iterator[bytes]:
    headers = f"Host: {host}\r\nUser-Agent: curl/8.5.0\r\nAccept: */*"
    return (f"GET {path} HTTP/1.1\r\n{headers}\r\n\r\n".encode() for path in paths)


async def _run(host: str, port: int, requests: Iterator[bytes], clients: int, seconds: float) -> Outcome:
    outcome = Outcome(0, 0, 0.0, [])
    loop = asyncio.get_running_loop()
    began = perf_counter()
    connected = [
        await loop.create_connection(lambda: _Client(requests, began + seconds, outcome), host, port)
        for _ in range(clients)
    ]
    await asyncio.gather(*(client.done for _, client in connected))
    outcome.seconds = perf_counter() - began
    return outcome
