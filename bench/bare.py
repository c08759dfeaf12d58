"""A bare Tornado handler that returns bytes from memory: what an answer costs at least."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler


class BareHandler(RequestHandler):
    """Returns what was posted last."""

    body = b""

    def get(self) -> None:
        self.write(BareHandler.body)

    def post(self) -> None:
        BareHandler.body = self.request.body


async def _serve(pipe: Connection) -> None:
    sockets = bind_sockets(0, "127.0.0.1")
    HTTPServer(Application([(".*", BareHandler)])).add_sockets(sockets)
    pipe.send(sockets[0].getsockname()[1])
    await asyncio.Event().wait()


def _run(pipe: Connection) -> None:
    asyncio.run(_serve(pipe))


@contextmanager
def bare_server() -> Iterator[int]:
    """The port of the handler, which runs in a process of its own."""
    context: Any = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()
