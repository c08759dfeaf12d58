"""The core, for commands that work on the database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hcserver.cli.database import database
from hcserver.cli.output import current_settings
from hcserver.services.core import Core
from hcserver.storage.schema import prepare


@asynccontextmanager
async def services() -> AsyncIterator[Core]:
    """The core on the configured database, whether or not a server runs on it; without background work."""
    settings = current_settings()
    async with database(settings) as opened:
        await prepare(opened)
        yield Core(opened, settings)
