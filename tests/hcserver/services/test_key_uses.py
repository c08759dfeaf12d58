from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from hcserver.app import build_services
from hcserver.config.schema import Settings
from hcserver.domain.api_key import ApiKey
from hcserver.domain.project import Project
from hcserver.errors import Unavailable
from hcserver.services.container import Services
from hcserver.services.key_uses import WRITE_EVERY, KeyUses
from hcserver.storage.api_keys import ApiKeyStore
from tests.cheap_passwords import cheap_passwords
from tests.hcserver.services.conftest import START, FakeClock, MakeServices


@pytest.fixture
async def key(services: Services, project: Project) -> ApiKey:
    return (await services.api_keys.create(project, "backup", "read-write"))[0]


@pytest.fixture
def uses(services: Services, clock: FakeClock) -> KeyUses:
    return KeyUses(services.storage, clock)


async def last_use(services: Services, key: ApiKey) -> datetime | None:
    """What the database has."""
    stored = await services.storage.api_keys.get(key.hash)
    assert stored is not None
    return stored.last_used


async def test_many_uses_are_one_write(
    services: Services, uses: KeyUses, key: ApiKey, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[datetime] = []
    touch = services.storage.api_keys.touch

    async def counted(hash: str, at: datetime) -> None:
        written.append(at)
        await touch(hash, at)

    monkeypatch.setattr(services.storage.api_keys, "touch", counted)
    for _ in range(100):
        clock.advance(0.1)
        uses.note(key)
    assert written == []
    assert await uses.write() == WRITE_EVERY <= 60
    await uses.write()
    assert written == [START + timedelta(seconds=10)]
    assert await last_use(services, key) == written[0]


async def test_a_use_is_seen_in_this_process_before_it_is_written(
    services: Services, uses: KeyUses, key: ApiKey, clock: FakeClock
) -> None:
    assert uses.with_last_use(key) == key
    uses.note(key)
    assert await last_use(services, key) is None
    assert uses.with_last_use(key).last_used == START
    later = replace(key, last_used=clock.advance(1))  # by another process
    assert uses.with_last_use(later) == later


async def test_a_use_while_others_are_written_is_not_lost(
    services: Services, uses: KeyUses, key: ApiKey, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch = services.storage.api_keys.touch

    async def touch_and_use(hash: str, at: datetime) -> None:
        await touch(hash, at)
        monkeypatch.setattr(services.storage.api_keys, "touch", touch)
        clock.advance(1)
        uses.note(key)

    monkeypatch.setattr(services.storage.api_keys, "touch", touch_and_use)
    uses.note(key)
    await uses.write()
    assert await last_use(services, key) == START
    await uses.write()
    assert await last_use(services, key) == START + timedelta(seconds=1)


async def test_what_can_not_be_written_is_written_when_the_database_is_back(
    services: Services, uses: KeyUses, key: ApiKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(self: Any, hash: str, at: datetime) -> None:
        raise Unavailable("the database is away")

    uses.note(key)
    with monkeypatch.context() as patched:
        patched.setattr(ApiKeyStore, "touch", away)
        with pytest.raises(Unavailable):
            await uses.write()
        await uses.stop()  # nobody waits for the database
    await uses.write()
    assert await last_use(services, key) == START


async def test_a_key_that_was_revoked_after_its_use_stays_away(
    services: Services, uses: KeyUses, project: Project, key: ApiKey
) -> None:
    uses.note(key)
    await services.api_keys.revoke(project, key.id)
    await uses.write()
    assert await services.api_keys.of_project(project) == []


async def test_a_server_that_stops_writes_what_it_has_seen(make_services: MakeServices) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    key, clear = await first.api_keys.create(project, "backup", "read-write")
    await first.lookup.authenticate(clear, "write")
    await first.stop()
    assert await second.api_keys.of_project(project) == [replace(key, last_used=START)]


async def test_a_server_that_runs_writes_them_by_itself(
    services: Services, project: Project, database: Any, clock: FakeClock
) -> None:
    _, clear = await services.api_keys.create(project, "Grafana", "read-only")
    with cheap_passwords:
        other = build_services(database, Settings(), clock)
    await other.lookup.authenticate(clear, "read")  # before its first round
    await other.start()
    try:
        async with asyncio.timeout(60):
            while (await services.api_keys.find(project, "Grafana")).last_used != START:
                await asyncio.sleep(0.01)
    finally:
        await other.stop()
