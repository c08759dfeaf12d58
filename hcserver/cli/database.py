"""The database for a command: the configured MongoDB, a running embedded database, or an own embedded one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any

from hcserver.config.schema import Settings
from hcserver.embedded.access import running_or_own
from hcserver.storage.client import connect, database_of


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[Any]:
    """A connected database. The caller prepares its indexes and checks its schema version.

    Raises what `running_or_own` raises.
    """
    mongodb = settings.mongodb
    source = nullcontext(mongodb.uri) if mongodb.uri else running_or_own(settings.embedded)
    async with source as uri:
        client = connect(uri, mongodb)
        try:
            yield database_of(client, mongodb.database)
        finally:
            client.close()
