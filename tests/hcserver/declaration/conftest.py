from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from hcserver.app import build_services
from hcserver.config.schema import Settings
from hcserver.services.container import Services


@pytest.fixture
async def services(database: Any) -> AsyncIterator[Services]:
    """A server on a database of its own."""
    services = build_services(database, Settings())
    await services.start()
    yield services
    await services.stop()
