from __future__ import annotations

import asyncio

import pytest

from hcserver.domain.project import Project
from hcserver.services.container import Services
from tests.hcserver.services.conftest import create, ping
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
