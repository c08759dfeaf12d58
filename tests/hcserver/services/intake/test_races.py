"""What comes in between: answers that are late or lost, other processes, deletions, faults."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from hcserver.app import build_services
from hcserver.config.schema import Settings
from hcserver.domain.ping import Ping
from hcserver.domain.project import Project
from hcserver.errors import NotFound, Unauthorized, Unavailable
from hcserver.services.container import Services
from hcserver.services.intake import intake as intake_module
from hcserver.services.intake import state_writer as writer_module
from hcserver.services.intake import unwritten as unwritten_module
from hcserver.services.management.check_deletion import TOMBSTONE_TIME
from hcserver.validation.check import parse_spec
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, pass_time, ping, report

# -- answers that are late or lost


async def test_a_write_that_comes_through_late_is_not_taken_for_a_later_one(
    services: Services, project: Project, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    await ping(services, check.id)
    await services.state_writer.flush()
    write, late = services.storage.checks.write, []

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


async def test_an_append_that_comes_through_late_is_not_done_twice(
    services: Services, project: Project, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    append, tokens, late = services.storage.pings.append, services.storage.pings.tokens, []

    async def time_out_first(pings: Any) -> None:
        if not late:
            late.append(pings)
            raise Unavailable("timed out")
        await append(pings)

    async def look_and_then_have_it(places: Any) -> Any:
        found = await tokens(places)
        if late and late[0]:
            await append(late[0])
            late[0] = None
        return found

    monkeypatch.setattr(services.storage.pings, "append", time_out_first)
    monkeypatch.setattr(services.storage.pings, "tokens", look_and_then_have_it)
    await ping(services, check.id)
    assert await database["pings"].count_documents({}) == 1
    assert (await services.cache.get(check.id)).n_pings == 1


async def test_a_report_that_comes_twice_at_once_is_not_acknowledged_before_it_is_stored(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    same = report(check.id, services.clock(), token=b"twelve-bytes")
    append = services.storage.pings.append

    async def away(pings: Any) -> None:
        raise Unavailable("away")

    monkeypatch.setattr(intake_module, "PATIENCE", 0.3)
    monkeypatch.setattr(services.storage.pings, "append", away)
    outcomes = await asyncio.gather(
        *(services.intake.record([same]) for _ in range(2)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [Unavailable, Unavailable]
    monkeypatch.setattr(services.storage.pings, "append", append)
    monkeypatch.setattr(intake_module, "PATIENCE", 4.5)
    answers = await asyncio.gather(*(services.intake.record([same]) for _ in range(2)))
    assert sorted(map(len, answers)) == [0, 1]


async def test_a_change_that_was_given_up_but_written_is_told_to_others(
    make_services: MakeServices, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    check = await create(first, project, name="old")
    await second.runtime.news_listener.listen()
    await second.checks.get(project, check.id)
    write, begun = first.storage.checks.write, asyncio.Event()

    async def write_slowly(writes: Any) -> Any:
        begun.set()
        await asyncio.sleep(0.2)
        return await write(writes)

    monkeypatch.setattr(first.storage.checks, "write", write_slowly)
    change = asyncio.ensure_future(
        first.check_editor.update(project, check.id, parse_spec({"name": "new"}, 3))
    )
    await begun.wait()
    change.cancel()  # as an HTTP request is that takes too long
    async with asyncio.timeout(10):
        while (await second.checks.get(project, check.id)).name != "new":
            clock.advance(1)
            await second.runtime.news_listener.listen()
            await asyncio.sleep(0.05)


# -- other processes


async def test_what_changes_nothing_by_memory_is_decided_by_the_database(make_services: MakeServices) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    check = await create(first, project)
    await second.check_editor.pause(project, check.id)
    await first.check_editor.resume(project, check.id)
    assert (await second.check_editor.pause(project, check.id)).status == "paused"
    assert (await first.storage.checks.load([check.id]))[check.id].check.status == "paused"


async def test_one_of_two_servers_that_was_away_is_no_outage(
    make_services: MakeServices, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = await make_services(), await make_services()
    for services in (first, second):
        await services.runtime.due_checks.tick()
    first.runtime.absence.threshold = timedelta.max
    await pass_time(second, clock, 200)
    first.runtime.absence.threshold = timedelta(minutes=1)
    await first.runtime.due_checks.tick()
    assert "was away" not in caplog.text


async def test_a_server_that_was_cut_off_for_long_forgets_everything(
    make_services: MakeServices, clock: FakeClock, database: Any
) -> None:
    first, second = await make_services(), await make_services()
    project, keys = await first.projects.create("main")
    check = await create(first, project)
    await second.lookup.authenticate(keys.api_key, "write")
    await second.checks.get(project, check.id)
    await first.projects.rotate_key(project, "api")
    await first.check_editor.update(project, check.id, parse_spec({"name": "new"}, 3))
    await database["news"].delete_many({})  # the TTL
    clock.advance(3700)
    await second.runtime.news_listener.listen()
    with pytest.raises(Unauthorized):
        await second.lookup.authenticate(keys.api_key, "write")
    assert (await second.checks.get(project, check.id)).name == "new"


async def test_a_ping_in_the_log_keeps_its_check_up_whatever_is_forgotten_meanwhile(
    make_services: MakeServices, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    check, other = [await create(first, project, timeout=60, grace=60) for _ in range(2)]
    for one in (check, other):
        await ping(first, one.id)
    await first.state_writer.flush()
    for services in (first, second):
        services.runtime.absence.threshold = timedelta.max
    clock.advance(100)
    late = Ping(check=check.id, n=2, at=clock.now, type="success", scheme="http", remote_addr="")
    await first.storage.pings.append([late])
    clock.advance(30)
    tail = second.storage.pings.tail

    async def tail_with_news(id: Any, after: int) -> Any:
        found = await tail(id, after)
        second.cache.forget(check.id)
        return found

    monkeypatch.setattr(second.storage.pings, "tail", tail_with_news)
    await second.runtime.due_checks.tick()
    flips = {one.id: [flip.new for flip in await second.storage.flips.read(one.id)] for one in (check, other)}
    assert flips == {check.id: ["up"], other.id: ["down", "up"]}


async def test_what_is_loaded_during_a_reload_is_not_replaced_by_something_older(
    make_services: MakeServices, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    check = await create(first, project, name="old")
    await second.runtime.news_listener.listen()
    await second.checks.get(project, check.id)
    behind = second.storage.pings.behind

    async def behind_with_news(checks: Any) -> Any:
        found = await behind(checks)
        await first.check_editor.update(project, check.id, parse_spec({"name": "new"}, 3))
        await second.runtime.news_listener.listen()
        await second.cache.get(check.id)
        return found

    monkeypatch.setattr(second.storage.pings, "behind", behind_with_news)
    await second.cache.refresh([check.id])
    assert (await second.checks.get(project, check.id)).name == "new"


async def test_projects_of_one_name_are_made_once(services: Services) -> None:
    outcomes = await asyncio.gather(
        *(services.projects.create("same") for _ in range(3)), return_exceptions=True
    )
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1


async def test_a_lock_counts_from_when_it_is_had(database: Any, clock: FakeClock) -> None:
    here, there = (
        build_services(database, Settings(), clock).storage,
        build_services(database, Settings(), clock).storage,
    )
    begun = asyncio.Event()

    async def take_long() -> None:
        async with here.locks.hold("x", clock):
            begun.set()
            await asyncio.sleep(0.1)
            clock.advance(15)

    first = asyncio.ensure_future(take_long())
    await begun.wait()
    async with here.locks.hold("x", clock):
        with pytest.raises(Unavailable):
            async with there.locks.hold("x", clock, patience=0.1):
                pass
    await first


# -- the log and what is cut off it


@pytest.mark.parametrize("crash", [True, False], ids=["a crash", "news"])
async def test_pings_that_no_document_counts_yet_are_not_pruned(
    services: Services, project: Project, make_services: MakeServices, crash: bool
) -> None:
    check = await create(services, project)
    await services.projects.limit(project, None, 10)
    project = await services.projects.find("main")
    async with services.cache.exclusive:  # a write that takes long
        for _ in range(3):
            await services.intake.record([report(check.id, services.clock()) for _ in range(50)])
        await ping(services, check.id, "fail")
        await services.runtime.pruner.prune(await services.cache.get(check.id), project)
        after = await make_services() if crash else services
        services.cache.forget(check.id)
    found = await after.cache.get(check.id)
    assert (found.n_pings, found.status) == (151, "down")


# -- deletions


async def test_reports_for_deleted_checks_only_are_refused(services: Services) -> None:
    with pytest.raises(NotFound):
        await services.intake.record([report(uuid4(), services.clock()) for _ in range(2)])


async def test_a_check_whose_deletion_was_cut_short_is_gone_from_memory(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    delete = services.storage.checks.delete

    async def delete_and_fail(check: Any) -> bool:
        await delete(check)
        raise Unavailable("the answer was lost")

    monkeypatch.setattr(services.storage.checks, "delete", delete_and_fail)
    with pytest.raises(Unavailable):
        await services.check_deletion.delete(project, check.id)
    with pytest.raises(NotFound):
        await ping(services, check.id)


async def test_a_check_whose_deletion_did_not_come_off_goes_on(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project, slug="job")
    await ping(services, check.id)

    async def away(check: Any) -> bool:
        raise Unavailable("away")

    monkeypatch.setattr(services.storage.checks, "delete", away)
    with pytest.raises(Unavailable):
        await services.check_deletion.delete(project, check.id)
    async with asyncio.timeout(10):
        await ping(services, check.id, "fail")
        assert (await services.checks.get(project, check.id)).n_pings == 2


async def test_what_is_read_while_it_changes_is_not_remembered(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, keys = await services.projects.create("other")
    other = await services.projects.find("other")
    by_key = services.storage.projects.by_key

    async def by_key_and_then_it_changes(field: Any, value: str) -> Any:
        found = await by_key(field, value)
        monkeypatch.setattr(services.storage.projects, "by_key", by_key)
        await services.projects.rotate_key(other, "api")
        return found

    monkeypatch.setattr(services.storage.projects, "by_key", by_key_and_then_it_changes)
    await services.lookup.authenticate(keys.api_key, "write")  # it was good when it was looked up
    with pytest.raises(Unauthorized):
        await services.lookup.authenticate(keys.api_key, "write")


async def test_a_deletion_that_is_finished_later_ends_the_check_in_memory_too(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await create(services, project)
    await services.storage.tombstones.put(check.id, 0, 1, clock.now)
    clock.advance(TOMBSTONE_TIME.total_seconds() + 1)
    await services.check_deletion.sweep()
    with pytest.raises(NotFound):
        await services.checks.get(project, check.id)


async def test_a_check_that_was_read_before_it_was_deleted_does_not_come_back(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    services.cache.forget(check.id)
    load, begun, gate = services.storage.checks.load, asyncio.Event(), asyncio.Event()

    async def load_slowly(ids: Any) -> Any:
        found = await load(ids)
        begun.set()
        await gate.wait()
        return found

    monkeypatch.setattr(services.storage.checks, "load", load_slowly)
    reading = asyncio.ensure_future(services.cache.get(check.id))
    await begun.wait()
    monkeypatch.setattr(services.storage.checks, "load", load)
    await services.check_deletion.remove(check)
    gate.set()
    with pytest.raises(NotFound):
        await reading


# -- checks that can't be dealt with


async def test_a_check_that_can_not_be_written_keeps_no_other_from_it_nor_the_server_from_stopping(
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
    async with asyncio.timeout(10):
        await services.stop()
    counted = [(await database["checks"].find_one({"_id": check.id}))["n_pings"] for check in (bad, *good)]
    assert counted == [0, 1, 1, 1]


async def test_a_check_that_can_not_be_folded_does_not_keep_the_server_from_starting(
    services: Services, project: Project, make_services: MakeServices, database: Any, clock: FakeClock
) -> None:
    bad, good = await create(services, project, schedule="0 * * * *"), await create(services, project)
    gone = {"$set": {"tz": "US/Pacific-New"}}  # not in tzdata any more
    await database["checks"].update_one({"_id": bad.id}, gone)
    for check in (bad, good):
        one = Ping(check=check.id, n=1, at=clock.now, type="success", scheme="http", remote_addr="")
        await services.storage.pings.append([one])
    restarted = await make_services()
    assert (await restarted.cache.get(good.id)).status == "up"
