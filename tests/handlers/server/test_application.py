"""Handlers of Tornado's own and unusual answers, as users of Tornado expect them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tornado.web import HTTPError, StaticFileHandler

from handlers.base import BaseHandler
from hcserver.config.schema import HttpSettings
from tests.handlers.apps import connected, make_front
from tests.handlers.harness import Connection, listening, request_bytes


class BrokenStreamHandler(BaseHandler):
    async def get(self) -> None:
        self.write("a beginning")
        await self.flush()
        raise HTTPError(500)


class RedirectingHandler(BaseHandler):
    def prepare(self) -> None:
        super().prepare()
        self.redirect("/login")


async def test_static_files_are_served_with_tornados_handler(tmp_path: Path) -> None:
    (tmp_path / "style.css").write_text("body { color: black }")
    routes = [(r"/static/(.*)", StaticFileHandler, {"path": str(tmp_path)})]
    async with connected(routes=routes) as connection:
        reply = await connection.request("GET", "/static/style.css")
        assert (reply.status, reply.text) == (200, "body { color: black }")
        assert reply.headers["content-type"] == "text/css"
        etag = {"If-None-Match": reply.headers["etag"]}
        assert (await connection.request("GET", "/static/style.css", etag)).status == 304
        part = await connection.request("GET", "/static/style.css", {"Range": "bytes=0-3"})
        assert (part.status, part.text) == (206, "body")
        assert (await connection.request("GET", "/static/../secret")).status == 403
        assert (await connection.request("BREW", "/static/style.css")).status == 405


async def test_a_body_for_a_handler_of_tornado_is_limited(tmp_path: Path) -> None:
    routes = [(r"/static/(.*)", StaticFileHandler, {"path": str(tmp_path)})]
    http = HttpSettings(max_body_bytes=70_000)
    async with connected(routes=routes, http=http) as connection:
        reply = await connection.request("POST", "/static/x", body=b"x" * 70_001)
        assert reply.status == 400
        assert await connection.is_closed()


async def test_an_answer_that_breaks_off_does_not_look_complete() -> None:
    front = make_front(routes=[("/broken", BrokenStreamHandler)])
    async with listening(front) as port:
        connection = Connection(*await asyncio.open_connection("127.0.0.1", port))
        await connection.send(request_bytes("GET", "/broken"))
        data = await connection.reader.read()
        assert b"a beginning" in data
        assert b"0\r\n\r\n" not in data
        assert not front.traffic.begun
        await connection.close()


async def test_a_handler_may_answer_before_the_body_is_read() -> None:
    async with connected(routes=[("/private", RedirectingHandler)]) as connection:
        head = b"POST /private HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"
        await connection.send(head)
        reply = await connection.reply()
        assert (reply.status, reply.headers["location"]) == (302, "/login")
        assert reply.headers["connection"] == "close"
        assert await connection.is_closed()
