from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from hcserver.config.schema import Settings
from hcserver.domain.check import Check
from hcserver.domain.ping import Report, Signal
from hcserver.domain.project import Project
from hcserver.services.core import Core
from hcserver.services.delivery import notifier as notifier_module
from hcserver.validation.check import parse_spec
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


MakeCore = Callable[[], Awaitable[Core]]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def make_core(database: Any, clock: FakeClock) -> AsyncIterator[MakeCore]:
    """Starts cores on one database, as several server processes would."""
    async with AsyncExitStack() as stack:

        async def make() -> Core:
            core = Core(database, Settings(), clock)
            await core.start()
            stack.push_async_callback(core.stop)
            return core

        yield make


@pytest.fixture
async def core(make_core: MakeCore) -> Core:
    return await make_core()


@pytest.fixture
async def project(core: Core) -> Project:
    return (await core.projects.create("main"))[0]


async def create(core: Core, project: Project, **fields: object) -> Check:
    check, _ = await core.checks.create(project, parse_spec({"timeout": 3600, "grace": 60, **fields}, 3))
    return check


def report(
    check: UUID, at: datetime, signal: Signal = "success", rid: UUID | None = None, **more: Any
) -> Report:
    return Report(check=check, at=at, signal=signal, scheme="http", remote_addr="192.0.2.1", rid=rid, **more)


async def pass_time(core: Core, clock: FakeClock, seconds: float) -> None:
    """Let time pass with the scheduler at work, as it is in a server that is not away."""
    while seconds > 0:
        step = min(seconds, 50.0)
        clock.advance(step)
        seconds -= step
        await core.scheduler.tick()


async def ping(core: Core, check: UUID, signal: Signal = "success", **more: Any) -> None:
    await core.ingestor.record([report(check, core.clock(), signal, **more)])


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeKind:
    fake = FakeKind()
    real = notifier_module.kind
    monkeypatch.setattr(notifier_module, "kind", lambda name: fake if name == "fake" else real(name))
    return fake
