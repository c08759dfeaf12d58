from __future__ import annotations

from uuid import uuid4

import pytest

from hcserver.domain.api_key import ApiKey
from hcserver.domain.project import Project
from hcserver.services import named_keys as named_keys_module
from hcserver.services.container import Services
from hcserver.services.named_keys import NamedKeys
from tests.hcserver.services.conftest import FakeClock


class Reads:
    """Counts the readings of the store."""

    def __init__(self, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hashes: list[str] = []
        self._get = services.storage.api_keys.get
        monkeypatch.setattr(services.storage.api_keys, "get", self._count)

    async def _count(self, hash: str) -> ApiKey | None:
        self.hashes.append(hash)
        return await self._get(hash)


@pytest.fixture
def reads(services: Services, monkeypatch: pytest.MonkeyPatch) -> Reads:
    return Reads(services, monkeypatch)


@pytest.fixture
def named_keys(services: Services, clock: FakeClock) -> NamedKeys:
    return NamedKeys(services.storage, clock)


async def a_key(services: Services, project: Project, name: str = "backup") -> ApiKey:
    return (await services.api_keys.create(project, name, "read-write"))[0]


async def test_a_key_is_read_once_until_its_project_changes(
    services: Services, project: Project, named_keys: NamedKeys, reads: Reads, clock: FakeClock
) -> None:
    key = await a_key(services, project)
    for seconds in (1, 3600, 86_400):
        assert await named_keys.find(key.hash) == key
        clock.advance(seconds)
    named_keys.forget(uuid4())  # another project, or a check
    named_keys.forget_absences()
    assert await named_keys.find(key.hash) == key
    assert reads.hashes == [key.hash]
    await services.storage.api_keys.delete(key.hash)
    named_keys.forget(project.id)
    assert await named_keys.find(key.hash) is None
    assert reads.hashes == [key.hash] * 2


async def test_everything_can_be_forgotten(
    services: Services, project: Project, named_keys: NamedKeys, reads: Reads
) -> None:
    key = await a_key(services, project)
    await named_keys.find(key.hash)
    named_keys.forget_all()
    named_keys.forget(project.id)
    assert await named_keys.find(key.hash) == key
    assert len(reads.hashes) == 2


async def test_a_key_that_does_not_exist_is_read_once_a_second(
    named_keys: NamedKeys, reads: Reads, clock: FakeClock
) -> None:
    for seconds in (1, 2):
        for _ in range(5):
            assert await named_keys.find("x") is None
        assert len(reads.hashes) == seconds
        clock.advance(1)
    assert await named_keys.find("x") is None
    named_keys.forget_absences()
    assert await named_keys.find("x") is None
    assert len(reads.hashes) == 4


async def test_what_is_read_while_it_changes_is_not_remembered(
    services: Services, project: Project, named_keys: NamedKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await a_key(services, project)
    get = services.storage.api_keys.get

    async def get_and_then_it_is_revoked(hash: str) -> ApiKey | None:
        found = await get(hash)
        monkeypatch.setattr(services.storage.api_keys, "get", get)
        await services.storage.api_keys.delete(hash)
        named_keys.forget(project.id)
        return found

    monkeypatch.setattr(services.storage.api_keys, "get", get_and_then_it_is_revoked)
    assert await named_keys.find(key.hash) == key  # it was good when it was looked up
    assert await named_keys.find(key.hash) is None


async def test_no_more_keys_are_remembered_than_the_limit(
    services: Services,
    project: Project,
    named_keys: NamedKeys,
    reads: Reads,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(named_keys_module, "REMEMBERED", 2)
    other, _ = await services.projects.create("other")
    first = await a_key(services, project, "a")
    second, third = await a_key(services, other, "b"), await a_key(services, other, "c")
    for key in (first, second, third, second, third, first):
        assert await named_keys.find(key.hash) == key
    assert reads.hashes == [key.hash for key in (first, second, third, first)]
