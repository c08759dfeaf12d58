"""The wall, at /wall/<token>: the states of all checks of a project, large, for a screen across the room."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from handlers.pages import display
from handlers.pages.cached_pages import CachedPage
from handlers.pages.check_row import down_since
from hcserver.domain.badge import UNNAMED
from hcserver.domain.check_filter import CheckFilter
from hcserver.domain.shown_state import ShownState, headline
from hcserver.domain.status import expected_at
from hcserver.domain.words import counted
from hcserver.services.reading.check_list import CheckList, ListedCheck, list_checks

AGE: Final = timedelta(seconds=2)  # several screens share one answer
MAX_TILES: Final = 60  # as many as can be read from afar without scrolling
MAX_NAME: Final = 100  # characters of a name that are shown
_SHAPE: Final = 0.62  # columns² / tiles: tiles are about four times as wide as high


class Tile(NamedTuple):
    """One check. `since` is HTML: for how long it has been down or late."""

    name: str
    state: ShownState
    since: str


class WallView(CachedPage):
    """For whoever has the link."""

    def set_default_headers(self) -> None:
        super().set_default_headers()
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("X-Robots-Tag", "noindex")

    async def get(self, token: str) -> None:
        self.require_ready()
        wall = await self.services.public.walls.find(token)
        await self.answer(wall.project, AGE, lambda: self._render(wall.project))

    async def _render(self, project: UUID) -> bytes:
        listed = await list_checks(self.services.project_reader, project, CheckFilter())
        now = self.services.clock()
        tiles = [_tile(one, now) for one in _shown(listed)]
        rest = listed.found[len(tiles) :]
        count = len(tiles) + bool(rest)
        return self.render_string(
            "wall.html",
            words=display.WORDS,
            title=headline(listed.counts),
            tiles=tiles,
            rest=_rest_in_words(rest),
            columns=max(1, round(math.sqrt(count * _SHAPE))),
        )


def _shown(listed: CheckList) -> list[ListedCheck]:
    """Those that are down or late first; if there are too many, the last place is for the others' number."""
    return listed.found if len(listed.found) <= MAX_TILES else listed.found[: MAX_TILES - 1]


def _rest_in_words(rest: list[ListedCheck]) -> str:
    if not rest:
        return ""
    down = sum(one.state == "down" for one in rest)
    late = sum(one.state == "late" for one in rest)
    if not down and not late:
        return f"and {len(rest)} more fine"
    troubled = ", ".join(f"{number} {word}" for number, word in ((down, "down"), (late, "late")) if number)
    return f"and {counted(len(rest), 'more check')}: {troubled}"


def _tile(listed: ListedCheck, now: datetime) -> Tile:
    check, state = listed
    since = None
    if state == "down":
        since = down_since(check)
    elif state == "late":
        since = expected_at(check)
    name = check.name.strip() or UNNAMED
    return Tile(name[:MAX_NAME], state, "" if since is None else display.elapsed(since, now))


ROUTES = [(r"/wall/([A-Za-z0-9_-]{1,100})", WallView)]
