"""Messages about a check while another one, on which it depends, is down."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from hcserver.domain.check import Check
from hcserver.domain.notification import Notification
from hcserver.domain.project import Project
from hcserver.domain.state_machine import Step
from hcserver.errors import DeliveryError
from hcserver.services.container import Services
from hcserver.services.delivery import notified_channels
from hcserver.validation.check import parse_spec
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, ping
from tests.hcserver.services.delivery.delivery_setup import FakeKind, add_channel, settled

WAITS = "held back: it depends on nas, which is down"
ITS_GRACE = "held back: it depends on nas, which has come up: it has its grace time again"


async def make(services: Services, project: Project, name: str, *others: str, **fields: Any) -> Check:
    known = {"name": name, "slug": name, "channels": "*", "depends_on": list(others), "grace": 600}
    return await create(services, project, **{**known, **fields})


async def pair(services: Services, project: Project) -> tuple[Check, Check]:
    """A check, and another one that depends on it."""
    await add_channel(services, project, "one")
    return await make(services, project, "nas"), await make(services, project, "job", "nas")


async def fails(services: Services, *checks: Check) -> None:
    for check in checks:
        await ping(services, check.id, "fail")
        await settled(services, check)


async def later(services: Services, clock: FakeClock, seconds: float, check: Check) -> list[Notification]:
    """The notifications of the check when so much time has passed."""
    clock.advance(seconds)
    await services.notifier.tick()
    return await settled(services, check)


def told(fake: FakeKind, target: str = "one") -> list[tuple[str, str]]:
    return [(message.check.name, message.event) for one, message in fake.sent if one == target]


async def test_only_the_check_on_which_the_others_depend_is_reported(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    nas, job = await pair(services, project)
    await fails(services, nas, job)
    [held] = await later(services, clock, 3600, job)
    assert (held.status, held.why, held.held) == ("pending", WAITS, True)
    assert (await services.checks.get(project, job.id)).status == "down"
    assert told(fake) == [("nas", "down")]
    assert fake.sent[0][1].dependents == 1


async def test_what_is_still_down_after_its_grace_time_is_reported_then(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    nas, job = await pair(services, project)
    await fails(services, nas, job)
    clock.advance(3600)
    await ping(services, nas.id)
    up_at = clock.now
    [held] = await later(services, clock, 0, job)
    assert (held.status, held.why) == ("pending", ITS_GRACE)
    for _ in range(5):
        [held] = await later(services, clock, 119, job)
        assert held.status == "pending"
    assert (up_at - held.at).total_seconds() == 3600
    [sent] = await later(services, clock, 5, job)
    assert sent.status == "sent"
    assert told(fake) == [("nas", "down"), ("nas", "up"), ("job", "down")]


async def test_what_recovers_with_the_other_check_is_not_mentioned(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    nas, job = await pair(services, project)
    await fails(services, nas, job)
    clock.advance(3600)
    for check in (nas, job):
        await ping(services, check.id)
    down, up = await later(services, clock, 1200, job)
    assert (down.status, down.why) == ("skipped", f"over before it was told ({WAITS})")
    assert (up.status, up.why) == ("skipped", "nobody was told that it was down")
    assert told(fake) == [("nas", "down"), ("nas", "up")]


async def test_what_fails_after_the_other_check_has_come_up_is_reported_at_once(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    nas, job = await pair(services, project)
    await fails(services, nas)
    clock.advance(60)
    await ping(services, nas.id)
    clock.advance(1)
    await fails(services, job)
    assert told(fake)[-1] == ("job", "down")


@pytest.mark.parametrize("how", ["pause", "delete", "transfer", "edit"])
async def test_it_is_reported_when_the_other_check_is_no_reason_any_more(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock, how: str
) -> None:
    nas, job = await pair(services, project)
    await fails(services, nas, job)
    if how == "pause":
        await services.check_editor.pause(project, nas.id)
    elif how == "delete":
        await services.check_deletion.delete(project, nas.id)
    elif how == "transfer":
        other, _ = await services.projects.create("other")
        await services.check_transfer.move(project, nas.id, other)
    else:
        await services.check_editor.update(project, job.id, parse_spec({"depends_on": []}, 3))
        await later(services, clock, 0, job)  # this one is looked at at once
        assert told(fake)[-1] == ("job", "down")
    [sent] = await later(services, clock, 121, job)
    assert sent.status == "sent"


async def test_a_channel_that_does_not_hear_of_the_other_check_is_notified_at_once(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    nas, job = await pair(services, project)
    elsewhere = await add_channel(services, project, "elsewhere")
    await add_channel(services, project, "tagged", tags="jobs")
    await add_channel(services, project, "up only", events=("up",))
    group = await add_channel(services, project, str(elsewhere.id), kind="group", events=())
    await services.check_editor.update(project, job.id, parse_spec({"channels": "*", "tags": "jobs"}, 3))
    await fails(services, nas, job)
    assert (told(fake), told(fake, "up only")) == ([("nas", "down")], [])
    for target in ("elsewhere", "tagged"):
        assert told(fake, target) == [("job", "down")]
    message = fake.sent[-1][1]
    assert [one.name for one in message.down_above] == ["nas"]
    # By a group it hears of it.
    late = await make(services, project, "late", "nas")
    await services.check_editor.update(project, nas.id, parse_spec({"channels": str(group.id)}, 3))
    await fails(services, late)
    assert told(fake, "elsewhere") == [("job", "down")]
    assert told(fake)[-1] == ("late", "down")


async def test_a_failure_of_the_other_check_of_which_nobody_is_alerted_yet_holds_nothing(
    services: Services, project: Project, fake: FakeKind
) -> None:
    nas, job = await pair(services, project)
    await services.check_editor.update(project, nas.id, parse_spec({"failures_before_alert": 3}, 3))
    await fails(services, nas, job)
    assert told(fake) == [("job", "down")]


async def test_it_depends_on_what_others_depend_on(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(services, project, "one")
    router = await make(services, project, "router")
    nas = await make(services, project, "nas", "router")
    job = await make(services, project, "job", "nas")
    await fails(services, router, nas, job)
    assert told(fake) == [("router", "down")]
    [held] = await later(services, clock, 121, job)
    assert held.why == WAITS
    # The one between them has channels of its own.
    await services.check_editor.update(project, nas.id, parse_spec({"channels": ""}, 3))
    [held] = await later(services, clock, 121, job)
    assert held.why == "held back: it depends on router, which is down"
    assert told(fake) == [("router", "down")]


async def test_checks_in_a_cycle_do_not_wait_for_each_other(
    services: Services, project: Project, fake: FakeKind
) -> None:
    await add_channel(services, project, "one")
    one, two = await make(services, project, "one"), await make(services, project, "two", "one")
    job = await make(services, project, "job", "one")
    # As two processes can bring it about at once.
    await services.state_writer.change(one.id, lambda check: Step(replace(check, depends_on=(two.id,))))
    await fails(services, one, two, job)
    assert told(fake) == [("one", "down"), ("two", "down")]


async def test_a_reminder_is_left_out_while_the_other_check_is_down(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    nas, job = await pair(services, project)
    await services.check_editor.update(project, job.id, parse_spec({"repeat_after": 300}, 3))
    await fails(services, job, nas)
    clock.advance(301)
    await services.runtime.due_checks.tick()
    _, reminder = await settled(services, job)
    assert (reminder.status, reminder.why) == ("skipped", WAITS)


async def test_a_restart_finds_what_is_held_and_releases_it(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock, make_services: MakeServices
) -> None:
    nas, job = await pair(services, project)
    await fails(services, nas, job)
    await services.stop()
    restarted = await make_services()
    clock.advance(1)
    await ping(restarted, nas.id)
    [held] = await later(restarted, clock, 121, job)
    assert (held.status, held.why) == ("pending", ITS_GRACE)
    for _ in range(5):
        [one] = await later(restarted, clock, 121, job)
    assert one.status == "sent"


async def test_a_crowd_that_depends_on_one_check_does_not_read_it_again_and_again(
    services: Services, project: Project, fake: FakeKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    nas, _ = await pair(services, project)
    jobs = [await make(services, project, f"job{number}", "nas") for number in range(30)]
    await fails(services, nas)
    loaded: list[Any] = []
    load = services.storage.checks.load

    async def counted(ids: Any) -> Any:
        loaded.append(ids)
        return await load(ids)

    monkeypatch.setattr(services.storage.checks, "load", counted)
    for job in jobs:
        await ping(services, job.id, "fail")
    for job in jobs:
        [held] = await settled(services, job)
        assert held.why == WAITS
    assert loaded == []
    assert told(fake) == [("nas", "down")]


async def test_what_waits_for_a_message_that_has_failed_for_good_is_reported(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notified_channels, "KEPT", -1.0)
    nas, job = await pair(services, project)

    async def trouble() -> None:
        raise DeliveryError("busy", transient=True)

    fake.trouble["one"] = trouble
    await fails(services, nas, job)
    [held] = await later(services, clock, 0, job)
    assert held.why == WAITS

    async def refuse() -> None:
        raise DeliveryError("410 Gone", transient=False)

    fake.trouble["one"] = refuse
    await later(services, clock, 5, nas)
    fake.trouble.clear()
    [sent] = await later(services, clock, 121, job)
    assert (sent.status, told(fake)) == ("sent", [("job", "down")])
