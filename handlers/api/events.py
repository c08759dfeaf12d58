"""What happens to the checks of a project, as server-sent events for as long as the client listens.

Nothing is queued for a client: the next events are read once the last ones have left. One that takes nothing
is cut off by the server's write timeout, and can resume.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final
from uuid import UUID as Uuid

import msgspec
from tornado.iostream import StreamClosedError

from handlers.api.base import UNIQUE_KEY, UUID, Routes, requires, route, set_cors_headers
from handlers.api.check_base import CheckApiHandler
from handlers.api.operation import Content, describes
from handlers.api.payloads import flip_payload, notification_payload, ping_payload
from handlers.api.schemas import TEXT, ref
from hcserver.domain.check import Check
from hcserver.domain.flip import Flip
from hcserver.domain.identifiers import unique_key
from hcserver.domain.ping import Ping
from hcserver.errors import InvalidRequest, Unauthorized, Unavailable
from hcserver.services.reading.event_feeds import EventFeed, LiveEvent
from hcserver.services.reading.event_position import Position
from hcserver.services.reading.project_index import Selection

PERIOD: Final = 1.0  # seconds between looks at what has happened
HEARTBEAT: Final = 15.0  # seconds without an event until a comment is sent, for proxies
_RECONNECT: Final = 3000  # milliseconds that a client should wait before it connects again
_BEGIN_TIME: Final = 60.0  # seconds that finding the place to resume at may take
_TOGETHER: Final = 50  # events that are written at once
_CHECK: Final = re.compile(rf"{UUID}|{UNIQUE_KEY}")


class EventsHandler(CheckApiHandler):
    """events"""

    endless = True

    def initialize(self) -> None:
        super().initialize()
        self._gone = asyncio.Event()  # the client has hung up

    def set_default_headers(self) -> None:
        super().set_default_headers()
        set_cors_headers(self, self.allowed_methods())
        self.set_header("Access-Control-Allow-Headers", "X-Api-Key, Last-Event-ID")

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self._gone.set()

    @requires("read")
    @describes(
        "Listen to what happens: pings, changes of status, notifications",
        {
            200: Content("text/event-stream", "server-sent events, without an end"),
            400: ref("Error"),
            403: ref("Error"),
            404: ref("Error"),
            429: ref("Error"),
        },
        query={
            "check": {**TEXT, "description": "only of the check with this uuid or unique key"},
            "tag": {**TEXT, "description": "only of the checks with this tag"},
        },
        more="The data of `ping` is a Ping, of `flip` a Flip with its `n`, of `notification` a Notification, "
        "each with the `uuid` (for a read-only key: the `unique_key`) and the `name` of the check. The "
        "header `Last-Event-ID` resumes behind an event; the events of the minute before it may come again. "
        "With a read-only key there are only flips.",
    )
    async def get(self) -> None:
        query = self.query()
        only = await self._only(query.get("check", [""])[-1])
        selection = Selection(tags=frozenset(query.get("tag", ())))
        resumed = self.request.headers.get("Last-Event-ID", "")
        position = Position.parse(resumed) if resumed else None
        self.set_header("Content-Type", "text/event-stream; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Accel-Buffering", "no")  # nginx
        if self.request.method == "HEAD":
            return
        with self.services.event_feeds.open(self.project.id, selection, only) as feed:
            self.allow(_BEGIN_TIME)
            await feed.begin(position)
            with suppress(StreamClosedError):
                await self._follow(feed)

    async def _only(self, identifier: str) -> Uuid | None:
        """The check that ?check= names, if there is one. Raises InvalidRequest, NotFound, Forbidden."""
        if not identifier:
            return None
        if _CHECK.fullmatch(identifier) is None:
            raise InvalidRequest("check is neither a uuid nor a unique key")
        return (await self.find_check(identifier)).id

    async def _follow(self, feed: EventFeed) -> None:
        """Raises StreamClosedError when the client has gone."""
        time = asyncio.get_running_loop().time
        await self._send(f"retry: {_RECONNECT}\nid: {feed.position}\n\n")
        spoken = time()
        while not self._gone.is_set() and await self._is_welcome():
            before, events, is_behind = feed.position, [], False
            with suppress(Unavailable):  # it goes on when the database is back
                events = [one for one in await feed.look() if self.writable or isinstance(one.what, Flip)]
                is_behind = feed.is_behind
            if events:
                await self._send_events(events, before, feed.position)
                spoken = time()
            elif time() - spoken >= HEARTBEAT:
                await self._send(": still here\n\n")
                spoken = time()
            if is_behind:
                await asyncio.sleep(0)  # what is read from memory must not keep others waiting
            else:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._gone.wait(), PERIOD)

    async def _is_welcome(self) -> bool:
        """Whether the key still opens the project."""
        try:
            project, writable = await self.services.lookup.authenticate(self._key(), "read")
        except Unauthorized:
            return False
        except Unavailable:
            return True
        return (project.id, writable) == (self.project.id, self.writable)

    async def _send_events(self, events: Sequence[LiveEvent], before: Position, behind: Position) -> None:
        """The last event has the position behind all of them: who resumes at another one hears all again."""
        texts = [self._text(event, before) for event in events[:-1]] + [self._text(events[-1], behind)]
        for start in range(0, len(texts), _TOGETHER):
            await self._send("".join(texts[start : start + _TOGETHER]))

    async def _send(self, text: str) -> None:
        """Returns when the client's connection has taken it."""
        self.write(text)
        await self.flush()

    def _text(self, event: LiveEvent, position: Position) -> str:
        name, payload = self._payload(event)
        data = msgspec.json.encode({**self._about(event.check), **payload}).decode()
        return f"event: {name}\nid: {position}\ndata: {data}\n\n"

    def _about(self, check: Check) -> dict[str, str]:
        shown = {"uuid": str(check.id)} if self.writable else {"unique_key": unique_key(check.id)}
        return {**shown, "name": check.name}

    def _payload(self, event: LiveEvent) -> tuple[str, dict[str, Any]]:
        what = event.what
        if isinstance(what, Ping):
            durations = {} if event.duration is None else {what.n: event.duration}
            return "ping", ping_payload(what, durations, self.base_url, self.version)
        if isinstance(what, Flip):
            return "flip", {"n": what.n, **flip_payload(what)}
        return "notification", notification_payload(what)


ROUTES: Routes = [(route(r"events"), EventsHandler)]
