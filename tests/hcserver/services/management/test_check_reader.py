from __future__ import annotations

from uuid import uuid4

import pytest

from hcserver.domain.project import Project
from hcserver.errors import Forbidden, NotFound
from hcserver.services.container import Services
from hcserver.storage.checks import unique_key
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, ping


async def test_a_check_is_found_by_its_id_its_unique_key_and_its_badge(
    services: Services, project: Project
) -> None:
    check = await create(services, project)
    assert await services.checks.get(project, check.id) == check
    assert await services.checks.by_unique_key(project, unique_key(check.id)) == check
    assert await services.checks.by_badge(check.badge) == check
    for missing in (
        services.checks.get(project, uuid4()),
        services.checks.by_unique_key(project, "0" * 40),
        services.checks.by_badge(uuid4()),
    ):
        with pytest.raises(NotFound):
            await missing


async def test_a_foreign_check_is_forbidden_and_by_its_unique_key_not_found(
    services: Services, project: Project
) -> None:
    check = await create(services, project)
    stranger, _ = await services.projects.create("stranger")
    with pytest.raises(Forbidden):
        await services.checks.get(stranger, check.id)
    with pytest.raises(NotFound):
        await services.checks.by_unique_key(stranger, unique_key(check.id))


async def test_a_list_has_what_was_acknowledged_and_is_not_written_yet(
    services: Services, project: Project
) -> None:
    first = await create(services, project, tags="a b")
    await create(services, project, tags="ab")
    await ping(services, first.id)
    found = await services.checks.of_project(project.id, tags=["b"])
    assert [(check.id, check.n_pings) for check in found] == [(first.id, 1)]
    assert len(await services.checks.of_project(project.id)) == 2


async def test_history_has_everything_acknowledged_the_newest_first(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await create(services, project)
    for signal in ("success", "fail", "success"):
        clock.advance(1)
        await ping(services, check.id, signal, body=signal.encode())
    check = await services.checks.get(project, check.id)
    assert [one.n for one in await services.checks.pings(check, 2)] == [3, 2]
    assert [one.n for one in await services.checks.pings(check, 2, before=2)] == [1]
    assert (await services.checks.ping(check, 2)).body == b"fail"
    assert [flip.new for flip in await services.checks.flips(check, None, None)] == ["up", "down", "up"]
    for n in (0, 4):
        with pytest.raises(NotFound):
            await services.checks.ping(check, n)


async def test_a_check_shows_what_was_reported_to_another_process(
    make_services: MakeServices, clock: FakeClock
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    check = await create(first, project)
    await ping(second, check.id)
    await second.state_writer.flush()
    await ping(first, check.id)
    await ping(first, check.id, "fail")
    await first.state_writer.flush()
    clock.advance(1)
    for services in (first, second):
        await services.runtime.written_news.exchange()
    shown = await second.checks.get(project, check.id)
    assert (shown.status, shown.n_pings) == ("down", 3)
    assert [one.n for one in await second.checks.pings(shown, 10)] == [3, 2, 1]
    assert await second.checks.by_unique_key(project, unique_key(check.id)) == shown
    assert await second.checks.by_badge(check.badge) == shown


async def test_a_check_that_another_process_deleted_is_not_found_when_its_news_were_heard(
    make_services: MakeServices,
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    check = await create(first, project)
    await ping(second, check.id)
    await first.check_deletion.delete(project, check.id)
    await second.runtime.news_listener.listen()
    with pytest.raises(NotFound):
        await second.checks.get(project, check.id)
