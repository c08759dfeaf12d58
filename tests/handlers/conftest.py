from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.handlers.harness import Site, serve


@pytest.fixture(autouse=True)
def no_errors_are_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a client sends: it is no error of ours. A test that expects one clears the log."""
    yield
    for when in ("setup", "call", "teardown"):
        errors = [r for r in caplog.get_records(when) if r.levelno >= logging.ERROR]
        assert not errors, [record.getMessage() for record in errors]


@pytest.fixture
async def site(database: Any) -> AsyncIterator[Site]:
    """A server on an empty database."""
    async with serve(database) as site:
        yield site
