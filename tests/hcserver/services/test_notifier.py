from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from hcserver.channels.mail import Mailer
from hcserver.channels.notice import Failed, Notice, Receipt
from hcserver.config import NotificationSettings, Settings
from hcserver.domain.alerts import Alert, changed
from hcserver.domain.channel_fields import parse_channel
from hcserver.domain.check import Check
from hcserver.domain.maintenance import Window
from hcserver.domain.notification import Notification
from hcserver.domain.project import Channel, Project
from hcserver.errors import Unavailable
from hcserver.services import notifier as notifier_module
from hcserver.services.core import Core
from hcserver.storage.checks import Outbox, Write
from tests.hcserver.services.conftest import FakeClock, MakeCore, create, pass_time, ping


class FakeKind:
    """Takes what it is told; `trouble` may raise, or wait, for a target."""

    name = "fake"

    def __init__(self) -> None:
        self.told: list[tuple[str, Notice]] = []
        self.trouble: dict[str, Callable[[], Any]] = {}

    async def send(self, target: str, notice: Notice, tools: Any) -> Receipt:
        if trouble := self.trouble.get(target):
            await trouble()
        self.told.append((target, notice))
        return Receipt(status=200)

    def events(self, target: str) -> list[str]:
        return [notice.event for one, notice in self.told if one == target]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeKind:
    fake = FakeKind()
    real = notifier_module.kind
    monkeypatch.setattr(notifier_module, "kind", lambda name: fake if name == "fake" else real(name))
    return fake


async def add_channel(core: Core, project: Project, target: str, **fields: Any) -> Channel:
    channel = Channel(
        **{
            "id": uuid4(),
            "project": project.id,
            "created": core.clock(),
            "kind": "fake",
            "target": target,
            **fields,
        }
    )
    await core.storage.channels.insert(channel)
    core.notifier._projects.clear()
    return channel


async def log_of(core: Core, check: Check, finished: int = 0) -> list[Notification]:
    """The notifications of the check, oldest first, once so many of them are through."""
    async with asyncio.timeout(10):
        while True:
            found = await core.storage.notifications.of_check(check.id, 100)
            if sum(one.status != "pending" for one in found) >= finished:
                return sorted(found, key=lambda one: one.n)
            await asyncio.sleep(0.01)


async def settled(core: Core, check: Check) -> list[Notification]:
    """The notifications once nothing is on its way any more."""
    await core.ledger.flush()
    async with asyncio.timeout(10):
        while core.notifier._here:
            await asyncio.sleep(0.01)
    return await log_of(core, check)


async def test_a_failure_is_told_to_every_channel_of_the_check(
    core: Core, project: Project, fake: FakeKind
) -> None:
    one, two = [await add_channel(core, project, target) for target in ("one", "two")]
    await add_channel(core, project, "not assigned")
    check = await create(core, project, channels=f"{one.id},{two.id}")
    await ping(core, check.id)
    await ping(core, check.id, "fail")
    log = await log_of(core, check, 2)
    assert {(notification.channel, notification.status) for notification in log} == {
        (one.id, "sent"),
        (two.id, "sent"),
    }
    assert all(notification.attempts[0].status == 200 for notification in log)
    assert sorted(target for target, _ in fake.told) == ["one", "two"]


async def test_a_recovery_is_told_and_says_since_when_it_was_down(
    core: Core, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(core, project, "one")
    check = await create(core, project, channels="*")
    await ping(core, check.id, "fail")
    failed = clock.now
    clock.advance(30)
    await ping(core, check.id, body=b"fine again")
    await log_of(core, check, 2)
    down, up = (notice for _, notice in fake.told)
    assert (down.event, up.event, up.since, up.happened) == ("down", "up", failed, clock.now)
    assert up.last_ping is not None and up.last_ping.body == b"fine again"
    assert up.project == "main"


async def test_a_first_success_is_not_told(core: Core, project: Project, fake: FakeKind) -> None:
    await add_channel(core, project, "one")
    check = await create(core, project, channels="*")
    await ping(core, check.id)
    assert await settled(core, check) == []


async def test_a_failed_attempt_is_repeated_under_the_same_id(
    core: Core, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(core, project, "one")
    check = await create(core, project, channels="*")
    ids: list[UUID] = []

    async def trouble() -> None:
        ids.append(check.id)
        if len(ids) < 3:
            raise Failed("busy", transient=True, status=503)

    fake.trouble["one"] = trouble
    await ping(core, check.id, "fail")
    for _ in range(2):
        [one] = await settled(core, check)
        assert (one.status, one.why) == ("pending", "will be tried again")
        clock.advance(5)
        await core.notifier.tick()
    [one] = await log_of(core, check, 1)
    assert [(attempt.status, attempt.error) for attempt in one.attempts] == [
        (503, "busy"),
        (503, "busy"),
        (200, None),
    ]
    assert len(fake.told) == 1


async def test_attempts_end_some_time(core: Core, project: Project, fake: FakeKind, clock: FakeClock) -> None:
    await add_channel(core, project, "one")
    check = await create(core, project, channels="*")

    async def trouble() -> None:
        raise Failed("never", transient=True)

    fake.trouble["one"] = trouble
    await ping(core, check.id, "fail")
    for _ in range(core.settings.notifications.attempts):
        await settled(core, check)
        clock.advance(3600)
        await core.notifier.tick()
    [one] = await settled(core, check)
    assert (one.status, len(one.attempts)) == ("failed", core.settings.notifications.attempts)


async def test_what_is_wrong_for_good_is_not_repeated(core: Core, project: Project, fake: FakeKind) -> None:
    await add_channel(core, project, "one")
    check = await create(core, project, channels="*")

    async def trouble() -> None:
        raise Failed("gone", transient=False, status=410)

    fake.trouble["one"] = trouble
    await ping(core, check.id, "fail")
    [one] = await log_of(core, check, 1)
    assert (one.status, one.due, one.attempts[0].error) == ("failed", None, "gone")


async def test_a_slow_channel_delays_no_other(core: Core, project: Project, fake: FakeKind) -> None:
    slow, fast = [await add_channel(core, project, target) for target in ("slow", "fast")]
    release = asyncio.Event()
    fake.trouble["slow"] = release.wait
    checks = [await create(core, project, channels=f"{slow.id},{fast.id}") for _ in range(12)]
    for check in checks:
        await ping(core, check.id, "fail")
    for check in checks:
        await log_of(core, check, 1)
    assert len(fake.events("fast")) == 12
    assert fake.events("slow") == []
    release.set()
    for check in checks:
        await log_of(core, check, 2)


async def test_a_later_notification_never_overtakes_an_earlier_one(
    core: Core, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(core, project, "one")
    check = await create(core, project, channels="*")
    away = True

    async def trouble() -> None:
        if away:
            raise Failed("away", transient=True)

    fake.trouble["one"] = trouble
    for signal in ("fail", "success", "fail", "success"):
        clock.advance(1)
        await ping(core, check.id, signal)  # type: ignore[arg-type]
    assert [one.status for one in await settled(core, check)] == ["pending"] * 4
    away = False
    async with asyncio.timeout(10):
        while len(fake.told) < 4:
            clock.advance(2)
            await core.notifier.tick()
            await asyncio.sleep(0.01)
    assert fake.events("one") == ["down", "up", "down", "up"]


async def test_a_delayed_channel_is_told_only_of_what_lasts(
    core: Core, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(core, project, "one", delay=300)
    brief = await create(core, project, channels="*", name="brief")
    lasting = await create(core, project, channels="*", name="lasting")
    await ping(core, brief.id, "fail")
    await ping(core, lasting.id, "fail")
    await core.ledger.flush()
    clock.advance(60)
    await ping(core, brief.id)
    await settled(core, brief)
    assert fake.told == []
    for _ in range(2):
        clock.advance(300)
        await core.notifier.tick()
        await settled(core, brief)
    assert [(notice.check.name, notice.event) for _, notice in fake.told] == [("lasting", "down")]
    down, up = await settled(core, brief)
    assert (down.status, down.why) == ("skipped", "over before it was told (held back: the channel's delay)")
    assert (up.status, up.why) == ("skipped", "nobody was told that it was down")


async def test_a_snoozed_check_is_told_of_afterwards_if_it_is_still_down(
    core: Core, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(core, project, "one")
    check = await create(core, project, channels="*")
    until = clock.now + timedelta(minutes=30)
    await core.ledger.change(check.id, lambda check: changed(replace(check, snoozed_until=until)))
    await ping(core, check.id, "fail")
    [one] = await settled(core, check)
    assert (one.status, one.why, one.held) == ("pending", "held back: snoozed", True)
    clock.now = until - timedelta(seconds=1)
    await core.notifier.tick()
    [one] = await settled(core, check)
    assert (one.status, one.due) == ("pending", until)
    clock.now = until
    await core.notifier.tick()
    await log_of(core, check, 1)
    assert fake.events("one") == ["down"]


async def test_maintenance_holds_messages_back(
    core: Core, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(core, project, "one")
    check = await create(core, project, channels="*", tags="db")
    end = clock.now + timedelta(hours=1)
    window = Window(
        id=uuid4(), project=project.id, created=clock.now, name="move", tag="db", start=clock.now, end=end
    )
    await core.storage.windows.put(window)
    core.notifier._projects.clear()
    await ping(core, check.id, "fail")
    [one] = await settled(core, check)
    assert one.why == "held back: maintenance move"
    assert (await core.checks.get(project, check.id)).status == "down"
    clock.now = end
    await core.notifier.tick()
    await log_of(core, check, 1)
    assert fake.events("one") == ["down"]


async def test_channels_hear_only_what_they_want_to(core: Core, project: Project, fake: FakeKind) -> None:
    await add_channel(core, project, "recoveries", events=("up",))
    await add_channel(core, project, "pauses", events=("paused",))
    await add_channel(core, project, "databases", tags="db sql")
    await add_channel(core, project, "webs", tags="web")
    check = await create(core, project, channels="*", tags="prod db")
    await ping(core, check.id, "fail")
    await ping(core, check.id)
    await core.checks.pause(project, check.id)
    await settled(core, check)
    assert fake.events("recoveries") == ["up"]
    assert fake.events("pauses") == ["paused"]
    assert fake.events("databases") == ["down", "up"]
    assert fake.events("webs") == []


async def test_a_disabled_channel_is_skipped_and_the_log_says_why(
    core: Core, project: Project, fake: FakeKind
) -> None:
    await add_channel(core, project, "one", error="the address does not exist")
    check = await create(core, project, channels="*")
    await ping(core, check.id, "fail")
    [one] = await log_of(core, check, 1)
    assert (one.status, one.why) == ("skipped", "the channel is disabled: the address does not exist")
    assert fake.told == []


async def test_a_group_stands_for_its_members_each_once(core: Core, project: Project, fake: FakeKind) -> None:
    one, two = [await add_channel(core, project, target) for target in ("one", "two")]
    await add_channel(core, project, f"{one.id},{two.id}", kind="group")
    check = await create(core, project, channels="*")
    await ping(core, check.id, "fail")
    await log_of(core, check, 2)
    await settled(core, check)
    assert sorted(target for target, _ in fake.told) == ["one", "two"]


async def test_what_is_held_back_by_the_check_is_in_the_log(
    core: Core, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(core, project, "one")
    check = await create(core, project, channels="*")
    await core.ledger.change(check.id, lambda check: changed(replace(check, failures_before_alert=2)))
    await ping(core, check.id, "fail")
    [held] = await log_of(core, check, 1)
    assert (held.status, held.why) == ("skipped", "failure 1 of 2 in a row")
    clock.advance(1)
    await ping(core, check.id, "fail")
    await log_of(core, check, 2)
    assert fake.events("one") == ["down"]


async def test_an_alert_that_a_crash_left_in_a_check_is_told_after_the_start(
    core: Core, project: Project, fake: FakeKind, clock: FakeClock, make_core: MakeCore
) -> None:
    await add_channel(core, project, "one")
    check = await create(core, project, channels="*")
    alert = Alert(check=check.id, n=1, at=clock.now, event="down", reason="fail")
    stored = (await core.storage.checks.load([check.id]))[check.id]
    write = Write(stored.check, replace(stored.check, status="down"), stored.rev, Outbox((), (alert,)))
    assert not await core.storage.checks.write([write])
    restarted = await make_core()
    await log_of(restarted, check, 1)
    assert fake.events("one") == ["down"]


async def test_a_notification_whose_sender_died_is_sent_by_another(
    core: Core, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    channel = await add_channel(core, project, "one")
    check = await create(core, project, channels="*")
    leased = Notification(
        check=check.id,
        n=1,
        channel=channel.id,
        project=project.id,
        event="down",
        reason="fail",
        at=clock.now,
        due=clock.now + timedelta(seconds=40),
    )
    assert await core.storage.notifications.add([leased])
    await core.notifier.tick()
    assert fake.told == []
    clock.advance(40)
    await core.notifier.tick()
    await log_of(core, check, 1)
    assert fake.events("one") == ["down"]


async def test_one_left_for_a_channel_that_is_new_to_this_process_is_sent(
    core: Core, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await core.notifier._project(project.id)
    channel = Channel(id=uuid4(), project=project.id, created=clock.now, kind="fake", target="new")
    await core.storage.channels.insert(channel)
    check = await create(core, project, channels=str(channel.id))
    left = Notification(
        check=check.id, n=1, channel=channel.id, project=project.id, event="up", reason="ping",
        at=clock.now, due=clock.now,
    )  # fmt: skip
    await core.storage.notifications.add([left])
    await core.notifier.tick()
    await log_of(core, check, 1)
    assert fake.events("new") == ["up"]


async def test_two_processes_tell_each_flip_once(
    make_core: MakeCore, fake: FakeKind, clock: FakeClock
) -> None:
    first, second = await make_core(), await make_core()
    project, _ = await first.projects.create("main")
    await add_channel(first, project, "one")
    checks = [await create(first, project, channels="*", timeout=60, grace=60) for _ in range(20)]
    for check in checks:
        await ping(first, check.id)
    await first.ledger.flush()
    for _ in range(3):
        clock.advance(50)
        await asyncio.gather(first.scheduler.tick(), second.scheduler.tick())
    for check in checks:
        await log_of(first, check, 1)
    assert sorted(notice.check.id for _, notice in fake.told) == sorted(check.id for check in checks)


async def test_what_waits_for_its_turn_longer_than_a_lease_is_told_once(
    make_core: MakeCore, fake: FakeKind, clock: FakeClock
) -> None:
    first, second = await make_core(), await make_core()
    project, _ = await first.projects.create("main")
    channel = await add_channel(first, project, "slow")
    release = asyncio.Event()
    fake.trouble["slow"] = release.wait
    checks = [await create(first, project, channels="*") for _ in range(notifier_module.SENDERS + 3)]
    for check in checks:
        await ping(first, check.id, "fail")
        await first.ledger.settle(check.id)
    waiting = {one.check for one in first.notifier._queues[channel.id]}
    assert len(waiting) == 3
    fake.trouble.clear()
    clock.advance(60)
    await first.notifier.tick()
    await second.notifier.tick()
    for check in checks:
        await log_of(first, check, 1)
    release.set()
    for core in (first, second):
        await settled(core, checks[0])
    assert Counter(notice.check.id for _, notice in fake.told if notice.check.id in waiting) == dict.fromkeys(
        waiting, 1
    )


async def test_a_crowd_for_a_dead_channel_hides_nothing_that_is_due(
    core: Core, project: Project, fake: FakeKind, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier_module, "AT_ONCE", 5)
    monkeypatch.setattr(notifier_module, "REFILLED", 2)
    dead, alive = [await add_channel(core, project, target) for target in ("dead", "alive")]
    check = await create(core, project, channels="*")
    release = asyncio.Event()
    fake.trouble["dead"] = release.wait
    crowd = [
        Notification(
            check=check.id,
            n=n,
            channel=(alive if n == 20 else dead).id,
            project=project.id,
            event="reminder",
            reason="timeout",
            at=clock.now,
            due=clock.now + timedelta(seconds=n),
        )
        for n in range(1, 21)
    ]
    await core.storage.notifications.add(crowd)
    clock.advance(60)
    for _ in range(5):
        await core.notifier.tick()
    await log_of(core, check, 1)
    assert fake.events("alive") == ["reminder"]
    release.set()


async def test_a_fault_of_ours_is_in_the_log_and_tried_again(
    core: Core, project: Project, fake: FakeKind, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    await add_channel(core, project, "one")
    check = await create(core, project, channels="*")

    async def trouble() -> None:
        fake.trouble.clear()
        raise ZeroDivisionError

    fake.trouble["one"] = trouble
    await ping(core, check.id, "fail")
    [one] = await settled(core, check)
    assert (one.status, one.attempts[0].error) == ("pending", "internal error, see the server's log")
    assert "ZeroDivisionError" in caplog.text
    clock.advance(5)
    await core.notifier.tick()
    await log_of(core, check, 1)
    assert fake.events("one") == ["down"]


async def test_what_a_full_queue_leaves_is_taken_up_from_the_database(
    core: Core, project: Project, fake: FakeKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier_module, "QUEUED", 2)
    await add_channel(core, project, "one")
    release = asyncio.Event()
    fake.trouble["one"] = release.wait
    checks = [await create(core, project, channels="*") for _ in range(notifier_module.SENDERS + 5)]
    for check in checks:
        await ping(core, check.id, "fail")
        await core.ledger.settle(check.id)
    assert [len(queue) for queue in core.notifier._queues.values()] == [2]
    release.set()
    fake.trouble.clear()
    await settled(core, checks[0])
    await core.notifier.tick()
    for check in checks:
        await log_of(core, check, 1)
    assert len(fake.told) == len(checks)


async def test_a_channel_is_told_however_new_it_is(
    core: Core, project: Project, fake: FakeKind, make_core: MakeCore
) -> None:
    other = await make_core()
    old = await create(core, project, channels=str((await add_channel(core, project, "old")).id))
    for one in (core, other):
        await ping(one, old.id, "fail")
        await one.ledger.settle(old.id)
        await ping(one, old.id)
        await one.ledger.settle(old.id)
    for number, one in enumerate((core, other)):
        channel = Channel(
            id=uuid4(), project=project.id, created=core.clock(), kind="fake", target=f"new {number}"
        )
        await core.storage.channels.insert(channel)
        check = await create(core, project, channels=str(channel.id))
        await ping(one, check.id, "fail")
        await log_of(core, check, 1)
        assert fake.events(f"new {number}") == ["down"]


async def test_a_window_counts_as_soon_as_it_is_made_and_no_longer_than_it_is(
    core: Core, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(core, project, "one")
    first, second = [await create(core, project, channels="*") for _ in range(2)]
    await ping(core, first.id, "fail")
    await log_of(core, first, 1)
    hour = {"start": clock.now.isoformat(), "end": (clock.now + timedelta(hours=1)).isoformat()}
    window = await core.windows.create(project, hour)
    await ping(core, second.id, "fail")
    [held] = await settled(core, second)
    assert held.why == "held back: maintenance"
    await core.storage.windows.delete(window.id)  # by another process, which this one has not heard of yet
    await core.checks.snooze(project, second.id, None)
    await core.notifier.tick()
    await log_of(core, second, 1)
    assert fake.events("one") == ["down", "down"]


async def test_a_failure_after_a_snooze_that_was_ended_is_told_at_once(
    core: Core, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(core, project, "one", events=("down", "up", "paused"))
    check = await create(core, project, channels="*")
    await core.checks.snooze(project, check.id, clock.now + timedelta(days=100))
    await ping(core, check.id, "fail")
    await settled(core, check)
    clock.advance(1)
    await ping(core, check.id)
    await settled(core, check)
    await core.checks.snooze(project, check.id, None)
    clock.advance(1)
    await ping(core, check.id, "fail")
    log = await log_of(core, check, 3)
    assert [(one.event, one.status) for one in log] == [
        ("down", "skipped"),
        ("up", "skipped"),
        ("down", "sent"),
    ]
    await core.checks.pause(project, check.id)
    await log_of(core, check, 4)
    assert fake.events("one") == ["down", "paused"]


async def test_a_delay_begins_anew_with_every_failure(
    core: Core, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    for events in (("down", "up"), ("down",)):
        await add_channel(core, project, " ".join(events), delay=10, events=events)
    check = await create(core, project, channels="*")
    for signal in ("fail", "success", "fail"):
        await ping(core, check.id, signal)  # type: ignore[arg-type]
        await settled(core, check)
        clock.advance(3)
    clock.advance(2)  # 11 s after the first failure, 5 s after the second one
    await core.notifier.tick()
    await settled(core, check)
    assert fake.told == []
    clock.advance(5)
    await core.notifier.tick()
    await settled(core, check)
    assert (fake.events("down up"), fake.events("down")) == (["down"], ["down"])


async def test_reminders_behind_a_message_that_is_held_back_are_left_out(
    core: Core, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(core, project, "one")
    check = await create(core, project, channels="*", repeat_after=60)
    await core.checks.snooze(project, check.id, clock.now + timedelta(seconds=210))
    await ping(core, check.id, "fail")
    await core.ledger.flush()
    for _ in range(4):
        await pass_time(core, clock, 50)
        await settled(core, check)
    clock.advance(10)
    await core.notifier.tick()
    log = await settled(core, check)
    assert [one.event for one in log] == ["down", "reminder", "reminder"]
    assert {one.why for one in log[1:]} == {"held back: snoozed"}
    assert fake.events("one") == ["down"]


async def test_a_recovery_does_not_wait_for_reminders_that_are_held_back(
    core: Core, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(core, project, "one")
    check = await create(core, project, channels="*", repeat_after=60)
    await ping(core, check.id, "fail")
    await log_of(core, check, 1)
    await core.checks.snooze(project, check.id, clock.now + timedelta(days=1))
    await pass_time(core, clock, 100)
    await settled(core, check)
    await ping(core, check.id)
    await log_of(core, check, 3)
    assert fake.events("one") == ["down", "up"]


async def test_a_shorter_delay_counts_at_once(
    core: Core, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    channel = await add_channel(core, project, "one", delay=3600)
    check = await create(core, project, channels="*")
    await ping(core, check.id, "fail")
    await settled(core, check)
    await core.channels.update(project, channel.id, parse_channel({"delay": 0}))
    await core.notifier.tick()
    await log_of(core, check, 1)
    assert fake.events("one") == ["down"]


async def test_who_hears_of_recoveries_only_hears_of_all_of_them(
    core: Core, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(core, project, "one", events=("up", "paused"))
    check = await create(core, project, channels="*")
    for _ in range(3):
        for signal in ("fail", "success"):
            clock.advance(1)
            await ping(core, check.id, signal)  # type: ignore[arg-type]
        await core.checks.pause(project, check.id)
        await settled(core, check)
    assert fake.events("one") == ["up", "paused"] * 3


async def test_a_recovery_is_told_after_many_reminders_that_were_not(
    core: Core, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    channel = await add_channel(core, project, "one")
    check = await create(core, project, channels="*", repeat_after=60)
    await ping(core, check.id, "fail")
    await log_of(core, check, 1)
    await core.storage.channels.replace(replace(channel, error="off"))
    core.notifier.forget(project.id)
    for _ in range(12):
        await pass_time(core, clock, 60)
        await settled(core, check)
    await core.storage.channels.replace(channel)
    core.notifier.forget(project.id)
    await ping(core, check.id)
    await settled(core, check)
    assert fake.events("one") == ["down", "up"]


async def test_what_is_told_late_says_how_it_was(
    core: Core, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(core, project, "one")
    check = await create(core, project, channels="*")

    async def trouble() -> None:
        fake.trouble.clear()
        raise Failed("busy", transient=True)

    fake.trouble["one"] = trouble
    await ping(core, check.id, "fail", body=b"disk full", exit_status=3)
    await settled(core, check)
    await ping(core, check.id, body=b"all fine now")
    await settled(core, check)
    for _ in range(2):
        clock.advance(5)
        await core.notifier.tick()
        await settled(core, check)
    [(_, down), (_, up)] = fake.told
    assert (down.event, down.check.status, down.check.n_pings) == ("down", "down", 1)
    assert down.last_ping is not None
    assert (down.last_ping.body, down.last_ping.exit_status) == (b"disk full", 3)
    assert (up.event, up.check.status, up.check.n_pings) == ("up", "up", 2)
    assert up.last_ping is not None and up.last_ping.body == b"all fine now"


async def test_after_a_long_absence_only_the_newest_of_what_was_left_is_told(
    core: Core, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(core, project, "one")
    check = await create(core, project, channels="*")

    async def trouble() -> None:
        raise Failed("away", transient=True)

    fake.trouble["one"] = trouble
    for signal in ("fail", "success", "fail"):
        clock.advance(1)
        await ping(core, check.id, signal)  # type: ignore[arg-type]
        await settled(core, check)
    fake.trouble.clear()
    left = clock.now
    clock.advance(3600)
    core.notifier.came_back(left, clock.now)
    for _ in range(4):
        await core.notifier.tick()
        await settled(core, check)
        clock.advance(5)
    assert [one.status for one in await log_of(core, check)] == ["skipped", "skipped", "sent"]
    assert fake.events("one") == ["down"]


async def test_the_operator_is_told_once_by_several_servers(make_core: MakeCore, clock: FakeClock) -> None:
    told: list[str] = []
    cores = [await make_core() for _ in range(2)]
    for core in cores:
        core.scheduler.tell_operator = told.append
        await core.scheduler.tick()
    clock.advance(3600)
    await asyncio.gather(*(core.scheduler.tick() for core in cores))
    assert len(told) == 1


async def test_an_outcome_that_the_database_does_not_take_at_once_is_noted_later(
    core: Core, project: Project, fake: FakeKind, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_channel(core, project, "one")
    check = await create(core, project, channels="*")
    settle, blips = core.storage.notifications.settle, iter([True])

    async def settle_after_a_blip(*arguments: Any) -> None:
        if next(blips, False):
            raise Unavailable("away")
        await settle(*arguments)

    monkeypatch.setattr(core.storage.notifications, "settle", settle_after_a_blip)
    await ping(core, check.id, "fail")
    await log_of(core, check, 1)
    assert fake.events("one") == ["down"]


async def test_what_waits_for_one_that_just_ended_is_sent_at_once(
    core: Core, project: Project, fake: FakeKind, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_channel(core, project, "one")
    check = await create(core, project, channels="*")
    gate = asyncio.Event()
    fake.trouble["one"] = gate.wait
    await ping(core, check.id, "fail")
    await core.ledger.settle(check.id)
    before = core.storage.notifications.before

    async def before_its_end(one: Notification) -> list[Notification]:
        found = await before(one)
        if one.event == "up" and not gate.is_set():
            gate.set()
            await log_of(core, check, 1)
            await asyncio.sleep(0.05)
        return found

    monkeypatch.setattr(core.storage.notifications, "before", before_its_end)
    await ping(core, check.id)
    await log_of(core, check, 2)
    assert fake.events("one") == ["down", "up"]


async def test_nothing_is_left_in_a_queue_when_its_senders_end(
    core: Core, project: Project, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel, sent, gate = uuid4(), [], asyncio.Event()
    made = [
        Notification(
            check=uuid4(), n=1, channel=channel, project=project.id, event="up", reason="ping", at=clock.now
        )
        for _ in range(notifier_module.SENDERS + 1)
    ]

    async def send(one: Notification) -> bool:
        await gate.wait()
        sent.append(one)
        return True

    monkeypatch.setattr(core.notifier, "_send", send)
    for one in made[:-1]:
        core.notifier._push(one)
    await asyncio.sleep(0.05)
    gate.set()
    asyncio.get_running_loop().call_soon(core.notifier._push, made[-1])
    async with asyncio.timeout(5):
        while len(sent) < len(made):
            await asyncio.sleep(0.01)


async def test_what_is_told_late_is_collapsed_to_the_newest(
    core: Core, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(core, project, "one")
    check = await create(core, project, channels="*")
    alerts = [
        Alert(check=check.id, n=n, at=clock.now + timedelta(seconds=n), event=event, reason="ping")
        for n, event in enumerate(("down", "up", "down"), 1)
    ]
    clock.advance(3600)
    await core.ledger.change(check.id, lambda check: changed(replace(check, status="down")))
    await core.notifier.take([(check, alert) for alert in alerts])
    log = await log_of(core, check, 3)
    assert [one.status for one in log] == ["skipped", "skipped", "sent"]
    assert len(fake.told) == 1


async def test_a_reminder_is_told(core: Core, project: Project, fake: FakeKind, clock: FakeClock) -> None:
    await add_channel(core, project, "one")
    check = await create(core, project, channels="*")
    await core.ledger.change(check.id, lambda check: changed(replace(check, repeat_after=120)))
    await ping(core, check.id, "fail")
    failed = clock.now
    await core.ledger.flush()
    await pass_time(core, clock, 130)
    await log_of(core, check, 2)
    assert fake.events("one") == ["down", "reminder"]
    assert fake.told[1][1].happened == failed


async def test_a_test_says_what_came_of_it(core: Core, project: Project, fake: FakeKind) -> None:
    channel = await add_channel(core, project, "one")
    attempt = await core.notifier.test(channel, None)
    assert (attempt.status, attempt.error) == (200, None)

    async def trouble() -> None:
        raise Failed("no such address", transient=False, status=550)

    fake.trouble["one"] = trouble
    attempt = await core.notifier.test(channel, None)
    assert (attempt.status, attempt.error) == (550, "no such address")


async def test_an_answer_that_does_not_come_is_a_failure(
    core: Core, project: Project, fake: FakeKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core.notifier, "_limit", 0.05)
    channel = await add_channel(core, project, "one")
    fake.trouble["one"] = asyncio.Event().wait
    assert (await core.notifier.test(channel, None)).error == "no answer within 0.05 s"


async def test_the_notifications_of_a_deleted_check_go_too(
    core: Core, project: Project, fake: FakeKind, database: Any
) -> None:
    await add_channel(core, project, "one")
    check = await create(core, project, channels="*")
    await ping(core, check.id, "fail")
    await log_of(core, check, 1)
    await core.checks.delete(project, check.id)
    assert await database["notifications"].count_documents({}) == 0


async def test_the_operator_is_told_that_the_server_was_away(
    database: Any, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, str, str]] = []

    async def send(self: Mailer, message: Any, sender: str, recipient: str) -> int:
        if len(told) == 0:
            told.append(("", "", ""))
            raise Failed("busy", transient=True)
        told.append((sender, recipient, message.get_content()))
        return 250

    monkeypatch.setattr(Mailer, "send", send)
    monkeypatch.setattr(notifier_module, "_pause", lambda tries: 0.0)
    settings = Settings(notifications=NotificationSettings(operator="Ops <ops@example.org>"))
    core = Core(database, settings, clock)
    await core.start()
    await core.scheduler.tick()
    clock.advance(3600)
    await core.scheduler.tick()
    async with asyncio.timeout(10):
        while len(told) < 2:
            await asyncio.sleep(0.01)
    sender, recipient, text = told[1]
    assert (sender, recipient) == ("hcserver@localhost", "ops@example.org")
    span = "from 2026-03-01T12:00:00+00:00 to 2026-03-01T13:00:00+00:00"
    assert f"hcserver or its database was away {span}" in text
    await core.stop()


async def test_ending_a_snooze_early_tells_at_once(
    core: Core, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(core, project, "one")
    check = await create(core, project, channels="*")
    await core.checks.snooze(project, check.id, clock.now + timedelta(days=1))
    await ping(core, check.id, "fail")
    [one] = await settled(core, check)
    assert one.why == "held back: snoozed"
    await core.checks.snooze(project, check.id, None)
    await core.notifier.tick()
    await log_of(core, check, 1)
    assert fake.events("one") == ["down"]


async def test_ending_maintenance_early_tells_at_once_what_nothing_else_holds_back(
    core: Core, project: Project, fake: FakeKind, clock: FakeClock
) -> None:
    await add_channel(core, project, "one")
    told = await create(core, project, channels="*")
    snoozed = await create(core, project, channels="*")
    window = await core.windows.create(
        project,
        {"start": clock.now.isoformat(), "end": (clock.now + timedelta(hours=1)).isoformat()},
    )
    await core.checks.snooze(project, snoozed.id, clock.now + timedelta(minutes=30))
    for check in (told, snoozed):
        await ping(core, check.id, "fail")
        await settled(core, check)
    core.notifier._projects.clear()
    await core.windows.delete(project, window.id)
    await core.notifier.tick()
    await log_of(core, told, 1)
    [one] = await settled(core, snoozed)
    assert (one.status, one.why) == ("pending", "held back: snoozed")
    assert len(fake.told) == 1


async def test_a_disabled_group_tells_nobody_and_the_log_says_why(
    core: Core, project: Project, fake: FakeKind
) -> None:
    member = await add_channel(core, project, "one")
    group = await add_channel(core, project, str(member.id), kind="group", error="on holiday")
    check = await create(core, project, channels=str(group.id))
    await ping(core, check.id, "fail")
    [one] = await log_of(core, check, 1)
    assert (one.channel, one.status, one.why) == (group.id, "skipped", "the channel is disabled: on holiday")
    assert fake.told == []


async def test_a_kind_that_is_not_there_any_more_is_a_failure(
    core: Core, project: Project, fake: FakeKind
) -> None:
    await add_channel(core, project, "one", kind="pigeon")
    check = await create(core, project, channels="*")
    await ping(core, check.id, "fail")
    [one] = await log_of(core, check, 1)
    assert one.status == "failed"
    assert "pigeon" in str(one.attempts[0].error)
