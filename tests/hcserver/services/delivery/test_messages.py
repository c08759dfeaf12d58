from __future__ import annotations

from msgspec.structs import replace

from hcserver.domain.project import Project
from hcserver.domain.state_machine import change_settings
from hcserver.errors import DeliveryError
from hcserver.services.container import Services
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, pass_time, ping
from tests.hcserver.services.delivery.delivery_setup import FakeKind, add_channel, log_of, settled


async def test_a_recovery_is_sent_and_says_since_when_it_was_down(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    await ping(services, check.id, "fail")
    failed = clock.now
    clock.advance(30)
    await ping(services, check.id, body=b"fine again")
    await log_of(services, check, 2)
    down, up = (alert_message for _, alert_message in fake.sent)
    assert (down.event, up.event, up.since, up.happened) == ("down", "up", failed, clock.now)
    assert up.last_ping is not None and up.last_ping.body == b"fine again"
    assert up.project == "main"


async def test_a_late_message_says_how_things_were(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")

    async def trouble() -> None:
        fake.trouble.clear()
        raise DeliveryError("busy", transient=True)

    fake.trouble["one"] = trouble
    await ping(services, check.id, "fail", body=b"disk full", exit_status=3)
    await settled(services, check)
    await ping(services, check.id, body=b"all fine now")
    await settled(services, check)
    for _ in range(2):
        clock.advance(5)
        await services.notifier.tick()
        await settled(services, check)
    [(_, down), (_, up)] = fake.sent
    assert (down.event, down.check.status, down.check.n_pings) == ("down", "down", 1)
    assert down.last_ping is not None
    assert (down.last_ping.body, down.last_ping.exit_status) == (b"disk full", 3)
    assert (up.event, up.check.status, up.check.n_pings) == ("up", "up", 2)
    assert up.last_ping is not None and up.last_ping.body == b"all fine now"


async def test_what_was_cleared_from_the_log_is_not_sent(
    services: Services,
    project: Project,
    fake: FakeKind,
    clock: FakeClock,
    make_services: MakeServices,
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")

    async def trouble() -> None:
        fake.trouble.clear()
        raise DeliveryError("busy", transient=True)

    fake.trouble["one"] = trouble
    await ping(services, check.id, "fail", body=b"secret", subject="secret")
    await settled(services, check)
    other = await make_services()
    await other.log_clearing.clear(project, check.id)
    await services.runtime.news_listener.listen()
    clock.advance(5)
    await services.notifier.tick()
    await log_of(services, check, 1)
    [(_, down)] = fake.sent
    assert down.last_ping is not None
    assert (down.event, down.last_ping.subject, down.body_preview) == ("down", None, "")


async def test_a_reminder_is_sent_and_says_since_when_it_is_down(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    await services.state_writer.change(
        check.id, lambda check: change_settings(replace(check, repeat_after=120), services.clock())
    )
    await ping(services, check.id, "fail")
    failed = clock.now
    await services.state_writer.flush()
    await pass_time(services, clock, 130)
    await log_of(services, check, 2)
    assert fake.events("one") == ["down", "reminder"]
    assert fake.sent[1][1].happened == failed


async def test_the_message_of_a_run_that_was_too_short_says_how_long_it_took(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*", min_runtime=60, grace=600)
    await ping(services, check.id, "start")
    clock.advance(2)
    await ping(services, check.id)
    await log_of(services, check, 1)
    [(_, down)] = fake.sent
    assert (down.event, down.reason, down.took, down.check.status) == ("down", "too-short", 2.0, "down")


async def test_a_message_about_a_failure_says_what_is_down_above_and_how_many_are_below(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    one = await add_channel(services, project, "one")
    other = await add_channel(services, project, "other")
    nas = await create(services, project, name="nas", slug="nas", channels=str(other.id))
    job = await create(services, project, name="job", slug="job", depends_on=["nas"], channels=str(one.id))
    await create(services, project, depends_on=["job", "nas"])
    await ping(services, nas.id, "fail")
    await log_of(services, nas, 1)
    await ping(services, job.id, "fail")
    await log_of(services, job, 1)
    of_nas, of_job = (message for _, message in fake.sent)
    assert (of_nas.down_above, of_nas.dependents, of_job.dependents) == ((), 2, 1)
    assert [above.name for above in of_job.down_above] == ["nas"]
    await ping(services, job.id)
    await log_of(services, job, 2)
    assert (fake.sent[-1][1].down_above, fake.sent[-1][1].dependents) == ((), 0)
