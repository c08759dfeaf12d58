"""An intake that keeps reports in memory, and a client that speaks raw SMTP."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID, uuid4

from hcserver.config.schema import SmtpSettings
from hcserver.domain.check import Check
from hcserver.domain.ping import Ping, Report
from hcserver.errors import Ambiguous, NotFound
from hcserver.net.byte_budget import ByteBudget
from hcserver.services.delivery.bounces import Bounces
from hcserver.services.delivery.return_addresses import ReturnAddress
from hcserver.services.intake.intake import Intake
from hcserver.services.intake.repetitions import Receipt
from smtp.listener import Listener

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DOMAIN = "hc.example.org"
MAIL = b"Subject: Backup OK\r\n\r\nAll is well.\r\n"


class FakeIntake:
    def __init__(self) -> None:
        self.body_limit = 1_000_000
        self.checks: dict[UUID, Check] = {}
        self.slugs: dict[tuple[str, str], list[Check]] = {}
        self.reports: list[Report] = []
        self.receipts: list[Receipt] = []  # those that were acknowledged
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
        self.reports += reports
        return []

    def acknowledged(self, receipts: Iterable[Receipt]) -> None:
        self.receipts += receipts


def settings(**changes: Any) -> SmtpSettings:
    return SmtpSettings(**{"domains": (DOMAIN,), "port": 0, **changes})


class FakeBounces:
    """Knows the return address of one message, and keeps what came back."""

    def __init__(self) -> None:
        self.address = ReturnAddress(uuid4(), b"x")
        self.came_back: list[tuple[ReturnAddress, str]] = []

    def read(self, address: str) -> ReturnAddress | None:
        return self.address if address.lower() == "bounce+x@bounces.example.org" else None

    async def returned(self, address: ReturnAddress, error: str) -> None:
        self.came_back.append((address, error))


def make_listener(
    settings: SmtpSettings,
    intake: FakeIntake | None = None,
    bounces: FakeBounces | None = None,
    budget: ByteBudget | None = None,
) -> Listener:
    """A listener that is not started yet, with the clock at NOW."""
    return Listener(
        settings,
        cast(Intake, intake or FakeIntake()),
        lambda: NOW,
        cast(Bounces, bounces),
        budget=budget,
    )


@asynccontextmanager
async def listening(
    intake: FakeIntake,
    bounces: FakeBounces | None = None,
    budget: ByteBudget | None = None,
    /,
    **changes: Any,
) -> AsyncIterator[tuple[Listener, int]]:
    """A listener on a free port of the loopback."""
    sock = socket.create_server(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    listener = make_listener(settings(**changes), intake, bounces, budget)
    await listener.start([sock])
    try:
        yield listener, port
    finally:
        await listener.stop(0)


class Client:
    """Sends commands and reads replies."""

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
        async with asyncio.timeout(60):
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
