from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from hcserver.app import build_services
from hcserver.config.schema import Settings
from hcserver.domain.project import Project
from hcserver.errors import Unavailable
from hcserver.services.container import Services
from hcserver.services.intake import state_writer as writer_module
from hcserver.services.intake import unwritten as unwritten_module
from hcserver.validation.check import parse_spec
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, ping, report


async def test_a_change_is_repeated_when_another_process_wrote_first(
    make_services: MakeServices, clock: FakeClock
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    check = await create(first, project)
    await second.checks.get(project, check.id)
    await first.check_editor.update(project, check.id, parse_spec({"name": "one"}, 3))
    await second.check_editor.update(project, check.id, parse_spec({"tags": "two"}, 3))
    stored = (await first.storage.checks.load([check.id]))[check.id].check
    assert (stored.name, stored.tags) == ("one", "two")


async def test_a_change_fails_when_the_database_is_away_and_leaves_no_trace(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project, name="before")
    write = services.storage.checks.write

    async def fail(writes: Any) -> Any:
        raise Unavailable("away")

    monkeypatch.setattr(services.storage.checks, "write", fail)
    with pytest.raises(Unavailable):
        await services.check_editor.update(project, check.id, parse_spec({"name": "after"}, 3))
    monkeypatch.setattr(services.storage.checks, "write", write)
    assert (await services.checks.get(project, check.id)).name == "before"


async def test_state_and_flips_reach_the_database(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await create(services, project)
    await ping(services, check.id)
    clock.advance(5)
    await ping(services, check.id, "fail")
    await services.state_writer.settle(check.id)
    stored = (await services.storage.checks.load([check.id]))[check.id]
    assert (stored.check.status, stored.check.n_pings, stored.check.last_ping) == ("down", 2, clock.now)
    flips = await services.storage.flips.read(check.id)
    assert [(flip.old, flip.new, flip.reason) for flip in flips] == [
        ("up", "down", "fail"),
        ("new", "up", "ping"),
    ]


async def test_flips_are_read_without_waiting_for_states_that_changed_nothing_since(
    services: Services, project: Project, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    await ping(services, check.id)
    assert len(await services.checks.flips(check, None, None)) == 1
    await ping(services, check.id)

    async def fail(writes: Any) -> Any:
        raise AssertionError("written")

    with monkeypatch.context() as patched:
        patched.setattr(services.storage.checks, "write", fail)
        assert len(await services.checks.flips(check, None, None)) == 1


async def test_what_memory_knows_better_postpones_a_moment(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await create(services, project, timeout=60, grace=60)
    await ping(services, check.id)
    await services.state_writer.flush()
    clock.advance(100)
    late = clock.now + timedelta(seconds=30)
    assert not services.state_writer.postpones(check.id, late)
    await ping(services, check.id)
    assert services.state_writer.postpones(check.id, late)
    assert not services.state_writer.postpones(check.id, late + timedelta(seconds=90))
    await services.state_writer.settle_all([check.id, uuid4()])
    assert not services.state_writer.postpones(check.id, late)
    assert not services.state_writer.postpones(uuid4(), late)


async def test_a_write_that_comes_through_late_is_not_taken_for_a_later_one(
    services: Services, project: Project, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    await ping(services, check.id)
    await services.state_writer.flush()
    write = services.storage.checks.write
    late: list[Any] = []

    async def write_the_first_late(writes: Any) -> Any:
        if not late:
            late.append(writes)
            raise Unavailable("timed out")
        if late[0]:
            await write(late[0])
            late[0] = None
        return await write(writes)

    monkeypatch.setattr(services.storage.checks, "write", write_the_first_late)
    await ping(services, check.id)
    with pytest.raises(Unavailable):
        await services.state_writer.settle(check.id)
    await ping(services, check.id, "fail")
    await services.state_writer.settle(check.id)
    await services.check_editor.update(project, check.id, parse_spec({"name": "new"}, 3))
    document = await database["checks"].find_one({"_id": check.id})
    assert (document["status"], document["n_pings"], document["name"]) == ("down", 3, "new")


async def test_a_check_that_can_not_be_written_keeps_neither_others_from_it_nor_the_server_from_stopping(
    database: Any, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unwritten_module, "DELAY", 0.1)
    monkeypatch.setattr(writer_module, "RETRY", 0.05)
    services = build_services(database, Settings(), clock)
    await services.start()
    project, _ = await services.projects.create("main")
    bad, *good = [await create(services, project) for _ in range(4)]
    write = services.storage.checks.write

    async def write_but_one(writes: Any) -> Any:
        if any(one.base.id == bad.id for one in writes):
            raise ValueError("can't be encoded")
        return await write(writes)

    monkeypatch.setattr(services.storage.checks, "write", write_but_one)
    for check in (bad, *good):
        await ping(services, check.id)
    for check in good:
        await services.state_writer.settle(check.id)
    async with asyncio.timeout(60):
        await services.stop()
    counted = [(await database["checks"].find_one({"_id": check.id}))["n_pings"] for check in (bad, *good)]
    assert counted == [0, 1, 1, 1]


async def test_a_crowd_of_failures_is_written_in_a_few_commands(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = [await create(services, project) for _ in range(60)]
    await services.state_writer.flush()
    write, sizes = services.storage.checks.write, []

    async def counted(writes: Any) -> Any:
        sizes.append(len(writes))
        return await write(writes)

    monkeypatch.setattr(services.storage.checks, "write", counted)
    await services.intake.record([report(check.id, services.clock(), "fail") for check in checks])
    for check in checks:
        await services.state_writer.settle(check.id)
    assert max(sizes) == writer_module.URGENT_BATCH
