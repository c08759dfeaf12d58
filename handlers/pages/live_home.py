"""Live updates of the first page, as server-sent events, at /live: `changed` asks for what it shows."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from uuid import UUID

from handlers.pages.base import signed_in
from handlers.pages.event_stream import EventStream
from handlers.pages.live import HEARTBEAT, PERIOD, RELOAD_PERIOD
from hcserver.domain.user import User
from hcserver.errors import Unavailable
from hcserver.services.reading.project_index import ProjectIndex

Seen = dict[UUID, tuple[ProjectIndex, int] | None]  # None: the project has no index in memory at the moment


class LiveHome(EventStream):
    """Sends for as long as the browser listens and its session lasts."""

    @signed_in
    async def get(self) -> None:
        await self.stream(self._follow())

    async def _follow(self) -> None:
        await self.send("hello")
        seen: Seen = {}
        sent, idle = RELOAD_PERIOD, 0.0  # seconds since `changed` was sent, and since anything was
        while (visitor := await self.find_visitor()) is not None:
            with suppress(Unavailable):  # the page shows what it has until the database is back
                now_seen = await self._look(visitor.user)
                if _is_newer(now_seen, seen) or (sent >= RELOAD_PERIOD and _may_differ(now_seen, seen)):
                    sent, idle = 0.0, 0.0
                    seen = now_seen
                    await self.send("changed")
            await asyncio.sleep(PERIOD)
            sent, idle = sent + PERIOD, idle + PERIOD
            if idle >= HEARTBEAT:
                idle = 0.0
                await self.send("beat")

    async def _look(self, user: User) -> Seen:
        """How the projects of the user are now. No index is loaded for it: there may be many projects."""
        seen: Seen = {}
        for membership in await self.services.accounts.memberships(user):
            index = await self.services.project_reader.loader.known(membership.project.id)
            seen[membership.project.id] = None if index is None else (index, index.revision)
        return seen


def _is_newer(now: Seen, before: Seen) -> bool:
    """Whether a check has certainly changed."""
    for project, state in now.items():
        known = before.get(project)
        if state and known and state[0] is known[0] and state[1] != known[1]:
            return True
    return False


def _may_differ(now: Seen, before: Seen) -> bool:
    """Whether there are other projects, or some of which it is not known what has changed."""
    return now != before or None in now.values()


ROUTES = [("/live", LiveHome)]
