from __future__ import annotations

import pytest_asyncio

from tests.handlers.harness import Site
from tests.handlers.pages.visitor import Visitor, visitor


@pytest_asyncio.fixture(loop_scope="session")
async def editor(site: Site) -> Visitor:
    """An editor of the site's project."""
    return await visitor(site, "editor")


@pytest_asyncio.fixture(loop_scope="session")
async def viewer(site: Site) -> Visitor:
    """A viewer of the site's project."""
    return await visitor(site, "viewer")


@pytest_asyncio.fixture(loop_scope="session")
async def anonymous(site: Site) -> Visitor:
    """Somebody who has not signed in."""
    return Visitor(site)


@pytest_asyncio.fixture(loop_scope="session")
async def admin(site: Site) -> Visitor:
    """An admin of the site's project, but not of the server."""
    return await visitor(site, "admin")
