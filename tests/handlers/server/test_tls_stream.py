"""HTTP with TLS: the same server, behind a handshake that strangers may begin and never end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from hcserver.config.schema import HttpSettings
from hcserver.net.certificate import Certificate
from tests.certificates import make_certificate
from tests.handlers.apps import BOTH, Function, Seen, connect, echo, make_front
from tests.handlers.harness import Connection, chunked, listening, request_bytes

both = pytest.mark.parametrize("root", BOTH)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def certificate(files: tuple[Path, Path]) -> Certificate:
    return Certificate("http", str(files[0]), str(files[1]))


@pytest.fixture
def trusting(files: tuple[Path, Path]) -> ssl.SSLContext:
    """A client's."""
    return ssl.create_default_context(cafile=files[0])


@asynccontextmanager
async def server(certificate: Certificate, function: Function = echo, **settings: Any) -> AsyncIterator[int]:
    http = HttpSettings(**{"trusted_proxies": (), **settings})
    async with listening(make_front(function, http=http), http, certificate) as port:
        yield port


@asynccontextmanager
async def connected(port: int, context: ssl.SSLContext) -> AsyncIterator[Connection]:
    streams = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="name.test")
    connection = Connection(*streams)
    try:
        yield connection
    finally:
        await connection.close()


async def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


@both
async def test_requests_are_answered_one_after_the_other(
    certificate: Certificate, trusting: ssl.SSLContext, root: str
) -> None:
    async with server(certificate) as port, connected(port, trusting) as connection:
        for n in range(3):
            assert (await connection.request("GET", f"{root}{n}")).text == f"GET|{root}{n}||"
        await connection.send(b"".join(request_bytes("GET", f"{root}{n}") for n in range(20)))
        assert [(await connection.reply()).text for _ in range(20)] == [f"GET|{root}{n}||" for n in range(20)]
        head = f"POST {root} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        await connection.send(head + chunked(b"a ", b"body"))
        assert (await connection.reply()).text == f"POST|{root}||a body"


async def test_large_answers_and_large_bodies_pass(
    certificate: Certificate, trusting: ssl.SSLContext
) -> None:
    async def sized(seen: Seen) -> tuple[int, bytes]:
        return 200, b"x" * 3_000_000

    async with server(certificate, sized) as port, connected(port, trusting) as connection:
        for _ in range(2):
            reply = await connection.request("POST", "/page/", body=b"y" * 500_000)
            assert len(reply.body) == 3_000_000


async def test_the_protocol_is_https(certificate: Certificate, trusting: ssl.SSLContext) -> None:
    seen_protocols = []

    front = make_front(echo)
    begin = front.start_request

    def start_request(server_conn: Any, request_conn: Any) -> Any:
        seen_protocols.append(request_conn.context.protocol)
        return begin(server_conn, request_conn)

    front.start_request = start_request  # type: ignore[method-assign]
    async with listening(front, None, certificate) as port, connected(port, trusting) as connection:
        await connection.request("GET", "/page/")
    async with listening(front) as port:
        plain = await connect(port)
        await plain.request("GET", "/page/")
        await plain.close()
    assert list(dict.fromkeys(seen_protocols)) == ["https", "http"]


async def test_a_header_that_is_too_large_is_answered(
    certificate: Certificate, trusting: ssl.SSLContext
) -> None:
    async with (
        server(certificate, max_header_bytes=4096) as port,
        connected(port, trusting) as connection,
    ):
        reply = await connection.request("GET", "/page/", {"X-Filler": "x" * 20_000})
        assert (reply.status, reply.text) == (431, "the header is too large")
        assert await connection.is_closed()


async def test_a_client_hears_that_nothing_was_cut_off(
    certificate: Certificate, trusting: ssl.SSLContext
) -> None:
    def last_words(port: int) -> bytes:
        with (
            socket.create_connection(("127.0.0.1", port), 60) as plain,
            trusting.wrap_socket(plain, server_hostname="name.test", suppress_ragged_eofs=False) as client,
        ):
            client.sendall(b"GET /page/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            received = b""
            while piece := client.recv(4096):
                received += piece
            return received

    async with server(certificate) as port:
        assert (await asyncio.to_thread(last_words, port)).endswith(b"GET|/page/||")


async def test_plain_http_is_told_that_this_is_the_port_for_https(certificate: Certificate) -> None:
    async with server(certificate) as port:
        connection = await connect(port)
        reply = await connection.request("GET", "/page/")
        assert (reply.status, reply.text) == (400, "this port is for https, not for http")
        assert await connection.is_closed()
        await connection.close()


@pytest.mark.parametrize("greeting", [b"\x00" * 50, b"\x16\x03\x01\x00\x05hello", b"SSH-2.0-x\r\n", b""])
async def test_what_is_no_handshake_is_closed_and_fills_no_log(
    certificate: Certificate, greeting: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with server(certificate) as port:
        connection = await connect(port)
        await connection.send(greeting)
        connection.writer.write_eof()
        with contextlib.suppress(ConnectionError):
            await connection.reader.read()  # an alert, maybe
        await connection.close()
    assert caplog.text == ""


async def test_a_client_that_has_gone_before_it_was_accepted_changes_nothing(
    certificate: Certificate, trusting: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with server(certificate) as port:
        for greeting in (b"", b"\x16\x03\x01"):
            gone = socket.create_connection(("127.0.0.1", port))
            gone.send(greeting)
            gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            gone.close()  # with a reset
        async with connected(port, trusting) as connection:
            assert (await connection.request("GET", "/page/")).status == 200
    assert caplog.text == ""


class RawClient:
    """A client whose bytes can be changed on their way."""

    def __init__(self, streams: tuple[asyncio.StreamReader, asyncio.StreamWriter], context: ssl.SSLContext):
        self.reader, self.writer = streams
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname="name.test")

    async def shake_hands(self) -> None:
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                self.writer.write(self._outgoing.read())
                self._incoming.write(await self.reader.read(4096))
            else:
                self.writer.write(self._outgoing.read())
                return

    def send(self, data: bytes) -> None:
        self.tls.write(data)
        self.writer.write(self._outgoing.read())

    async def everything(self) -> bytes:
        """What the server sends until it closes the connection."""
        with contextlib.suppress(ConnectionError):
            self._incoming.write(await self.reader.read(-1))
        received = b""
        with contextlib.suppress(ssl.SSLError):
            while piece := self.tls.read(4096):
                received += piece
        return received


@asynccontextmanager
async def raw_client(port: int, context: ssl.SSLContext) -> AsyncIterator[RawClient]:
    client = RawClient(await asyncio.open_connection("127.0.0.1", port), context)
    await client.shake_hands()
    try:
        yield client
    finally:
        await closed(client.writer)


async def test_garbage_behind_a_handshake_is_closed_and_fills_no_log(
    certificate: Certificate, trusting: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with server(certificate) as port, raw_client(port, trusting) as client:
        client.writer.write(b"\x17\x03\x03\x00\x20" + b"?" * 32)
        assert await client.everything() == b""
    assert caplog.text == ""


@both
async def test_a_client_that_sends_nothing_more_gets_its_answer(
    certificate: Certificate, trusting: ssl.SSLContext, root: str
) -> None:
    async with server(certificate) as port, raw_client(port, trusting) as client:
        client.send(request_bytes("POST", root, body=b"all"))
        client.writer.write_eof()
        assert (await client.everything()).endswith(f"POST|{root}||all".encode())


@pytest.mark.parametrize("begin", [b"", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"])
async def test_a_handshake_that_never_ends_is_closed_in_time(certificate: Certificate, begin: bytes) -> None:
    async with server(certificate, idle_timeout=1.0) as port:
        connection = await connect(port)
        await connection.send(begin)
        assert await connection.is_closed()
        await connection.close()


async def test_a_handshake_that_never_ends_makes_room_for_others(
    certificate: Certificate, trusting: ssl.SSLContext
) -> None:
    async with server(certificate, max_connections=2, max_connections_per_address=2) as port:
        slow = [await connect(port) for _ in range(4)]
        async with connected(port, trusting) as connection:
            assert (await connection.request("GET", "/page/")).status == 200
        assert await slow[0].is_closed()
        for each in slow:
            await each.close()


async def test_where_all_connections_are_at_work_a_new_one_is_closed(
    certificate: Certificate, trusting: ssl.SSLContext
) -> None:
    begun, release = asyncio.Event(), asyncio.Event()

    async def busy(seen: Seen) -> tuple[int, bytes]:
        begun.set()
        await release.wait()
        return 200, b"done"

    async with (
        server(certificate, busy, max_connections=1) as port,
        connected(port, trusting) as first,
    ):
        await first.send(request_bytes("GET", "/page/"))
        await begun.wait()
        late = await connect(port)
        assert await late.is_closed()
        await late.close()
        release.set()
        assert (await first.reply()).text == "done"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_old_versions_of_tls_are_refused(certificate: Certificate, trusting: ssl.SSLContext) -> None:
    trusting.minimum_version = ssl.TLSVersion.TLSv1
    trusting.maximum_version = ssl.TLSVersion.TLSv1_1
    trusting.set_ciphers("ALL:@SECLEVEL=0")
    async with server(certificate) as port:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname="name.test")


async def test_a_connection_outlives_the_renewal_of_the_certificate(
    tmp_path: Path,
) -> None:
    old = make_certificate(tmp_path)
    certificate, trusting_old = (
        Certificate("http", str(old[0]), str(old[1])),
        ssl.create_default_context(cafile=old[0]),
    )
    async with server(certificate) as port, connected(port, trusting_old) as before:
        assert (await before.request("GET", "/page/")).status == 200
        trusting_new = ssl.create_default_context(cafile=make_certificate(tmp_path)[0])
        certificate.reload()
        async with connected(port, trusting_new) as after:
            assert (await after.request("GET", "/page/")).status == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            async with connected(port, trusting_old):
                pass
        assert (await before.request("GET", "/page/")).status == 200
