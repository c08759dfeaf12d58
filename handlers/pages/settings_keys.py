"""A project's keys, at /p/<project>/settings/keys."""

from __future__ import annotations

from typing import Final, NamedTuple

from handlers.api.base import UUID as UUID_PATTERN
from handlers.base import NOT_CACHED
from handlers.pages.base import PageHandler, signed_in
from hcserver.domain.project import Project
from hcserver.domain.user import Role
from hcserver.services.management.projects import KEY_KINDS, KeyKind


class KeyWords(NamedTuple):
    """What a page says about a kind of key: what it is for, who may replace it, what happens then."""

    name: str
    use: str
    needed: Role
    effect: str


WORDS: Final[dict[KeyKind, KeyWords]] = {
    "ping": KeyWords(
        "Ping key",
        "lets jobs report by the slug of their check, and by email",
        "editor",
        "Jobs that report by slug or by email with the present key are refused from then on. Addresses with "
        "the id of a check stay as they are.",
    ),
    "api": KeyWords(
        "API key",
        "lets programs read and change everything in the project",
        "admin",
        "Programs that use the present key are refused from then on.",
    ),
    "api-readonly": KeyWords(
        "API key, read only",
        "lets programs read, but neither change nor ping",
        "admin",
        "Programs that use the present key are refused from then on.",
    ),
    "badge": KeyWords(
        "Badge key",
        "is part of the addresses of badges",
        "admin",
        "Badges of tags and of the project stop working wherever they are shown, until their addresses are "
        "replaced. Badges of single checks stay as they are.",
    ),
}


class Key(NamedTuple):
    """A key in the list. `value`: the key itself, where it may be shown at any time. `masked`: what stands
    for one that can't be shown again; empty: there is none.
    """

    kind: KeyKind
    words: KeyWords
    value: str
    masked: str


class KeysPage(PageHandler):
    """Ping and badge keys are shown at any time, API keys are not, because only their hashes are stored."""

    @signed_in
    async def get(self, project_id: str) -> None:
        project = await self.open_project(project_id, "editor")
        keys = [_key(project, kind) for kind in WORDS if self.may(WORDS[kind].needed)]
        self.set_header("Cache-Control", NOT_CACHED)
        await self.show("settings_keys.html", title="Keys", section="settings", tab="keys", keys=keys)


class NewKeyPage(PageHandler):
    """Asks whether a key is to be replaced, and replaces it. A new API key is shown in the answer, once."""

    @signed_in
    async def get(self, project_id: str, kind: KeyKind) -> None:
        await self.open_project(project_id, WORDS[kind].needed)
        await self._show_page(kind, "")

    @signed_in
    async def post(self, project_id: str, kind: KeyKind) -> None:
        project = await self.open_project(project_id, WORDS[kind].needed)
        key = await self.services.projects.rotate_key(project, kind)
        if kind in ("ping", "badge"):
            self.go(f"/p/{project.id}/settings/keys", notice=f"{WORDS[kind].name}: there is a new one.")
            return
        self.set_header("Cache-Control", NOT_CACHED)
        await self._show_page(kind, key)

    async def _show_page(self, kind: KeyKind, key: str) -> None:
        words = WORDS[kind]
        await self.show(
            "settings_new_key.html",
            title=words.name,
            section="settings",
            tab="keys",
            words=words,
            new_key=key,
        )


def _key(project: Project, kind: KeyKind) -> Key:
    masked = value = ""
    match kind:
        case "ping":
            value = project.ping_key
        case "badge":
            value = project.badge_key
        case "api":
            masked = "hcw_" + "•" * 12 if project.api_key_hash else ""
        case "api-readonly":
            masked = "hcr_" + "•" * 12 if project.api_key_readonly_hash else ""
    return Key(kind, WORDS[kind], value, masked)


ROUTES = [
    (rf"/p/{UUID_PATTERN}/settings/keys", KeysPage),
    (rf"/p/{UUID_PATTERN}/settings/keys/({'|'.join(KEY_KINDS)})", NewKeyPage),
]
