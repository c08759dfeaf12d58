from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from hcserver.domain.check import Check
from hcserver.domain.maintenance_window import MaintenanceWindow
from hcserver.domain.project import Project
from hcserver.errors import Forbidden, NotFound, Unavailable
from hcserver.services.container import Services
from hcserver.storage.checks import Stored
from hcserver.validation.check import parse_spec
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, ping
from tests.hcserver.services.delivery.delivery_setup import FakeKind, add_channel


@pytest.fixture
async def other(services: Services) -> Project:
    return (await services.projects.create("other"))[0]


async def of(services: Services, project: Project) -> list[str]:
    return [check.name for check in await services.project_reader.checks(project.id)]


async def test_the_check_is_in_the_other_project_with_its_log_and_without_channels(
    services: Services, project: Project, other: Project, fake: FakeKind
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, name="moving", slug="moving", channels="*")
    await ping(services, check.id)
    assert (await of(services, project), await of(services, other)) == (["moving"], [])
    moved = await services.check_transfer.move(project, check.id, other)
    assert (moved.id, moved.project, moved.channels, moved.n_pings) == (check.id, other.id, (), 1)
    assert (await of(services, project), await of(services, other)) == ([], ["moving"])
    assert len(await services.checks.pings(moved, 10)) == 1
    assert await services.lookup.check_by_slug(other.id, "moving") == check.id
    with pytest.raises(NotFound):
        await services.lookup.check_by_slug(project.id, "moving")
    await ping(services, check.id)
    assert (await services.checks.get(other, check.id)).n_pings == 2


async def test_it_is_still_there_after_a_restart(
    services: Services, project: Project, other: Project, make_services: MakeServices
) -> None:
    check = await create(services, project, name="moving")
    await services.check_transfer.move(project, check.id, other)
    await services.stop()
    restarted = await make_services()
    assert (await of(restarted, project), await of(restarted, other)) == ([], ["moving"])


async def test_other_processes_see_it_in_the_other_project(
    services: Services, project: Project, other: Project, make_services: MakeServices, clock: FakeClock
) -> None:
    check = await create(services, project, name="moving")
    second = await make_services()
    assert (await of(second, project), await of(second, other)) == (["moving"], [])
    await services.check_transfer.move(project, check.id, other)
    clock.advance(1)
    await second.runtime.news_listener.listen()
    assert (await of(second, project), await of(second, other)) == ([], ["moving"])


@pytest.mark.parametrize("carried_out", [False, True])
async def test_a_move_whose_outcome_is_unknown_leaves_the_check_in_one_project(
    carried_out: bool,
    services: Services,
    project: Project,
    other: Project,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    check = await create(services, project, name="moving")
    assert (await of(services, project), await of(services, other)) == (["moving"], [])
    write = services.storage.checks.write

    async def fail(writes: Any) -> Any:
        if carried_out:
            await write(writes)
        raise Unavailable("the answer was lost")

    with monkeypatch.context() as patched:
        patched.setattr(services.storage.checks, "write", fail)
        with pytest.raises(Unavailable):
            await services.check_transfer.move(project, check.id, other)
    await services.state_writer.settle(check.id)
    there, gone = (other, project) if carried_out else (project, other)
    assert (await of(services, there), await of(services, gone)) == (["moving"], [])
    assert (await services.checks.get(there, check.id)).name == "moving"


async def test_what_people_of_the_old_project_still_do_changes_nothing_in_the_new_one(
    services: Services, project: Project, other: Project, make_services: MakeServices, fake: FakeKind
) -> None:
    check = await create(services, project, name="moving")
    await ping(services, check.id)
    second = await make_services()
    await second.checks.get(project, check.id)
    channel, (third, _) = await add_channel(services, project, "one"), await services.projects.create("third")
    moved = await services.check_transfer.move(project, check.id, other)
    editor = second.check_editor
    changes: list[Callable[[], Awaitable[Check]]] = [
        lambda: editor.update(project, check.id, parse_spec({"channels": str(channel.id)}, 3)),
        lambda: editor.snooze(project, check.id, services.clock() + timedelta(hours=1)),
        lambda: second.check_transfer.move(project, check.id, third),
    ]
    for change in changes:
        # As the second process has it in memory until it hears of the move.
        second.cache.forget(check.id)
        second.cache.add(Stored(check, rev=1))
        with pytest.raises(NotFound):
            await change()
    await services.cache.refresh([check.id])
    assert await services.checks.get(other, check.id) == moved


async def test_a_check_that_leaves_a_project_while_that_is_deleted_stays(
    services: Services, project: Project, other: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = [await create(services, project, name=f"{n}") for n in range(3)]
    remove = services.check_deletion.remove

    async def remove_and_move_the_last(check: Check) -> None:
        await remove(check)
        if check.id == checks[0].id:
            await services.check_transfer.move(project, checks[2].id, other)

    monkeypatch.setattr(services.check_deletion, "remove", remove_and_move_the_last)
    assert await services.projects.delete(project) == 2
    assert await of(services, other) == ["2"]
    await ping(services, checks[2].id)


async def test_windows_of_the_check_stay_behind_and_end(
    services: Services, project: Project, other: Project
) -> None:
    check = await create(services, project)
    window = MaintenanceWindow(
        id=check.badge, project=project.id, created=services.clock(), schedule="0 3 * * *", tz="UTC",
        minutes=60, check=check.id,
    )  # fmt: skip
    await services.storage.windows.put(window)
    await services.check_transfer.move(project, check.id, other)
    assert await services.storage.windows.of_project(project.id) == []


async def test_the_limit_of_the_other_project_holds(
    services: Services, project: Project, other: Project
) -> None:
    await create(services, other)
    await services.projects.limit(other, 1, None)
    check = await create(services, project, name="stays")
    with pytest.raises(Forbidden):
        await services.check_transfer.move(project, check.id, await services.projects.get(other.id))
    assert await of(services, project) == ["stays"]


async def test_only_a_check_of_the_project_is_moved(
    services: Services, project: Project, other: Project
) -> None:
    check = await create(services, other)
    with pytest.raises(Forbidden):
        await services.check_transfer.move(project, check.id, other)
    assert (await services.check_transfer.move(other, check.id, other)).project == other.id
