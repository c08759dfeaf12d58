"""How hcserver commands reach the embedded database: the one that a server runs, or one of their own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hcserver.config.schema import EmbeddedSettings
from hcserver.embedded.data_directory import DataDirectory, DataDirectoryInUse
from hcserver.embedded.database import LOCK_POLL, LOCK_WAIT, EmbeddedDatabase
from hcserver.embedded.provisioning import port_uri
from hcserver.errors import Unavailable
from hcserver.storage import administration

log = logging.getLogger(__name__)


async def connect_running(settings: EmbeddedSettings) -> str | None:
    """The URI of the database that a running server has on the folder; None when there is none.

    Raises ConfigError when the folder can't be used.
    """
    folder = DataDirectory(settings.path)
    folder.require_private()
    running = folder.running()
    if running is None or not running.shared:
        return None
    credentials = folder.credentials()
    if credentials is None:
        return None
    uri = port_uri(running.port, credentials)
    try:
        await asyncio.to_thread(administration.users, uri)
    except Unavailable as error:
        log.debug("the embedded database of process %d can't be used: %s", running.pid, error)
        return None
    return uri


@asynccontextmanager
async def running_or_own(settings: EmbeddedSettings, *, wait: float = LOCK_WAIT) -> AsyncIterator[str]:
    """The URI of the running database, or of one that runs until the context ends.

    Waits up to `wait` seconds for a folder that another command uses. Raises what `EmbeddedDatabase.start`
    raises.
    """
    deadline = asyncio.get_running_loop().time() + wait
    while True:
        uri = await connect_running(settings)
        if uri is not None:
            yield uri
            return
        own = EmbeddedDatabase(settings, shared=False)
        try:
            uri = await own.start(wait=0)
        except DataDirectoryInUse:
            if asyncio.get_running_loop().time() >= deadline:
                raise
            await asyncio.sleep(LOCK_POLL)
            continue
        try:
            yield uri
        finally:
            await own.stop()
        return
