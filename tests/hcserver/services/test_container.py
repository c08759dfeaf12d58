"""Crashes, other processes, time: what the parts make of it together."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from hcserver.app import build_services
from hcserver.config.schema import Settings
from hcserver.domain.flip import Flip
from hcserver.domain.ping import Ping
from hcserver.domain.project import Project
from hcserver.domain.state_machine import shown_status
from hcserver.errors import ConfigError, Forbidden, NotFound, Unavailable
from hcserver.services.container import Services
from hcserver.services.intake import state_writer as writer_module
from hcserver.services.intake import unwritten as unwritten_module
from hcserver.services.management.check_deletion import TOMBSTONE_TIME
from hcserver.storage.checks import Outbox, Write
from hcserver.validation.check import parse_spec
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, pass_time, ping, report


async def test_pings_that_a_crash_left_unfolded_are_folded_at_start(
    services: Services, project: Project, clock: FakeClock, make_services: MakeServices
) -> None:
    check = await create(services, project)
    entries = [
        Ping(check=check.id, n=n, at=clock.advance(1), type=kind, scheme="http", remote_addr="192.0.2.1")
        for n, kind in enumerate(("success", "fail", "success"), 1)
    ]
    await services.storage.pings.append(entries)

    restarted = await make_services()
    stored = (await restarted.storage.checks.load([check.id]))[check.id].check
    assert (stored.status, stored.n_pings, stored.last_ping) == ("up", 3, clock.now)
    assert [flip.new for flip in await restarted.storage.flips.read(check.id)] == ["up", "down", "up"]


async def test_flips_that_a_crash_left_in_a_check_are_published_at_start(
    services: Services, project: Project, clock: FakeClock, make_services: MakeServices, database: Any
) -> None:
    check = await create(services, project)
    flip = Flip(check=check.id, n=1, at=clock.now, old="new", new="up", reason="ping")
    assert not await services.storage.checks.write([Write(check, check, 1, Outbox((flip,)))])

    restarted = await make_services()
    assert await restarted.storage.flips.read(check.id) == [flip]
    assert "flips" not in await database["checks"].find_one({"_id": check.id})


async def test_flips_are_published_when_the_database_went_away_in_between(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "RETRY", 0.01)
    check = await create(services, project)
    publish, failures = services.storage.flips.publish, iter([True])

    async def fail_once(flips: Any) -> None:
        if next(failures, False):
            raise Unavailable("away")
        await publish(flips)

    monkeypatch.setattr(services.storage.flips, "publish", fail_once)
    await ping(services, check.id)
    async with asyncio.timeout(10):
        while not await services.storage.flips.read(check.id):
            await asyncio.sleep(0.01)
    assert len(await services.storage.flips.read(check.id)) == 1


async def test_a_check_goes_down_at_its_moment_and_not_before(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await create(services, project, timeout=60, grace=60)
    await ping(services, check.id)
    pinged = clock.now
    await services.state_writer.flush()
    await pass_time(services, clock, 119)
    assert (await services.checks.get(project, check.id)).status == "up"
    clock.advance(1)
    await services.runtime.due_checks.tick()
    assert (await services.checks.get(project, check.id)).status == "down"
    down, _ = await services.storage.flips.read(check.id)
    assert (down.new, down.reason, down.at) == ("down", "timeout", pinged + timedelta(seconds=120))


async def test_the_scheduler_waits_for_the_next_moment(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await create(services, project, timeout=60, grace=60)
    assert await services.runtime.due_checks.tick() == 1.0
    await ping(services, check.id)
    await services.state_writer.flush()
    await pass_time(services, clock, 119.75)
    assert await services.runtime.due_checks.tick() == pytest.approx(0.25)


async def test_a_run_that_takes_too_long_goes_down(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await create(services, project, timeout=3600, grace=60)
    await ping(services, check.id, "start")
    await services.state_writer.flush()
    await pass_time(services, clock, 60)
    assert (await services.checks.get(project, check.id)).status == "down"


async def test_an_acknowledged_ping_that_is_not_folded_yet_keeps_a_check_up(
    make_services: MakeServices, clock: FakeClock
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    check = await create(first, project, timeout=60, grace=60)
    await ping(first, check.id)
    await first.state_writer.flush()
    await pass_time(second, clock, 100)
    late = Ping(check=check.id, n=2, at=clock.now, type="success", scheme="http", remote_addr="192.0.2.1")
    await first.storage.pings.append([late])
    clock.advance(30)
    await second.runtime.due_checks.tick()
    assert (await second.checks.get(project, check.id)).status == "up"
    assert len(await second.storage.flips.read(check.id)) == 1


async def test_two_processes_take_a_check_down_once(make_services: MakeServices, clock: FakeClock) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    checks = [await create(first, project, timeout=60, grace=60) for _ in range(25)]
    for check in checks:
        await ping(first, check.id)
    await first.state_writer.flush()
    for _ in range(3):
        clock.advance(50)
        await asyncio.gather(first.runtime.due_checks.tick(), second.runtime.due_checks.tick())
    await first.state_writer.flush()
    await second.state_writer.flush()
    for check in checks:
        assert [flip.new for flip in await first.storage.flips.read(check.id)] == ["down", "up"]


async def test_a_change_is_done_anew_when_another_process_was_first(
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


async def test_other_processes_hear_of_a_change(make_services: MakeServices) -> None:
    first, second = await make_services(), await make_services()
    project, keys = await first.projects.create("main")
    check = await create(first, project, slug="old", methods="")
    assert (await second.intake.find_by_slug(keys.ping_key, "old")).id == check.id
    await first.check_editor.update(project, check.id, parse_spec({"slug": "new", "methods": "POST"}, 3))
    await second.runtime.news_listener.listen()
    with pytest.raises(NotFound):
        await second.intake.find_by_slug(keys.ping_key, "old")
    assert (await second.intake.find_by_slug(keys.ping_key, "new")).methods == "POST"


async def test_a_rotated_key_stops_working_in_other_processes(make_services: MakeServices) -> None:
    first, second = await make_services(), await make_services()
    project, keys = await first.projects.create("main")
    await second.lookup.by_ping_key(keys.ping_key)
    await first.projects.rotate_key(project, "ping")
    await second.runtime.news_listener.listen()
    with pytest.raises(NotFound):
        await second.lookup.by_ping_key(keys.ping_key)


async def test_deleting_a_check_removes_its_pings_and_flips(
    services: Services, project: Project, database: Any
) -> None:
    check = await create(services, project)
    for _ in range(3):
        await ping(services, check.id)
    await services.check_deletion.delete(project, check.id)
    for collection in ("checks", "pings", "flips", "aliases"):
        assert await database[collection].count_documents({}) == 0, collection
    with pytest.raises(NotFound):
        await ping(services, check.id)


async def test_what_another_process_appended_to_a_deleted_check_goes_too(
    make_services: MakeServices, database: Any
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    check = await create(first, project)
    await ping(second, check.id)
    await second.state_writer.flush()
    await first.check_deletion.delete(project, check.id)
    await ping(second, check.id)
    await second.state_writer.flush()
    assert await database["pings"].count_documents({}) == 0
    assert await database["flips"].count_documents({}) == 0
    with pytest.raises(NotFound):
        await second.checks.get(project, check.id)


async def test_a_deletion_that_was_cut_short_is_finished(
    services: Services, project: Project, clock: FakeClock, database: Any
) -> None:
    check = await create(services, project)
    await ping(services, check.id)
    await services.state_writer.flush()
    await services.storage.tombstones.put(check.id, 1, 1, clock.now)
    clock.advance(TOMBSTONE_TIME.total_seconds() + 1)
    await services.check_deletion.sweep()
    for collection in ("checks", "pings", "flips", "aliases", "tombstones"):
        assert await database[collection].count_documents({}) == 0, collection


async def test_pings_beyond_what_is_kept_are_pruned(
    services: Services, project: Project, database: Any
) -> None:
    check = await create(services, project)
    await services.projects.limit(project, None, 10)
    project = await services.projects.find("main")
    for _ in range(3):
        await services.intake.record([report(check.id, services.clock()) for _ in range(50)])
    await services.state_writer.flush()
    await services.runtime.pruner.prune(await services.checks.get(project, check.id), project)
    numbers = [document["n"] async for document in database["pings"].find().sort("n", 1)]
    assert numbers == list(range(141, 151))
    assert (await services.checks.get(project, check.id)).log_from == 141


async def test_simultaneous_upserts_in_two_processes_create_one_check(make_services: MakeServices) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    spec = parse_spec({"name": "backup", "unique": ["name"]}, 3)
    outcomes = await asyncio.gather(
        *(services.check_editor.create(project, spec) for services in (first, second) for _ in range(5))
    )
    assert sum(created for _, created in outcomes) == 1
    assert len({check.id for check, _ in outcomes}) == 1


async def test_no_more_checks_than_the_limit(services: Services, project: Project) -> None:
    await services.projects.limit(project, 2, None)
    project = await services.projects.find("main")
    await create(services, project)
    await create(services, project)
    with pytest.raises(Forbidden):
        await create(services, project)


async def test_pings_are_refused_while_too_much_is_unwritten(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    monkeypatch.setattr(unwritten_module, "MAX_PINGS", 3)
    write, away = services.storage.checks.write, True

    async def fail(writes: Any) -> Any:
        if away:
            raise Unavailable("away")
        return await write(writes)

    monkeypatch.setattr(services.storage.checks, "write", fail)
    monkeypatch.setattr(writer_module, "RETRY", 0.01)
    await services.intake.record([report(check.id, services.clock()) for _ in range(5)])
    waiting = asyncio.ensure_future(ping(services, check.id))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    away = False
    await waiting
    assert (await services.checks.get(project, check.id)).n_pings == 6


async def test_a_change_fails_when_the_database_is_away_and_leaves_nothing(
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


async def test_a_small_memory_loads_checks_again(database: Any, clock: FakeClock) -> None:
    services = build_services(database, Settings(), clock)
    services.cache.capacity = 2
    await services.start()
    project, _ = await services.projects.create("main")
    checks = [await create(services, project) for _ in range(6)]
    for check in checks * 2:
        await ping(services, check.id)
    await services.state_writer.flush()
    for check in checks:
        assert (await services.checks.get(project, check.id)).n_pings == 2
    await create(services, project)
    assert len(services.cache._checks) <= 2
    await services.stop()


async def test_reports_that_come_together_find_their_checks_in_a_small_memory(
    database: Any, clock: FakeClock
) -> None:
    services = build_services(database, Settings(), clock)
    services.cache.capacity = 2
    await services.start()
    project, _ = await services.projects.create("main")
    first, second, third = [await create(services, project) for _ in range(3)]
    for check in (first, second):
        await services.cache.ensure([check.id])
    # The one that has not been used for longest is wanted, too.
    await services.intake.record([report(one.id, clock()) for one in (third, first)])
    for check in (first, third):
        assert (await services.checks.get(project, check.id)).n_pings == 1
    await services.stop()


async def test_news_of_one_check_while_another_is_loaded_refuses_no_report(
    make_services: MakeServices, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = await make_services()
    project, _ = await services.projects.create("main")
    changed, stale = await create(services, project), await create(services, project)
    services.cache._checks[stale.id].outdated = True
    services.cache.forget(changed.id)
    behind = services.storage.pings.behind

    async def behind_with_news(stored: Any) -> Any:
        services.cache.forget(changed.id)
        return await behind(stored)

    monkeypatch.setattr(services.storage.pings, "behind", behind_with_news)
    await services.intake.record([report(one.id, clock()) for one in (changed, stale)])
    for check in (changed, stale):
        assert (await services.checks.get(project, check.id)).n_pings == 1


async def test_a_newer_database_is_refused(services: Services, database: Any) -> None:
    await database["meta"].update_one({"_id": "schema"}, {"$set": {"version": 99}})
    with pytest.raises(ConfigError, match="schema version 99"):
        await build_services(database, Settings()).start()


async def test_illnesses_name_the_part(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await services.health.problems() == {}
    services.health.add_listener("smtp", lambda: False)
    monkeypatch.setattr(services.runtime.due_checks, "_nothing_overdue", -1000.0)

    async def away() -> None:
        raise Unavailable("away")

    monkeypatch.setattr(services.storage, "probe", away)
    assert set(await services.health.problems()) == {"database", "scheduler", "smtp"}


async def test_a_ping_appended_during_a_reload_is_not_forgotten(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    await ping(services, check.id)
    await services.state_writer.flush()
    load = services.storage.checks.load

    async def load_slowly(ids: Any) -> Any:
        found = await load(ids)
        await ping(services, check.id, "fail")
        return found

    monkeypatch.setattr(services.storage.checks, "load", load_slowly)
    await services.cache.refresh([check.id])
    monkeypatch.setattr(services.storage.checks, "load", load)
    assert (await services.checks.get(project, check.id)).status == "down"


async def test_what_came_due_while_no_server_was_at_work_gets_its_grace_time_again(
    services: Services, project: Project, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    overdue = await create(services, project, timeout=60, grace=120)
    failed = await create(services, project)
    await ping(services, overdue.id)
    await services.state_writer.flush()
    await services.runtime.due_checks.tick()
    clock.advance(3600)
    await ping(services, failed.id, "fail")
    await services.runtime.due_checks.tick()
    assert "1 checks that came due meanwhile get their grace time again" in caplog.text
    assert (await services.checks.get(project, failed.id)).status == "down"
    check = await services.checks.get(project, overdue.id)
    assert (check.status, check.alert_after) == ("up", clock.now + timedelta(seconds=120))
    assert shown_status(check, clock.now) == "grace"
    await pass_time(services, clock, 120)
    assert (await services.checks.get(project, overdue.id)).status == "down"


async def test_a_short_pause_is_no_absence(services: Services, project: Project, clock: FakeClock) -> None:
    check = await create(services, project, timeout=60, grace=60)
    await ping(services, check.id)
    await services.state_writer.flush()
    await pass_time(services, clock, 100)
    clock.advance(59)
    await services.runtime.due_checks.tick()
    assert (await services.checks.get(project, check.id)).status == "down"
