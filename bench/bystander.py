"""What other clients notice of a load: how long pings take meanwhile, and how long the event loop is held.

One client sends 20 HTTP pings a second. Another requests a page that does not exist 100 times a second, which
needs only the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from time import perf_counter

from bench.table import percentile


@dataclass
class Bystander:
    """How long responses took, in seconds."""

    pings: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        pings = sorted(1000 * seconds for seconds in self.pings)
        return (
            f"pings meanwhile {percentile(pings, 50):.1f} ms (p50), {percentile(pings, 99):.1f} ms (p99), "
            f"event loop held {1000 * max(self.lags):.1f} ms at most"
        )


async def stand_by(port: int, path: str) -> Bystander:
    """Ping and measure the lag until cancelled."""
    seen = Bystander()

    async def ask(path: str, every: float, times: list[float]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while True:
            began = perf_counter()
            writer.write(f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(
                int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            )
            times.append(perf_counter() - began)
            await asyncio.sleep(every)

    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(ask(path, 0.05, seen.pings), ask("/no/such/page", 0.01, seen.lags))
    return seen
