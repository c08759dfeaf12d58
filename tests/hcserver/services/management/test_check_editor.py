from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from hcserver.domain.check import Check
from hcserver.domain.project import Project
from hcserver.errors import Conflict, Forbidden, InvalidRequest, NotFound
from hcserver.services.container import Services
from hcserver.services.intake.cached_check import Change
from hcserver.validation.check import Spec, parse_spec
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, ping
from tests.hcserver.services.delivery.delivery_setup import add_channel


async def test_whether_a_check_is_paused_is_decided_by_the_database(make_services: MakeServices) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    check = await create(first, project)
    await second.check_editor.pause(project, check.id)
    await first.check_editor.resume(project, check.id)
    assert (await second.check_editor.pause(project, check.id)).status == "paused"
    assert (await first.storage.checks.load([check.id]))[check.id].check.status == "paused"


async def test_an_upsert_changes_the_check_that_matches(services: Services, project: Project) -> None:
    check = await create(services, project, name="backup", slug="backup")
    spec = parse_spec({"slug": "backup", "tags": "nightly", "unique": ["slug"]}, 3)
    changed, created = await services.check_editor.create(project, spec)
    assert (changed.id, changed.tags, created) == (check.id, "nightly", False)


async def test_an_upsert_whose_match_is_deleted_meanwhile_creates_a_check(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    match = await create(services, project, name="backup", slug="backup")
    change = services.state_writer.change

    async def change_after_a_deletion(id: UUID, apply: Change) -> Check:
        await services.check_deletion.delete(project, id)
        return await change(id, apply)

    monkeypatch.setattr(services.state_writer, "change", change_after_a_deletion)
    spec = parse_spec({"slug": "backup", "tags": "nightly", "unique": ["slug"]}, 3)
    check, created = await services.check_editor.create(project, spec)
    assert (check.tags, created, check.id == match.id) == ("nightly", True, False)
    assert await services.checks.of_project(project.id) == [check]


async def test_a_check_with_a_channel_that_does_not_exist_is_neither_created_nor_changed(
    services: Services, project: Project
) -> None:
    check = await create(services, project, name="before")
    spec = parse_spec({"name": "after", "channels": "nobody"}, 3)
    with pytest.raises(InvalidRequest):
        await services.check_editor.create(project, spec)
    with pytest.raises(InvalidRequest):
        await services.check_editor.update(project, check.id, spec)
    assert [one.name for one in await services.checks.of_project(project.id)] == ["before"]


async def test_a_check_that_a_ping_creates_has_all_channels_and_is_created_once(
    services: Services, project: Project
) -> None:
    channel = await add_channel(services, project, "one")
    id, created = await services.check_editor.create_for_slug(project.ping_key, "job")
    assert await services.check_editor.create_for_slug(project.ping_key, "job") == (id, False)
    check = await services.checks.get(project, id)
    assert (created, check.name, check.slug, check.channels) == (True, "job", "job", (channel.id,))
    with pytest.raises(NotFound):
        await services.check_editor.create_for_slug("unknown", "job")


async def test_pings_create_checks_up_to_twice_the_limit(services: Services, project: Project) -> None:
    await services.projects.limit(project, 1, None)
    for slug in ("a", "b"):
        assert (await services.check_editor.create_for_slug(project.ping_key, slug))[1]
    with pytest.raises(NotFound):
        await services.check_editor.create_for_slug(project.ping_key, "c")


async def test_only_a_paused_check_can_be_resumed(services: Services, project: Project) -> None:
    check = await create(services, project)
    await ping(services, check.id)
    with pytest.raises(Conflict):
        await services.check_editor.resume(project, check.id)
    assert (await services.check_editor.pause(project, check.id)).status == "paused"
    resumed = await services.check_editor.resume(project, check.id)
    assert (resumed.status, resumed.last_ping, resumed.n_pings) == ("new", None, 1)


async def test_a_snooze_is_kept_until_it_is_taken_back(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await create(services, project)
    until = clock.now + timedelta(days=1)
    assert (await services.check_editor.snooze(project, check.id, until)).snoozed_until == until
    assert (await services.check_editor.snooze(project, check.id, None)).snoozed_until is None


def upsert(**fields: object) -> Spec:
    return parse_spec({"slug": "backup", "unique": ["slug"], **fields}, 3)


async def test_an_upsert_that_changes_nothing_needs_no_database(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check, _ = await services.check_editor.create(project, upsert(timeout=60))
    await services.check_editor.create(project, upsert(timeout=60))

    async def away(*arguments: object, **named: object) -> None:
        raise AssertionError("the database was asked")

    await services.state_writer.flush()
    await ping(services, check.id)
    for store, names in (
        (services.storage.checks, ("of_project", "write", "insert")),
        (services.storage.news, ("publish_checks",)),
        (services.storage.locks, ("hold",)),
    ):
        for name in names:
            monkeypatch.setattr(store, name, away)
    async with services.cache.exclusive:  # what the ping has changed can't be written
        found, created = await services.check_editor.create(project, upsert(timeout=60))
    monkeypatch.undo()
    assert (found.id, found.n_pings, created) == (check.id, 1, False)


async def test_an_upsert_is_answered_when_the_change_is_written_that_it_repeats(
    services: Services, project: Project
) -> None:
    await services.check_editor.create(project, upsert(timeout=60))
    async with services.cache.exclusive:
        changes = [
            asyncio.create_task(services.check_editor.create(project, upsert(timeout=90))) for _ in range(2)
        ]
        await asyncio.sleep(0.05)
        assert not any(change.done() for change in changes)
    assert [check.timeout for check, _ in await asyncio.gather(*changes)] == [90, 90]


async def test_an_upsert_does_not_change_a_check_that_another_process_has_renamed(
    make_services: MakeServices,
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    check, _ = await first.check_editor.create(project, upsert(timeout=60))
    assert (await second.check_editor.create(project, upsert(timeout=60)))[0].id == check.id
    await first.check_editor.update(project, check.id, parse_spec({"slug": "other"}, 3))
    changed, created = await second.check_editor.create(project, upsert(timeout=90))
    assert created
    assert changed.id != check.id
    renamed = (await second.storage.checks.load([check.id]))[check.id].check
    assert (renamed.slug, renamed.timeout) == ("other", 60)


async def test_an_upsert_finds_what_another_process_has_just_created(make_services: MakeServices) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    assert await second.project_reader.checks(project.id) == []
    check, _ = await first.check_editor.create(project, upsert())
    found, created = await second.check_editor.create(project, upsert(timeout=90))
    assert (found.id, found.timeout, created) == (check.id, 90, False)


async def test_other_processes_hear_of_new_settings_and_slugs(
    make_services: MakeServices, clock: FakeClock
) -> None:
    first, second = await make_services(), await make_services()
    project, keys = await first.projects.create("main")
    check = await create(first, project, name="old", slug="old")
    assert (await second.checks.get(project, check.id)).name == "old"
    assert (await second.intake.find_by_slug(keys.ping_key, "old")).id == check.id
    await first.check_editor.update(project, check.id, parse_spec({"name": "new", "slug": "new"}, 3))
    clock.advance(1)
    for services in (first, second):
        await services.runtime.written_news.exchange()
    assert (await second.checks.get(project, check.id)).name == "new"
    await second.runtime.news_listener.listen()
    assert (await second.intake.find_by_slug(keys.ping_key, "new")).id == check.id
    with pytest.raises(NotFound):
        await second.intake.find_by_slug(keys.ping_key, "old")


async def test_tags_and_channels_that_several_change_at_once_are_all_there(
    make_services: MakeServices,
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    check = await create(first, project, tags="old kept")
    channels = [await add_channel(first, project, name, name=name) for name in ("one", "two")]
    for services in (first, second):
        await services.checks.get(project, check.id)
    await asyncio.gather(
        first.check_editor.change_tags(project, check.id, ["a"], ["old"]),
        first.check_editor.change_tags(project, check.id, ["b"], []),
        second.check_editor.change_tags(project, check.id, ["c"], []),
        first.check_editor.change_channels(project, check.id, [str(channels[0].id)], []),
        second.check_editor.change_channels(project, check.id, ["two"], []),
    )
    stored = (await first.storage.checks.load([check.id]))[check.id].check
    assert sorted(stored.tag_list()) == ["a", "b", "c", "kept"]
    assert sorted(stored.channels) == sorted(one.id for one in channels)


async def test_too_many_tags_and_unknown_channels_change_nothing(
    services: Services, project: Project
) -> None:
    check = await create(services, project, tags="old")
    with pytest.raises(InvalidRequest, match="tags is too long"):
        await services.check_editor.change_tags(project, check.id, ["x" * 501], ["old"])
    with pytest.raises(InvalidRequest, match="invalid channel identifier: nobody"):
        await services.check_editor.change_channels(project, check.id, ["nobody"], [])
    assert await services.checks.get(project, check.id) == check


async def test_checks_are_created_at_the_same_time_only_far_from_the_limit(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    await services.projects.limit(project, checks=150, pings=None)
    project = await services.projects.find("main")
    locked: list[str] = []
    hold = services.storage.locks.hold

    def noted(name: str, *arguments: Any) -> Any:
        locked.append(name)
        return hold(name, *arguments)

    monkeypatch.setattr(services.storage.locks, "hold", noted)
    spec = parse_spec({"name": "new"}, 3)
    await services.check_editor.create(project, spec)
    assert len(locked) == 1
    await asyncio.gather(*(services.check_editor.create(project, spec) for _ in range(40)))
    assert len(locked) == 1
    outcomes = await asyncio.gather(
        *(services.check_editor.create(project, spec) for _ in range(120)), return_exceptions=True
    )
    assert len(locked) > 100
    assert sum(isinstance(outcome, Forbidden) for outcome in outcomes) == 11
    assert len(await services.checks.of_project(project.id)) == 150
