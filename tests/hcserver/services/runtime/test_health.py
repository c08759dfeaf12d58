from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hcserver.app import build_services
from hcserver.config.schema import Settings
from hcserver.errors import Unavailable
from hcserver.services.container import Services
from hcserver.services.runtime import health as health_module


async def test_each_problem_names_its_part_of_the_server(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await services.health.problems() == {}
    services.health.add_listener("smtp", lambda: False)
    monkeypatch.setattr(services.runtime.due_checks, "_nothing_overdue", -1000.0)

    async def away() -> None:
        raise Unavailable("away")

    monkeypatch.setattr(services.storage, "probe", away)
    assert set(await services.health.problems()) == {"database", "scheduler", "smtp"}


async def test_a_server_that_starts_says_so(database: Any) -> None:
    services = build_services(database, Settings())
    assert await services.health.problems() == {"server": "it is starting"}
    await services.start()
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
