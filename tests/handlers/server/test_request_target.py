"""How the target of a request is read."""

from __future__ import annotations

import pytest

from tests.handlers.apps import BOTH, connected, echo
from tests.handlers.harness import Connection, Reply

both = pytest.mark.parametrize("root", BOTH)


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
async def test_an_http_1_0_post_without_a_length_is_not_promised_the_connection(root: str) -> None:
    async with connected(echo) as connection:
        data = f"POST {root} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
        assert (await exchange(connection, data.encode())).headers["connection"] == "close"
        assert await connection.is_closed()
