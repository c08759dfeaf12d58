"""A receiver of webhooks on the loopback address, for the time from an event to its notification."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from time import perf_counter

from tests.e2e.server import RealServer

WAIT = 300.0  # seconds until a missing notification counts as lost


class Receiver:
    """Records when each webhook arrived, by the path of its URL: `CODE-STATUS`."""

    def __init__(self) -> None:
        self.arrived: dict[str, float] = {}
        self.count: Counter[str] = Counter()
        self.status = b"200 OK"
        self._changed = asyncio.Event()

    async def start(self) -> int:
        """The port on which it listens."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = server.sockets[0].getsockname()[1]
        return port

    def clear(self) -> None:
        """Forget what has arrived."""
        self.arrived.clear()
        self.count.clear()

    async def wait_for(self, names: set[str]) -> None:
        """Wait until all of these have arrived."""
        async with asyncio.timeout(WAIT):
            while not names <= self.arrived.keys():
                self._changed.clear()
                await self._changed.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")
                size = next((int(x[15:]) for x in lines if x.lower().startswith("content-length:")), 0)
                await reader.readexactly(size)
                if self.status.startswith(b"200"):
                    name = lines[0].split()[1].lstrip("/")
                    self.arrived.setdefault(name, perf_counter())
                    self.count[name] += 1
                    self._changed.set()
                writer.write(b"HTTP/1.1 " + self.status + b"\r\nContent-Length: 0\r\n\r\n")
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


def add_channel(server: RealServer, project: str, port: int) -> None:
    """Give the project a channel that leads to the receiver."""
    target = json.dumps({"url": f"http://127.0.0.1:{port}/$CODE-$STATUS"})
    server.cli("channel", "create", project, "webhook", target, "--name", "receiver", "--json")
