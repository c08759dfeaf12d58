from __future__ import annotations

import asyncio
import socket
from unittest.mock import MagicMock

import pytest

from handlers.front import serve_http
from hcserver.app import build_services
from hcserver.config.schema import HttpSettings, Settings
from hcserver.errors import ConfigError
from hcserver.net.byte_budget import ByteBudget
from tests.handlers.apps import PAGE, PING, Seen, connected, make_front
from tests.handlers.harness import Connection, listening


async def who(seen: Seen) -> tuple[int, bytes]:
    """Only the application's handlers learn whether a body was cut."""
    return 200, b"ping" if seen.truncated is None else b"application"


@pytest.mark.parametrize(
    ("target", "answered_by"),
    [
        (PING, "ping"),
        (f"{PING}x?create=1", "ping"),
        ("/%70ing/x", "ping"),
        ("http://elsewhere/ping/x", "ping"),
        (PAGE, "application"),
        ("/pin%67", "application"),
        ("/PING/x", "application"),
        ("/ping", "application"),
        ("/api/ping/x", "application"),
        ("/ping%2Fx", "application"),
    ],
)
async def test_pings_go_to_the_exchange_and_everything_else_to_the_application(
    target: str, answered_by: str
) -> None:
    async with connected(who) as connection:
        for method in ("GET", "POST"):
            assert (await connection.request(method, target)).text == answered_by


async def test_a_request_that_has_begun_is_answered_before_the_listener_closes() -> None:
    async with listening(make_front(who)) as port:
        connection = Connection(*await asyncio.open_connection("127.0.0.1", port))
        await connection.send(b"GET /ping/x HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await connection.reply()).text == "ping"
    assert await connection.is_closed()
    await connection.close()


async def test_an_address_that_can_not_be_listened_on_is_named_with_the_remedy() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        services = build_services(MagicMock(), Settings(http=HttpSettings(host="127.0.0.1", port=port)))
        with pytest.raises(ConfigError, match=f"can't listen on 127.0.0.1:{port} .*HCSERVER_HTTP_PORT"):
            async with serve_http(services, ByteBudget(), 1.0):
                raise AssertionError
