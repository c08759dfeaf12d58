from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from hcserver.domain.alert import Alert, AlertEvent
from hcserver.domain.project import Project
from hcserver.domain.state_machine import change_settings
from hcserver.services.container import Services
from tests.hcserver.services.conftest import FakeClock, create, ping
from tests.hcserver.services.delivery.delivery_setup import FakeKind, add_channel, log_of, settled


async def test_a_first_success_is_not_reported(services: Services, project: Project, fake: FakeKind) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    await ping(services, check.id)
    assert await settled(services, check) == []


async def test_channels_are_notified_only_of_their_events_and_tags(
    services: Services, project: Project, fake: FakeKind
) -> None:
    await add_channel(services, project, "recoveries", events=("up",))
    await add_channel(services, project, "pauses", events=("paused",))
    await add_channel(services, project, "databases", tags="db sql")
    await add_channel(services, project, "webs", tags="web")
    check = await create(services, project, channels="*", tags="prod db")
    await ping(services, check.id, "fail")
    await ping(services, check.id)
    await services.check_editor.pause(project, check.id)
    await settled(services, check)
    assert fake.events("recoveries") == ["up"]
    assert fake.events("pauses") == ["paused"]
    assert fake.events("databases") == ["down", "up"]
    assert fake.events("webs") == []


async def test_a_group_stands_for_its_members_each_once(
    services: Services, project: Project, fake: FakeKind
) -> None:
    one, two = [await add_channel(services, project, target) for target in ("one", "two")]
    await add_channel(services, project, f"{one.id},{two.id}", kind="group")
    check = await create(services, project, channels="*")
    await ping(services, check.id, "fail")
    await log_of(services, check, 2)
    await settled(services, check)
    assert sorted(target for target, _ in fake.sent) == ["one", "two"]


async def test_a_failure_below_the_threshold_is_in_the_log(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    await services.state_writer.change(
        check.id, lambda check: change_settings(replace(check, failures_before_alert=2), services.clock())
    )
    await ping(services, check.id, "fail")
    [held] = await log_of(services, check, 1)
    assert (held.status, held.why) == ("skipped", "failure 1 of 2 in a row")
    clock.advance(1)
    await ping(services, check.id, "fail")
    await log_of(services, check, 2)
    assert fake.events("one") == ["down"]


async def test_late_alerts_are_collapsed_to_the_newest(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    events: list[AlertEvent] = ["down", "up", "down"]
    alerts = [
        Alert(check=check.id, n=n, at=clock.now + timedelta(seconds=n), event=event, reason="ping")
        for n, event in enumerate(events, 1)
    ]
    clock.advance(3600)
    await services.state_writer.change(
        check.id, lambda check: change_settings(replace(check, status="down"), services.clock())
    )
    await services.notifier.take([(check, alert) for alert in alerts])
    log = await log_of(services, check, 3)
    assert [one.status for one in log] == ["skipped", "skipped", "sent"]
    assert len(fake.sent) == 1
