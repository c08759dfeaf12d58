from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from hcserver.domain.project import Project
from hcserver.errors import DeliveryError, Unavailable
from hcserver.services.container import Services
from hcserver.services.delivery import channel_notices
from tests.hcserver.services.delivery.delivery_setup import FakeKind, add_channel


async def test_a_notice_is_repeated_until_it_is_accepted_or_refused(
    services: Services, project: Project, fake: FakeKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel_notices, "retry_pause", lambda *_: 0.0)
    monkeypatch.setattr(channel_notices, "_DATABASE_PAUSE", 0.0)
    disabled = replace(await add_channel(services, project, "ops"), error="mail came back: 550")
    await add_channel(services, project, "busy")
    await add_channel(services, project, "gone")
    tries = {"busy": 0, "gone": 0, "database": 0}

    async def busy() -> None:
        tries["busy"] += 1
        if tries["busy"] < 3:
            raise DeliveryError("busy", transient=True)

    async def gone() -> None:
        tries["gone"] += 1
        raise DeliveryError("gone", transient=False)

    read = services.notifier.project_settings.read

    async def flaky(project: Any) -> Any:
        tries["database"] += 1
        if tries["database"] == 1:
            raise Unavailable("away")
        return await read(project)

    monkeypatch.setattr(services.notifier.project_settings, "read", flaky)
    fake.trouble |= {"busy": busy, "gone": gone}
    services.notifier.channel_notices.notify(disabled)
    async with asyncio.timeout(60):
        while not fake.sent or not tries["gone"]:
            await asyncio.sleep(0.01)
    assert fake.events("busy") == ["channel-disabled"]
    assert tries == {"busy": 3, "gone": 1, "database": 2}


async def test_a_notice_that_waits_for_its_next_attempt_does_not_delay_the_end_of_the_server(
    services: Services, project: Project, fake: FakeKind
) -> None:
    disabled = replace(await add_channel(services, project, "ops"), error="mail came back: 550")
    await add_channel(services, project, "busy")
    tried = asyncio.Event()

    async def busy() -> None:
        tried.set()
        raise DeliveryError("busy", transient=True, retry_after=3600.0)

    fake.trouble["busy"] = busy
    services.notifier.channel_notices.notify(disabled)
    async with asyncio.timeout(60):
        await tried.wait()
        await services.notifier.channel_notices.stop()
