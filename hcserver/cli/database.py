"""The database for a command: the configured MongoDB, the running embedded one, or one of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any

from hcserver.config.schema import Settings
from hcserver.embedded.database import running_or_own
from hcserver.storage.client import connect, database_of


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[Any]:
    """A connected database; its indexes and schema version are the caller's business.

    Raises ConfigError, DataDirectoryInUse and HcError as the embedded database does.
    """
    mongodb = settings.mongodb
    source = nullcontext(mongodb.uri) if mongodb.uri else running_or_own(settings.embedded)
    async with source as uri:
        client = connect(uri, mongodb)
        try:
            yield database_of(client, mongodb.database)
        finally:
            client.close()
