from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.handlers.harness import Site, serve

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One event loop for all these tests, because they share a server."""
    for item in items:
        if item.path.is_relative_to(HERE) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(autouse=True)
def no_errors_are_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a client sends, nothing is logged as an error. A test that expects an error clears the log."""
    yield
    for when in ("setup", "call", "teardown"):
        errors = [r for r in caplog.get_records(when) if r.levelno >= logging.ERROR]
        assert not errors, [record.getMessage() for record in errors]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running(mongo_uri: str) -> AsyncIterator[Site]:
    async with serve(mongo_uri) as site:
        yield site


@pytest_asyncio.fixture(loop_scope="session")
async def site(running: Site) -> AsyncIterator[Site]:
    """A server with a project that is empty; other tests may have theirs on it."""
    running.clock.reset()
    site = await running.beside()
    yield site
    await site.close()
