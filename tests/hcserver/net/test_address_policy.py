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
from hypothesis import given, settings
from hypothesis import strategies as st

from hcserver.config.schema import LogSettings
from hcserver.errors import DeliveryError
from hcserver.logs import set_up_logging
from hcserver.net.http_client import AddressPolicy, HttpClient
from tests.hcserver.receivers import HttpReceiver, Request, http_receiver

LOOPBACK = (ipaddress.ip_network("127.0.0.1"),)

PRIVATE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",  # metadata: Alibaba
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",  # metadata: Azure
    "169.254.169.254",  # metadata: nearly everybody
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",  # metadata: Oracle
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:7f00:1",
    "::ffff:0:10.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::10.0.0.1",
    "100::1",
    "2001::1",
    "2001:0:a00:1::1",
    "2001:db8::1",
    "2002:a00:1::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",  # metadata: AWS
    "fd20:ce::254",  # metadata: Google
    "fe80::1",
    "fe80::1%lo",
    "fec0::1",
    "ff02::1",
]
PUBLIC = [
    "1.1.1.1",
    "9.9.9.9",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.255.255",
    "172.32.0.1",
    "192.167.1.1",
    "223.255.255.255",
    "::ffff:1.1.1.1",
    "64:ff9b::1.1.1.1",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "2a00:1450::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_is_refused_for_good(address: str) -> None:
    with pytest.raises(DeliveryError, match=r"notifications\.allowed_networks") as caught:
        AddressPolicy(()).check(address)
    assert caught.value.transient is False


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_permitted(address: str) -> None:
    AddressPolicy(()).check(address)


@pytest.mark.parametrize(
    ("network", "address"),
    [
        ("10.0.0.0/8", "10.1.2.3"),
        ("10.0.0.0/8", "::ffff:10.1.2.3"),
        ("10.0.0.0/8", "64:ff9b::10.1.2.3"),
        ("169.254.169.254", "169.254.169.254"),
        ("fd00::/8", "fd00::1"),
        ("::1", "::1"),
        ("2002::/16", "2002:a00:1::1"),
    ],
)
def test_a_private_network_can_be_allowed(network: str, address: str) -> None:
    AddressPolicy((ipaddress.ip_network(network),)).check(address)


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.2", "64:ff9b::127.0.0.2"]
)
def test_what_is_allowed_opens_nothing_else(address: str) -> None:
    with pytest.raises(DeliveryError):
        AddressPolicy(LOOPBACK).check(address)


@settings(max_examples=200)
@given(st.ip_addresses(v=4))
def test_an_ipv4_address_fares_the_same_in_each_of_its_ipv6_forms(address: ipaddress.IPv4Address) -> None:
    def permitted(text: str) -> bool:
        try:
            AddressPolicy(LOOPBACK).check(text)
        except DeliveryError:
            return False
        return True

    plain = permitted(str(address))
    assert permitted(f"::ffff:{address}") is plain
    assert permitted(f"64:ff9b::{address}") is plain
    if not address.is_global:
        assert plain is (address in LOOPBACK[0])


@given(st.text())
def test_what_is_no_address_is_refused(text: str) -> None:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        with pytest.raises(DeliveryError):
            AddressPolicy(()).check(text)


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f.0.0.1", "::1", "0", "::ffff:127.0.0.1"]
)
def test_a_host_that_leads_to_this_machine_is_refused_however_it_is_written(host: str) -> None:
    with pytest.raises(DeliveryError, match="private or reserved") as caught:
        AddressPolicy(()).resolve(host, 80)
    assert caught.value.transient is False


def test_a_name_gives_only_the_addresses_that_are_permitted(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "1.1.1.1", "10.0.0.1", "2606:4700::1", "1.1.1.1", "fe80::1%lo")
    assert AddressPolicy(()).resolve("mixed.example", 443) == ["1.1.1.1", "2606:4700::1"]


def test_a_name_that_can_not_be_looked_up_may_be_found_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(DeliveryError, match="Temporary failure") as caught:
        AddressPolicy(()).resolve("example.org", 443)
    assert caught.value.transient is True


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..b", "\0", "\ud800", "a" * 100_000])
def test_what_can_be_no_host_is_refused(host: str) -> None:
    with pytest.raises(DeliveryError):
        AddressPolicy(()).resolve(host, 80)


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


async def refused(http: HttpClient, url: str, **headers: str) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await http.request("POST", url, headers, b"x")
    return caught.value


async def test_a_request_arrives_as_it_was_made(receiver: HttpReceiver) -> None:
    async with http() as client:
        assert await client.request("PUT", f"{receiver.url}/a?b=c", {"X-Y": "ü"}, b"body") == 200
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
        assert await client.request("POST", f"http://name.test:{receiver.port}/", {}, b"") == 200
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
    assert await client.request("POST", f"http://name.test:{receiver.port}/", {}, b"") == 200
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
        assert await client.request("POST", receiver.url, {}, b"x") == 307
    assert len(receiver.requests) == 1


async def test_a_redirect_is_followed_with_the_whole_message_if_allowed(receiver: HttpReceiver) -> None:
    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.target == "/":
            writer.write(b"HTTP/1.1 308 X\r\nLocation: b?c\r\nContent-Length: 3\r\n\r\nabc")
        else:
            writer.write(b"HTTP/1.1 201 X\r\nContent-Length: 0\r\n\r\n")

    receiver.answer = answer
    async with http(redirects=True) as client:
        assert await client.request("POST", receiver.url, {"Authorization": "s"}, b"x") == 201
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
        assert await client.request("POST", receiver.url, {}, b"x") == status
    assert len(receiver.requests) == 1


async def test_a_redirect_elsewhere_takes_no_credentials_with_it(receiver: HttpReceiver) -> None:
    async with http_receiver() as other, http(redirects=True) as client:
        receiver.answer, receiver.location = 307, other.url
        headers = {"authorization": "s", "x-token": "t", "content-type": "a/b", "webhook-id": "1"}
        assert await client.request("POST", f"http://u:p@127.0.0.1:{receiver.port}", headers, b"x") == 200
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
        assert await client.request("POST", receiver.url, {}, b"x") == 200
    assert written < 20_000_000  # what fits into the buffers of the system


async def test_an_answer_whose_body_never_comes_is_an_answer_all_the_same(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 202 OK\r\nContent-Length: 10\r\n\r\nx")

    monkeypatch.setattr("hcserver.net.http_client._BODY_SECONDS", 0.05)
    receiver.answer = answer
    async with http() as client:
        assert await client.request("POST", receiver.url, {}, b"x") == 202


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
    assert time.monotonic() - started < 3


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
            assert await client.request("POST", f"https://name.test:{receiver.port}/", {}, b"x") == 200
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
        assert await client.request("POST", receiver.url, {}, b"x") == 200


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
        assert await client.request("POST", receiver.url, {}, b"x") == 200
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
