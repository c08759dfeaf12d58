from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest

from hcserver.domain.alert import Alert
from hcserver.domain.check import Check
from hcserver.domain.flip import Flip
from hcserver.domain.project import Project
from hcserver.errors import Unavailable
from hcserver.services.container import Services
from hcserver.services.events import EventBus, StatusChanged
from hcserver.services.intake import state_writer as writer_module
from hcserver.services.intake.cached_check import CachedCheck
from hcserver.services.intake.outbox import OutboxPublisher
from hcserver.storage.checks import Outbox, Stored
from tests.hcserver.services.conftest import START, create, ping


async def test_flips_are_published_when_the_database_went_away_in_between(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "RETRY", 0.01)
    check = await create(services, project)
    publish, failures = services.storage.flips.publish, iter([True])

    async def fail_once(flips: Any) -> None:
        if next(failures, False):
            raise Unavailable("away")
        await publish(flips)

    monkeypatch.setattr(services.storage.flips, "publish", fail_once)
    await ping(services, check.id)
    async with asyncio.timeout(60):
        while not await services.storage.flips.read(check.id):
            await asyncio.sleep(0.01)
    assert len(await services.storage.flips.read(check.id)) == 1


async def test_published_flips_leave_the_check_document(
    services: Services, project: Project, database: Any
) -> None:
    check = await create(services, project)
    await ping(services, check.id)
    await services.state_writer.flush()
    assert "flips" not in await database["checks"].find_one({"_id": check.id})
    assert await database["flips"].count_documents({"check": check.id}) == 1


class Sink:
    """Notes the alerts, or fails."""

    def __init__(self) -> None:
        self.taken: list[Alert] = []
        self.away = False

    async def take(self, alerts: Sequence[tuple[Check, Alert]]) -> None:
        if self.away:
            raise Unavailable("away")
        self.taken += [alert for _, alert in alerts]


class Flips:
    def __init__(self) -> None:
        self.stored: list[Flip] = []

    async def publish(self, flips: Any) -> None:
        self.stored += flips


async def test_flips_and_alerts_are_published_once_and_then_the_event_follows() -> None:
    sink, flips, events, seen = Sink(), Flips(), EventBus(), list[StatusChanged]()
    events.subscribe(StatusChanged, seen.append)
    check = Check(id=uuid4(), project=uuid4(), created=START, badge=uuid4())
    flip = Flip(check=check.id, n=1, at=START, old="up", new="down", reason="fail")
    alert = Alert(check=check.id, n=1, at=START, event="down", reason="fail")
    cached = CachedCheck(Stored(check, 1, Outbox((flip,), (alert,))))
    outbox = OutboxPublisher(flips, sink, events)  # type: ignore[arg-type]

    sink.away = True
    with pytest.raises(Unavailable):
        await outbox.publish([cached])
    assert (cached.outbox_published, seen) == (False, [])
    sink.away = False
    for _ in range(2):
        await outbox.publish([cached])
    assert (cached.outbox_published, sink.taken, seen) == (True, [alert], [StatusChanged(check, flip)])
    assert flips.stored == [flip, flip]  # the first attempt stored it, too: its id is the same
