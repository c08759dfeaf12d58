from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hcserver.domain.keywords import Reason
from hcserver.domain.ping import Ping
from hcserver.domain.project import Project
from hcserver.domain.state_machine import record
from hcserver.errors import Unavailable
from hcserver.services.container import Services
from hcserver.services.intake import intake as intake_module
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, ping, report


async def test_an_append_that_comes_through_late_is_not_done_twice(
    services: Services, project: Project, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    append, tokens = services.storage.pings.append, services.storage.pings.tokens
    late: list[Any] = []

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


async def test_concurrent_pings_get_numbers_without_gaps(services: Services, project: Project) -> None:
    checks = [await create(services, project) for _ in range(3)]
    await asyncio.gather(*(ping(services, checks[i % 3].id) for i in range(150)))
    for check in checks:
        pings = await services.storage.pings.tail(check.id, 0)
        assert [one.n for one in pings] == list(range(1, 51))
        assert (await services.checks.get(project, check.id)).n_pings == 50


async def test_two_processes_share_the_numbers_of_a_check(
    make_services: MakeServices, clock: FakeClock
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    check = await create(first, project)
    signals: list[Any] = ["success", "fail", "start", "log", "success"]

    async def many(services: Services) -> None:
        for number in range(40):
            await ping(services, check.id, signals[number % len(signals)])

    await asyncio.gather(many(first), many(second))
    await first.state_writer.flush()
    await second.state_writer.flush()

    log = await first.storage.pings.tail(check.id, 0)
    assert [one.n for one in log] == list(range(1, 81))
    replayed, flips = check, []
    for one in log:
        step = record(replayed, one.type, one.at, one.rid)
        replayed, flip = step.check, step.flip
        flips += [] if flip is None else [flip]
    stored = (await first.storage.checks.load([check.id]))[check.id].check
    assert (stored.status, stored.n_pings, stored.n_flips) == (replayed.status, 80, replayed.n_flips)
    assert (stored.last_ping, stored.last_start) == (replayed.last_ping, replayed.last_start)
    assert (await first.storage.flips.read(check.id))[::-1] == flips


async def test_a_batch_that_was_stored_although_it_failed_is_not_stored_twice(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    append, failures = services.storage.pings.append, iter([True, False])

    async def append_and_fail(pings: Any) -> None:
        await append(pings)
        if next(failures, False):
            raise Unavailable("the answer was lost")

    monkeypatch.setattr(services.storage.pings, "append", append_and_fail)
    await asyncio.gather(*(ping(services, check.id) for _ in range(5)))
    assert (await services.checks.get(project, check.id)).n_pings == 5
    assert len(await services.storage.pings.tail(check.id, 0)) == 5


async def test_a_batch_of_which_a_part_was_stored_is_completed(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    append, failures = services.storage.pings.append, iter([True])

    async def append_half(pings: Any) -> None:
        if next(failures, False):
            await append(pings[: len(pings) // 2])
            raise Unavailable("it died in the middle")
        await append(pings)

    monkeypatch.setattr(services.storage.pings, "append", append_half)
    stored = await services.intake.record([report(check.id, services.clock(), ua=str(i)) for i in range(7)])
    log = await services.storage.pings.tail(check.id, 0)
    assert sorted(one.ua for one in log) == sorted(one.ua for one in stored) == [str(i) for i in range(7)]


async def test_a_report_that_cannot_be_stored_does_not_harm_others(
    services: Services, project: Project
) -> None:
    check = await create(services, project)
    good, bad = (report(check.id, services.clock(), ua=ua) for ua in ("fine", "\ud800"))
    outcomes = await asyncio.gather(
        services.intake.record([good]), services.intake.record([bad]), return_exceptions=True
    )
    assert not isinstance(outcomes[0], BaseException)
    assert isinstance(outcomes[1], UnicodeEncodeError)
    await ping(services, check.id)
    assert (await services.checks.get(project, check.id)).n_pings == 2


async def test_a_replay_ends_a_run_whose_exit_status_was_ignored_when_it_came(
    make_services: MakeServices,
) -> None:
    first = await make_services()
    project, _ = await first.projects.create("main")
    check = await create(first, project)
    common: dict[str, Any] = {"check": check.id, "at": first.clock(), "scheme": "http", "remote_addr": ""}
    why = Reason(signal="ign", keyword=None, where="exit status")
    await first.storage.pings.append(
        [
            Ping(n=1, type="success", **common),
            Ping(n=2, type="start", **common),
            Ping(n=3, type="ign", exit_status=75, reason=why, **common),
        ]
    )
    replayed = await (await make_services()).cache.get(check.id)
    assert (replayed.n_pings, replayed.status, replayed.last_start) == (3, "up", None)


async def test_a_replay_takes_an_exit_status_as_it_was_recorded(make_services: MakeServices) -> None:
    first = await make_services()
    project, _ = await first.projects.create("main")
    check = await create(first, project, success_exit_statuses=[])
    # It came while 3 was a success, and its process ended before it had written the state.
    logged = Ping(
        check=check.id, n=1, at=first.clock(), type="success", scheme="http", remote_addr="", exit_status=3
    )
    await first.storage.pings.append([logged])
    replayed = await (await make_services()).cache.get(check.id)
    assert (replayed.n_pings, replayed.status) == (1, "up")
