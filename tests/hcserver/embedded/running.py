"""Embedded databases for tests."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

from pymongo import MongoClient

from hcserver.config.schema import EmbeddedSettings
from hcserver.embedded.data_directory import DataDirectory
from hcserver.embedded.database import EmbeddedDatabase

SERVER = """
import asyncio, sys
from hcserver.config.schema import EmbeddedSettings
from hcserver.embedded.database import EmbeddedDatabase

async def serve():
    print(await EmbeddedDatabase(EmbeddedSettings(path=sys.argv[1])).start(), flush=True)
    await asyncio.sleep(600)

asyncio.run(serve())
"""


@asynccontextmanager
async def started(settings: EmbeddedSettings, **options: Any) -> AsyncIterator[str]:
    database = EmbeddedDatabase(settings, **options)
    uri = await database.start(wait=0)
    try:
        yield uri
    finally:
        await database.stop()


@contextlib.contextmanager
def connected(uri: str) -> Iterator[Any]:
    with MongoClient[dict[str, Any]](uri, serverSelectionTimeoutMS=10_000) as client:
        yield client


def await_gone(folder: DataDirectory) -> None:
    """Block until no database runs on the folder; fails after ten seconds."""
    found = folder.running()
    if found is not None:
        subprocess.run(["tail", f"--pid={found.pid}", "-f", "/dev/null"], timeout=10, check=True)
