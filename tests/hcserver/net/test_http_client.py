from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hcserver.config.schema import LogSettings
from hcserver.errors import DeliveryError
from hcserver.logs import set_up_logging
from hcserver.net.address_policy import AddressPolicy
from hcserver.net.http_client import HttpClient
from tests.hcserver.receivers import HttpReceiver, Request, http_receiver

LOOPBACK = (ipaddress.ip_network("127.0.0.1"),)


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Every name has these addresses; returns the names asked for."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, **kwargs: object) -> list[object]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@contextlib.asynccontextmanager
async def http(*, redirects: bool = False, timeout: float = 5.0) -> AsyncIterator[HttpClient]:
    http = HttpClient(AddressPolicy(LOOPBACK), timeout, redirects=redirects)
    yield http
    http.close()


async def status_of(
    client: HttpClient, method: str, url: str, headers: dict[str, str], content: bytes
) -> int:
    return (await client.request(method, url, headers, content)).status


async def refused(http: HttpClient, url: str, **headers: str) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await http.request("POST", url, headers, b"x")
    return caught.value


async def test_a_request_arrives_as_it_was_made(receiver: HttpReceiver) -> None:
    async with http() as client:
        assert await status_of(client, "PUT", f"{receiver.url}/a?b=c", {"X-Y": "ü"}, b"body") == 200
    (request,) = receiver.requests
    assert (request.method, request.target, request.body) == ("PUT", "/a?b=c", b"body")
    assert request.headers["x-y"] == "ü"
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert request.headers["user-agent"].startswith("hcserver/")
    assert "accept-encoding" not in request.headers


async def test_credentials_in_the_url_become_a_header(receiver: HttpReceiver) -> None:
    async with http() as client:
        await client.request("POST", f"http://us%C3%A9r:p%40ss@127.0.0.1:{receiver.port}/", {}, b"")
    assert receiver.requests[0].headers["authorization"] == "Basic dXPDqXI6cEBzcw=="
    assert receiver.requests[0].headers["content-length"] == "0"


async def test_the_address_connected_to_is_the_one_that_was_checked(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])  # rebinding: another address the second time

    def getaddrinfo(host: str, port: int, **kwargs: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in next(answers)]

    async with http() as client:
        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        assert await status_of(client, "POST", f"http://name.test:{receiver.port}/", {}, b"") == 200
        assert receiver.requests[0].headers["host"] == f"name.test:{receiver.port}"
        assert next(answers) == ["10.0.0.1"]


async def test_a_private_address_is_never_connected_to(receiver: HttpReceiver) -> None:
    client = HttpClient(AddressPolicy(()), 5.0, redirects=False)
    for host in ("127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"):
        failed = await refused(client, f"http://{host}:{receiver.port}/")
        assert (failed.transient, failed.status) == (False, None)
    client.close()
    assert receiver.requests == []


@pytest.mark.parametrize("addresses", [("127.0.0.9", "127.0.0.1"), ("127.0.0.1", "127.0.0.9")])
async def test_the_next_address_is_tried_if_one_refuses(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, str]
) -> None:
    client = HttpClient(AddressPolicy((ipaddress.ip_network("127.0.0.0/8"),)), 5.0, redirects=False)
    resolving(monkeypatch, *addresses)
    assert await status_of(client, "POST", f"http://name.test:{receiver.port}/", {}, b"") == 200
    client.close()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:25/_x",
        "//127.0.0.1/",
        "http:///x",
        "http://[::1",
        "http://127.0.0.1:99999/",
        "http://a b/",
        "http://127.0.0.1/\r\nX: y",
        "http://" + "a" * 70_000,
        "http://a%20b/",
        "http://[fe80::1%25lo]/",
        "",
    ],
)
async def test_only_http_urls_are_requested(url: str) -> None:
    async with http() as client:
        assert (await refused(client, url)).transient is False


async def test_redirects_are_off_by_default(receiver: HttpReceiver) -> None:
    receiver.answer, receiver.location = 307, "/elsewhere"
    async with http() as client:
        assert await status_of(client, "POST", receiver.url, {}, b"x") == 307
    assert len(receiver.requests) == 1


async def test_a_redirect_is_followed_with_the_whole_message_if_allowed(receiver: HttpReceiver) -> None:
    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.target == "/":
            writer.write(b"HTTP/1.1 308 X\r\nLocation: b?c\r\nContent-Length: 3\r\n\r\nabc")
        else:
            writer.write(b"HTTP/1.1 201 X\r\nContent-Length: 0\r\n\r\n")

    receiver.answer = answer
    async with http(redirects=True) as client:
        assert await status_of(client, "POST", receiver.url, {"Authorization": "s"}, b"x") == 201
    assert [(r.method, r.target, r.body) for r in receiver.requests] == [
        ("POST", "/", b"x"),
        ("POST", "/b?c", b"x"),
    ]
    assert receiver.requests[1].headers["authorization"] == "s"


async def test_interim_answers_without_end_are_given_up(receiver: HttpReceiver) -> None:
    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)
            await writer.drain()

    receiver.answer = answer
    async with http() as client:
        failure = await refused(client, receiver.url)
    assert (failure.transient, str(failure)) == (True, "no connection: the answer does not end")


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_a_redirect_that_would_lose_the_message_is_not_followed(
    receiver: HttpReceiver, status: int
) -> None:
    receiver.answer, receiver.location = status, "/login"
    async with http(redirects=True) as client:
        assert await status_of(client, "POST", receiver.url, {}, b"x") == status
    assert len(receiver.requests) == 1


async def test_a_redirect_elsewhere_takes_no_credentials_with_it(receiver: HttpReceiver) -> None:
    async with http_receiver() as other, http(redirects=True) as client:
        receiver.answer, receiver.location = 307, other.url
        headers = {"authorization": "s", "x-token": "t", "content-type": "a/b", "webhook-id": "1"}
        assert await status_of(client, "POST", f"http://u:p@127.0.0.1:{receiver.port}", headers, b"x") == 200
        sent = other.requests[0].headers
    assert {"authorization", "x-token"}.isdisjoint(sent)
    assert (sent["content-type"], sent["webhook-id"]) == ("a/b", "1")


@pytest.mark.parametrize(
    "location", ["http://10.0.0.1/", "http://[::1]/", "http://localhost.localdomain:1/", "ftp://127.0.0.1/"]
)
async def test_a_redirect_to_where_nothing_may_go_is_refused(
    receiver: HttpReceiver, location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, **kwargs: object) -> object:
        return found("::1" if host == "localhost.localdomain" else host, port, type=socket.SOCK_STREAM)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    receiver.answer, receiver.location = 307, location
    async with http(redirects=True) as client:
        assert (await refused(client, receiver.url)).transient is False


async def test_redirects_without_end_are_given_up(receiver: HttpReceiver) -> None:
    receiver.answer, receiver.location = 307, "/"
    async with http(redirects=True) as client:
        failed = await refused(client, receiver.url)
    assert (failed.transient, failed.status) == (False, 307)
    assert len(receiver.requests) == 6


async def test_an_answer_without_end_is_not_read_to_its_end(receiver: HttpReceiver) -> None:
    written = 0

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()
            written += 65_536

    receiver.answer = answer
    async with http() as client:
        assert await status_of(client, "POST", receiver.url, {}, b"x") == 200
    assert written < 20_000_000  # what fits into the buffers of the system


async def test_an_answer_whose_body_never_comes_is_an_answer_all_the_same(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 202 OK\r\nContent-Length: 10\r\n\r\nx")

    monkeypatch.setattr("hcserver.net.http_client._BODY_SECONDS", 0.05)
    receiver.answer = answer
    async with http() as client:
        assert await status_of(client, "POST", receiver.url, {}, b"x") == 202


async def test_no_answer_in_time_is_a_transient_failure(receiver: HttpReceiver) -> None:
    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    receiver.answer = answer
    async with http(timeout=0.1) as client:
        failed = await refused(client, receiver.url)
    assert (str(failed), failed.transient) == ("no answer within 0.1 s", True)


async def test_a_head_that_drips_in_is_bounded_in_time_too(receiver: HttpReceiver) -> None:
    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(1000):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    receiver.answer = answer
    started = time.monotonic()
    async with http(timeout=0.2) as client:
        assert (await refused(client, receiver.url)).transient is True
    assert time.monotonic() - started < 8  # the head takes ten and more


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"220 mx.test ESMTP\r\n",
        b"HTTP/1.1 999999 X\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000,
        b"HTTP/1.1 200 OK\r\nX Y: z\r\n\r\n",
        b"\0" * 100,
    ],
)
async def test_what_is_no_answer_is_a_transient_failure(receiver: HttpReceiver, reply: bytes) -> None:
    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(reply)
        writer.close()

    receiver.answer = answer
    async with http() as client:
        assert (await refused(client, receiver.url)).transient is True


async def test_nobody_listening_is_a_transient_failure(unused_port: int) -> None:
    async with http() as client:
        assert (await refused(client, f"http://127.0.0.1:{unused_port}/")).transient is True


async def test_tls_asks_for_the_name_though_an_address_is_connected_to(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(*certificate)
    trusting = ssl.create_default_context(cafile=certificate[0])
    resolving(monkeypatch, "127.0.0.1")
    async with http_receiver(ssl=serving) as receiver:
        async with http() as client:  # nobody known has signed it
            failed = await refused(client, f"https://name.test:{receiver.port}/")
        assert failed.transient is True
        assert "CERTIFICATE_VERIFY_FAILED" in str(failed)
        monkeypatch.setattr("hcserver.net.http_client._tls", lambda: trusting)
        async with http() as client:
            assert await status_of(client, "POST", f"https://name.test:{receiver.port}/", {}, b"x") == 200
            failed = await refused(client, f"https://other.test:{receiver.port}/")
        assert "CERTIFICATE_VERIFY_FAILED" in str(failed)
    assert len(receiver.requests) == 1


async def test_a_request_can_be_cancelled_at_once(receiver: HttpReceiver) -> None:
    arrived = asyncio.Event()

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await asyncio.Event().wait()

    receiver.answer = answer
    async with http() as client:
        task = asyncio.create_task(client.request("POST", receiver.url, {}, b"x"))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_proxies_of_the_environment_are_not_used(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch, unused_port: int
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{unused_port}")
    async with http() as client:
        assert await status_of(client, "POST", receiver.url, {}, b"x") == 200


async def test_cookies_are_not_kept(receiver: HttpReceiver) -> None:
    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n")

    receiver.answer = answer
    async with http() as client:
        for _ in range(2):
            await client.request("POST", receiver.url, {}, b"x")
    assert "cookie" not in receiver.requests[1].headers


async def test_one_slow_receiver_takes_no_places_from_others(receiver: HttpReceiver) -> None:
    everybody = asyncio.Event()

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        if len(slow.requests) == 150:
            everybody.set()
        await asyncio.Event().wait()

    async with http_receiver() as slow, http() as client:
        slow.answer = answer
        tasks = [asyncio.create_task(client.request("POST", slow.url, {}, b"")) for _ in range(150)]
        await everybody.wait()
        assert await status_of(client, "POST", receiver.url, {}, b"x") == 200
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.usefixtures("own_logging")
async def test_neither_logs_nor_errors_tell_secrets(
    receiver: HttpReceiver, capsys: pytest.CaptureFixture[str], unused_port: int
) -> None:
    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nSet-Cookie: SECRET\r\nContent-Length: 0\r\n\r\n")

    set_up_logging(LogSettings(level="debug"))
    receiver.answer = answer
    async with http() as client:
        for port in (receiver.port, unused_port):
            url = f"http://user:SECRET@127.0.0.1:{port}/SECRET?x=SECRET"
            with contextlib.suppress(DeliveryError):
                await client.request("POST", url, {"X": "SECRET"}, b"SECRET")
        failed = await refused(client, f"http://127.0.0.1:{unused_port}/SECRET", X="SECRET")
        assert "SECRET" not in str(failed)
        assert "SECRET" not in str(await refused(client, "http://a b/SECRET"))
    assert len(receiver.requests) == 1
    assert "SECRET" not in capsys.readouterr().err
