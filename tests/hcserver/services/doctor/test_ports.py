from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hcserver.config.schema import HttpSettings, Settings, SmtpSettings
from hcserver.services.doctor import ports
from hcserver.services.doctor.finding import Finding, error, ok
from hcserver.services.doctor.ports import examine_ports, ports_of

HEALTHY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"
ILL = b'HTTP/1.1 503 Service Unavailable\r\n\r\n{"status": "ill", "problems": {}}'


@asynccontextmanager
async def answering(http: bytes) -> AsyncIterator[int]:
    """The port of a server that has this answer for every request."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(http)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def examined(settings: Settings) -> list[Finding]:
    return [finding async for finding in examine_ports(settings)]


def http_on(port: int, host: str = "127.0.0.1") -> Settings:
    return Settings(http=HttpSettings(host=host, port=port), smtp=SmtpSettings(port=0))


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "*", "localhost"])
async def test_free_ports_are_found_free(host: str, unused_port: int) -> None:
    assert await examined(http_on(unused_port, host)) == [
        ok("ports", f"http.port ({host} {unused_port}) is free")
    ]


@pytest.mark.parametrize("answer", [HEALTHY, ILL])
async def test_a_running_server_is_recognised(answer: bytes) -> None:
    async with answering(answer) as port:
        assert await examined(http_on(port)) == [
            ok("ports", f"http.port (127.0.0.1 {port}) is held by a running hcserver")
        ]


async def test_another_server_is_an_error() -> None:
    async with answering(b"HTTP/1.1 404 Not Found\r\n\r\n") as port:
        (finding,) = await examined(http_on(port))
    assert finding == error(
        "ports", f"http.port (127.0.0.1 {port}) is held by something that does not answer as hcserver does"
    )


async def test_a_holder_that_says_nothing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "ANSWER_TIME", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        smtp = SmtpSettings(host="127.0.0.1", port=port)
        findings = [finding async for finding in examine_ports(Settings(smtp=smtp))]
    assert [one.level for one in findings if "smtp.port" in one.text] == ["error"]


async def test_an_address_of_another_machine_is_an_error(unused_port: int) -> None:
    (finding,) = await examined(http_on(unused_port, "192.0.2.1"))
    assert finding.level == "error"
    assert finding.text.startswith(f"http.port (192.0.2.1 {unused_port}): nobody can listen on it")


async def test_a_port_that_the_user_may_not_have_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(host: str, number: int) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(ports, "_listen", refuse)
    (finding,) = await examined(http_on(80))
    assert (finding.level, finding.text) == (
        "warning",
        "http.port (127.0.0.1 80): this user may not listen on it",
    )


def test_the_ports_are_those_of_the_settings() -> None:
    tls = HttpSettings(tls_cert="c", tls_key="k")
    both = Settings(http=tls, smtp=SmtpSettings(proxy_protocol=True))
    assert [(port.name, port.number, port.tls) for port in ports_of(both)] == [
        ("http.port", 8000, False),
        ("http.tls_port", 8443, True),
        ("smtp.port", 2525, False),
    ]
    only_tls = Settings(http=HttpSettings(port=443, tls_port=443, tls_cert="c", tls_key="k"))
    assert [port.name for port in ports_of(only_tls)] == ["http.tls_port", "smtp.port"]
