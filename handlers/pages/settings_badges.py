"""The addresses of badges, at /p/<project>/settings/badges."""

from __future__ import annotations

from html import escape
from typing import Final, NamedTuple, get_args
from urllib.parse import quote

from handlers.api.base import UUID as UUID_PATTERN
from handlers.badges import ALL, Format, badge_addresses
from handlers.pages.base import PageHandler, signed_in
from hcserver.domain.badge import UNNAMED
from hcserver.domain.check import Check
from hcserver.domain.identifiers import unique_key
from hcserver.domain.project import Project

MAX_OPTIONS: Final = 1000  # checks, and tags, that can be chosen from
_SHIELDS: Final = "https://img.shields.io/endpoint?url="
_MARKDOWN: Final = str.maketrans({char: f"\\{char}" for char in "\\[]`*_<>!"})


class Badge(NamedTuple):
    """A badge: what it is called, the path of its picture, and its address in the chosen format.

    `markdown` and `html` are what one pastes to show it; empty where the format is no picture.
    """

    picture: str
    url: str
    markdown: str
    html: str


class BadgesPage(PageHandler):
    """Every member may look at it. With the header X-Fragment: the badge alone."""

    @signed_in
    async def get(self, project_id: str) -> None:
        project = await self.open_project(project_id, "viewer")
        project = await self.services.projects.with_badge_secret(project)
        checks = sorted(
            (check for check, _ in await self.services.project_reader.shown(project.id)),
            key=lambda check: (check.name.casefold(), check.id),
        )
        tags = sorted(await self.services.project_reader.tags(project.id) - {ALL})
        subject = self.get_query_argument("of", "all")
        chosen, label = _chosen(subject, tags, checks)
        formats = get_args(Format)
        format = next((one for one in formats if one == self.get_query_argument("format", "")), "svg")
        states = "2" if self.get_query_argument("states", "") == "2" else "3"
        fragment = self.request.headers.get("X-Fragment") == "badge"
        await self.show(
            "settings_badge.html" if fragment else "settings_badges.html",
            title="Badges",
            section="settings",
            tab="badges",
            badge=self._badge(project, chosen, label or project.name, format, states),
            subject=subject,
            tags=tags[:MAX_OPTIONS],
            checks=_offered(checks, chosen),
            format=format,
            formats=formats,
            states=states,
        )

    def _badge(self, project: Project, chosen: str | Check, label: str, format: str, states: str) -> Badge:
        base = self.base_url
        if isinstance(chosen, Check):
            prefix = f"{base}/b/{states}/{chosen.badge}"
            picture, url = f"{prefix}.svg", f"{prefix}.{format}"
        else:
            suffix = "3" if states == "3" else ""
            addresses = badge_addresses(base, project, chosen)
            picture, url = addresses["svg" + suffix], addresses[format + suffix]
        shown = {"svg": url, "shields": _SHIELDS + quote(url, safe="")}.get(format, "")
        return Badge(
            # Without the server's public address: the page may be looked at under another one.
            picture=picture.removeprefix(base),
            url=url,
            markdown=f"![{label.translate(_MARKDOWN)}]({shown})" if shown else "",
            html=f'<img src="{escape(shown)}" alt="{escape(label)}">' if shown else "",
        )


def _chosen(subject: str, tags: list[str], checks: list[Check]) -> tuple[str | Check, str]:
    """The tag (ALL: none) or check that was chosen, and its name, which is empty for the whole project."""
    kind, _, value = subject.partition(":")
    if kind == "tag" and value in tags:
        return value, value
    if kind == "check":
        for check in checks:
            if unique_key(check.id) == value:
                return check, check.name.strip() or UNNAMED
    return ALL, ""


def _offered(checks: list[Check], chosen: str | Check) -> list[Check]:
    offered = checks[:MAX_OPTIONS]
    return offered if isinstance(chosen, str) or chosen in offered else [*offered, chosen]


ROUTES = [(rf"/p/{UUID_PATTERN}/settings/badges", BadgesPage)]
