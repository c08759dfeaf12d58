"""A load of HTTP pings. Each client has a connection, and sends the next ping when it has the response."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter

from bench.ping_requests import PingRequest, gets, once


@dataclass
class Outcome:
    """The result of a load: the serial numbers of the pings that were acknowledged, how many were refused,
    the duration in seconds, and the latency of each response in seconds.
    """

    acknowledged: list[int] = field(default_factory=list)
    refused: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def answers(self) -> int:
        return len(self.latencies)

    @property
    def rate(self) -> float:
        return self.answers / self.seconds

    def percentile(self, percent: float) -> float:
        """Latency in milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)]

    def note(self, serial: int, answer: bytes, latency: float) -> None:
        """A response has come in, which begins with its status line."""
        self.latencies.append(latency)
        if answer.startswith(b"HTTP/1.1 200"):
            self.acknowledged.append(serial)
        else:
            self.refused += 1


class PingConnection(asyncio.Protocol):
    """A keep-alive connection for one request at a time; `answered` is called with each complete response."""

    def __init__(self) -> None:
        self._received = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def send(self, data: bytes) -> None:
        self._transport.write(data)

    def close(self) -> None:
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if separator and len(body) >= int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0]):
            self._received = b""
            self.answered(head)

    @abstractmethod
    def answered(self, head: bytes) -> None:
        """The answer to what was sent last has arrived; `head` is its status line and headers."""

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


class _Client(PingConnection):
    def __init__(self, requests: Iterator[PingRequest], until: float, outcome: Outcome) -> None:
        super().__init__()
        self._requests = requests
        self._until = until
        self._outcome = outcome

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._send_next()

    def _send_next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self.close()
            return
        self._serial = request.serial
        self._sent = perf_counter()
        self.send(request.data)

    def answered(self, head: bytes) -> None:
        now = perf_counter()
        self._outcome.note(self._serial, head, now - self._sent)
        if now < self._until:
            self._send_next()
        else:
            self.close()


async def run_requests(
    host: str, port: int, requests: Iterator[PingRequest], clients: int, seconds: float = float("inf")
) -> Outcome:
    """Send the requests for that many seconds, or until there are no more."""
    outcome = Outcome()
    loop = asyncio.get_running_loop()
    began = perf_counter()
    connected = [
        await loop.create_connection(lambda: _Client(requests, began + seconds, outcome), host, port)
        for _ in range(clients)
    ]
    await asyncio.gather(*(client.done for _, client in connected))
    outcome.seconds = perf_counter() - began
    return outcome


async def run_load(host: str, port: int, paths: Sequence[str], clients: int, seconds: float) -> Outcome:
    """Ping the paths in turn, for that many seconds."""
    return await run_requests(host, port, gets(paths), clients, seconds)


async def run_once(host: str, port: int, paths: Sequence[str], clients: int) -> Outcome:
    """Ping each of the paths once."""
    return await run_requests(host, port, once(paths), clients)
