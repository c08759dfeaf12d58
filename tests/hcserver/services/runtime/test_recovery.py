from __future__ import annotations

from typing import Any

from hcserver.domain.flip import Flip
from hcserver.domain.ping import Ping, Signal
from hcserver.domain.project import Project
from hcserver.services.container import Services
from hcserver.storage.checks import Outbox, Write
from tests.hcserver.services.conftest import FakeClock, MakeServices, create


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
