from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from hcserver.domain.check import Check
from hcserver.domain.ping import Ping
from hcserver.domain.project import Project
from hcserver.services.container import Services
from hcserver.services.delivery import recent_pings as recent_pings_module
from hcserver.services.delivery.recent_pings import RecentPings
from hcserver.services.events import PingRecorded
from tests.hcserver.services.conftest import START, create, ping
from tests.hcserver.services.delivery.delivery_setup import FakeKind, add_channel, log_of

CHECK = Check(id=uuid4(), project=uuid4(), created=START, badge=uuid4())


def kept(*pings: Ping) -> RecentPings:
    recent_pings = RecentPings()
    for one in pings:
        recent_pings.keep(PingRecorded(CHECK, one))
    return recent_pings


def a_ping(n: int, body: bytes | None = None) -> Ping:
    return Ping(check=CHECK.id, n=n, at=START, type="fail", scheme="http", remote_addr="192.0.2.1", body=body)


def test_only_the_newest_pings_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_pings_module, "PINGS", 3)
    pings = [a_ping(n) for n in range(1, 6)]
    recent_pings = kept(*pings, pings[-1])
    assert [recent_pings.find(CHECK.id, n) for n in range(1, 6)] == [None, None, *pings[2:]]


def test_large_bodies_leave_room_for_fewer_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_pings_module, "BODY_BYTES", 100)
    pings = [a_ping(n, bytes(40)) for n in range(1, 4)]
    recent_pings = kept(*pings, pings[-1], a_ping(4))
    assert recent_pings.find(CHECK.id, 1) is None
    assert recent_pings.find(CHECK.id, 2) == pings[1]
    recent_pings.keep(PingRecorded(CHECK, a_ping(5, bytes(101))))
    assert recent_pings.find(CHECK.id, 5) is None


def test_pings_whose_log_was_cleared_are_forgotten() -> None:
    recent_pings = RecentPings()
    for n in (1, 2):
        recent_pings.keep(PingRecorded(CHECK, a_ping(n, b"body")))
    recent_pings.forget(CHECK.id)
    assert recent_pings.find(CHECK.id, 2) is None
    assert recent_pings._body_bytes == 0


async def test_a_message_shows_a_recent_ping_without_asking_the_database(
    services: Services, project: Project, fake: FakeKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    get = services.storage.pings.get

    async def no_query(*arguments: Any) -> None:
        raise AssertionError("the ping was read from the database")

    monkeypatch.setattr(services.storage.pings, "get", no_query)
    await ping(services, check.id, "fail", body=b"disk full", exit_status=3)
    await log_of(services, check, 1)
    [(_, message)] = fake.sent
    assert message.last_ping == await get(check.id, 1)
    assert message.body_preview == "disk full"
