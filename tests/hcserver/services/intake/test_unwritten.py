from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from hcserver.domain.project import Project
from hcserver.errors import Unavailable
from hcserver.services.container import Services
from hcserver.services.intake import state_writer as writer_module
from hcserver.services.intake import unwritten as unwritten_module
from hcserver.services.intake.unwritten import UnwrittenChecks
from tests.hcserver.services.conftest import create, ping, report


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
    """Checks that have waited for so many seconds."""
    unwritten, ids = UnwrittenChecks(), [uuid4() for _ in ages]
    for id, age in zip(ids, ages, strict=True):
        monkeypatch.setattr(unwritten_module, "monotonic", lambda age=age: 100.0 - age)
        unwritten.add(id, urgent=False)
    monkeypatch.setattr(unwritten_module, "monotonic", lambda: 100.0)
    return unwritten, ids


async def test_checks_that_have_waited_long_enough_are_next(monkeypatch: pytest.MonkeyPatch) -> None:
    unwritten, ids = filled(monkeypatch, 3.0, 2.0, 0.4)
    assert unwritten.next_batch(10, without_delay=False) == (ids[:2], 0)
    assert unwritten.next_batch(1, without_delay=False) == (ids[:1], 0)
    assert unwritten.next_batch(10, without_delay=True) == (ids, 0)


async def test_without_such_checks_the_wait_is_until_the_oldest_is_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unwritten, _ = filled(monkeypatch, 0.4, 0.2)
    batch, wait = unwritten.next_batch(10, without_delay=False)
    assert batch == []
    assert wait == pytest.approx(0.6)
    assert UnwrittenChecks().next_batch(10, without_delay=False) == ([], unwritten_module.DELAY)


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
    unwritten, ids = filled(monkeypatch, 0.1, 0.1, 0.1)
    assert not unwritten.has_capacity
    assert unwritten.next_batch(2, without_delay=False) == (ids[:2], 0)
    assert unwritten.oldest(2) == ids[:2]
