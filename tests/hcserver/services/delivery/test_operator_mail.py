from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hcserver.app import build_services
from hcserver.config.schema import NotificationSettings, Settings
from hcserver.errors import DeliveryError
from hcserver.notify.mailer import Mailer
from hcserver.services.delivery import operator_mail
from tests.hcserver.services.conftest import FakeClock, MakeServices


async def test_the_operator_is_notified_once_by_several_servers(
    make_services: MakeServices, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    servers = [await make_services() for _ in range(2)]
    for services in servers:
        monkeypatch.setattr(services.notifier, "notify_operator", told.append)
        await services.runtime.due_checks.tick()
    clock.advance(3600)
    await asyncio.gather(*(services.runtime.due_checks.tick() for services in servers))
    assert len(told) == 1


async def test_the_operator_is_notified_that_the_server_was_away(
    database: Any, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, str, str]] = []
    subjects: list[str] = []

    async def send(self: Mailer, message: Any, sender: str, recipient: str) -> int:
        if len(told) == 0:
            told.append(("", "", ""))
            raise DeliveryError("busy", transient=True)
        told.append((sender, recipient, message.get_content()))
        subjects.append(message["Subject"])
        return 250

    monkeypatch.setattr(Mailer, "send", send)
    monkeypatch.setattr(operator_mail, "retry_pause", lambda attempt: 0.0)
    settings = Settings(notifications=NotificationSettings(operator="Ops <ops@example.org>"))
    services = build_services(database, settings, clock)
    await services.start()
    await services.runtime.due_checks.tick()
    clock.advance(3600)
    await services.runtime.due_checks.tick()
    async with asyncio.timeout(60):
        while len(told) < 2:
            await asyncio.sleep(0.01)
    sender, recipient, text = told[1]
    assert (sender, recipient) == ("hcserver@localhost", "ops@example.org")
    span = "from 2026-03-01T12:00:00+00:00 to 2026-03-01T13:00:00+00:00"
    assert f"hcserver or its database was away {span}" in text
    assert subjects == ["hcserver at http://localhost:8000 was away"]
    await services.stop()
