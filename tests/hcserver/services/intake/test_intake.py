from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from hcserver.domain.project import Project
from hcserver.errors import NotFound, Unavailable
from hcserver.services.container import Services
from hcserver.services.events import PingRecorded
from hcserver.services.intake import intake as intake_module
from tests.hcserver.services.conftest import create, ping, report


async def test_reports_for_deleted_checks_only_are_refused(services: Services) -> None:
    with pytest.raises(NotFound):
        await services.intake.record([report(uuid4(), services.clock()) for _ in range(2)])


async def test_a_ping_is_in_the_log_when_record_returns(
    services: Services, project: Project, database: Any
) -> None:
    check = await create(services, project)
    [stored] = await services.intake.record([report(check.id, services.clock(), body=b"hello", ua="curl")])
    assert stored.n == 1
    document = await database["pings"].find_one({"check": check.id, "n": 1})
    assert (document["type"], document["body"], document["ua"]) == ("success", b"hello", "curl")


async def test_pings_for_an_unknown_check_are_refused(services: Services) -> None:
    with pytest.raises(NotFound):
        await ping(services, uuid4())


async def test_a_deleted_check_is_left_out_of_a_report_for_several(
    services: Services, project: Project
) -> None:
    check = await create(services, project)
    stored = await services.intake.record(
        [report(uuid4(), services.clock()), report(check.id, services.clock())]
    )
    assert [one.check for one in stored] == [check.id]


async def test_a_report_is_refused_when_the_database_stays_away(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    monkeypatch.setattr(intake_module, "PATIENCE", 0.3)
    append = services.storage.pings.append

    async def away_for_one(pings: Any) -> Any:
        if any(one.body == b"refused" for one in pings):
            raise Unavailable("away")
        return await append(pings)

    monkeypatch.setattr(services.storage.pings, "append", away_for_one)
    with pytest.raises(Unavailable):
        await ping(services, check.id, body=b"refused")
    await ping(services, check.id)
    assert (await services.checks.get(project, check.id)).n_pings == 1


async def test_each_ping_that_is_stored_is_an_event_with_the_check_that_counts_it(
    services: Services, project: Project
) -> None:
    seen: list[PingRecorded] = []
    services.events.subscribe(PingRecorded, seen.append)
    check = await create(services, project)
    await services.intake.record([report(check.id, services.clock(), token=b"twelve-bytes")])
    await services.intake.record([report(check.id, services.clock(), token=b"twelve-bytes")])
    await ping(services, check.id, "fail")
    assert [(one.ping.n, one.ping.type, one.check.status, one.check.n_pings) for one in seen] == [
        (1, "success", "up", 1),
        (2, "fail", "down", 2),
    ]


async def test_a_server_that_stops_takes_no_reports_but_stores_those_that_wait(
    services: Services, project: Project
) -> None:
    check = await create(services, project)
    waiting = asyncio.ensure_future(ping(services, check.id))
    await asyncio.sleep(0)
    await services.intake.stop()
    await waiting
    with pytest.raises(Unavailable):
        await ping(services, check.id)
