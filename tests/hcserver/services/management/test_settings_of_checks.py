from __future__ import annotations

from datetime import timedelta

import pytest

from hcserver.domain.project import Project
from hcserver.errors import Forbidden
from hcserver.services.container import Services
from hcserver.validation.check import parse_spec
from tests.hcserver.services.conftest import FakeClock, create, pass_time, ping
from tests.hcserver.services.delivery.delivery_setup import FakeKind, add_channel, log_of, settled


async def test_ending_a_snooze_by_an_update_releases_what_it_held_back(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    until = (clock.now + timedelta(hours=1)).isoformat()
    check = await create(services, project, channels="*", snoozed_until=until)
    await ping(services, check.id, "fail")
    [held] = await settled(services, check)
    assert (held.status, held.why) == ("pending", "held back: snoozed")
    await services.check_editor.update(project, check.id, parse_spec({"snoozed_until": None}, 3))
    await services.notifier.tick()
    await log_of(services, check, 1)
    assert fake.events("one") == ["down"]


async def test_a_snooze_is_cut_to_seconds_as_documents_show_it(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await create(services, project)
    until = clock.now + timedelta(hours=1, milliseconds=700)
    snoozed = await services.check_editor.snooze(project, check.id, until)
    assert snoozed.snoozed_until == clock.now + timedelta(hours=1)


async def test_new_settings_count_from_the_moment_of_the_change(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await create(services, project)
    await ping(services, check.id)
    await pass_time(services, clock, 1800)
    changed_at = clock.now
    await services.check_editor.update(project, check.id, parse_spec({"timeout": 60}, 3))
    await services.runtime.due_checks.tick()
    flips = await services.checks.flips(check, None, None)
    assert [(flip.new, flip.at) for flip in flips] == [
        ("down", changed_at),
        ("up", changed_at - timedelta(seconds=1800)),
    ]


async def test_the_check_limit_is_named_and_another_projects_check_is_not(
    services: Services, project: Project
) -> None:
    check = await create(services, project)
    await services.projects.limit(project, checks=1, pings=None)
    full = await services.projects.get(project.id)
    with pytest.raises(Forbidden, match=r"^check limit reached$"):
        await create(services, full)
    other, _ = await services.projects.create("other")
    with pytest.raises(Forbidden, match=r"^$"):
        await services.checks.get(other, check.id)
