"""A project's keys, at /p/<project>/settings/keys: those that each project has, and API keys with names."""

from __future__ import annotations

from typing import Final, NamedTuple

from handlers.api.base import UUID as UUID_PATTERN
from handlers.base import NOT_CACHED
from handlers.pages.base import PageHandler, signed_in
from hcserver.domain.api_key import ID_PATTERN, KEY_ACCESSES, KeyAccess
from hcserver.domain.project import Project
from hcserver.domain.user import Role
from hcserver.errors import InvalidFields
from hcserver.services.management.projects import KEY_KINDS, KeyKind
from hcserver.validation.limits import MAX_NAME


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

ACCESS_WORDS: Final[dict[KeyAccess, str]] = {
    "read-write": "lets programs read and change everything in the project",
    "read-only": "lets programs read, but neither change nor ping",
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
    """Ping and badge keys are shown at any time, API keys are not, because only their hashes are stored. The
    form makes an API key with a name, which is in the answer and nowhere else.
    """

    @signed_in
    async def get(self, project_id: str) -> None:
        await self._show_keys(await self.open_project(project_id, "editor"))

    @signed_in
    async def post(self, project_id: str) -> None:
        project = await self.open_project(project_id, "admin")
        try:
            named, new_key = await self.services.api_keys.create(
                project, self.form.get("name"), self._access()
            )
        except InvalidFields as error:
            self.set_status(400)
            await self._show_keys(project, error.faults)
            return
        await _show_new_key(self, named.name, new_key)

    def _access(self) -> KeyAccess:
        """Raises InvalidFields."""
        access = self.form.get("access")
        if access not in KEY_ACCESSES:
            raise InvalidFields({"access": "Choose what the key is for."})
        return access

    async def _show_keys(self, project: Project, faults: dict[str, str] | None = None) -> None:
        self.set_header("Cache-Control", NOT_CACHED)
        await self.show(
            "settings_keys.html", title="Keys", section="settings", tab="keys",
            keys=[_key(project, kind) for kind in WORDS if self.may(WORDS[kind].needed)],
            named_keys=await self.services.api_keys.of_project(project) if self.may("admin") else [],
            accesses=ACCESS_WORDS, name=self.form.get("name"), faults=faults or {}, max_name=MAX_NAME,
            chosen=self.form.get("access") or KEY_ACCESSES[0],
        )  # fmt: skip


class NewKeyPage(PageHandler):
    """Asks whether a key is to be replaced, and replaces it. A new API key is shown in the answer, once."""

    @signed_in
    async def get(self, project_id: str, kind: KeyKind) -> None:
        await self.open_project(project_id, WORDS[kind].needed)
        await _show_new_key(self, WORDS[kind].name, "", WORDS[kind].effect)

    @signed_in
    async def post(self, project_id: str, kind: KeyKind) -> None:
        project = await self.open_project(project_id, WORDS[kind].needed)
        key = await self.services.projects.rotate_key(project, kind)
        if kind in ("ping", "badge"):
            self.go(f"/p/{project.id}/settings/keys", notice=f"{WORDS[kind].name}: there is a new one.")
            return
        await _show_new_key(self, WORDS[kind].name, key)


class RevokeKeyPage(PageHandler):
    """Asks whether an API key with a name is to be revoked, and revokes it."""

    @signed_in
    async def get(self, project_id: str, key_id: str) -> None:
        project = await self.open_project(project_id, "admin")
        key = await self.services.api_keys.find(project, key_id)
        await self.show(
            "settings_revoke_key.html", title=key.name, section="settings", tab="keys", named_key=key
        )

    @signed_in
    async def post(self, project_id: str, key_id: str) -> None:
        project = await self.open_project(project_id, "admin")
        key = await self.services.api_keys.revoke(project, key_id)
        self.go(f"/p/{project.id}/settings/keys", notice=f"The API key {key.name} is revoked.")


async def _show_new_key(page: PageHandler, name: str, key: str, effect: str = "") -> None:
    """Show a new key, this once; without a key, ask whether to make one, with what follows from it."""
    page.set_header("Cache-Control", NOT_CACHED)
    await page.show(
        "settings_new_key.html", title=name, section="settings", tab="keys",
        name=name, effect=effect, new_key=key,
    )  # fmt: skip


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
    (rf"/p/{UUID_PATTERN}/settings/keys/({ID_PATTERN})", RevokeKeyPage),
]
