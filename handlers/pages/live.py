"""Live updates of the list of checks, as server-sent events, at /p/<project>/live.

The first event, `hello`, says in its `seen` from which state on changes are sent: a page of another state
has to be loaded again. Each event `checks` is a JSON object: `head`, the HTML of the sentence and the chips;
`rows`, the HTML of the rows that have changed, by the unique keys of their checks; `gone`, the keys of checks
that were deleted. The event `reload` asks for the whole list.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from handlers.api.base import UUID as UUID_PATTERN
from handlers.pages.base import signed_in
from handlers.pages.checks import ROWS, head_values, make_rows, read_view, seen_of
from handlers.pages.event_stream import EventStream
from hcserver.domain.identifiers import unique_key
from hcserver.domain.project import Project
from hcserver.domain.shown_state import state_of
from hcserver.errors import Unavailable
from hcserver.services.reading.check_list import ListedCheck
from hcserver.services.reading.project_index import ProjectIndex

PERIOD: Final = 1.0  # seconds between looks at what has changed
RELOAD_PERIOD: Final = 10.0  # seconds between reloads of projects that are too large for an index
HEARTBEAT: Final = (
    15.0  # seconds without a change until something is sent, so that proxies keep the connection
)


class LiveChecks(EventStream):
    """Sends what changes in a list for as long as the browser listens and the visitor may see it."""

    @signed_in
    async def get(self, project_id: str) -> None:
        project = await self.open_project(project_id, "viewer")
        await self.stream(self._follow(project))

    async def _follow(self, project: Project) -> None:
        index: ProjectIndex | None = None
        revision, idle, greeted = 0, 0.0, False
        while await self.is_welcome(project.id):
            previous = index
            try:
                index = await self.services.project_reader.loader.index(project.id)
            except Unavailable:
                index = previous  # the page shows what it has until the database is back
            if not greeted or index is None or index is not previous:
                revision = 0 if index is None else index.revision
                await self.send(*(("reload", {}) if greeted else ("hello", {"seen": seen_of(index)})))
                greeted = True
            elif changed := index.changed_since(revision):
                revision, idle = index.revision, 0.0
                await self._send_changes(project, index, changed)
            pause = RELOAD_PERIOD if index is None else PERIOD
            await asyncio.sleep(pause)
            idle += pause
            if idle >= HEARTBEAT:
                idle = 0.0
                await self.send("beat", {})

    async def _send_changes(self, project: Project, index: ProjectIndex, changed: list[Any]) -> None:
        if len(changed) > ROWS:
            await self.send("reload", {})
            return
        found = {id: index.find(id) for id in changed}
        listed = [ListedCheck(one.check, state_of(one.check, one.status)) for one in found.values() if one]
        rows = await make_rows(self, project, listed)
        head = self.render_string("check_head.html", **head_values(index.counts(None), read_view(self)))
        await self.send(
            "checks",
            {
                "head": head.decode(),
                "rows": {
                    unique_key(row.check.id): self.render_string(
                        "check_rows.html", rows=[row], more=None, editable=self.may("editor")
                    ).decode()
                    for row in rows
                },
                "gone": [unique_key(id) for id, one in found.items() if one is None],
            },
        )


ROUTES = [(rf"/p/{UUID_PATTERN}/live", LiveChecks)]
