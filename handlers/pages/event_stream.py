"""Pages that stay: answers of server-sent events, for as long as the browser listens."""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import msgspec
from tornado.iostream import StreamClosedError

from handlers.pages.base import PageHandler


class EventStream(PageHandler):
    """The base. An event is sent with a JSON object, which may be empty."""

    endless = True

    async def stream(self, events: Coroutine[Any, Any, None]) -> None:
        """Answer with what `events` sends, until it ends or the browser has gone."""
        self.set_header("Content-Type", "text/event-stream; charset=utf-8")
        self.set_header("X-Accel-Buffering", "no")  # nginx
        if self.request.method == "HEAD":
            events.close()
            return
        with suppress(StreamClosedError):
            await events

    async def send(self, event: str, data: dict[str, Any] | None = None) -> None:
        """Raises StreamClosedError when the browser has gone."""
        self.write(f"event: {event}\ndata: {msgspec.json.encode(data or {}).decode()}\n\n")
        await self.flush()
