from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from hcserver.config.schema import HttpSettings, WebSettings
from hcserver.config.types import networks
from tests.handlers.harness import BASE, Reply, Site, serve
from tests.handlers.pages.visitor import Visitor, text_of


async def behind(mongo_uri: str, trusted: str, **web: bool) -> AsyncIterator[Site]:
    """A server that believes the header Remote-User of the proxies in the network."""
    http = HttpSettings(base_url=BASE, trusted_proxies=networks().read([trusted]))
    async with serve(mongo_uri, http=http, web=WebSettings(auth_header="Remote-User", **web)) as site:
        yield site


@pytest_asyncio.fixture(loop_scope="session")
async def site(mongo_uri: str) -> AsyncIterator[Site]:
    """Behind a proxy on this machine."""
    async for site in behind(mongo_uri, "127.0.0.0/8"):
        yield site


@pytest_asyncio.fixture(loop_scope="session")
async def elsewhere(mongo_uri: str) -> AsyncIterator[Site]:
    """Behind a proxy on another machine."""
    async for site in behind(mongo_uri, "192.0.2.0/24"):
        yield site


async def account(site: Site, name: bytes) -> Reply:
    headers = {"Remote-User": name.decode("latin-1"), "X-Forwarded-For": "198.51.100.7"}
    return await site.request("GET", "/account", headers)


@pytest.mark.parametrize("name", ["Ann", "Jürgen", "佐藤"])
async def test_a_proxy_signs_in_whom_it_names(site: Site, name: str) -> None:
    await site.services.accounts.users.create(name, None)
    reply = await account(site, name.encode())
    assert reply.status == 200
    assert f"You are signed in as {name} ." in text_of(reply)
    assert "A proxy has signed you in" in text_of(reply)


async def test_whom_nobody_knows_is_led_to_the_sign_in(site: Site) -> None:
    for name in (b"nobody", b"", b"\xff\xfe"):
        assert (await account(site, name)).status == 303
    assert await site.services.accounts.users.all() == []


async def test_a_header_that_comes_from_elsewhere_is_not_believed(elsewhere: Site) -> None:
    await elsewhere.services.accounts.users.create("ann", None)
    assert (await account(elsewhere, b"ann")).status == 303
    # Nor is a client believed that claims to come from the proxy.
    headers = {"Remote-User": "ann", "X-Forwarded-For": "192.0.2.1"}
    assert (await elsewhere.request("GET", "/account", headers)).status == 303


async def test_forms_of_whom_a_proxy_signs_in_need_a_token_too(site: Site) -> None:
    user = await site.services.accounts.users.create("ann", None, admin=True)
    visitor = Visitor(site)
    body = b"_xsrf=x&action=add&name=ann&role=viewer"
    headers = {
        **visitor.headers,
        "Remote-User": "ann",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    reply = await site.request("POST", f"{visitor.path}members", headers, body)
    assert reply.status == 403
    assert await site.services.storage.members.of_user(user.id) == []
