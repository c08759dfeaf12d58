from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from handlers.pages import live_home
from tests.handlers.harness import Site
from tests.handlers.pages.test_live import listening
from tests.handlers.pages.visitor import Visitor, make_check, visitor


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_home, "PERIOD", 0.02)


@pytest_asyncio.fixture(loop_scope="session")
async def other(site: Site) -> AsyncIterator[Site]:
    """Another project."""
    beside = await site.beside()
    yield beside
    await beside.close()


@pytest_asyncio.fixture(loop_scope="session")
async def both(site: Site, other: Site) -> Visitor:
    """Somebody who sees both projects."""
    somebody = await visitor(site)
    assert somebody.user is not None
    await site.services.accounts.members.add(other.project, somebody.user, "viewer")
    return somebody


async def test_a_ping_in_any_project_is_a_change(site: Site, other: Site, both: Visitor) -> None:
    check = await make_check(other)
    assert (await both.get("/")).status == 200
    async with listening(site, both, "/live") as events:
        await events.next("changed")  # what happened before somebody listened
        await asyncio.sleep(0.1)
        await other.ping(str(check.id), "/fail")
        await events.next("changed")


async def test_projects_that_are_not_in_memory_are_looked_at_now_and_then(
    site: Site, both: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_home, "RELOAD_PERIOD", 0.1)
    async with listening(site, both, "/live") as events:
        for _ in range(3):
            await events.next("changed")
    assert await site.services.project_reader.loader.known(site.project.id) is None


async def test_the_stream_ends_with_the_session_and_is_for_nobody_else(
    site: Site, both: Visitor, anonymous: Visitor
) -> None:
    async with listening(site, both, "/live") as events:
        await events.next("changed")
        await site.services.accounts.sign_out(both.token)
        assert await events.ends()
    assert (await anonymous.get("/live")).status == 303


async def test_an_idle_stream_has_a_heartbeat(
    site: Site, both: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_home, "HEARTBEAT", 0.1)
    async with listening(site, both, "/live") as events:
        await events.next("beat")
