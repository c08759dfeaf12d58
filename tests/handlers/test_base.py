"""What a handler of the application can do, as users of Tornado expect it."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from handlers.base import BaseHandler
from hcserver.errors import InvalidRequest
from tests.handlers.apps import connected, make_front
from tests.handlers.harness import Connection, listening, request_bytes


async def head_lines(connection: Connection, target: str) -> list[str]:
    """The lines of the answer's header."""
    await connection.send(request_bytes("GET", target))
    head = await connection.reader.readuntil(b"\r\n\r\n")
    return head.decode().split("\r\n")


class CookiesHandler(BaseHandler):
    def get(self) -> None:
        self.set_cookie("session", "abc", httponly=True)
        self.set_cookie("theme", "dark")
        self.write_text("ok")


class PageHandler(BaseHandler):
    def get(self) -> None:
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.render("page.html", name="<b>")


class EventsHandler(BaseHandler):
    """Sends four events and ends."""

    async def get(self) -> None:
        self.set_header("Content-Type", "text/event-stream")
        for number in range(4):
            self.write(f"data: {number}\n\n")
            await self.flush()
            await asyncio.sleep(0.02)


class WaitingEventsHandler(BaseHandler):
    """Sends an event each 5 ms until the client goes."""

    endless = True
    ended: asyncio.Event

    async def get(self) -> None:
        try:
            while True:
                self.write("data: tick\n\n")
                await self.flush()
                await asyncio.sleep(0.005)
        finally:
            type(self).ended.set()


class FormHandler(BaseHandler):
    def get(self) -> None:
        raise InvalidRequest("odd")

    def post(self) -> None:
        self.write_json({"size": len(self.body)})


async def test_a_handler_can_set_several_cookies() -> None:
    async with connected(routes=[("/cookies", CookiesHandler)]) as connection:
        lines = await head_lines(connection, "/cookies")
    assert "Set-Cookie: session=abc; HttpOnly; Path=/" in lines
    assert "Set-Cookie: theme=dark; Path=/" in lines


async def test_templates_are_rendered_and_escaped(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<p>Hello {{ name }}</p>")
    async with connected(routes=[("/", PageHandler)], template_path=str(tmp_path)) as connection:
        reply = await connection.request("GET", "/")
    assert reply.text == "<p>Hello &lt;b&gt;</p>"
    assert reply.headers["content-type"] == "text/html; charset=utf-8"


async def test_an_event_stream_goes_on_beyond_the_deadline() -> None:
    async with connected(routes=[("/events", EventsHandler)], deadline=0.03) as connection:
        await connection.send(request_bytes("GET", "/events"))
        head = await connection.reader.readuntil(b"\r\n\r\n")
        assert b"Transfer-Encoding: chunked" in head
        events = await connection.reader.readuntil(b"0\r\n\r\n")
        assert [b"data: %d" % number in events for number in range(4)] == [True] * 4
        # The connection stays usable.
        assert (await connection.request("GET", "/page")).status == 200


async def test_an_event_stream_ends_when_its_client_goes(caplog: pytest.LogCaptureFixture) -> None:
    WaitingEventsHandler.ended = asyncio.Event()
    front = make_front(routes=[("/events", WaitingEventsHandler)])
    async with listening(front) as port:
        connection = Connection(*await asyncio.open_connection("127.0.0.1", port))
        await connection.send(request_bytes("GET", "/events"))
        await connection.reader.readuntil(b"tick\n")
        await connection.close()
        await asyncio.wait_for(WaitingEventsHandler.ended.wait(), 60)
        await asyncio.sleep(0.01)
        assert not front.traffic.begun
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_method_that_the_handler_does_not_have_is_405_and_the_connection_stays_usable() -> None:
    async with connected(routes=[("/form", FormHandler)]) as connection:
        for method in ("PUT", "DELETE", "BREW", "options"):
            reply = await connection.request(method, "/form", body=b"a body")
            assert (reply.status, reply.text) == (405, "method not allowed")
            assert "connection" not in reply.headers


async def test_a_form_is_not_parsed_by_tornado() -> None:
    body = b"&".join([b"a=1"] * 5000)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with connected(routes=[("/form", FormHandler)], body_limit=1_000_000) as connection:
        assert (await connection.request("POST", "/form", headers, body)).json == {"size": len(body)}
