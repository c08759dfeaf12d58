"""Live updates of a check's page, as server-sent events, at /checks/<id>/live.

The first event, `hello`, says in its `seen` from which state on changes are noticed: a page of another state
has to be loaded again. `changed` asks for the page's changing parts, `gone` says that the check was deleted.
"""

from __future__ import annotations

import asyncio

from handlers.pages.base import signed_in
from handlers.pages.check_page import NOTIFICATIONS
from handlers.pages.check_story import check_seen, is_pending
from handlers.pages.event_stream import EventStream
from handlers.pages.live import HEARTBEAT, PERIOD
from handlers.pages.paths import CHECK
from hcserver.domain.check import Check
from hcserver.domain.notification import Notification
from hcserver.domain.status import ShownStatus, shown_status
from hcserver.errors import NotFound, Unavailable

Seen = tuple[Check, ShownStatus, list[Notification]]


class LiveCheck(EventStream):
    """Sends for as long as the browser listens and the visitor may see the check."""

    @signed_in
    async def get(self, check_id: str) -> None:
        check = await self.open_check(check_id, "viewer")
        await self.stream(self._follow(check))

    async def _follow(self, check: Check) -> None:
        seen: Seen | None = None
        idle = 0.0
        while await self.is_welcome(check.project if seen is None else seen[0].project):
            now_seen: Seen | None
            try:
                now_seen = await self._look(check, seen)
            except NotFound:
                await self.send("gone")
                return
            except Unavailable:
                now_seen = seen  # the page shows what it has until the database is back
            if seen is None and now_seen is not None:
                await self.send("hello", {"seen": check_seen(*now_seen[:2])})
            elif now_seen != seen:
                idle = 0.0
                await self.send("changed")
            seen = now_seen
            await asyncio.sleep(PERIOD)
            idle += PERIOD
            if idle >= HEARTBEAT:
                idle = 0.0
                await self.send("beat")

    async def _look(self, check: Check, seen: Seen | None) -> Seen:
        """How the check is now. Its notifications are read when it has changed, and while one is pending."""
        current = await self.services.checks.by_id(check.id)
        status = shown_status(current, self.services.clock())
        if seen is not None and seen[:2] == (current, status) and not is_pending(seen[2]):
            return seen
        return current, status, await self.services.checks.notifications(current, NOTIFICATIONS)


ROUTES = [(rf"/checks/{CHECK}/live", LiveCheck)]
