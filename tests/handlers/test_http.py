from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime

import pytest

from handlers.ping.exchange import Handler, Request, Response, Route, Server, status_of
from hcserver.errors import (
    Ambiguous,
    ConfigError,
    Conflict,
    Forbidden,
    HcError,
    InvalidRequest,
    NotFound,
    Unauthorized,
    Unavailable,
)
from tests.handlers.harness import Connection, Reply, chunked, listening, request_bytes


def refuse(request: Request, error: HcError | None) -> Response:
    return Response(status_of(error), b"a fault of ours" if error is None else str(error).encode())


@asynccontextmanager
async def connected(
    handler: Handler, body_limit: int = 100, patience: float = 60.0, body_timeout: float = 60.0
) -> AsyncIterator[Connection]:
    route = Route(handler, body_limit, refuse, patience)
    async with listening(Server(lambda method, path: route, body_timeout)) as port:
        connection = Connection(*await asyncio.open_connection("127.0.0.1", port))
        yield connection
        await connection.close()


async def echo(request: Request) -> Response:
    """Everything about a request that handlers see."""
    lines = [request.method, request.path, request.query, str(request.truncated), request.body.decode()]
    return Response(200, "|".join(lines).encode())


def answering(response: Response) -> Handler:
    async def handler(request: Request) -> Response:
        return response

    return handler


def raising(make: Callable[[], BaseException]) -> Handler:
    async def handler(request: Request) -> Response:
        raise make()

    return handler


async def exchange(connection: Connection, data: bytes, method: str = "GET") -> Reply:
    await connection.send(data)
    return await connection.reply(method)


async def test_path_and_query_come_as_they_were_sent() -> None:
    async with connected(echo) as connection:
        reply = await connection.request("GET", "/a%2Fb/?x=%20&y=?z")
        assert reply.text == "GET|/a%2Fb/|x=%20&y=?z|False|"


@pytest.mark.parametrize(
    ("target", "seen"),
    [
        ("http://example.org/ping/x?rid=1", "/ping/x|rid=1"),
        ("HTTPS://example.org:8443/ping/x", "/ping/x|"),
        ("http://example.org", "/|"),
        ("http://example.org?a=1", "/|a=1"),
        ("example.org:443", "example.org:443|"),
        ("*", "*|"),
        ("//ping/x", "//ping/x|"),
    ],
)
async def test_targets_of_every_form_are_understood(target: str, seen: str) -> None:
    async with connected(echo) as connection:
        reply = await connection.request("GET", target)
        assert reply.text == f"GET|{seen}|False|"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "BREW", "get"])
async def test_any_method_reaches_the_handler(method: str) -> None:
    async with connected(echo) as connection:
        assert (await connection.request(method, "/")).text == f"{method}|/||False|"


async def test_a_body_is_cut_at_the_limit_and_read_to_its_end() -> None:
    async with connected(echo, body_limit=4) as connection:
        assert (await connection.request("POST", "/", body=b"1234")).text == "POST|/||False|1234"
        assert (await connection.request("POST", "/", body=b"12345")).text == "POST|/||True|1234"
        assert (await connection.request("POST", "/", body=b"1" * 1_000_000)).text == "POST|/||True|1111"
        assert (await connection.request("GET", "/")).text == "GET|/||False|"


async def test_chunked_bodies_are_bodies() -> None:
    async with connected(echo, body_limit=6) as connection:
        head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert (await exchange(connection, head + chunked(b"ab", b"cd"))).text == "POST|/||False|abcd"
        assert (await exchange(connection, head + chunked(b"abcd", b"efgh"))).text == "POST|/||True|abcdef"
        assert (await exchange(connection, head + chunked())).text == "POST|/||False|"
        assert (await connection.request("GET", "/")).status == 200


async def test_a_request_that_ends_too_early_reaches_no_handler() -> None:
    reached = []

    async def note(request: Request) -> Response:
        reached.append(request)
        return Response()

    route = Route(note, 100, refuse)
    async with listening(Server(lambda method, path: route)) as port:
        for data in (
            b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n12345",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
            b"POST / HTTP/1.1\r\nContent-Le",
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(data)
            writer.write_eof()
            assert await reader.read() == b""
            writer.close()
    assert reached == []


@pytest.mark.parametrize(
    "data",
    [
        b"what is this\r\n\r\n",
        b"GET / HTTP/2.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_answered_with_400_and_ends_the_connection(data: bytes) -> None:
    async with connected(echo) as connection:
        reply = await exchange(connection, data)
        assert (reply.status, reply.text) == (400, "this is no HTTP request")
        assert reply.headers["connection"] == "close"
        assert await connection.is_closed()


async def test_a_header_that_is_too_large_is_told_so() -> None:
    async with connected(echo) as connection:
        reply = await exchange(connection, b"GET / HTTP/1.1\r\nX: " + b"x" * 66_000)
        assert (reply.status, reply.text) == (431, "the header is too large")
        assert await connection.is_closed()


async def test_a_body_may_take_longer_than_its_pauses() -> None:
    async with connected(echo, body_timeout=0.3) as connection:
        await connection.send(b"POST / HTTP/1.1\r\nContent-Length: 8\r\n\r\n")
        for byte in b"12345678":
            await asyncio.sleep(0.1)
            await connection.send(bytes([byte]))
        assert (await connection.reply()).text == "POST|/||False|12345678"
        assert (await connection.request("GET", "/")).status == 200


async def test_a_body_that_stops_coming_is_told_so_and_reaches_no_handler() -> None:
    reached = []

    async def note(request: Request) -> Response:
        reached.append(request)
        return Response()

    async with connected(note, body_timeout=0.1) as connection:
        reply = await exchange(connection, b"POST / HTTP/1.1\r\nContent-Length: 8\r\n\r\n1234")
        assert (reply.status, reply.text) == (408, "the request's body stopped coming")
        assert reply.headers["connection"] == "close"
        assert await connection.is_closed()
    assert reached == []


async def test_every_answer_has_the_date() -> None:
    async with connected(echo) as connection:
        date = (await connection.request("GET", "/")).headers["date"]
        assert abs(parsedate_to_datetime(date).timestamp() - time.time()) < 60


ERRORS = [
    (lambda: InvalidRequest("odd"), 400, "odd"),
    (lambda: Unauthorized("who?"), 401, "who?"),
    (lambda: Forbidden("no"), 403, "no"),
    (lambda: NotFound("none"), 404, "none"),
    (lambda: Ambiguous("two"), 409, "two"),
    (lambda: Conflict("not now"), 409, "not now"),
    (lambda: Unavailable("later"), 503, "later"),
]


@pytest.mark.parametrize(("make", "status", "text"), ERRORS)
async def test_errors_become_replies_and_the_connection_stays_usable(
    make: Callable[[], HcError], status: int, text: str
) -> None:
    async with connected(raising(make)) as connection:
        for _ in range(2):
            reply = await connection.request("POST", "/", body=b"x" * 1000)
            assert (reply.status, reply.text) == (status, text)
            assert reply.headers.get("retry-after") == ("5" if status == 503 else None)
            assert "connection" not in reply.headers


@pytest.mark.parametrize("make", [lambda: ValueError("the secret"), lambda: ConfigError("the secret")])
async def test_a_fault_of_ours_is_a_500_that_tells_nothing_and_the_connection_stays_usable(
    make: Callable[[], Exception], caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(raising(make)) as connection:
        for _ in range(2):
            reply = await connection.request("GET", "/somewhere")
            assert reply.status == 500
            assert "connection" not in reply.headers
    if isinstance(make(), ValueError):
        assert b"secret" not in reply.body
        assert "GET /somewhere failed" in caplog.text
    caplog.clear()


async def test_head_gets_the_headers_of_get_without_the_body() -> None:
    async with connected(answering(Response(200, b"four", {"X-Test": "1"}))) as connection:
        for _ in range(2):
            reply = await connection.request("HEAD", "/")
            assert (reply.headers["content-length"], reply.headers["x-test"]) == ("4", "1")
        assert (await connection.request("GET", "/")).text == "four"


@pytest.mark.parametrize("status", [204, 304])
async def test_answers_that_have_no_body_have_no_length(status: int) -> None:
    async with connected(answering(Response(status))) as connection:
        for _ in range(2):
            reply = await connection.request("GET", "/")
            assert "content-length" not in reply.headers
            assert "transfer-encoding" not in reply.headers


async def test_an_empty_answer_has_a_length() -> None:
    async with connected(answering(Response(403))) as connection:
        assert (await connection.request("GET", "/")).headers["content-length"] == "0"


async def test_the_connection_is_kept_until_the_client_asks_to_close_it() -> None:
    async with connected(echo) as connection:
        for _ in range(3):
            assert "connection" not in (await connection.request("GET", "/")).headers
        reply = await connection.request("GET", "/", {"Connection": "close"})
        assert reply.headers["connection"] == "close"
        assert await connection.is_closed()


async def test_pipelined_requests_are_answered_in_their_order() -> None:
    async def slow_then_fast(request: Request) -> Response:
        if request.path == "/1":
            await asyncio.sleep(0.01)
        return Response(200, request.path.encode())

    async with connected(slow_then_fast) as connection:
        await connection.send(b"".join(request_bytes("GET", f"/{n}") for n in (1, 2, 3)))
        assert [(await connection.reply()).text for _ in range(3)] == ["/1", "/2", "/3"]


async def test_http_1_0_without_a_host_is_answered_and_closed() -> None:
    async with connected(echo) as connection:
        reply = await exchange(connection, b"GET /x HTTP/1.0\r\n\r\n")
        assert reply.text == "GET|/x||False|"
        assert reply.headers["connection"] == "close"
        assert await connection.is_closed()


async def test_http_1_0_connections_are_kept_on_request() -> None:
    async with connected(echo) as connection:
        for data in (
            b"GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            b"POST /x HTTP/1.0\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nhi",
        ):
            assert (await exchange(connection, data)).headers["connection"] == "Keep-Alive"


async def test_an_http_1_0_post_without_a_length_is_not_promised_the_connection() -> None:
    async with connected(echo) as connection:
        reply = await exchange(connection, b"POST /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert reply.headers["connection"] == "close"
        assert await connection.is_closed()


@pytest.mark.parametrize("expectation", ["100-continue", "100-Continue"])
async def test_a_client_that_waits_for_100_continue_gets_it(expectation: str) -> None:
    async with connected(echo) as connection:
        head = f"POST / HTTP/1.1\r\nContent-Length: 2\r\nExpect: {expectation}\r\n\r\n"
        assert (await exchange(connection, head.encode())).status == 100
        assert (await exchange(connection, b"hi")).text == "POST|/||False|hi"
        assert (await connection.request("GET", "/")).status == 200


async def test_an_http_1_0_client_gets_no_100_continue() -> None:
    async with connected(echo) as connection:
        head = b"POST / HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        assert (await exchange(connection, head + b"hi")).text == "POST|/||False|hi"


async def test_what_takes_too_long_is_answered_with_503_and_given_up() -> None:
    ended = []

    async def stuck(request: Request) -> Response:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(request.path)
        raise AssertionError("unreachable")

    async with connected(stuck, patience=0.01) as connection:
        for path in ("/1", "/2"):
            reply = await connection.request("GET", path)
            assert (reply.status, reply.headers["retry-after"]) == (503, "5")
    assert ended == ["/1", "/2"]


async def test_a_handler_may_ask_for_more_time() -> None:
    async def slow(request: Request) -> Response:
        request.allow(60)
        await asyncio.sleep(0.1)
        return Response(200, b"done")

    async with connected(slow, patience=0.01) as connection:
        assert (await connection.request("GET", "/")).text == "done"


async def test_what_is_given_up_is_answered_once_even_if_it_cleans_up_slowly() -> None:
    async def stuck(request: Request) -> Response:
        if request.path == "/next":
            return Response(200, b"next")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0.02)
            raise NotFound("cleaning up failed") from None
        raise AssertionError("unreachable")

    async with connected(stuck, patience=0.01) as connection:
        assert (await connection.request("GET", "/")).status == 503
        assert (await connection.request("GET", "/next")).text == "next"
        await asyncio.sleep(0.03)
        assert (await connection.request("GET", "/next")).text == "next"


async def test_a_client_that_hangs_up_does_not_end_what_it_began(caplog: pytest.LogCaptureFixture) -> None:
    begun, release, finished = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(request: Request) -> Response:
        begun.set()
        await release.wait()
        finished.set()
        return Response(200, b"nobody reads this")

    async with connected(slow) as connection:
        await connection.send(request_bytes("GET", "/"))
        await begun.wait()
        await connection.close()
        release.set()
        await asyncio.wait_for(finished.wait(), 5)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_finish_waits_for_the_answers_under_way() -> None:
    begun = asyncio.Event()

    async def slow(request: Request) -> Response:
        begun.set()
        await asyncio.sleep(0.02)
        return Response(200, b"done")

    route = Route(slow, 0, refuse)
    server = Server(lambda method, path: route)
    await server.finish()
    async with listening(server) as port:
        connection = Connection(*await asyncio.open_connection("127.0.0.1", port))
        await connection.send(request_bytes("GET", "/"))
        await begun.wait()
        await server.finish()
        assert (await connection.reply()).text == "done"
        await connection.close()


async def test_routes_are_chosen_by_method_and_path() -> None:
    seen: list[tuple[str, str]] = []

    def route(method: str, path: str) -> Route:
        seen.append((method, path))
        return Route(echo, 0, refuse)

    async with listening(Server(route)) as port:
        connection = Connection(*await asyncio.open_connection("127.0.0.1", port))
        await connection.request("PUT", "/here?there")
        await connection.close()
    assert seen == [("PUT", "/here")]


def test_errors_without_a_status_of_their_own_are_faults_of_ours() -> None:
    assert status_of(None) == status_of(HcError("?")) == 500
