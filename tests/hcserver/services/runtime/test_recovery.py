from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from hcserver.app import build_services
from hcserver.cli.commands import working
from hcserver.config.schema import MongoSettings, Settings
from hcserver.domain.check import Check
from hcserver.domain.flip import Flip
from hcserver.domain.ping import Ping, Signal
from hcserver.domain.project import Project
from hcserver.errors import NotFound, Unavailable
from hcserver.services.container import Services
from hcserver.services.runtime import recovery
from hcserver.services.runtime.health import RECOVERING
from hcserver.storage.checks import Outbox, Stored, Write
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, ping, report


async def test_pings_that_a_crash_left_in_the_log_are_applied_at_the_next_start(
    services: Services, project: Project, clock: FakeClock, make_services: MakeServices
) -> None:
    check = await create(services, project)
    signals: tuple[Signal, ...] = ("success", "fail", "success")
    entries = [
        Ping(check=check.id, n=n, at=clock.advance(1), type=kind, scheme="http", remote_addr="192.0.2.1")
        for n, kind in enumerate(signals, 1)
    ]
    await services.storage.pings.append(entries)

    restarted = await make_services()
    stored = (await restarted.storage.checks.load([check.id]))[check.id].check
    assert (stored.status, stored.n_pings, stored.last_ping) == ("up", 3, clock.now)
    assert [flip.new for flip in await restarted.storage.flips.read(check.id)] == ["up", "down", "up"]


async def test_flips_that_a_crash_left_in_a_document_are_published_at_the_next_start(
    services: Services, project: Project, clock: FakeClock, make_services: MakeServices, database: Any
) -> None:
    check = await create(services, project)
    flip = Flip(check=check.id, n=1, at=clock.now, old="new", new="up", reason="ping")
    assert not await services.storage.checks.write([Write(check, check, 1, Outbox((flip,)))])

    restarted = await make_services()
    assert await restarted.storage.flips.read(check.id) == [flip]
    assert "flips" not in await database["checks"].find_one({"_id": check.id})


async def test_a_check_whose_log_can_not_be_applied_does_not_keep_the_server_from_starting(
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


def logged(check: Check, clock: FakeClock, *signals: Signal) -> list[Ping]:
    """What a crash has left in the check's log."""
    return [
        Ping(check=check.id, n=n, at=clock.advance(1), type=signal, scheme="http", remote_addr="")
        for n, signal in enumerate(signals, 1)
    ]


class SlowStart:
    """A server whose recovery has read the checks, and comes to the first one when `gate` is set."""

    def __init__(self, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
        self.services = services
        self.gate = asyncio.Event()
        scan = services.storage.checks.scan

        async def scan_slowly() -> AsyncIterator[list[Stored]]:
            batches = [batch async for batch in scan()]
            self.services.health.add_listener("scan", lambda: False)
            await self.gate.wait()
            for batch in batches:
                yield batch

        monkeypatch.setattr(services.storage.checks, "scan", scan_slowly)

    async def __aenter__(self) -> SlowStart:
        self.started = asyncio.create_task(self.services.start())
        while not self.services.takes_pings or "scan" not in await self.services.health.problems():
            await asyncio.sleep(0)
        return self

    async def __aexit__(self, *error: object) -> None:
        self.started.cancel()
        await asyncio.gather(self.started, return_exceptions=True)
        await self.services.stop()

    async def finish(self) -> None:
        self.gate.set()
        await self.started


async def test_pings_are_taken_while_the_logs_are_looked_through(
    services: Services, project: Project, clock: FakeClock, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pinged, silent, quiet = [await create(services, project) for _ in range(3)]
    for check in (pinged, silent):
        await services.storage.pings.append(logged(check, clock, "success", "fail"))

    restarted = build_services(database, Settings(), clock)
    async with SlowStart(restarted, monkeypatch) as start:
        assert not restarted.ready
        assert (await restarted.health.problems())["server"] == RECOVERING
        for check in (pinged, quiet):
            [recorded] = await restarted.intake.record([report(check.id, clock.advance(1))])
            assert recorded.n == (3 if check is pinged else 1)
        assert (await restarted.cache.get(pinged.id)).status == "up"
        await start.finish()
        assert restarted.ready
        for check, status, n_pings, flips in (
            (pinged, "up", 3, ["up", "down", "up"]),
            (silent, "down", 2, ["down", "up"]),
            (quiet, "up", 1, ["up"]),
        ):
            state = await restarted.checks.get(project, check.id)
            assert (state.status, state.n_pings) == (status, n_pings)
            assert [flip.new for flip in await restarted.storage.flips.read(check.id)] == flips


async def test_a_check_in_memory_that_had_no_ping_is_brought_in_step_as_well(
    services: Services, project: Project, clock: FakeClock, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    await services.storage.pings.append(logged(check, clock, "success", "fail"))
    restarted = build_services(database, Settings(), clock)
    async with SlowStart(restarted, monkeypatch) as start:
        assert (await restarted.intake.find(check.id)).n_pings == 0
        await start.finish()
        assert (await restarted.cache.get(check.id)).n_pings == 2


async def test_nothing_goes_down_before_all_logs_were_looked_through(
    services: Services, project: Project, clock: FakeClock, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project, timeout=60, grace=60)
    await ping(services, check.id)
    await services.state_writer.flush()
    for task in services.runtime.tasks:
        await task.stop()  # it looks for what is due, too
    clock.advance(119)
    late = Ping(check=check.id, n=2, at=clock.now, type="success", scheme="http", remote_addr="")
    await services.storage.pings.append([late])
    clock.advance(2)
    restarted = build_services(database, Settings(), clock)
    async with SlowStart(restarted, monkeypatch) as start:
        assert "due checks" not in {task.get_name() for task in asyncio.all_tasks()}
        await start.finish()
        await restarted.runtime.due_checks.tick()
        assert (await restarted.checks.get(project, check.id)).status == "up"
        assert [flip.new for flip in await restarted.storage.flips.read(check.id)] == ["up"]


async def test_a_check_that_is_deleted_while_the_logs_are_looked_through_stays_deleted(
    services: Services, project: Project, clock: FakeClock, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    await services.storage.pings.append(logged(check, clock, "success"))
    restarted = build_services(database, Settings(), clock)
    async with SlowStart(restarted, monkeypatch) as start:
        await services.check_deletion.delete(project, check.id)
        await start.finish()
        with pytest.raises(NotFound):
            await restarted.checks.get(project, check.id)
        assert await restarted.storage.pings.tail(check.id, 0) == []


async def looks_through(database: Any, clock: FakeClock, settings: Settings | None = None) -> bool:
    """Whether the next start looks through the logs. It is stopped in order."""
    services = build_services(database, settings or Settings(), clock)
    looked = []
    scan = services.storage.checks.scan

    async def noted() -> AsyncIterator[list[Stored]]:
        looked.append(True)
        async for batch in scan():
            yield batch

    services.storage.checks.scan = noted  # type: ignore[method-assign]
    await services.start()
    await services.stop()
    return bool(looked)


async def test_a_start_after_a_stop_in_order_does_not_look_through_the_logs(
    database: Any, clock: FakeClock
) -> None:
    services = build_services(database, Settings(), clock)
    await services.start()
    project, _ = await services.projects.create("main")
    check = await create(services, project)
    await ping(services, check.id, "fail")
    assert await looks_through(database, clock), "the process before it has not ended"
    assert not await looks_through(database, clock)
    assert not await looks_through(database, clock)


async def test_where_other_servers_may_be_at_work_every_start_looks_through_the_logs(
    database: Any, clock: FakeClock
) -> None:
    shared = Settings(mongodb=MongoSettings(uri="mongodb://db.example.org"))
    for _ in range(2):
        assert await looks_through(database, clock, shared)


async def test_a_stop_before_all_logs_were_looked_through_is_not_in_order(
    database: Any, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with SlowStart(build_services(database, Settings(), clock), monkeypatch):
        pass
    assert await looks_through(database, clock)


async def test_after_an_append_whose_outcome_is_unknown_the_next_start_looks_through_the_logs(
    database: Any, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = build_services(database, Settings(), clock)
    await services.start()
    project, _ = await services.projects.create("main")
    check = await create(services, project)
    append, failures = services.storage.pings.append, iter([Unavailable("away")])

    async def fail_once(pings: Any) -> None:
        for failure in failures:
            raise failure
        await append(pings)

    monkeypatch.setattr(services.storage.pings, "append", fail_once)
    await ping(services, check.id)
    await services.stop()
    assert await looks_through(database, clock)
    assert not await looks_through(database, clock)


async def test_after_a_write_whose_outcome_is_unknown_the_next_start_looks_through_the_logs(
    database: Any, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = build_services(database, Settings(), clock)
    await services.start()
    project, _ = await services.projects.create("main")
    check = await create(services, project)

    async def fail(writes: Any) -> set[UUID]:
        raise Unavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(services.storage.checks, "write", fail)
        await ping(services, check.id)
        with pytest.raises(Unavailable):
            await services.state_writer.flush()
    await services.stop()
    assert await looks_through(database, clock)


async def test_a_log_that_can_not_be_applied_is_tried_again_at_each_start(
    services: Services, project: Project, database: Any, clock: FakeClock
) -> None:
    check = await create(services, project, schedule="0 * * * *")
    await database["checks"].update_one({"_id": check.id}, {"$set": {"tz": "US/Pacific-New"}})
    await services.storage.pings.append(logged(check, clock, "success"))
    for _ in range(2):
        assert await looks_through(database, clock)


async def test_commands_that_change_checks_end_in_order_unless_they_die(
    database: Any, clock: FakeClock
) -> None:
    assert await looks_through(database, clock)
    async with working(build_services(database, Settings(), clock)):
        pass
    assert not await looks_through(database, clock)
    died = working(build_services(database, Settings(), clock))
    await died.__aenter__()
    assert await looks_through(database, clock)


async def test_a_database_that_is_away_for_a_moment_does_not_make_it_read_all_checks_again(
    services: Services, project: Project, database: Any, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    await services.storage.pings.append(logged(check, clock, "success"))
    monkeypatch.setattr(recovery, "RETRY", 0.0)
    restarted = build_services(database, Settings(), clock)
    tokens, failures = restarted.storage.pings.tokens, iter([Unavailable("away")])

    async def fail_once(*places: Any) -> Any:
        for failure in failures:
            raise failure
        return await tokens(*places)

    monkeypatch.setattr(restarted.storage.pings, "tokens", fail_once)
    await restarted.start()
    assert (await restarted.cache.get(check.id)).n_pings == 1
    await restarted.stop()
