from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hcserver.domain.project import Project
from hcserver.services.container import Services
from hcserver.storage.key_file import KeyFile
from tests.hcserver.services.conftest import FakeClock, create, ping
from tests.hcserver.services.delivery.delivery_setup import FakeKind, add_channel, log_of


async def test_no_answer_in_time_is_a_failure(
    services: Services, project: Project, fake: FakeKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.notifier.transports, "time_limit", 0.05)
    channel = await add_channel(services, project, "one")
    fake.trouble["one"] = asyncio.Event().wait
    assert (await services.notifier.test(channel, None)).error == "no answer within 0.05 s"


async def test_a_channel_of_an_unknown_kind_is_a_failure(
    services: Services, project: Project, fake: FakeKind
) -> None:
    await add_channel(services, project, "one", kind="pigeon")
    check = await create(services, project, channels="*")
    await ping(services, check.id, "fail")
    [one] = await log_of(services, check, 1)
    assert one.status == "failed"
    assert "pigeon" in str(one.attempts[0].error)


async def test_a_message_for_a_channel_whose_key_is_missing_waits_for_the_key(
    services: Services, project: Project, fake: FakeKind, clock: FakeClock, tmp_path: Path
) -> None:
    await add_channel(services, project, "one")
    check = await create(services, project, channels="*")
    cipher = services.storage.channels._cipher
    keys, cipher._keys = cipher._keys, KeyFile(tmp_path / "another.key")
    await ping(services, check.id, "fail")
    async with asyncio.timeout(60):
        while not (found := await log_of(services, check)) or not found[0].attempts:
            await asyncio.sleep(0.01)
    assert (found[0].status, fake.sent) == ("pending", [])
    assert "the key file has no key" in str(found[0].attempts[0].error)
    cipher._keys = keys
    services.notifier.forget(project.id)
    clock.advance(60)
    [one] = await log_of(services, check, 1)
    assert (one.status, fake.events("one")) == ("sent", ["down"])
