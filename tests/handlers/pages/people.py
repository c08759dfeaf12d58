"""People with passwords, and what a browser sends when they sign in."""

from __future__ import annotations

import secrets
from urllib.parse import quote, urlencode
from uuid import uuid4

from bs4 import BeautifulSoup

from hcserver.domain.user import User
from tests.handlers.harness import Reply, Site
from tests.handlers.pages.visitor import XSRF, Visitor

PASSWORD = "correct horse "  # with a blank, which counts


async def person(site: Site, *, admin: bool = False) -> User:
    """A user who can sign in with PASSWORD."""
    return await site.services.accounts.users.create(f"person {uuid4()}", PASSWORD, admin=admin)


def somewhere() -> str:
    """An address from which nobody has tried to sign in."""
    return f"2001:db8:{secrets.randbelow(65536):x}:{secrets.randbelow(65536):x}::1"


async def send(visitor: Visitor, path: str, address: str = "", **fields: str) -> Reply:
    """Send a form from the address, by a trusted proxy."""
    body = urlencode({"_xsrf": XSRF, **fields}, quote_via=quote).encode()
    headers = {
        **visitor.headers,
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Forwarded-For": address or somewhere(),
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    }
    return await visitor.site.request("POST", path, headers, body)


def session_of(reply: Reply) -> str:
    """The token in the answer's cookie."""
    name, _, rest = reply.headers["set-cookie"].partition("=")
    assert name == "__Host-session"
    return rest.partition(";")[0]


def faults(reply: Reply) -> dict[str, str]:
    """What is said beside each field that is marked as faulty."""
    page = BeautifulSoup(reply.text, "lxml")
    described = {}
    for field in page.select("[aria-invalid=true]"):
        ids = str(field["aria-describedby"]).split()
        texts = [page.find(id=one) for one in ids]
        assert all(texts), ids
        described[str(field["name"])] = " ".join(
            one.get_text() for one in texts if one is not None and "fault" in str(one.get("class"))
        )
    return described
