from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from hcserver.app import build_services
from hcserver.config.schema import Settings
from hcserver.errors import Unavailable
from hcserver.services.container import Services
from hcserver.services.runtime import health as health_module
from hcserver.services.runtime.due_checks import DueChecks
from hcserver.services.runtime.health import PROBE_INTERVAL, Health
from hcserver.storage import Storage


async def test_each_problem_names_its_part_of_the_server(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.health.add_listener("smtp", lambda: False)
    for task in services.runtime.tasks:
        await task.stop()  # so that none finds out meanwhile that nothing is overdue
    monkeypatch.setattr(services.runtime.due_checks, "_nothing_overdue", -1000.0)

    async def away() -> None:
        raise Unavailable("away")

    monkeypatch.setattr(services.storage, "probe", away)
    assert set(await services.health.problems()) == {"database", "scheduler", "smtp"}


async def test_a_server_that_starts_says_so(database: Any) -> None:
    services = build_services(database, Settings())
    assert await services.health.problems() == {"server": "it is starting"}
    await services.start()
    assert services.ready
    assert await services.health.problems() == {}
    await services.stop()


async def test_a_database_that_does_not_answer_is_a_problem(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(health_module, "PROBE_TIME", 0.01)
    monkeypatch.setattr(services.storage, "probe", hang)
    assert await services.health.problems() == {"database": "the database does not answer in time"}


class Probed:
    """Stands in for the storage: counts the probes, which end when `gate` is set, and fail if `away`."""

    def __init__(self) -> None:
        self.probes = 0
        self.away = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def probe(self) -> None:
        self.probes += 1
        await self.gate.wait()
        if self.away:
            raise Unavailable("away")


class NothingDue:
    lag = 0.0


def make_health(storage: Probed, seconds: list[float]) -> Health:
    health = Health(cast(Storage, storage), cast(DueChecks, NothingDue()), lambda: seconds[0])
    health.ready = True
    return health


async def test_the_database_is_probed_at_most_once_a_second() -> None:
    storage, seconds = Probed(), [1000.0]
    health = make_health(storage, seconds)
    for _ in range(5):
        assert await health.problems() == {}
    storage.away = True
    seconds[0] += PROBE_INTERVAL / 2
    assert await health.problems() == {}
    assert storage.probes == 1
    seconds[0] += PROBE_INTERVAL / 2
    for _ in range(2):
        assert await health.problems() == {"database": "away"}
    assert storage.probes == 2


async def test_simultaneous_requests_share_a_probe_and_one_that_is_given_up_does_not_end_it() -> None:
    storage, seconds = Probed(), [1000.0]
    storage.gate.clear()
    health = make_health(storage, seconds)
    first, *others = [asyncio.create_task(health.problems()) for _ in range(5)]
    await asyncio.sleep(0)
    seconds[0] += 2 * PROBE_INTERVAL
    late = asyncio.create_task(health.problems())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    storage.gate.set()
    assert await asyncio.gather(*others, late) == [{}] * 5
    assert storage.probes == 1
