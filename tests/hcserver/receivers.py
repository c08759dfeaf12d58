"""Receivers on this machine: what they have been sent, and whatever they answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from hcserver.config.schema import EmailSettings, NotificationSettings, Settings
from hcserver.config.types import networks
from hcserver.notify.send_context import SendContext

LOOPBACK = networks().read(["127.0.0.0/8", "::1"])


@asynccontextmanager
async def making_send_context(
    email: EmailSettings | None = None, commands: dict[str, str] | None = None, **notifications: Any
) -> AsyncIterator[SendContext]:
    """SendContext that may reach this machine and run `commands` as root, unless told otherwise."""
    given: dict[str, Any] = {
        "allowed_networks": LOOPBACK,
        "timeout": 5.0,
        "shell_as_root": True,
    } | notifications
    settings = Settings(
        email=email or EmailSettings(), notifications=NotificationSettings(**given), shell=commands or {}
    )
    context = SendContext.of(settings)
    yield context
    await context.close()


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    peer: tuple[str, int]


Answer = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class HttpReceiver:
    """Answers 200 unless told otherwise: a status, or a function that writes what it likes."""

    url: str = ""
    port: int = 0
    answer: int | Answer = 200
    location: str = ""
    requests: list[Request] = field(default_factory=list)
    serving: set[asyncio.Task[Any]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.serving.add(task)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                request = await self._read(head.decode("utf-8"), reader, writer)
                self.requests.append(request)
                await self._answer(request, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # gone, or the test has ended
        finally:
            self.serving.discard(task)
            writer.close()

    def hang_up(self) -> None:
        for task in self.serving:
            task.cancel()

    async def _read(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request:
        first, *lines = head.rstrip().split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        assert len(headers) == len(lines), lines
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Request(method, target, headers, body, writer.get_extra_info("peername")[:2])

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        if callable(self.answer):
            await self.answer(request, writer)
        else:
            location = f"Location: {self.location}\r\n" if self.location else ""
            writer.write(f"HTTP/1.1 {self.answer} X\r\n{location}Content-Length: 0\r\n\r\n".encode())
        await writer.drain()


@asynccontextmanager
async def http_receiver(ssl: Any = None, host: str = "127.0.0.1") -> AsyncIterator[HttpReceiver]:
    receiver = HttpReceiver()
    server = await asyncio.start_server(receiver.serve, host, 0, ssl=ssl)
    receiver.port = server.sockets[0].getsockname()[1]
    receiver.url = f"{'https' if ssl else 'http'}://{host}:{receiver.port}"
    async with server:
        try:
            yield receiver
        finally:
            receiver.hang_up()  # from Python 3.12 on a server waits for its connections to end


@dataclass
class Mail:
    sender: str
    recipients: list[str]
    content: bytes
    session: Session


@dataclass
class SmtpReceiver:
    """Takes every message, or answers `reply` to the recipient or (`after_data`) to the message."""

    port: int = 0
    reply: str = "250 OK"
    after_data: str = "250 OK"
    pause: asyncio.Event | None = None
    messages: list[Mail] = field(default_factory=list)
    connections: int = 0
    protocols: list[SMTP] = field(default_factory=list)

    def hang_up(self) -> None:
        for protocol in self.protocols:
            if protocol.transport is not None:
                protocol.transport.close()
            if protocol._handler_coroutine is not None:
                protocol._handler_coroutine.cancel()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.pause is not None:
            await self.pause.wait()
        assert envelope.mail_from is not None
        assert isinstance(envelope.content, bytes)
        if self.after_data.startswith("2"):
            self.messages.append(Mail(envelope.mail_from, envelope.rcpt_tos, envelope.content, session))
        return self.after_data


@asynccontextmanager
async def smtp_receiver(listening_tls: Any = None, **options: Any) -> AsyncIterator[SmtpReceiver]:
    """`options` are those of aiosmtpd's SMTP."""
    receiver = SmtpReceiver()

    def protocol() -> SMTP:
        receiver.connections += 1
        receiver.protocols.append(SMTP(receiver, hostname="mx.test", ident="test", **options))
        return receiver.protocols[-1]

    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=listening_tls)
    receiver.port = server.sockets[0].getsockname()[1]
    async with server:
        try:
            yield receiver
        finally:
            receiver.hang_up()
            await asyncio.sleep(0)
