"""Badges need no key: whoever asks for those of a large project must not slow the pings of others."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from hcserver.config.schema import EmbeddedSettings, MongoSettings
from hcserver.domain.check import Check
from hcserver.embedded.access import connect_running
from hcserver.storage.client import connect, database_of
from hcserver.storage.records import to_document
from tests.attacks.hostile import cpu, pinging
from tests.e2e.server import RealServer

CHECKS = 10_000
BADGES_PER_SECOND = 50
SECONDS = 3


async def add_checks(server: RealServer, project: UUID) -> None:
    """Write them into the database directly: through the API it would take a minute."""
    uri = await connect_running(EmbeddedSettings(path=server.environment["HCSERVER_EMBEDDED_PATH"]))
    assert uri is not None
    client = connect(uri, MongoSettings(timeout=30.0))
    created = datetime(2026, 1, 1, tzinfo=UTC)
    documents = [
        {
            **to_document(
                Check(
                    id=uuid4(),
                    project=project,
                    created=created + timedelta(seconds=n),
                    badge=uuid4(),
                    tags="a",
                )
            ),
            "rev": 1,
        }
        for n in range(CHECKS)
    ]
    await database_of(client, "hcserver")["checks"].insert_many(documents)
    client.close()


def test_badges_of_ten_thousand_checks_delay_no_ping(
    server: RealServer, project: Any, bystander: str
) -> None:
    crowd = server.create_project("crowd")
    asyncio.run(add_checks(server, UUID(crowd["id"])))
    badge = server.api("badges/", crowd["api_key"])["badges"]["a"]["json"].partition("/badge/")[2]
    before = cpu(server.pid)
    with pinging(server, bystander) as delays:
        for _ in range(SECONDS * BADGES_PER_SECOND):
            began = time.monotonic()
            assert server.request(f"/badge/{badge}").json()["total"] == CHECKS
            time.sleep(max(0, 1 / BADGES_PER_SECOND - (time.monotonic() - began)))
    assert delays.statuses == {200}
    # A badge that counts its checks anew takes 0.5 s of CPU for so many; one from counters a millisecond.
    assert delays.median < 0.5
    assert cpu(server.pid) - before < 0.01 * SECONDS * BADGES_PER_SECOND
