"""A browser without a screen: it has a session, fills in forms, and does not follow redirects."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

from bs4 import BeautifulSoup

from hcserver.domain.check import Check
from hcserver.domain.session import Session
from hcserver.domain.user import Role, User
from hcserver.services.accounts.sessions import token_hash
from hcserver.validation.check import parse_spec
from tests.handlers.harness import Reply, Site

XSRF = "0123456789abcdef0123456789abcdef"


@dataclass
class Visitor:
    """Somebody who looks at the pages; `token` is that of a session, if there is one."""

    site: Site
    user: User | None = None
    token: str = ""

    @property
    def path(self) -> str:
        """The path of the site's project."""
        return f"/p/{self.site.project.id}/"

    @property
    def headers(self) -> dict[str, str]:
        cookie = f"_xsrf={XSRF}"
        return {"Cookie": f"__Host-session={self.token}; {cookie}" if self.token else cookie}

    async def get(self, path: str, **headers: str) -> Reply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.site.request("GET", path, {**self.headers, **named})

    async def page(self, path: str) -> Any:
        """A page that must be there."""
        reply = await self.get(path)
        assert reply.status == 200, (reply.status, reply.text)
        assert "default-src 'none'" in reply.headers["content-security-policy"]
        return BeautifulSoup(reply.text, "lxml")

    async def post(self, path: str, *, xsrf: str = XSRF, **fields: str | list[str]) -> Reply:
        """Send a form."""
        return await self._send(path, {"_xsrf": xsrf, **fields}, {})

    async def fragment(self, path: str, part: str, **fields: str | list[str]) -> Reply:
        """Send a form as a script does, and get that part of the page."""
        return await self._send(path, {"_xsrf": XSRF, **fields}, {"X-Fragment": part})

    async def _send(self, path: str, fields: Mapping[str, str | list[str]], extra: dict[str, str]) -> Reply:
        body = urlencode(fields, doseq=True, quote_via=quote).encode()
        headers = {**self.headers, "Content-Type": "application/x-www-form-urlencoded", **extra}
        return await self.site.request("POST", path, headers, body)


async def visitor(site: Site, role: Role | None = "editor", admin: bool = False) -> Visitor:
    """A user with this role in the site's project who has signed in."""
    services, now = site.services, site.clock()
    user = User(id=uuid4(), name=f"user {uuid4()}", created=now, admin=admin)
    await services.storage.users.insert(user)
    if role is not None:
        await services.accounts.members.add(site.project, user, role)
    token = secrets.token_urlsafe(32)
    await services.storage.sessions.insert(
        Session(
            hash=token_hash(token),
            user=user.id,
            created=now,
            last_seen=now,
            expires=now + timedelta(days=30),
            user_agent="tests",
            address="127.0.0.1",
        )
    )
    return Visitor(site, user, token)


async def make_check(site: Site, **fields: object) -> Check:
    """A check in the site's project."""
    check, _ = await site.services.check_editor.create(
        site.project, parse_spec({"name": "a job", "timeout": 3600, "grace": 60, **fields}, 3)
    )
    return check


def text_of(reply: Reply) -> str:
    """What a reader sees of a page, with single blanks."""
    return re.sub(r"\s+", " ", BeautifulSoup(reply.text, "lxml").get_text(" ")).strip()
