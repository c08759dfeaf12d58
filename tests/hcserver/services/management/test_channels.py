from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from hcserver.app import build_services
from hcserver.config.schema import NotificationSettings, Settings
from hcserver.config.types import networks
from hcserver.domain.channel import Channel
from hcserver.domain.project import Project
from hcserver.errors import Ambiguous, Forbidden, InvalidRequest, NotFound
from hcserver.notify.registry import masked_target
from hcserver.services.container import Services
from hcserver.services.management import channels
from hcserver.validation.channel import parse_channel
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, ping


async def add(services: Services, project: Project, **members: Any) -> Channel:
    data = {"kind": "email", "target": "ops@example.org", **members}
    return await services.channels.create(project, parse_channel(data))


async def test_a_deleted_channel_leaves_many_checks_whose_pings_are_not_lost(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "_AT_ONCE", 4)
    gone, kept = await add(services, project), await add(services, project)
    checks = [await create(services, project, channels="*") for _ in range(10)]
    await asyncio.gather(
        services.channels.delete(project, gone.id),
        *(ping(services, check.id) for check in checks for _ in range(3)),
    )
    for check in checks:
        stored = (await services.storage.checks.load([check.id]))[check.id].check
        assert stored.channels == (kept.id,)
        assert (await services.state_writer.settle(check.id)).n_pings == 3


async def test_other_processes_hear_of_a_deleted_channel(
    services: Services, project: Project, make_services: MakeServices
) -> None:
    other = await make_services()
    channel = await add(services, project)
    check = await create(services, project, channels="*")
    assert (await other.cache.get(check.id)).channels == (channel.id,)
    await services.channels.delete(project, channel.id)
    await other.runtime.news_listener.listen()
    assert (await other.cache.get(check.id)).channels == ()


async def test_what_another_process_changed_meanwhile_stays(
    services: Services, project: Project, make_services: MakeServices
) -> None:
    other = await make_services()
    channel = await add(services, project)
    check = await create(services, project, channels="*")
    await other.cache.get(check.id)
    await ping(services, check.id)
    await services.state_writer.flush()
    await other.channels.delete(project, channel.id)
    stored = (await services.storage.checks.load([check.id]))[check.id].check
    assert (stored.channels, stored.n_pings, stored.status) == ((), 1, "up")


async def test_a_project_has_so_many_channels_and_no_more(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "MAX_CHANNELS", 2)
    made = await asyncio.gather(*(add(services, project) for _ in range(4)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in made) == ["Channel", "Channel", "Forbidden", "Forbidden"]
    assert len(await services.channels.of_project(project.id)) == 2


async def test_simultaneous_changes_of_one_channel_are_all_made(services: Services, project: Project) -> None:
    channel = await add(services, project)
    changes: list[dict[str, object]] = [{"name": "x"}, {"delay": 5}, {"tags": "db"}, {"auto_assign": True}]
    await asyncio.gather(
        *(services.channels.update(project, channel.id, parse_channel(change)) for change in changes)
    )
    found = await services.channels.get(project, channel.id)
    assert (found.name, found.delay, found.tags, found.auto_assign) == ("x", 5, "db", True)


async def test_a_channel_is_found_by_its_id_or_its_name(services: Services, project: Project) -> None:
    one = await add(services, project, name="one")
    named_like_it = await add(services, project, name=str(one.id))
    assert (await services.channels.find(project, str(one.id))).id == one.id
    assert (await services.channels.find(project, "one")).id == one.id
    await add(services, project, name="one")
    with pytest.raises(Ambiguous, match="give the id"):
        await services.channels.find(project, "one")
    other, _ = await services.projects.create("other")
    for name in ("two", str(uuid4())):
        with pytest.raises(NotFound, match="there is no channel"):
            await services.channels.find(project, name)
    with pytest.raises(NotFound):
        await services.channels.find(other, str(named_like_it.id))


async def test_a_channel_of_a_kind_that_is_not_there_any_more_can_be_seen_and_deleted(
    services: Services, project: Project
) -> None:
    channel = await add(services, project)
    await services.storage.channels.replace(replace(channel, kind="pigeon", target="secret roof"))
    check = await create(services, project, channels="*")
    found = await services.channels.get(project, channel.id)
    assert "secret" not in masked_target(found)
    with pytest.raises(InvalidRequest):
        await services.channels.update(project, channel.id, parse_channel({"target": "x"}))
    await services.channels.delete(project, channel.id)
    assert (await services.cache.get(check.id)).channels == ()


async def test_a_foreign_channel_is_forbidden(services: Services, project: Project) -> None:
    other, _ = await services.projects.create("other")
    channel = await add(services, other)
    for attempt in (
        services.channels.get(project, channel.id),
        services.channels.update(project, channel.id, parse_channel({})),
        services.channels.delete(project, channel.id),
    ):
        with pytest.raises(Forbidden):
            await attempt
    with pytest.raises(NotFound):
        await services.channels.get(project, UUID(int=1))


async def test_a_check_can_be_snoozed_whatever_process_has_it(
    services: Services, project: Project, make_services: MakeServices, clock: FakeClock
) -> None:
    other = await make_services()
    check = await create(services, project)
    await other.cache.get(check.id)
    until = clock.advance(600)
    await services.check_editor.snooze(project, check.id, until)
    await other.runtime.news_listener.listen()
    assert (await other.checks.get(project, check.id)).snoozed_until == until
    await other.check_editor.snooze(project, check.id, None)
    stored = (await services.storage.checks.load([check.id]))[check.id].check
    assert stored.snoozed_until is None


async def test_a_channel_that_has_become_unreachable_can_still_be_renamed_but_not_moved_there(
    services: Services, project: Project
) -> None:
    target = "http://192.168.1.5/hook"
    old = Channel(id=uuid4(), project=project.id, created=services.clock(), kind="webhook", target=target)
    await services.storage.channels.insert(old)
    spec = parse_channel({"name": "Ops", "target": target})
    assert (await services.channels.update(project, old.id, spec)).name == "Ops"
    with pytest.raises(InvalidRequest, match="target can't be reached"):
        await services.channels.update(project, old.id, parse_channel({"target": f"{target}/2"}))


async def test_a_private_address_that_the_settings_allow_is_accepted(
    database: Any, project: Project, clock: FakeClock
) -> None:
    allowed = NotificationSettings(allowed_networks=networks().read(["192.168.1.0/24"]))
    services = build_services(database, Settings(notifications=allowed), clock)
    spec = parse_channel({"kind": "webhook", "target": "http://192.168.1.5/"})
    assert (await services.channels.create(project, spec)).target == "http://192.168.1.5/"
    with pytest.raises(InvalidRequest, match=r"192\.168\.2\.5 leads to a private"):
        await services.channels.create(
            project, parse_channel({"kind": "webhook", "target": "http://192.168.2.5/"})
        )
