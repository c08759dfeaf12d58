from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hcserver.app import build_services
from hcserver.config.schema import HttpSettings, Settings, WebSettings
from hcserver.config.types import networks
from hcserver.services.accounts.accounts import Accounts
from hcserver.services.container import Services
from tests.hcserver.services.conftest import FakeClock

PROXIES = networks().read(["10.0.0.0/8", "::1/128"])


async def accounts_with(database: Any, clock: FakeClock, **web: Any) -> AsyncIterator[Accounts]:
    settings = Settings(http=HttpSettings(trusted_proxies=PROXIES), web=WebSettings(**web))
    services = build_services(database, settings, clock)
    await services.start()
    yield services.accounts
    await services.stop()


@pytest.fixture
async def accounts(database: Any, clock: FakeClock) -> AsyncIterator[Accounts]:
    async for accounts in accounts_with(database, clock, auth_header="Remote-User"):
        yield accounts


@pytest.fixture
async def creating(database: Any, clock: FakeClock) -> AsyncIterator[Accounts]:
    async for accounts in accounts_with(database, clock, auth_header="Remote-User", auth_create=True):
        yield accounts


@pytest.mark.parametrize("peer", ["10.1.2.3", "::1", "::ffff:10.1.2.3"])
async def test_a_trusted_proxy_signs_in_a_known_user(accounts: Accounts, peer: str) -> None:
    user = await accounts.users.create("Ann", None)
    signed_in = await accounts.proxied("ann", peer)
    assert signed_in is not None
    assert (signed_in.user, signed_in.session) == (user, None)


@pytest.mark.parametrize("peer", ["192.0.2.1", "::2", "", "10.1.2.3.4", "localhost"])
async def test_others_than_trusted_proxies_are_not_believed(accounts: Accounts, peer: str) -> None:
    await accounts.users.create("ann", None)
    assert await accounts.proxied("ann", peer) is None


@pytest.mark.parametrize("name", ["bob", "", " ", "\ud800", "a\0", "x" * 101])
async def test_unknown_users_are_not_signed_in(accounts: Accounts, name: str) -> None:
    assert await accounts.proxied(name, "::1") is None
    assert await accounts.users.all() == []


async def test_without_the_setting_nobody_is_signed_in_by_a_header(services: Services) -> None:
    await services.accounts.users.create("ann", None)
    assert await services.accounts.proxied("ann", "127.0.0.1") is None


async def test_where_the_settings_say_so_unknown_users_are_created_once(creating: Accounts) -> None:
    found = await asyncio.gather(*(creating.proxied("ann", "::1") for _ in range(5)))
    (user,) = await creating.users.all()
    assert (user.name, user.admin, user.password_hash) == ("ann", False, None)
    assert [one.user for one in found if one is not None] == [user] * 5
    assert await creating.proxied("\ud800", "::1") is None
    assert await creating.proxied("bob", "192.0.2.1") is None
    assert len(await creating.users.all()) == 1


async def test_a_deleted_user_is_not_signed_in_any_more(accounts: Accounts) -> None:
    user = await accounts.users.create("ann", None)
    assert await accounts.proxied("ann", "::1")
    await accounts.users.delete(user)
    assert await accounts.proxied("ann", "::1") is None
