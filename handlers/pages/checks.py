"""The list of a project's checks, at /p/<project>/."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, get_args
from urllib.parse import urlencode

from handlers.api.base import UUID as UUID_PATTERN
from handlers.pages.base import PageHandler, signed_in
from handlers.pages.check_groups import ROWS_OF_GROUP, Group, make_group, split_groups
from handlers.pages.check_row import make_row
from hcserver.domain.check_filter import MAX_FILTER, parse_filter
from hcserver.domain.project import Project
from hcserver.domain.shown_state import headline
from hcserver.domain.status import ShownStatus
from hcserver.services.reading.check_list import CheckList, ListedCheck, Order, list_checks
from hcserver.services.reading.project_index import ProjectIndex

ROWS: Final = 200  # rows in a page; the rest as one scrolls
FOUND_ROWS: Final = 40  # with a filter at first, so that the list follows what one types
# The chips above the list: what is typed into the filter, the word, and which status is counted.
CHIPS: Final[tuple[tuple[str, str, ShownStatus], ...]] = (
    ("down", "Down", "down"),
    ("late", "Late", "grace"),
    ("up", "Up", "up"),
    ("new", "New", "new"),
    ("paused", "Paused", "paused"),
)
DENSITY_TIME: Final = 31_536_000  # seconds for which the browser remembers the density: a year


class View(NamedTuple):
    """What the query asks for."""

    filter: str
    order: Order
    offset: int
    grouped: bool = False  # by tag

    def link(self, **changes: object) -> str:
        """The query of this view, changed."""
        group = "tag" if self.grouped else ""
        view = {"q": self.filter, "sort": self.order, "group": group, "offset": self.offset, **changes}
        given = {name: value for name, value in view.items() if value and (name, value) != ("sort", "state")}
        return "?" + urlencode(given)


class ChecksPage(PageHandler):
    """With the header X-Fragment: `list` for the list alone, `rows` for the next rows alone."""

    @signed_in
    async def get(self, project_id: str) -> None:
        project = await self.open_project(project_id, "viewer")
        self._remember_density()
        view = read_view(self)
        index = await self.services.project_reader.loader.index(project.id)
        seen = seen_of(index)  # before it is listed: what changes meanwhile is sent once more
        wanted, limit = parse_filter(view.filter), None if view.grouped else view.offset + rows_of(view)
        listed = await list_checks(self.services.project_reader, project.id, wanted, view.order, limit)
        values = {**await list_values(self, project, listed, view), "seen": seen}
        fragment = self.request.headers.get("X-Fragment")
        template = {"list": "check_list.html", "rows": "check_rows.html"}.get(fragment or "", "checks.html")
        await self.show(template, title=project.name, section="checks", **values)

    def compute_etag(self) -> str | None:
        """Of a fragment, so that a browser that asks regularly gets it only when it has changed. The token
        against forged requests is another one each time.
        """
        if "X-Fragment" not in self.request.headers:
            return None
        body = b"".join(self._write_buffer).replace(self.xsrf_token, b"")
        return f'"{hashlib.sha1(body, usedforsecurity=False).hexdigest()}"'

    def _remember_density(self) -> None:
        density = self.get_query_argument("density", None)
        if density in ("compact", "comfortable"):
            self.set_cookie("density", density, max_age=DENSITY_TIME, samesite="Lax", secure=self.is_secure)


def seen_of(index: ProjectIndex | None) -> str:
    """Identifies the state of a project's checks; empty for a project that is too large for an index."""
    return "" if index is None else f"{index.id}-{index.revision}"


def rows_of(view: View) -> int:
    """How many rows follow in one list, at most."""
    return FOUND_ROWS if view.filter and not view.offset else ROWS


def read_view(handler: PageHandler) -> View:
    """What the query of a list asks for; what makes no sense is left out."""
    sort = handler.get_query_argument("sort", "state")
    order: Order = next((one for one in get_args(Order) if one == sort), "state")
    offset = handler.get_query_argument("offset", "0")
    return View(
        filter=handler.get_query_argument("q", "")[:MAX_FILTER],
        order=order,
        offset=int(offset) if offset.isascii() and offset.isdigit() and len(offset) < 10 else 0,
        grouped=handler.get_query_argument("group", "") == "tag",
    )


async def list_values(
    handler: PageHandler, project: Project, listed: CheckList, view: View
) -> dict[str, Any]:
    """What the templates of the list need."""
    shown = [] if view.grouped else listed.found[view.offset :]
    end = listed.size if view.grouped else view.offset + len(shown)
    density = handler.get_query_argument("density", handler.get_cookie("density", "") or "")
    rows = await make_rows(handler, project, shown)
    return {
        **head_values(listed.counts, view),
        "view": view,
        "rows": rows,
        "listed_rows": rows,  # a template that sets `rows` for each group can't also use it as it is given
        "groups": await _make_groups(handler, project, listed, view) if view.grouped else [],
        "found": listed.size,
        "more": view.link(offset=end) if end < listed.size else None,
        "compact": density == "compact",
        "editable": handler.may("editor"),
        "channels": sorted(
            (await handler.services.notifier.project_settings.get(project.id)).channels.values(),
            key=lambda channel: channel.name.casefold(),
        ),
    }


async def _make_groups(handler: PageHandler, project: Project, listed: CheckList, view: View) -> list[Group]:
    groups, room = [], ROWS
    for tag, checks in split_groups(listed.found).items():
        rows = await make_rows(handler, project, checks[: min(ROWS_OF_GROUP, room)])
        room -= len(rows)
        groups.append(make_group(tag, checks, rows, filtered=bool(view.filter)))
    return groups


def head_values(counts: Mapping[ShownStatus, int], view: View) -> dict[str, Any]:
    """What stands above the list of checks of which so many show each status: the sentence and the chips."""
    total = sum(counts.values())
    chips = [
        {
            "name": name,
            "word": word,
            "count": counts.get(status, 0),
            "link": view.link(q=f"is:{name}", offset=0),
            "current": view.filter == f"is:{name}",
        }
        for name, word, status in CHIPS
    ]
    return {
        "headline": headline(counts),
        "chips": [chip for chip in chips if chip["count"] or chip["current"]],
        "total": total,
        "all_link": view.link(q="", offset=0),
        "all_current": not view.filter,
    }


async def make_rows(handler: PageHandler, project: Project, checks: list[ListedCheck]) -> list[Any]:
    """The rows of these checks. Raises Unavailable."""
    settings = await handler.services.notifier.project_settings.get(project.id)
    now = handler.services.clock()
    return [make_row(listed.check, listed.state, settings, now) for listed in checks]


ROUTES = [(rf"/p/{UUID_PATTERN}/", ChecksPage)]
