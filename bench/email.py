"""Emails per second: `python -m bench.email [SECONDS]`.

The benchmark starts a real server with an embedded database in a temporary directory. A second process sends
emails of 2 kB on 16 connections to checks that have all filters enabled. It runs on the same machine, and
takes processor time from the server. Meanwhile a client sends 20 HTTP pings a second, and 100 times a second
requests a page that does not exist. That needs only the event loop: the slowest response is the lag.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from bench.processes import cpu_seconds, database_pid, resident_megabytes
from tests.e2e.server import RealServer

CONNECTIONS = 16
CHECKS = 100
MANY = 10_000  # emails between the two measurements of memory
SETTINGS = {
    "filter_subject": True,
    "filter_body": True,
    "failure_kw": "error,failed,could not be completed",
    "success_kw": "finished without errors,OK",
    "start_kw": "started",
}
LINE = "2026-01-02 03:04:05 copied /srv/data/projects/report.odt (48210331 bytes)\r\n"


@dataclass
class Bystander:
    """How long responses took, in seconds."""

    pings: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        pings = sorted(self.pings)
        p50, p99 = (1000 * pings[int(len(pings) * share)] for share in (0.5, 0.99))
        return f"{p50:11.1f}  {p99:11.1f}  {1000 * max(self.lags):12.1f}"


def mail(number: int) -> bytes:
    """A report of 2 kB. The end of every second one says that something failed."""
    verdict = "Backup failed" if number % 2 else "Backup finished without errors"
    head = (
        f"From: NAS <nas@example.org>\r\nTo: jobs@example.org\r\nSubject: Report {number}\r\n"
        f"Message-ID: <{number}@nas.example.org>\r\nDate: Fri, 02 Jan 2026 03:04:05 +0100\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\n"
    )
    lines = (2000 - len(head) - len(verdict)) // len(LINE)
    return f"{head}{LINE * lines}{verdict}\r\n.\r\n".encode()


COSTLY = {
    "10 MB of text": b"Subject: x\r\n\r\n" + b"a log line of no interest to anybody\r\n" * 250_000 + b".\r\n",
    "9.9 MB in one line": b"\r\n" + b"x" * 9_900_000 + b"\r\n.\r\n",
    "1 MB of HTML": b"Content-Type: text/html\r\n\r\n"
    + b"<tr><td>a</td><td>b</td></tr>\r\n" * 32_000
    + b".\r\n",
    "9,000 parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    + b"--b\r\n\r\nx\r\n" * 9000
    + b".\r\n",
    "2.7 MB of subject": b"Subject: " + b"x" * 2_700_000 + b"\r\n\r\n.\r\n",
    "60 kB of header fields": b"X: y\r\n" * 10_000 + b"\r\n.\r\n",
}


class Connection:
    """One SMTP connection. Each command waits for its reply."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> Connection:
        connection = cls(*await asyncio.open_connection("127.0.0.1", port))
        await connection._expect("220")
        await connection._say(b"EHLO bench\r\n", "250")
        return connection

    async def send(self, recipient: str, message: bytes) -> None:
        await self._say(b"MAIL FROM:<nas@example.org>\r\n", "250")
        await self._say(f"RCPT TO:<{recipient}>\r\n".encode(), "250")
        await self._say(b"DATA\r\n", "354")
        await self._say(message, "250")

    async def close(self) -> None:
        await self._say(b"QUIT\r\n", "221")
        self._writer.close()

    async def _say(self, data: bytes, code: str) -> None:
        self._writer.write(data)
        await self._writer.drain()
        await self._expect(code)

    async def _expect(self, code: str) -> None:
        while True:
            line = await self._reader.readline()
            if line[3:4] != b"-":
                break
        if not line.startswith(code.encode()):
            raise SystemExit(f"expected {code}, got {line!r}")


async def send_mails(
    port: int, recipients: Sequence[str], numbers: Iterator[int], until: float, reuse: bool
) -> int:
    """Send until that moment or the end of the numbers. Returns how many emails were sent."""
    sent = 0
    connection = await Connection.open(port) if reuse else None
    for number in numbers:
        if perf_counter() > until:
            break
        current = connection or await Connection.open(port)
        await current.send(recipients[number % len(recipients)], mail(number))
        if connection is None:
            await current.close()
        sent += 1
    return sent


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


async def load(
    server: RealServer,
    recipients: Sequence[str],
    ping: str,
    numbers: Iterator[int],
    seconds: float,
    reuse: bool,
) -> tuple[float, Bystander]:
    """Returns the emails per second, and how long other clients waited meanwhile."""
    bystander = asyncio.create_task(stand_by(server.http_port, ping))
    began = perf_counter()
    senders = [
        send_mails(server.smtp_port, recipients, numbers, began + seconds, reuse) for _ in range(CONNECTIONS)
    ]
    sent = sum(await asyncio.gather(*senders))
    took = perf_counter() - began
    bystander.cancel()
    return sent / took, await bystander


async def load_costly(
    server: RealServer, recipient: str, ping: str, message: bytes
) -> tuple[float, Bystander]:
    """Returns how many seconds an expensive email took, and how long other clients waited meanwhile."""
    connection = await Connection.open(server.smtp_port)
    bystander = asyncio.create_task(stand_by(server.http_port, ping))
    await asyncio.sleep(0.2)
    began = perf_counter()
    await connection.send(recipient, message)
    took = perf_counter() - began
    await asyncio.sleep(0.2)
    bystander.cancel()
    await connection.close()
    return took, await bystander


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 8.0
    with tempfile.TemporaryDirectory() as folder:
        server = RealServer(Path(folder)).start()
        try:
            measure(server, seconds)
        finally:
            server.stop()


def measure(server: RealServer, seconds: float) -> None:
    key = server.create_project("bench")["api_key"]
    uuids = [server.api("checks/", key, {"name": f"check {n}", **SETTINGS})["uuid"] for n in range(CHECKS)]
    recipients = [f"{uuid}@hc.example.org" for uuid in uuids]
    ping = f"/ping/{server.api('checks/', key, {'name': 'by HTTP'})['uuid']}"
    numbers = itertools.count()
    asyncio.run(load(server, recipients, ping, numbers, max(seconds / 4, 2), True))

    print(f"{CONNECTIONS} connections, mails of 2 kB, filters on, {seconds:g} s each")
    print("connections  mails/s  CPU us/mail  ping p50 ms  ping p99 ms  worst lag ms")
    for reuse in (False, True):
        before = cpu_seconds(server.pid)
        rate, bystander = asyncio.run(load(server, recipients, ping, numbers, seconds, reuse))
        cpu = (cpu_seconds(server.pid) - before) / rate / seconds * 1e6
        print(f"{'reused' if reuse else 'new':11}  {rate:7.0f}  {cpu:11.0f}  {bystander}", flush=True)

    database = database_pid(server)
    before, before_db = resident_megabytes(server.pid), resident_megabytes(database)
    rate, _ = asyncio.run(load(server, recipients, ping, itertools.islice(numbers, MANY), 600, True))
    after, after_db = resident_megabytes(server.pid), resident_megabytes(database)
    print(f"\n{MANY} mails more at {rate:.0f}/s: server {before:.0f} -> {after:.0f} MB, "
          f"database {before_db:.0f} -> {after_db:.0f} MB\n")  # fmt: skip

    print("one costly mail         took s  ping p50 ms  ping p99 ms  worst lag ms")
    for name, message in COSTLY.items():
        took, bystander = asyncio.run(load_costly(server, recipients[0], ping, message))
        print(f"{name:22}  {took:6.2f}  {bystander}", flush=True)


if __name__ == "__main__":
    main()
