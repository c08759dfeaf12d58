"""The public status page, at /s/<slug>: what was chosen to be shown, and nothing else."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from handlers.pages import display
from handlers.pages.cached_pages import CachedPage
from handlers.pages.day_strip import day_strip, uptime_in_words
from hcserver.domain.badge import UNNAMED
from hcserver.domain.check import Check
from hcserver.domain.day_totals import Day, worst_days
from hcserver.domain.shown_state import ShownState, headline
from hcserver.domain.status import ShownStatus
from hcserver.domain.status_page import StatusPage, group_by_tag

AGE: Final = timedelta(seconds=30)  # for so long a page is shown as it is
MAX_ROWS: Final = 1000  # checks that are listed
_PER_TURN: Final = 10  # rows that are made, some 2 ms, before others get their turn
_STATES: Final[dict[ShownStatus, ShownState]] = {
    "up": "up", "grace": "late", "down": "down", "paused": "paused", "new": "new",
}  # fmt: skip
_ORDER: Final[tuple[ShownStatus, ...]] = ("down", "grace", "up", "new", "paused")  # what a group counts as
_UNNAMED_HEADLINES: Final[dict[ShownStatus, str]] = {
    "down": "Something is down",
    "grace": "Something is late",
}

Listed = list[tuple[Check, ShownStatus]]


class Row(NamedTuple):
    """A line of the page: a check, or all checks with a tag. `state` and `strip` are HTML."""

    name: str
    state: str
    strip: str
    uptime: str


class StatusPageView(CachedPage):
    """For everybody, signed in or not."""

    async def get(self, slug: str) -> None:
        self.require_ready()
        page = await self.services.public.status_pages.published(slug)
        self.set_header("Cache-Control", f"public, max-age={AGE.seconds}")
        await self.answer(page, AGE, lambda: self._render(page))

    async def _render(self, page: StatusPage) -> bytes:
        shown = await self.services.project_reader.shown(page.project)
        # In a thread: a project may have so many checks that to sort them would hold the event loop.
        groups = await asyncio.to_thread(group_by_tag, shown, page.tags)
        chosen = [one for listed in groups.values() for one in listed]
        counts = _count(chosen)
        total = sum(counts.values())
        await self.services.public.downtimes.read_ahead(
            [check for check, _ in (chosen[:MAX_ROWS] if page.names else chosen)]
        )
        sections = await (self._checks(groups) if page.names else self._tags(groups, page))
        return self.render_string(
            "status_page.html",
            title=page.title,
            verdict=_worst(counts),
            headline=headline(counts) if page.names or not total else _unnamed_headline(counts),
            sections=sections,
            hidden=max(0, total - MAX_ROWS) if page.names else 0,
        )

    async def _checks(self, groups: dict[str, Listed]) -> list[tuple[str, str]]:
        """Each tag with its rows, as HTML."""
        sections, room = [], MAX_ROWS
        for tag, listed in groups.items():
            listed = listed[:room]
            room -= len(listed)
            if listed:
                sections.append((tag, await self._rows(listed)))
        return sections

    async def _rows(self, listed: Listed) -> str:
        pieces = []
        for start in range(0, len(listed), _PER_TURN):
            piece = listed[start : start + _PER_TURN]
            history = await self.services.public.downtimes.of_checks([check for check, _ in piece])
            rows = [
                _row(check.name.strip() or UNNAMED, _STATES[status], days)
                for (check, status), days in zip(piece, history, strict=True)
            ]
            pieces.append(self.render_string("status_rows.html", rows=rows).decode())
            await asyncio.sleep(0)
        return "".join(pieces)

    async def _tags(self, groups: dict[str, Listed], page: StatusPage) -> list[tuple[str, str]]:
        """One section without a heading, with a row for each tag."""
        rows = []
        for tag, listed in groups.items():
            rows.append(_row(tag or page.title, _worst(_count(listed)), await self._days(listed)))
        return [("", self.render_string("status_rows.html", rows=rows).decode())] if rows else []

    async def _days(self, listed: Listed) -> list[Day]:
        """The worst that happened to one of these checks on each day."""
        worst: list[list[Day]] = []
        for start in range(0, len(listed), _PER_TURN):
            checks = [check for check, _ in listed[start : start + _PER_TURN]]
            worst = [worst_days([*worst, *await self.services.public.downtimes.of_checks(checks)])]
            await asyncio.sleep(0)
        return worst[0]


def _count(listed: Listed) -> Counter[ShownStatus]:
    return Counter(status for _, status in listed)


def _row(name: str, state: ShownState, days: Sequence[Day]) -> Row:
    uptime = uptime_in_words(days)
    return Row(name, display.state(state), day_strip(days, uptime), uptime)


def _worst(counts: Counter[ShownStatus]) -> ShownState:
    """What many checks count as together."""
    return _STATES[next((status for status in _ORDER if counts[status]), "new")]


def _unnamed_headline(counts: Counter[ShownStatus]) -> str:
    """Like `headline`, but it does not say how many checks there are."""
    return next((text for status, text in _UNNAMED_HEADLINES.items() if counts[status]), "Everything is fine")


ROUTES = [(r"/s/([a-z0-9-]{1,64})", StatusPageView)]
