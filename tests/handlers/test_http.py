"""Requests and answers, on both ways through the server: pings and everything else."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

import pytest

from handlers.loggable import loggable_path
from handlers.server.errors import status_of, text_of
from hcserver.config.schema import HttpSettings
from hcserver.errors import (
    Ambiguous,
    ConfigError,
    Conflict,
    Forbidden,
    HcError,
    InvalidRequest,
    NotFound,
    TooSlow,
    Unauthorized,
    Unavailable,
)
from tests.handlers.apps import BOTH, PAGE, PING, Function, Seen, connect, connected, echo, make_front
from tests.handlers.harness import Connection, Reply, chunked, listening, request_bytes

both = pytest.mark.parametrize("root", BOTH)


def answering(status: int, body: bytes = b"") -> Function:
    async def handler(seen: Seen) -> tuple[int, bytes]:
        return status, body

    return handler


def raising(make: Callable[[], BaseException]) -> Function:
    async def handler(seen: Seen) -> tuple[int, bytes]:
        raise make()

    return handler


async def exchange(connection: Connection, data: bytes, method: str = "GET") -> Reply:
    await connection.send(data)
    return await connection.reply(method)


def post(root: str, headers: str, version: str = "HTTP/1.1") -> bytes:
    return f"POST {root} {version}\r\nHost: x\r\n{headers}\r\n\r\n".encode()


@both
async def test_path_and_query_come_as_they_were_sent(root: str) -> None:
    async with connected(echo) as connection:
        reply = await connection.request("GET", f"{root}a%2Fb/?x=%20&y=?z")
        assert reply.text == f"GET|{root}a%2Fb/|x=%20&y=?z|"


@pytest.mark.parametrize(
    ("target", "seen"),
    [
        ("http://example.org/ping/x?rid=1", "/ping/x|rid=1"),
        ("HTTPS://example.org:8443/ping/x", "/ping/x|"),
        ("http://example.org/page?a", "/page|a"),
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
        assert reply.text == f"GET|{seen}|"


@pytest.mark.parametrize("target", ["/%70ing/x", "/ping/%78", "/ping%2Fx", "/p%49ng/x", "/page/%78"])
async def test_encoded_letters_in_the_path_of_a_ping_are_letters(target: str) -> None:
    path = "/ping/x" if target in ("/%70ing/x", "/ping/%78") else target
    async with connected(echo) as connection:
        assert (await connection.request("GET", target)).text == f"GET|{path}||"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "BREW", "get", "_EXECUTE", "FINISH"])
async def test_any_method_is_a_ping(method: str) -> None:
    async with connected(echo) as connection:
        assert (await connection.request(method, PING)).text == f"{method}|{PING}||"


@pytest.mark.parametrize("method", ["BREW", "get", "FINISH", "PREPARE"])
async def test_a_method_that_no_handler_knows_calls_no_other_method_of_it(method: str) -> None:
    async with connected(echo) as connection:
        assert (await connection.request(method, PAGE)).text == f"UNSUPPORTED|{PAGE}||"


@both
async def test_a_body_is_cut_at_the_limit_and_read_to_its_end(root: str) -> None:
    async with connected(echo, body_limit=4) as connection:
        assert (await connection.request("POST", root, body=b"1234")).text == f"POST|{root}||1234"
        assert (await connection.request("POST", root, body=b"12345")).text == f"POST|{root}||1234"
        assert (await connection.request("POST", root, body=b"1" * 1_000_000)).text == f"POST|{root}||1111"
        assert (await connection.request("GET", root)).text == f"GET|{root}||"


async def test_a_handler_learns_that_the_body_was_cut() -> None:
    async def truncated(seen: Seen) -> tuple[int, bytes]:
        return 200, str(seen.truncated).encode()

    async with connected(truncated, body_limit=4) as connection:
        for body, text in ((b"1234", "False"), (b"12345", "True"), (b"", "False")):
            assert (await connection.request("POST", PAGE, body=body)).text == text


@both
async def test_chunked_bodies_are_bodies(root: str) -> None:
    async with connected(echo, body_limit=6) as connection:
        head = post(root, "Transfer-Encoding: chunked")
        assert (await exchange(connection, head + chunked(b"ab", b"cd"))).text == f"POST|{root}||abcd"
        assert (await exchange(connection, head + chunked(b"abcd", b"efgh"))).text == f"POST|{root}||abcdef"
        assert (await exchange(connection, head + chunked())).text == f"POST|{root}||"
        assert (await connection.request("GET", root)).status == 200


@both
async def test_chunk_extensions_and_trailers_are_valid(root: str) -> None:
    async with connected(echo) as connection:
        head = post(root, "Transfer-Encoding: chunked\r\nTrailer: Digest")
        body = b'4;a=b;c="d"\r\nab\r\n\r\n2 ; x\r\ncd\r\n0;end\r\nDigest: 1\r\nOther:2\r\n\r\n'
        following = request_bytes("GET", root)
        assert (await exchange(connection, head + body + following)).text == f"POST|{root}||ab\r\ncd"
        assert (await connection.reply()).text == f"GET|{root}||"


@both
async def test_a_request_that_ends_too_early_reaches_no_handler(root: str) -> None:
    reached = []

    async def note(seen: Seen) -> tuple[int, bytes]:
        reached.append(seen)
        return 200, b""

    async with listening(make_front(note)) as port:
        for data in (
            post(root, "Content-Length: 10") + b"12345",
            post(root, "Transfer-Encoding: chunked") + b"5\r\n12345\r\n",
            post(root, "Content-Le")[:-4],
        ):
            connection = await connect(port)
            await connection.send(data)
            connection.writer.write_eof()
            assert await connection.reader.read() == b""
            await connection.close()
    assert reached == []


@both
@pytest.mark.parametrize("body", [b"", b"a body"])
async def test_a_client_that_sends_nothing_more_gets_its_answer(root: str, body: bytes) -> None:
    async def slow(seen: Seen) -> tuple[int, bytes]:
        await asyncio.sleep(0.02)
        return await echo(seen)

    async with listening(make_front(slow)) as port:
        connection = await connect(port)
        # A header of several reads, so that its end comes together with the end of the connection.
        filler = "".join(f"X-Filler-{n}: {'x' * 4000}\r\n" for n in range(10))
        head = f"POST {root} HTTP/1.1\r\nHost: x\r\n{filler}Content-Length: {len(body)}\r\n\r\n"
        await connection.send(head.encode() + body)
        connection.writer.write_eof()
        assert (await connection.reply()).text == f"POST|{root}||{body.decode()}"
        assert await connection.is_closed()
        await connection.close()


@both
async def test_pipelined_requests_before_the_end_are_all_answered(root: str) -> None:
    async with connected(echo) as connection:
        await connection.send(b"".join(request_bytes("GET", f"{root}{n}") for n in (1, 2, 3)))
        connection.writer.write_eof()
        assert [(await connection.reply()).text for _ in range(3)] == [f"GET|{root}{n}||" for n in (1, 2, 3)]
        assert await connection.is_closed()


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
        b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nno trailer\r\n",
        b"GET /\0 HTTP/1.1\r\n\r\n",
    ],
)
@both
async def test_what_is_no_http_is_answered_with_400_and_ends_the_connection(root: str, data: bytes) -> None:
    data = data.replace(b"GET /", b"GET " + root.encode()).replace(
        b"HTTP/1.1\r\n", b"HTTP/1.1\r\nHost: x\r\n"
    )
    async with connected(echo) as connection:
        reply = await exchange(connection, data)
        assert (reply.status, reply.text) == (400, "this is no HTTP request")
        assert reply.headers["connection"] == "close"
        assert await connection.is_closed()


@pytest.mark.parametrize(
    "data",
    [
        b"POST ROOT HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi",
        b"POST ROOT HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 2\r\n\r\nhi",
        b"POST ROOT HTTP/1.1\r\nHost: a b\r\nContent-Length: 2\r\n\r\nhi",
        b"POST ROOT HTTP/1.1\r\nHost: a\r\nContent-Length: 2,2\r\n\r\nhi",
        b"POST ROOT HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
        b"POST ROOT HTTP/1.1\nHost: a\nContent-Length: 2\n\nhi",
        b"POST ROOT HTTP/1.1\r\nHost: a\nContent-Length: 2\r\n\r\nhi",
        b"POST ROOT HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    ],
)
async def test_a_faulty_header_is_refused_unless_it_is_that_of_a_clear_ping(data: bytes) -> None:
    async with connected(echo) as connection:
        assert (await exchange(connection, data.replace(b"ROOT", PING.encode()))).text == f"POST|{PING}||hi"
    async with connected(echo) as connection:
        reply = await exchange(connection, data.replace(b"ROOT", PAGE.encode()))
        assert (reply.status, reply.text) == (400, "this is no HTTP request")
        assert await connection.is_closed()


@pytest.mark.parametrize(
    "data",
    [
        b"POST /ping/ HTTP/1.1\r\nContent-Length: 2,2\r\n\r\nhi",
        b"POST /ping/ HTTP/1.1\nContent-Length: 2\n\nhi",
        b"POST /ping/ HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"
        + chunked(b"hi"),
    ],
)
async def test_nothing_is_read_behind_a_ping_whose_length_is_doubtful(data: bytes) -> None:
    async with connected(echo) as connection:
        reply = await exchange(connection, data + request_bytes("GET", PAGE))
        assert (reply.text, reply.headers["connection"]) == (f"POST|{PING}||hi", "close")
        assert await connection.is_closed()


@both
async def test_a_header_that_is_too_large_gets_an_answer(root: str) -> None:
    async with connected(echo) as connection:
        reply = await exchange(connection, f"GET {root} HTTP/1.1\r\nX: ".encode() + b"x" * 66_000)
        assert (reply.status, reply.text) == (431, "the header is too large")
        assert await connection.is_closed()


@both
async def test_a_body_may_take_longer_than_its_pauses(root: str) -> None:
    async with connected(echo, http=HttpSettings(body_timeout=0.3, min_body_rate=1)) as connection:
        await connection.send(post(root, "Content-Length: 8"))
        for byte in b"12345678":
            await asyncio.sleep(0.1)
            await connection.send(bytes([byte]))
        assert (await connection.reply()).text == f"POST|{root}||12345678"
        assert (await connection.request("GET", root)).status == 200


@both
@pytest.mark.parametrize("pace", ["stopped", "dripping"])
async def test_a_body_that_does_not_come_in_time_is_answered_and_reaches_no_handler(
    root: str, pace: str
) -> None:
    reached = []

    async def note(seen: Seen) -> tuple[int, bytes]:
        reached.append(seen)
        return 200, b""

    async with connected(note, http=HttpSettings(body_timeout=0.1, min_body_rate=1000)) as connection:
        await connection.send(post(root, "Content-Length: 100") + b"1234")
        replied = asyncio.create_task(connection.reply())
        while pace == "dripping" and not replied.done():
            connection.writer.write(b"5")
            await asyncio.sleep(0.01)
        reply = await replied
        text = "comes too slowly" if pace == "dripping" else "stopped coming"
        assert (reply.status, reply.text) == (408, f"the request's body {text}")
        assert reply.headers["connection"] == "close"
        assert await connection.is_closed()
    assert reached == []


@both
async def test_a_body_that_stops_when_all_that_is_kept_has_come_is_answered(root: str) -> None:
    async with connected(echo, body_limit=3, http=HttpSettings(body_timeout=0.05)) as connection:
        reply = await exchange(connection, post(root, "Content-Length: 100") + b"1234")
        assert (reply.text, reply.headers["connection"]) == (f"POST|{root}||123", "close")
        assert await connection.is_closed()


@both
async def test_every_answer_has_the_date_and_nothing_about_the_server(root: str) -> None:
    async with connected(echo) as connection:
        headers = (await connection.request("GET", root)).headers
        assert abs(parsedate_to_datetime(headers["date"]).timestamp() - time.time()) < 60
        assert set(headers) == {"date", "content-length"}


ERRORS = [
    (lambda: InvalidRequest("odd"), 400, "odd"),
    (lambda: Unauthorized("who?"), 401, "who?"),
    (lambda: Forbidden("no"), 403, "no"),
    (lambda: NotFound("none"), 404, "none"),
    (lambda: Ambiguous("two"), 409, "two"),
    (lambda: Conflict("not now"), 409, "not now"),
    (lambda: TooSlow("late"), 408, "late"),
    (lambda: Unavailable("later"), 503, "later"),
]


@both
@pytest.mark.parametrize(("make", "status", "text"), ERRORS)
async def test_errors_become_replies_and_the_connection_stays_usable(
    root: str, make: Callable[[], HcError], status: int, text: str
) -> None:
    async with connected(raising(make)) as connection:
        for _ in range(2):
            reply = await connection.request("POST", root, body=b"x" * 1000)
            assert (reply.status, reply.text) == (status, text)
            assert reply.headers.get("retry-after") == ("5" if status == 503 else None)
            assert "connection" not in reply.headers


@both
@pytest.mark.parametrize("make", [lambda: ValueError("the secret"), lambda: ConfigError("the secret")])
async def test_a_fault_of_the_server_is_a_500_without_details_and_the_connection_stays_usable(
    root: str, make: Callable[[], Exception], caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(raising(make)) as connection:
        for _ in range(2):
            reply = await connection.request("GET", f"{root}somewhere")
            assert (reply.status, reply.text) == (500, "internal error")
            assert "connection" not in reply.headers
    if isinstance(make(), ValueError):
        assert f"GET {loggable_path(root + 'somewhere')} failed" in caplog.text
    caplog.clear()


@both
async def test_head_gets_the_headers_of_get_without_the_body(root: str) -> None:
    async with connected(answering(200, b"four")) as connection:
        for _ in range(2):
            reply = await connection.request("HEAD", root)
            assert reply.headers["content-length"] == "4"
        assert (await connection.request("GET", root)).text == "four"


@pytest.mark.parametrize("status", [204, 304])
async def test_answers_that_have_no_body_have_no_length(status: int) -> None:
    async with connected(answering(status)) as connection:
        for _ in range(2):
            reply = await connection.request("GET", PAGE)
            assert "content-length" not in reply.headers
            assert "transfer-encoding" not in reply.headers


@both
async def test_an_empty_answer_has_a_length(root: str) -> None:
    async with connected(answering(403)) as connection:
        assert (await connection.request("GET", root)).headers["content-length"] == "0"


@both
async def test_the_connection_is_kept_until_the_client_asks_to_close_it(root: str) -> None:
    async with connected(echo) as connection:
        for _ in range(3):
            assert "connection" not in (await connection.request("GET", root)).headers
        reply = await connection.request("GET", root, {"Connection": "close"})
        assert reply.headers["connection"] == "close"
        assert await connection.is_closed()


async def test_pipelined_requests_are_answered_in_their_order() -> None:
    async def slow_then_fast(seen: Seen) -> tuple[int, bytes]:
        if seen.path.endswith("1"):
            await asyncio.sleep(0.01)
        return 200, seen.path.encode()

    paths = [f"{root}{n}" for n in (1, 2) for root in BOTH]
    async with connected(slow_then_fast) as connection:
        await connection.send(b"".join(request_bytes("GET", path) for path in paths))
        assert [(await connection.reply()).text for _ in paths] == paths


@both
async def test_http_1_0_without_a_host_is_answered_and_closed(root: str) -> None:
    async with connected(echo) as connection:
        reply = await exchange(connection, f"GET {root} HTTP/1.0\r\n\r\n".encode())
        assert reply.text == f"GET|{root}||"
        assert reply.headers["connection"] == "close"
        assert await connection.is_closed()


@both
async def test_http_1_0_connections_are_kept_on_request(root: str) -> None:
    async with connected(echo) as connection:
        for data in (
            f"GET {root} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            f"POST {root} HTTP/1.0\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nhi",
        ):
            assert (await exchange(connection, data.encode())).headers["connection"] == "Keep-Alive"


@both
async def test_an_http_1_0_post_without_a_length_is_not_promised_the_connection(root: str) -> None:
    async with connected(echo) as connection:
        data = f"POST {root} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
        assert (await exchange(connection, data.encode())).headers["connection"] == "close"
        assert await connection.is_closed()


@both
@pytest.mark.parametrize("expectation", ["100-continue", "100-Continue"])
async def test_a_client_that_waits_for_100_continue_gets_it(root: str, expectation: str) -> None:
    async with connected(echo) as connection:
        head = post(root, f"Content-Length: 2\r\nExpect: {expectation}")
        assert (await exchange(connection, head)).status == 100
        assert (await exchange(connection, b"hi")).text == f"POST|{root}||hi"
        assert (await connection.request("GET", root)).status == 200


@both
async def test_an_http_1_0_client_gets_no_100_continue(root: str) -> None:
    async with connected(echo) as connection:
        head = post(root, "Content-Length: 2\r\nExpect: 100-continue", "HTTP/1.0")
        assert (await exchange(connection, head + b"hi")).text == f"POST|{root}||hi"


@both
async def test_what_takes_too_long_is_answered_with_503_and_given_up(root: str) -> None:
    ended = []

    async def stuck(seen: Seen) -> tuple[int, bytes]:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(seen.path)
        raise AssertionError("unreachable")

    async with connected(stuck, deadline=0.01) as connection:
        for path in (f"{root}1", f"{root}2"):
            reply = await connection.request("GET", path)
            assert (reply.status, reply.headers["retry-after"]) == (503, "5")
    assert ended == [f"{root}1", f"{root}2"]


async def test_a_handler_may_ask_for_more_time() -> None:
    async def slow(seen: Seen) -> tuple[int, bytes]:
        seen.allow(60)
        await asyncio.sleep(0.1)
        return 200, b"done"

    async with connected(slow, deadline=0.01) as connection:
        assert (await connection.request("GET", PAGE)).text == "done"


@both
@pytest.mark.parametrize("ending", ["error", "answer", "fault"])
async def test_what_is_given_up_is_answered_once_even_if_it_cleans_up_slowly(root: str, ending: str) -> None:
    async def stuck(seen: Seen) -> tuple[int, bytes]:
        if seen.path.endswith("next"):
            return 200, b"next"
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0.02)
            if ending == "error":
                raise NotFound("cleaning up failed") from None
        return 200, b"an answer after all"

    async with connected(stuck, deadline=0.01) as connection:
        assert (await connection.request("GET", root)).status == 503
        assert (await connection.request("GET", f"{root}next")).text == "next"
        await asyncio.sleep(0.03)
        assert (await connection.request("GET", f"{root}next")).text == "next"


@both
async def test_a_client_that_hangs_up_does_not_end_what_it_began(
    root: str, caplog: pytest.LogCaptureFixture
) -> None:
    begun, release, finished = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(seen: Seen) -> tuple[int, bytes]:
        begun.set()
        await release.wait()
        finished.set()
        return 200, b"nobody reads this"

    async with connected(slow) as connection:
        await connection.send(request_bytes("GET", root))
        await begun.wait()
        await connection.close()
        release.set()
        await asyncio.wait_for(finished.wait(), 5)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_errors_without_a_status_of_their_own_are_faults_of_the_server() -> None:
    for error in (HcError("?"), ConfigError("?"), ValueError("?")):
        assert (status_of(error), text_of(error)) == (500, "internal error")
