from __future__ import annotations

import asyncio
import contextlib
import gc
import re
import select
import signal
import smtplib
import socket
import socketserver
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from pymongo import MongoClient

from hcserver import app
from hcserver.config.schema import HttpSettings, MongoSettings, Settings, SmtpSettings
from hcserver.errors import ConfigError
from hcserver.services.runtime.recovery import Recovery
from hcserver.storage.client import connect, database_of
from tests.ports import unused_port

pytestmark = pytest.mark.usefixtures("own_logging")


@pytest.fixture
def settings(mongo_uri: str) -> Iterator[Settings]:
    """For a server on free ports and a database of its own."""
    database = f"app_{uuid4().hex}"
    yield Settings(
        http=HttpSettings(host="127.0.0.1", port=unused_port(), base_url="https://hc.example.org/"),
        smtp=SmtpSettings(host="127.0.0.1", port=unused_port(), domains=("in.example.org", "example.com")),
        mongodb=MongoSettings(uri=mongo_uri, database=database, timeout=60),
    )
    with MongoClient[dict[str, Any]](mongo_uri) as client:
        client.drop_database(database)


async def get(settings: Settings, path: str) -> bytes:
    """The start line of the answer."""
    reader, writer = await asyncio.open_connection(settings.http.host, settings.http.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    line = await reader.readline()
    await reader.read()
    writer.close()
    await writer.wait_closed()
    return line.rstrip()


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[asyncio.Task[None]]:
    """A server that is ready; stopped as init would do it."""
    task = asyncio.create_task(app.serve(settings))
    while not task.done():
        with contextlib.suppress(OSError):
            if await get(settings, "/api/v3/status/") == b"HTTP/1.1 200 OK":
                break
        await asyncio.sleep(0.01)
    try:
        yield task
    finally:
        stop()
        await task


def stop() -> None:
    assert signal.getsignal(signal.SIGTERM) != signal.SIG_DFL
    signal.raise_signal(signal.SIGTERM)


async def greeting(settings: Settings, capsys: pytest.CaptureFixture[str]) -> str:
    """What a start prints."""
    printed = ""
    async with serving(settings):
        for _ in range(20):  # it listens a moment before it greets
            printed += capsys.readouterr().out
            await asyncio.sleep(0.01)
    return printed + capsys.readouterr().out


async def test_the_first_start_makes_a_project_and_shows_its_keys_with_commands_to_paste(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    text = await greeting(settings, capsys)
    keys = dict(re.findall(r"^  (\S.*\S)   +(\S+)$", text, re.MULTILINE))
    assert list(keys) == ["API key (read-write)", "API key (read-only)", "ping key", "badge key"]
    api_key, ping_key = keys["API key (read-write)"], keys["ping key"]
    ping = f"curl -fsS -m 10 --retry 5 'https://hc.example.org/ping/{ping_key}/my-first-job?create=1'"
    api = f"curl -H 'X-Api-Key: {api_key}' https://hc.example.org/api/v3/checks/"
    assert [line.strip() for line in text.splitlines() if "curl" in line] == [ping, api]
    assert (
        f"by email to {ping_key}+my-first-job@in.example.org, taken in on port {settings.smtp.port}" in text
    )

    client = connect(settings.mongodb.uri, settings.mongodb)
    (project,) = await database_of(client, settings.mongodb.database).projects.find().to_list(None)
    client.close()
    assert (project["name"], project["ping_key"]) == ("main", ping_key)


def setup_links(text: str) -> list[str]:
    return re.findall(r"^  https://hc\.example\.org/setup/(\S{43})$", text, re.MULTILINE)


async def test_until_there_is_a_user_every_start_shows_a_link_to_create_one(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = [await greeting(settings, capsys) for _ in range(2)]
    assert ["API key" in text for text in texts] == [True, False]
    (first,), (second,) = [setup_links(text) for text in texts]
    assert first != second

    client = connect(settings.mongodb.uri, settings.mongodb)
    services = app.build_services(database_of(client, settings.mongodb.database), settings)
    await services.accounts.require_setup_token(first)
    await services.accounts.set_up(second, "ann", "correct horse", "Home", "::1", "")
    client.close()
    assert await greeting(settings, capsys) == ""


async def test_without_an_smtp_listener_the_greeting_names_no_email_address(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    text = await greeting(
        Settings(http=settings.http, smtp=SmtpSettings(port=0), mongodb=settings.mongodb), capsys
    )
    assert "curl" in text
    assert "email" not in text


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # as below
async def test_the_end_of_its_terminal_stops_it(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal())
    async with serving(settings) as server:
        signal.raise_signal(signal.SIGHUP)
        await asyncio.wait_for(server, 30)


class Terminal:
    def isatty(self) -> bool:
        return True


async def test_a_port_for_http_that_is_taken_is_reported_with_the_setting(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", settings.http.port)), pytest.raises(ConfigError) as caught:
        await app.serve(settings)
    assert str(caught.value) == (
        f"http.host, http.port: can't listen on 127.0.0.1:{settings.http.port} (Address already in use); "
        "choose another one, e.g. HCSERVER_HTTP_PORT=8001"
    )
    async with serving(settings):  # what was opened before was closed again
        assert await get(settings, "/api/v3/status/") == b"HTTP/1.1 200 OK"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # as below
async def test_a_port_for_https_that_is_taken_is_reported_with_the_setting(
    settings: Settings, certificate: tuple[Path, Path]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        expected = (
            rf"^http\.host, http\.tls_port: can't listen on 127\.0\.0\.1:{port} \(Address already in use\)"
        )
        with pytest.raises(ConfigError, match=expected):
            await app.serve(with_tls(settings, certificate, settings.http.port, port))
    with socket.create_server(("127.0.0.1", settings.http.port)):
        pass  # what was opened before was closed again


async def test_a_certificate_that_can_not_be_used_stops_the_start(
    settings: Settings, certificate: tuple[Path, Path]
) -> None:
    with pytest.raises(ConfigError, match=r"^http\.tls_cert, http\.tls_key: can't use "):
        await app.serve(with_tls(settings, (certificate[1], certificate[0]), settings.http.port, 0))


async def test_where_both_ports_are_the_same_nothing_goes_without_tls(
    settings: Settings, certificate: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    trusting = ssl.create_default_context(cafile=certificate[0])
    port = settings.http.port
    task = asyncio.create_task(app.serve(with_tls(settings, certificate, port, port)))
    await until_logged(f"listening for HTTPS on 127.0.0.1:{port}", capsys)
    assert await get(settings, "/ping/x") == b"HTTP/1.1 400 Bad Request"
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=trusting, server_hostname="name.test"
    )
    writer.write(b"GET /ping/x HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 ")
    writer.close()
    await writer.wait_closed()
    stop()
    await task


def with_tls(settings: Settings, files: tuple[Path, Path], port: int, tls_port: int) -> Settings:
    cert, key = map(str, files)
    http = HttpSettings(host="127.0.0.1", port=port, tls_port=tls_port, tls_cert=cert, tls_key=key)
    return Settings(http=http, smtp=settings.smtp, mongodb=settings.mongodb)


async def test_a_port_for_mail_that_is_taken_is_reported_with_the_setting(settings: Settings) -> None:
    expected = r"^smtp\.host, smtp\.port: can't listen on 127\.0\.0\.1:\d+"
    with (
        socket.create_server(("127.0.0.1", settings.smtp.port)),
        pytest.raises(ConfigError, match=expected),
    ):
        await app.serve(settings)


# Tornado's bind_sockets leaves it to the garbage collector to close what it could not bind.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_an_address_that_is_not_ours_is_reported_with_the_setting(settings: Settings) -> None:
    elsewhere = HttpSettings(host="192.0.2.1", port=settings.http.port)
    with pytest.raises(ConfigError, match=r"^http\.host, http\.port: can't listen on 192\.0\.2\.1:\d+ \("):
        await app.serve(Settings(http=elsewhere, smtp=settings.smtp, mongodb=settings.mongodb))
    gc.collect()


def without_database(settings: Settings, port: int) -> Settings:
    away = MongoSettings(
        uri=f"mongodb://127.0.0.1:{port}/?directConnection=true&retryWrites=false",
        database=settings.mongodb.database,
        timeout=1.0,
    )
    return Settings(http=settings.http, smtp=settings.smtp, mongodb=away)


async def refusal(settings: Settings, recipient: str) -> tuple[int, bytes]:
    """What the listener for mail answers to it."""

    def ask() -> tuple[int, bytes]:
        with smtplib.SMTP(settings.smtp.host, settings.smtp.port, timeout=10) as smtp:
            smtp.ehlo()
            smtp.mail("nas@example.org")
            return smtp.rcpt(recipient)

    return await asyncio.to_thread(ask)


async def until_logged(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    seen = ""
    async with asyncio.timeout(20):
        while text not in seen:
            await asyncio.sleep(0.01)
            seen += capsys.readouterr().err


async def test_the_server_waits_for_a_database_that_comes_late(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "DATABASE_RETRY", 0.05)
    port = unused_port()
    task = asyncio.create_task(app.serve(without_database(settings, port)))
    await until_logged("the database is not available, trying again in 0.05 s", capsys)

    for path in (f"/ping/{uuid4()}", "/ping/key/slug?create=1", "/api/v3/checks/", f"/b/2/{uuid4()}.svg"):
        assert await get(settings, path) == b"HTTP/1.1 503 Service Unavailable"
    assert await get(settings, "/api/v3/status/") == b"HTTP/1.1 503 Service Unavailable"
    assert await refusal(settings, f"{uuid4()}@in.example.org") == (
        451,
        b"4.3.0 Temporary trouble here, try again later",
    )

    with relay(port, urlsplit(settings.mongodb.uri).port or 0):
        async with asyncio.timeout(20):
            status = b""
            while status != b"HTTP/1.1 200 OK":
                with contextlib.suppress(OSError):
                    status = await get(settings, "/api/v3/status/")
                await asyncio.sleep(0.01)
        stop()
        await task


@contextlib.contextmanager
def relay(port: int, target: int) -> Iterator[None]:
    """What connects to `port` talks to `target`. In threads: the driver's last words block the event loop."""

    class Relay(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", target)) as there:
                other = {self.request: there, there: self.request}
                while True:
                    for ready in select.select([*other], [], [])[0]:
                        data = ready.recv(65536)
                        if not data:
                            return
                        other[ready].sendall(data)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True

    with Server(("127.0.0.1", port), Relay) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield
        server.shutdown()
        thread.join()


async def test_it_can_be_stopped_while_it_waits_for_the_database(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    task = asyncio.create_task(app.serve(without_database(settings, unused_port())))
    await until_logged("the database is not available, trying again in 2 s", capsys)
    stop()
    async with asyncio.timeout(1):
        await task


async def test_before_all_logs_were_looked_through_it_takes_pings_only_and_can_be_stopped(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run(recovery: Recovery) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Recovery, "run", run)
    server = asyncio.create_task(app.serve(settings))
    ping = f"/ping/{uuid4()}"
    while await start_line(settings, ping) != b"HTTP/1.1 404 Not Found":
        assert not server.done()
        await asyncio.sleep(0.01)
    for path in ("/api/v3/checks/", "/api/v3/status/", "/"):
        assert await get(settings, path) == b"HTTP/1.1 503 Service Unavailable"
    stop()
    await server


async def start_line(settings: Settings, path: str) -> bytes:
    """What `get` returns; nothing as long as the port is not open."""
    try:
        return await get(settings, path)
    except OSError:
        return b""
