"""A core that keeps what it is told in memory, and a client that speaks raw SMTP."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from hcserver.config.schema import SmtpSettings
from hcserver.domain.check import Check
from hcserver.domain.ping import Ping, Report
from hcserver.errors import Ambiguous, NotFound
from smtp.listener import Listener

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DOMAIN = "hc.example.org"


class FakeCore:
    def __init__(self) -> None:
        self.body_limit = 1_000_000
        self.checks: dict[UUID, Check] = {}
        self.slugs: dict[tuple[str, str], list[Check]] = {}
        self.reports: list[Report] = []
        self.error: Exception | None = None  # raised by everything
        self.record_error: Exception | None = None
        self.gate: asyncio.Event | None = None  # record waits for it
        self.recording = asyncio.Event()

    def add(self, *, ping_key: str = "key", slug: str = "", **settings: Any) -> Check:
        check = Check(id=uuid4(), project=uuid4(), created=NOW, badge=uuid4(), slug=slug, **settings)
        self.checks[check.id] = check
        if slug:
            self.slugs.setdefault((ping_key, slug), []).append(check)
        return check

    async def find(self, check: UUID) -> Check:
        if self.error:
            raise self.error
        if check not in self.checks:
            raise NotFound("not found")
        return self.checks[check]

    async def find_by_slug(self, ping_key: str, slug: str) -> Check:
        if self.error:
            raise self.error
        found = self.slugs.get((ping_key, slug), [])
        if not found:
            raise NotFound("not found")
        if len(found) > 1:
            raise Ambiguous("ambiguous slug")
        return found[0]

    async def record(self, reports: Sequence[Report]) -> Sequence[Ping]:
        self.recording.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.record_error:
            raise self.record_error
        known = {report.token for report in self.reports if report.token}
        self.reports += [report for report in reports if report.token not in known]
        return []


def settings(**changes: Any) -> SmtpSettings:
    return SmtpSettings(**{"domains": (DOMAIN,), "port": 0, **changes})


@asynccontextmanager
async def listening(core: FakeCore, **changes: Any) -> AsyncIterator[tuple[Listener, int]]:
    """A listener on a free port of the loopback."""
    sock = socket.create_server(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    listener = Listener(settings(**changes), core, lambda: NOW)
    await listener.start([sock])
    try:
        yield listener, port
    finally:
        await listener.stop(0)


class Client:
    """Sends lines, reads replies. `check` in a command stands for nothing: write addresses out."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    @asynccontextmanager
    async def connect(cls, port: int, *, greet: bool = True) -> AsyncIterator[Client]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        client = cls(reader, writer)
        try:
            if greet:
                assert (await client.reply()).startswith("220 ")
                assert (await client.send("EHLO tester")).startswith("250")
            yield client
        finally:
            writer.close()

    def write(self, data: str | bytes) -> None:
        self.writer.write(data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data)

    async def reply(self) -> str:
        """One reply, all of its lines; empty when the server has closed the connection."""
        async with asyncio.timeout(10):
            lines = ""
            while line := (await self.reader.readline()).decode():
                lines += line
                if line[3:4] != "-":
                    break
            return lines.strip()

    async def send(self, command: str) -> str:
        self.write(command + "\r\n")
        return await self.reply()

    async def mail(self, raw: bytes, *recipients: Check | str, sender: str = "ups@example.org") -> str:
        """One transaction; the last reply."""
        assert (await self.send(f"MAIL FROM:<{sender}>")).startswith("250")
        for recipient in recipients:
            await self.send(f"RCPT TO:<{address(recipient)}>")
        reply = await self.send("DATA")
        if not reply.startswith("354"):
            return reply
        self.write(raw.replace(b"\r\n.", b"\r\n..") + b"\r\n.\r\n")
        return await self.reply()


def address(recipient: Check | str) -> str:
    return recipient if isinstance(recipient, str) else f"{recipient.id}@{DOMAIN}"
