from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from hcserver.domain.project import Channel, Project
from hcserver.errors import Ambiguous, Forbidden, InvalidRequest, NotFound
from hcserver.services.core import Core
from hcserver.services.management import channels
from hcserver.validation.channel import parse_channel
from tests.hcserver.services.conftest import FakeClock, MakeCore, create, ping


async def add(core: Core, project: Project, **members: Any) -> Channel:
    data = {"kind": "email", "target": "ops@example.org", **members}
    return await core.channels.create(project, parse_channel(data))


async def test_a_deleted_channel_leaves_many_checks_whose_pings_are_not_lost(
    core: Core, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "_AT_ONCE", 4)
    gone, kept = await add(core, project), await add(core, project)
    checks = [await create(core, project, channels="*") for _ in range(10)]
    await asyncio.gather(
        core.channels.delete(project, gone.id), *(ping(core, check.id) for check in checks for _ in range(3))
    )
    for check in checks:
        stored = (await core.storage.checks.load([check.id]))[check.id].check
        assert stored.channels == (kept.id,)
        assert (await core.ledger.settle(check.id)).n_pings == 3


async def test_other_processes_hear_of_a_deleted_channel(
    core: Core, project: Project, make_core: MakeCore
) -> None:
    other = await make_core()
    channel = await add(core, project)
    check = await create(core, project, channels="*")
    assert (await other.ledger.get(check.id)).channels == (channel.id,)
    await core.channels.delete(project, channel.id)
    await other.scheduler.listen()
    assert (await other.ledger.get(check.id)).channels == ()


async def test_what_another_process_changed_meanwhile_stays(
    core: Core, project: Project, make_core: MakeCore
) -> None:
    other = await make_core()
    channel = await add(core, project)
    check = await create(core, project, channels="*")
    await other.ledger.get(check.id)
    await ping(core, check.id)
    await core.ledger.flush()
    await other.channels.delete(project, channel.id)
    stored = (await core.storage.checks.load([check.id]))[check.id].check
    assert (stored.channels, stored.n_pings, stored.status) == ((), 1, "up")


async def test_a_project_has_so_many_channels_and_no_more(
    core: Core, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "MAX_CHANNELS", 2)
    made = await asyncio.gather(*(add(core, project) for _ in range(4)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in made) == ["Channel", "Channel", "Forbidden", "Forbidden"]
    assert len(await core.channels.of_project(project.id)) == 2


async def test_simultaneous_changes_of_one_channel_are_all_made(core: Core, project: Project) -> None:
    channel = await add(core, project)
    changes: list[dict[str, object]] = [{"name": "x"}, {"delay": 5}, {"tags": "db"}, {"auto_assign": True}]
    await asyncio.gather(
        *(core.channels.update(project, channel.id, parse_channel(change)) for change in changes)
    )
    found = await core.channels.get(project, channel.id)
    assert (found.name, found.delay, found.tags, found.auto_assign) == ("x", 5, "db", True)


async def test_a_channel_is_found_by_its_id_or_its_name(core: Core, project: Project) -> None:
    one = await add(core, project, name="one")
    named_like_it = await add(core, project, name=str(one.id))
    assert (await core.channels.find(project, str(one.id))).id == one.id
    assert (await core.channels.find(project, "one")).id == one.id
    await add(core, project, name="one")
    with pytest.raises(Ambiguous, match="give the id"):
        await core.channels.find(project, "one")
    other, _ = await core.projects.create("other")
    for name in ("two", str(uuid4())):
        with pytest.raises(NotFound, match="there is no channel"):
            await core.channels.find(project, name)
    with pytest.raises(NotFound):
        await core.channels.find(other, str(named_like_it.id))


async def test_a_channel_of_a_kind_that_is_not_there_any_more_can_be_seen_and_deleted(
    core: Core, project: Project
) -> None:
    channel = await add(core, project)
    await core.storage.channels.replace(replace(channel, kind="pigeon", target="secret roof"))
    check = await create(core, project, channels="*")
    found = await core.channels.get(project, channel.id)
    assert "secret" not in channels.masked_target(found)
    with pytest.raises(InvalidRequest):
        await core.channels.update(project, channel.id, parse_channel({"target": "x"}))
    await core.channels.delete(project, channel.id)
    assert (await core.ledger.get(check.id)).channels == ()


async def test_a_foreign_channel_is_forbidden(core: Core, project: Project) -> None:
    other, _ = await core.projects.create("other")
    channel = await add(core, other)
    for attempt in (
        core.channels.get(project, channel.id),
        core.channels.update(project, channel.id, parse_channel({})),
        core.channels.delete(project, channel.id),
    ):
        with pytest.raises(Forbidden):
            await attempt
    with pytest.raises(NotFound):
        await core.channels.get(project, UUID(int=1))


async def test_a_check_can_be_snoozed_whatever_process_has_it(
    core: Core, project: Project, make_core: MakeCore, clock: FakeClock
) -> None:
    other = await make_core()
    check = await create(core, project)
    await other.ledger.get(check.id)
    until = clock.advance(600)
    await core.checks.snooze(project, check.id, until)
    await other.scheduler.listen()
    assert (await other.checks.get(project, check.id)).snoozed_until == until
    await other.checks.snooze(project, check.id, None)
    stored = (await core.storage.checks.load([check.id]))[check.id].check
    assert stored.snoozed_until is None
