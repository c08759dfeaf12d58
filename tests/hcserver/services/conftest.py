from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from hcserver.app import build_services
from hcserver.config.schema import LimitSettings, Settings
from hcserver.domain.check import Check
from hcserver.domain.ping import Report, Signal
from hcserver.domain.project import Project
from hcserver.notify.registry import kind
from hcserver.services.container import Services
from hcserver.services.delivery import transports
from hcserver.validation.check import parse_spec
from tests.cheap_passwords import cheap_passwords
from tests.hcserver.services.delivery.delivery_setup import FakeKind

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class FakeClock:
    """Stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


MakeServices = Callable[..., Awaitable[Services]]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def make_services(database: Any, clock: FakeClock) -> AsyncIterator[MakeServices]:
    """Starts servers on one database, as several server processes would."""
    made: list[Services] = []
    async with AsyncExitStack() as stack:

        async def make(noticed: bool = True, **limits: Any) -> Services:
            with cheap_passwords:
                settings = Settings(limits=LimitSettings(**limits))
                services = build_services(database, settings, clock)
            await services.start()
            stack.push_async_callback(services.stop)
            if noticed:  # by the others, as it is within a second
                for other in made:
                    await other.runtime.written_news.start()
            made.append(services)
            return services

        yield make


async def idle(make_services: MakeServices, **limits: Any) -> Services:
    """A server that prunes, and loads checks again, only when it is told to."""
    services = await make_services(**limits)
    for task in services.runtime.tasks:
        await task.stop()
    return services


@pytest.fixture
async def services(make_services: MakeServices) -> Services:
    return await make_services()


@pytest.fixture
async def project(services: Services) -> Project:
    return (await services.projects.create("main"))[0]


async def create(services: Services, project: Project, **fields: object) -> Check:
    check, _ = await services.check_editor.create(
        project, parse_spec({"timeout": 3600, "grace": 60, **fields}, 3)
    )
    return check


def report(
    check: UUID, at: datetime, signal: Signal = "success", rid: UUID | None = None, **more: Any
) -> Report:
    return Report(check=check, at=at, signal=signal, scheme="http", remote_addr="192.0.2.1", rid=rid, **more)


async def pass_time(services: Services, clock: FakeClock, seconds: float) -> None:
    """Let time pass with the scheduler at work, as it is in a server that is not away."""
    while seconds > 0:
        step = min(seconds, 50.0)
        clock.advance(step)
        seconds -= step
        await services.runtime.due_checks.tick()


async def ping(services: Services, check: UUID, signal: Signal = "success", **more: Any) -> None:
    await services.intake.record([report(check, services.clock(), signal, **more)])


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeKind:
    fake = FakeKind()
    monkeypatch.setattr(transports, "kind", lambda name: fake if name == "fake" else kind(name))
    return fake
