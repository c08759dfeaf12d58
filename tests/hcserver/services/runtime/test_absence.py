from __future__ import annotations

from datetime import timedelta

import pytest

from hcserver.domain.project import Project
from hcserver.domain.status import shown_status
from hcserver.services.container import Services
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, pass_time, ping


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


async def test_while_another_server_was_at_work_the_absence_of_one_is_no_outage(
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
