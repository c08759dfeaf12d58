"""What comes in between: answers that are late or lost, other processes, deletions, faults."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from hcserver.config.schema import Settings
from hcserver.domain.ping import Ping
from hcserver.domain.project import Project
from hcserver.errors import NotFound, Unauthorized, Unavailable
from hcserver.services.core import Core
from hcserver.services.intake import append as append_module
from hcserver.services.intake import check_cache as ledger_module
from hcserver.services.lookup import Directory
from hcserver.services.management.checks import TOMBSTONE_TIME
from hcserver.validation.check import parse_spec
from tests.hcserver.services.conftest import FakeClock, MakeCore, create, pass_time, ping, report

# -- answers that are late or lost


async def test_a_write_that_comes_through_late_is_not_taken_for_a_later_one(
    core: Core, project: Project, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(core, project)
    await ping(core, check.id)
    await core.ledger.flush()
    write, late = core.storage.checks.write, []

    async def write_the_first_late(writes: Any) -> Any:
        if not late:
            late.append(writes)
            raise Unavailable("timed out")
        if late[0]:
            await write(late[0])
            late[0] = None
        return await write(writes)

    monkeypatch.setattr(core.storage.checks, "write", write_the_first_late)
    await ping(core, check.id)
    with pytest.raises(Unavailable):
        await core.ledger.settle(check.id)
    await ping(core, check.id, "fail")
    await core.ledger.settle(check.id)
    await core.checks.update(project, check.id, parse_spec({"name": "new"}, 3))
    document = await database["checks"].find_one({"_id": check.id})
    assert (document["status"], document["n_pings"], document["name"]) == ("down", 3, "new")


async def test_an_append_that_comes_through_late_is_not_done_twice(
    core: Core, project: Project, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(core, project)
    append, tokens, late = core.storage.pings.append, core.storage.pings.tokens, []

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

    monkeypatch.setattr(core.storage.pings, "append", time_out_first)
    monkeypatch.setattr(core.storage.pings, "tokens", look_and_then_have_it)
    await ping(core, check.id)
    assert await database["pings"].count_documents({}) == 1
    assert (await core.ledger.get(check.id)).n_pings == 1


async def test_a_report_that_comes_twice_at_once_is_not_acknowledged_before_it_is_stored(
    core: Core, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(core, project)
    same = report(check.id, core.clock(), token=b"twelve-bytes")
    append = core.storage.pings.append

    async def away(pings: Any) -> None:
        raise Unavailable("away")

    monkeypatch.setattr(append_module, "PATIENCE", 0.3)
    monkeypatch.setattr(core.storage.pings, "append", away)
    outcomes = await asyncio.gather(*(core.ingestor.record([same]) for _ in range(2)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unavailable, Unavailable]
    monkeypatch.setattr(core.storage.pings, "append", append)
    monkeypatch.setattr(append_module, "PATIENCE", 4.5)
    answers = await asyncio.gather(*(core.ingestor.record([same]) for _ in range(2)))
    assert sorted(map(len, answers)) == [0, 1]


async def test_a_change_that_was_given_up_but_written_is_told_to_others(
    make_core: MakeCore, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await make_core(), await make_core()
    project, _ = await first.projects.create("main")
    check = await create(first, project, name="old")
    await second.scheduler.listen()
    await second.checks.get(project, check.id)
    write, begun = first.storage.checks.write, asyncio.Event()

    async def write_slowly(writes: Any) -> Any:
        begun.set()
        await asyncio.sleep(0.2)
        return await write(writes)

    monkeypatch.setattr(first.storage.checks, "write", write_slowly)
    change = asyncio.ensure_future(first.checks.update(project, check.id, parse_spec({"name": "new"}, 3)))
    await begun.wait()
    change.cancel()  # as an HTTP request is that takes too long
    async with asyncio.timeout(10):
        while (await second.checks.get(project, check.id)).name != "new":
            clock.advance(1)
            await second.scheduler.listen()
            await asyncio.sleep(0.05)


# -- other processes


async def test_what_changes_nothing_by_memory_is_decided_by_the_database(make_core: MakeCore) -> None:
    first, second = await make_core(), await make_core()
    project, _ = await first.projects.create("main")
    check = await create(first, project)
    await second.checks.pause(project, check.id)
    await first.checks.resume(project, check.id)
    assert (await second.checks.pause(project, check.id)).status == "paused"
    assert (await first.storage.checks.load([check.id]))[check.id].check.status == "paused"


async def test_one_of_two_servers_that_was_away_is_no_outage(
    make_core: MakeCore, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = await make_core(), await make_core()
    for core in (first, second):
        await core.scheduler.tick()
    first.scheduler.away = timedelta.max
    await pass_time(second, clock, 200)
    first.scheduler.away = timedelta(minutes=1)
    await first.scheduler.tick()
    assert "was away" not in caplog.text


async def test_a_server_that_was_cut_off_for_long_forgets_everything(
    make_core: MakeCore, clock: FakeClock, database: Any
) -> None:
    first, second = await make_core(), await make_core()
    project, keys = await first.projects.create("main")
    check = await create(first, project)
    await second.directory.authenticate(keys.api_key, "write")
    await second.checks.get(project, check.id)
    await first.projects.rotate_key(project, "api")
    await first.checks.update(project, check.id, parse_spec({"name": "new"}, 3))
    await database["news"].delete_many({})  # the TTL
    clock.advance(3700)
    await second.scheduler.listen()
    with pytest.raises(Unauthorized):
        await second.directory.authenticate(keys.api_key, "write")
    assert (await second.checks.get(project, check.id)).name == "new"


async def test_a_ping_in_the_log_keeps_its_check_up_whatever_is_forgotten_meanwhile(
    make_core: MakeCore, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await make_core(), await make_core()
    project, _ = await first.projects.create("main")
    check, other = [await create(first, project, timeout=60, grace=60) for _ in range(2)]
    for one in (check, other):
        await ping(first, one.id)
    await first.ledger.flush()
    for core in (first, second):
        core.scheduler.away = timedelta.max
    clock.advance(100)
    late = Ping(check=check.id, n=2, at=clock.now, type="success", scheme="http", remote_addr="")
    await first.storage.pings.append([late])
    clock.advance(30)
    tail = second.storage.pings.tail

    async def tail_with_news(id: Any, after: int) -> Any:
        found = await tail(id, after)
        second.ledger.forget(check.id)
        return found

    monkeypatch.setattr(second.storage.pings, "tail", tail_with_news)
    await second.scheduler.tick()
    flips = {one.id: [flip.new for flip in await second.storage.flips.read(one.id)] for one in (check, other)}
    assert flips == {check.id: ["up"], other.id: ["down", "up"]}


async def test_what_is_loaded_during_a_reload_is_not_replaced_by_something_older(
    make_core: MakeCore, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await make_core(), await make_core()
    project, _ = await first.projects.create("main")
    check = await create(first, project, name="old")
    await second.scheduler.listen()
    await second.checks.get(project, check.id)
    behind = second.storage.pings.behind

    async def behind_with_news(checks: Any) -> Any:
        found = await behind(checks)
        await first.checks.update(project, check.id, parse_spec({"name": "new"}, 3))
        await second.scheduler.listen()
        await second.ledger.get(check.id)
        return found

    monkeypatch.setattr(second.storage.pings, "behind", behind_with_news)
    await second.ledger.refresh([check.id])
    assert (await second.checks.get(project, check.id)).name == "new"


async def test_projects_of_one_name_are_made_once(core: Core) -> None:
    outcomes = await asyncio.gather(*(core.projects.create("same") for _ in range(3)), return_exceptions=True)
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1


async def test_a_lock_counts_from_when_it_is_had(database: Any, clock: FakeClock) -> None:
    here, there = Core(database, Settings(), clock).storage, Core(database, Settings(), clock).storage
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


def test_forgetting_takes_no_longer_the_more_is_remembered() -> None:
    directory = Directory(None)  # type: ignore[arg-type]
    project, check = uuid4(), uuid4()
    directory._slugs[project, "a"] = check
    directory._places = {project: {(project, "a")}, check: {(project, "a")}}
    directory._slugs |= {(uuid4(), f"{n}"): uuid4() for n in range(1000)}
    directory.forget(check)
    assert len(directory._slugs) == 1000
    assert directory._places == {}


# -- the log and what is cut off it


@pytest.mark.parametrize("crash", [True, False], ids=["a crash", "news"])
async def test_pings_that_no_document_counts_yet_are_not_pruned(
    core: Core, project: Project, make_core: MakeCore, crash: bool
) -> None:
    check = await create(core, project)
    await core.projects.limit(project, None, 10)
    project = await core.projects.find("main")
    async with core.ledger._io:  # a write that takes long
        for _ in range(3):
            await core.ingestor.record([report(check.id, core.clock()) for _ in range(50)])
        await ping(core, check.id, "fail")
        await core.pruner.prune(await core.ledger.get(check.id), project)
        after = await make_core() if crash else core
        core.ledger.forget(check.id)
    found = await after.ledger.get(check.id)
    assert (found.n_pings, found.status) == (151, "down")


# -- deletions


async def test_reports_for_deleted_checks_only_are_refused(core: Core) -> None:
    with pytest.raises(NotFound):
        await core.ingestor.record([report(uuid4(), core.clock()) for _ in range(2)])


async def test_a_check_whose_deletion_was_cut_short_is_gone_from_memory(
    core: Core, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(core, project)
    delete = core.storage.checks.delete

    async def delete_and_fail(check: Any) -> bool:
        await delete(check)
        raise Unavailable("the answer was lost")

    monkeypatch.setattr(core.storage.checks, "delete", delete_and_fail)
    with pytest.raises(Unavailable):
        await core.checks.delete(project, check.id)
    with pytest.raises(NotFound):
        await ping(core, check.id)


async def test_a_check_whose_deletion_did_not_come_off_goes_on(
    core: Core, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(core, project, slug="job")
    await ping(core, check.id)

    async def away(check: Any) -> bool:
        raise Unavailable("away")

    monkeypatch.setattr(core.storage.checks, "delete", away)
    with pytest.raises(Unavailable):
        await core.checks.delete(project, check.id)
    async with asyncio.timeout(10):
        await ping(core, check.id, "fail")
        assert (await core.checks.get(project, check.id)).n_pings == 2


async def test_what_is_read_while_it_changes_is_not_remembered(
    core: Core, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, keys = await core.projects.create("other")
    other = await core.projects.find("other")
    by_key = core.storage.projects.by_key

    async def by_key_and_then_it_changes(field: Any, value: str) -> Any:
        found = await by_key(field, value)
        monkeypatch.setattr(core.storage.projects, "by_key", by_key)
        await core.projects.rotate_key(other, "api")
        return found

    monkeypatch.setattr(core.storage.projects, "by_key", by_key_and_then_it_changes)
    await core.directory.authenticate(keys.api_key, "write")  # it was good when it was looked up
    with pytest.raises(Unauthorized):
        await core.directory.authenticate(keys.api_key, "write")


async def test_a_deletion_that_is_finished_later_ends_the_check_in_memory_too(
    core: Core, project: Project, clock: FakeClock
) -> None:
    check = await create(core, project)
    await core.storage.tombstones.put(check.id, 0, 1, clock.now)
    clock.advance(TOMBSTONE_TIME.total_seconds() + 1)
    await core.checks.sweep()
    with pytest.raises(NotFound):
        await core.checks.get(project, check.id)


async def test_a_check_that_was_read_before_it_was_deleted_does_not_come_back(
    core: Core, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(core, project)
    core.ledger.forget(check.id)
    load, begun, gate = core.storage.checks.load, asyncio.Event(), asyncio.Event()

    async def load_slowly(ids: Any) -> Any:
        found = await load(ids)
        begun.set()
        await gate.wait()
        return found

    monkeypatch.setattr(core.storage.checks, "load", load_slowly)
    reading = asyncio.ensure_future(core.ledger.get(check.id))
    await begun.wait()
    monkeypatch.setattr(core.storage.checks, "load", load)
    await core.checks.remove(check)
    gate.set()
    with pytest.raises(NotFound):
        await reading


# -- checks that can't be dealt with


async def test_a_check_that_can_not_be_written_keeps_no_other_from_it_nor_the_server_from_stopping(
    database: Any, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "DELAY", 0.1)
    monkeypatch.setattr(ledger_module, "RETRY", 0.05)
    core = Core(database, Settings(), clock)
    await core.start()
    project, _ = await core.projects.create("main")
    bad, *good = [await create(core, project) for _ in range(4)]
    write = core.storage.checks.write

    async def write_but_one(writes: Any) -> Any:
        if any(one.base.id == bad.id for one in writes):
            raise ValueError("can't be encoded")
        return await write(writes)

    monkeypatch.setattr(core.storage.checks, "write", write_but_one)
    for check in (bad, *good):
        await ping(core, check.id)
    for check in good:
        await core.ledger.settle(check.id)
    async with asyncio.timeout(10):
        await core.stop()
    counted = [(await database["checks"].find_one({"_id": check.id}))["n_pings"] for check in (bad, *good)]
    assert counted == [0, 1, 1, 1]


async def test_a_check_that_can_not_be_folded_does_not_keep_the_server_from_starting(
    core: Core, project: Project, make_core: MakeCore, database: Any, clock: FakeClock
) -> None:
    bad, good = await create(core, project, schedule="0 * * * *"), await create(core, project)
    gone = {"$set": {"tz": "US/Pacific-New"}}  # not in tzdata any more
    await database["checks"].update_one({"_id": bad.id}, gone)
    for check in (bad, good):
        one = Ping(check=check.id, n=1, at=clock.now, type="success", scheme="http", remote_addr="")
        await core.storage.pings.append([one])
    restarted = await make_core()
    assert (await restarted.ledger.get(good.id)).status == "up"
