"""The writes of a change, sent by the driver alone: what a change costs at least on the same database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from motor.motor_asyncio import AsyncIOMotorClient
from msgspec.structs import replace

from bench.fill import FilledProject
from bench.running import database_uri
from hcserver.domain.clock import utc_now
from hcserver.storage.checks import CheckStore, Write
from hcserver.storage.client import database_of
from tests.e2e.server import RealServer


class BareDatabase:
    """Makes the writes of the store for checks, with nothing around them."""

    def __init__(self, runner: asyncio.Runner, store: CheckStore, project: FilledProject) -> None:
        self._runner = runner
        self._store = store
        self._check = replace(project.checks[0], id=uuid4(), project=uuid4(), slug="")
        self._revision = 0

    def create(self) -> None:
        """Insert a check, of a project of its own, and its aliases."""
        self._check = replace(self._check, id=uuid4(), badge=uuid4(), created=utc_now())
        self._revision = 1
        self._runner.run(self._store.insert(self._check))

    def update(self) -> None:
        """Change the description of the check that was created last, guarded by its revision."""
        if not self._revision:
            self.create()
        after = replace(self._check, desc=f"description {self._revision}")
        missed = self._runner.run(self._store.write([Write(self._check, after, self._revision)]))
        if missed:
            raise SystemExit("somebody else has changed the check of the benchmark")
        self._check, self._revision = after, self._revision + 1


@contextmanager
def bare_database(server: RealServer, project: FilledProject) -> Iterator[BareDatabase]:
    """The database of the server, reached as the server reaches it."""
    uri = database_uri(server)
    with asyncio.Runner() as runner:
        client: Any = AsyncIOMotorClient(
            uri, uuidRepresentation="standard", tz_aware=True, io_loop=runner.get_loop()
        )
        try:
            yield BareDatabase(runner, CheckStore(database_of(client, "hcserver")), project)
        finally:
            client.close()
