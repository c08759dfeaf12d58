from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hcserver.domain.project import Project
from hcserver.errors import InvalidFields, NotFound, Unauthorized, Unavailable
from hcserver.services.container import Services
from hcserver.services.management.api_keys import MAX_API_KEYS
from tests.hcserver.services.conftest import START, FakeClock, MakeServices


async def opens(services: Services, key: str) -> bool:
    try:
        await services.lookup.authenticate(key, "read")
    except Unauthorized:
        return False
    return True


async def test_a_key_is_listed_with_its_last_use_until_it_is_revoked(
    services: Services, project: Project, clock: FakeClock
) -> None:
    key, clear = await services.api_keys.create(project, " Grafana ", "read-only")
    assert len(clear) == 32
    assert (key.name, key.access, key.created, key.last_used) == ("Grafana", "read-only", START, None)
    assert await services.api_keys.of_project(project) == [key]
    used = clock.advance(5)
    assert await opens(services, clear)
    [listed] = await services.api_keys.of_project(project)
    assert listed.last_used == used
    assert await services.api_keys.revoke(project, "Grafana") == listed
    assert not await opens(services, clear)
    assert await services.api_keys.of_project(project) == []


async def test_the_two_keys_of_a_project_and_the_other_names_go_on(
    services: Services, project: Project
) -> None:
    other, keys = await services.projects.create("other")
    named = [(await services.api_keys.create(other, name, "read-write"))[1] for name in ("one", "two")]
    await services.api_keys.revoke(other, "one")
    good = [await opens(services, key) for key in (keys.api_key, keys.api_key_readonly, *named)]
    assert good == [True, True, False, True]
    await services.projects.rotate_key(other, "api")
    good = [await opens(services, key) for key in (keys.api_key, keys.api_key_readonly, *named)]
    assert good == [False, True, False, True]


async def test_the_database_has_no_key_in_clear(services: Services, project: Project, database: Any) -> None:
    _, clear = await services.api_keys.create(project, "backup", "read-write")
    assert clear not in repr(await database["api_keys"].find_one({}))


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb", "a\udcffb"])
async def test_a_name_that_can_not_be_used_is_refused(
    services: Services, project: Project, name: str
) -> None:
    with pytest.raises(InvalidFields) as caught:
        await services.api_keys.create(project, name, "read-write")
    assert list(caught.value.faults) == ["name"]
    assert await services.api_keys.of_project(project) == []


async def test_simultaneous_keys_of_one_name_are_created_once(services: Services, project: Project) -> None:
    outcomes = await asyncio.gather(
        *(services.api_keys.create(project, "same", "read-write") for _ in range(3)), return_exceptions=True
    )
    assert [type(one) for one in outcomes if isinstance(one, BaseException)] == [InvalidFields] * 2
    other, _ = await services.projects.create("other")
    await services.api_keys.create(other, "same", "read-write")


async def test_a_project_has_only_so_many(services: Services, project: Project) -> None:
    for number in range(MAX_API_KEYS):
        await services.api_keys.create(project, f"{number}", "read-write")
    with pytest.raises(InvalidFields, match=f"at most {MAX_API_KEYS}"):
        await services.api_keys.create(project, "one more", "read-write")
    await services.api_keys.revoke(project, "0")
    await services.api_keys.create(project, "one more", "read-write")


async def test_a_key_is_found_by_its_id_before_its_name(services: Services, project: Project) -> None:
    first, _ = await services.api_keys.create(project, "first", "read-write")
    second, _ = await services.api_keys.create(project, first.id, "read-write")
    assert await services.api_keys.find(project, first.id) == first
    assert await services.api_keys.find(project, second.id) == second
    assert await services.api_keys.find(project, "first") == first


async def test_a_key_of_another_project_is_neither_found_nor_revoked(
    services: Services, project: Project
) -> None:
    key, clear = await services.api_keys.create(project, "backup", "read-write")
    other, _ = await services.projects.create("other")
    for name in ("backup", key.id, key.hash):
        with pytest.raises(NotFound):
            await services.api_keys.find(other, name)
        with pytest.raises(NotFound):
            await services.api_keys.revoke(other, name)
    assert await opens(services, clear)


async def test_keys_go_with_their_project(services: Services, project: Project, database: Any) -> None:
    _, clear = await services.api_keys.create(project, "backup", "read-write")
    other, _ = await services.projects.create("other")
    kept, _ = await services.api_keys.create(other, "backup", "read-write")
    assert await opens(services, clear)
    await services.projects.delete(project)
    assert not await opens(services, clear)
    assert [one["_id"] for one in await database["api_keys"].find().to_list(None)] == [kept.hash]


async def test_what_one_process_makes_and_revokes_the_others_accept_and_refuse(
    make_services: MakeServices,
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    key, clear = await first.api_keys.create(project, "backup", "read-write")
    assert await opens(second, clear)
    await first.api_keys.revoke(project, key.id)
    assert not await opens(first, clear)
    await second.runtime.news_listener.listen()
    assert not await opens(second, clear)


async def test_a_revocation_that_was_cut_short_reaches_the_others_when_it_is_repeated(
    make_services: MakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    _, clear = await first.api_keys.create(project, "backup", "read-write")
    assert await opens(second, clear)

    async def away(*_: Any) -> None:
        raise Unavailable("the database is away")

    with monkeypatch.context() as patched:
        patched.setattr(first.storage.news, "publish", away)
        with pytest.raises(Unavailable):
            await first.api_keys.revoke(project, "backup")
    assert not await opens(first, clear)
    with pytest.raises(NotFound):
        await first.api_keys.revoke(project, "backup")
    await second.runtime.news_listener.listen()
    assert not await opens(second, clear)


async def test_while_the_database_is_away_known_keys_go_on(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, clear = await services.api_keys.create(project, "backup", "read-write")
    assert await opens(services, clear)

    async def away(*_: Any) -> None:
        raise Unavailable("the database is away")

    for store, method in (
        (services.storage.api_keys, "get"),
        (services.storage.api_keys, "of_project"),
        (services.storage.projects, "get"),
    ):
        monkeypatch.setattr(store, method, away)
    with pytest.raises(Unavailable):
        await services.api_keys.revoke(project, "backup")
    assert await opens(services, clear)


async def test_a_key_whose_project_is_gone_opens_nothing(services: Services, project: Project) -> None:
    key, clear = await services.api_keys.create(project, "backup", "read-write")
    await services.projects.delete(project)
    await services.storage.api_keys.insert(key)  # at the same moment
    services.lookup.forget_all()
    assert not await opens(services, clear)
