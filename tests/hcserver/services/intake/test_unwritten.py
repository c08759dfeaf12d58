from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from hcserver.domain.project import Project
from hcserver.errors import Unavailable
from hcserver.services.container import Services
from hcserver.services.intake import state_writer as writer_module
from hcserver.services.intake import unwritten as unwritten_module
from hcserver.services.intake.unwritten import UnwrittenChecks
from tests.hcserver.services.conftest import START, create, ping, report


async def test_pings_wait_while_too_much_is_unwritten(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    monkeypatch.setattr(unwritten_module, "MAX_PINGS", 3)
    write, away = services.storage.checks.write, True

    async def fail(writes: Any) -> Any:
        if away:
            raise Unavailable("away")
        return await write(writes)

    monkeypatch.setattr(services.storage.checks, "write", fail)
    monkeypatch.setattr(writer_module, "RETRY", 0.01)
    await services.intake.record([report(check.id, services.clock()) for _ in range(5)])
    waiting = asyncio.ensure_future(ping(services, check.id))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    away = False
    await waiting
    assert (await services.checks.get(project, check.id)).n_pings == 6


def filled(monkeypatch: pytest.MonkeyPatch, *ages: float) -> tuple[UnwrittenChecks, list[UUID]]:
    """Checks that have waited for so many seconds, in a process that is not on its own."""
    unwritten, ids = UnwrittenChecks(lambda: START), [uuid4() for _ in ages]
    unwritten.share(True)
    for id, age in zip(ids, ages, strict=True):
        set_monotonic(monkeypatch, -age)
        unwritten.add(id, urgent=False)
    set_monotonic(monkeypatch, 0)
    return unwritten, ids


def set_monotonic(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr(unwritten_module, "monotonic", lambda: 100.0 + seconds)


def alone() -> UnwrittenChecks:
    """Those of a process on its own."""
    return UnwrittenChecks(lambda: START)


def written_at(unwritten: UnwrittenChecks, monkeypatch: pytest.MonkeyPatch, id: UUID) -> float:
    """After how many seconds, from 0 on, the check would be written; as if none were added meanwhile."""
    for tenths in range(2000):
        set_monotonic(monkeypatch, tenths / 10)
        if id in unwritten.next_batch(10, without_delay=False)[0]:
            set_monotonic(monkeypatch, 0)
            return tenths / 10
    raise AssertionError("it is never written")


async def test_checks_that_have_waited_long_enough_are_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unwritten_module, "CROWD", 0.1)
    unwritten, ids = filled(monkeypatch, 3.0, 2.0, 0.4)
    assert unwritten.next_batch(10, without_delay=False) == (ids[:2], 0)
    assert unwritten.next_batch(1, without_delay=False) == (ids[:1], 0)
    assert unwritten.next_batch(10, without_delay=True) == (ids, 0)


async def test_checks_that_are_to_be_written_soon_are_written_with_those_that_are_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unwritten, ids = filled(monkeypatch, 1.1, 0.4)
    assert unwritten.next_batch(10, without_delay=False) == (ids, 0)


async def test_without_such_checks_the_wait_is_until_the_oldest_is_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unwritten, _ = filled(monkeypatch, 0.4, 0.2)
    batch, wait = unwritten.next_batch(10, without_delay=False)
    assert batch == []
    assert wait == pytest.approx(0.6)
    assert alone().next_batch(10, without_delay=False) == ([], unwritten_module.DELAY)


async def test_a_process_on_its_own_takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    set_monotonic(monkeypatch, 0)
    unwritten, id = alone(), uuid4()
    unwritten.add(id, urgent=False)
    assert unwritten.next_batch(10, without_delay=False) == ([], unwritten_module.DELAY)
    assert written_at(unwritten, monkeypatch, id) == unwritten_module.LAZY_DELAY
    set_monotonic(monkeypatch, 50)
    unwritten.add(id, urgent=False)
    assert written_at(unwritten, monkeypatch, id) == unwritten_module.LAZY_DELAY


@pytest.mark.parametrize(
    ("due", "expected"), [(3600, unwritten_module.LAZY_DELAY), (40, 35), (4, unwritten_module.DELAY), (-9, 1)]
)
async def test_a_check_is_written_before_the_moment_at_which_time_changes_it(
    due: float, expected: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_monotonic(monkeypatch, 0)
    unwritten, first, second = alone(), uuid4(), uuid4()
    unwritten.add(first, urgent=False, moment=START + timedelta(seconds=due))
    assert written_at(unwritten, monkeypatch, first) == expected
    unwritten.add(second, urgent=False)
    unwritten.add(second, urgent=False, moment=START + timedelta(seconds=due))
    assert written_at(unwritten, monkeypatch, second) == expected


async def test_when_another_process_appears_nothing_waits_any_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    set_monotonic(monkeypatch, 0)
    unwritten, id = alone(), uuid4()
    unwritten.add(id, urgent=False)
    unwritten.share(True)
    assert unwritten.changed.is_set()
    assert unwritten.next_batch(10, without_delay=False) == ([id], 0)


async def test_what_a_restart_would_have_to_read_again_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unwritten_module, "LAZY_CHECKS", 2)
    monkeypatch.setattr(unwritten_module, "LAZY_PINGS", 9)
    set_monotonic(monkeypatch, 0)
    unwritten, ids = alone(), [uuid4() for _ in range(3)]
    for number, id in enumerate(ids):
        unwritten.add(id, urgent=False, moment=START + timedelta(seconds=50 - number))
        assert bool(unwritten.next_batch(1, without_delay=False)[0]) == (number == 2)
    assert unwritten.next_batch(1, without_delay=False) == ([ids[2]], 0)
    unwritten.remove(ids[2])
    assert unwritten.next_batch(1, without_delay=False)[0] == []
    unwritten.count_pings(10)
    assert unwritten.next_batch(1, without_delay=False) == ([ids[1]], 0)


async def test_what_was_removed_is_not_written_and_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_monotonic(monkeypatch, 0)
    unwritten, id = alone(), uuid4()
    for number in range(1000):
        set_monotonic(monkeypatch, number)
        unwritten.add(id, urgent=False)
        unwritten.remove(id)
    assert (len(unwritten), unwritten.next_batch(1, without_delay=True)[0]) == (0, [])
    assert len(unwritten._queue) < 200


async def test_urgent_checks_come_first_and_wake_the_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    unwritten, ids = filled(monkeypatch, 3.0, 0.1)
    assert not unwritten.changed.is_set()
    unwritten.add(ids[1], urgent=True)
    assert unwritten.changed.is_set()
    assert unwritten.next_batch(10, without_delay=False) == ([ids[1]], 0)
    unwritten.remove(ids[1])
    assert (unwritten.urgent, len(unwritten)) == (False, 1)


async def test_pings_come_in_again_only_when_much_less_is_unwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unwritten_module, "MAX_PINGS", 4)
    monkeypatch.setattr(unwritten_module, "LAZY_PINGS", 4)
    unwritten, (id,) = filled(monkeypatch, 0.1)
    unwritten.count_pings(5)
    unwritten.add(id, urgent=False)
    assert not unwritten.has_capacity
    unwritten.count_pings(-2)
    unwritten.restore_capacity()
    assert not unwritten.has_capacity
    unwritten.count_pings(-1)
    unwritten.restore_capacity()
    assert unwritten.has_capacity
    assert unwritten.next_batch(10, without_delay=False)[0] == []


async def test_too_many_unwritten_checks_are_written_without_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unwritten_module, "MAX_CHECKS", 2)
    unwritten, ids = filled(monkeypatch, 0.3, 0.2, 0.1)
    assert not unwritten.has_capacity
    assert unwritten.next_batch(2, without_delay=False) == (ids[:2], 0)
    assert unwritten.some(2) == ids[:2]
