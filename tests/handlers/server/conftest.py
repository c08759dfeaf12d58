from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.handlers.server.servers import Clients


@pytest_asyncio.fixture(loop_scope="session")
async def clients() -> AsyncIterator[Clients]:
    clients = Clients()
    yield clients
    for connection in clients.opened:
        await connection.close()
