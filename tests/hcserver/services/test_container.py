from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from hcserver.app import build_services
from hcserver.config.schema import Settings
from hcserver.errors import ConfigError, Unavailable
from hcserver.services.container import Services


async def test_a_database_of_a_newer_version_is_refused(services: Services, database: Any) -> None:
    await database["meta"].update_one({"_id": "schema"}, {"$set": {"version": 99}})
    with pytest.raises(ConfigError, match="schema version 99"):
        await build_services(database, Settings()).start()


async def test_a_start_that_failed_can_be_repeated(database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    services = build_services(database, Settings())
    run, failures = services.recovery.run, iter([True])

    async def fail_once() -> None:
        if next(failures, False):
            raise Unavailable("away")
        await run()

    monkeypatch.setattr(services.recovery, "run", fail_once)
    with pytest.raises(Unavailable):
        await services.start()
    assert not services.ready
    await services.start()
    assert services.ready
    await services.stop()


async def test_services_that_were_never_started_can_be_stopped(database: Any) -> None:
    await build_services(database, Settings()).stop()


async def test_no_report_is_taken_before_the_start(database: Any) -> None:
    services = build_services(database, Settings())
    for refused in (services.intake.find(uuid4()), services.intake.record([])):
        with pytest.raises(Unavailable, match="the server is starting"):
            await refused


async def test_an_absence_that_can_not_be_accounted_for_does_not_prevent_the_start(
    database: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    services = build_services(database, Settings())
    outcomes = iter([Unavailable("away"), ValueError("broken")])

    async def fail() -> None:
        raise next(outcomes)

    monkeypatch.setattr(services.runtime.absence, "account", fail)
    await services._account_for_absence()
    assert caplog.text == ""
    await services._account_for_absence()
    assert "can't account for the absence of this server" in caplog.text
