from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from hcserver.app import build_services
from hcserver.config.schema import SecretsSettings, Settings
from hcserver.errors import ConfigError, Unavailable
from hcserver.services.container import Services
from hcserver.storage.schema import SCHEMA_VERSION
from tests.hcserver.services.conftest import START


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


async def test_targets_in_clear_are_encrypted_at_the_start(database: Any) -> None:
    """As an older version, or a dump in clear, has left them."""
    id = uuid4()
    channel = {"_id": id, "project": uuid4(), "created": START, "kind": "email", "target": "a@example.org"}
    await database["channels"].insert_one(channel)
    await database["meta"].insert_one({"_id": "schema", "version": 1})
    services = build_services(database, Settings())
    await services.start()
    assert (await database["meta"].find_one({"_id": "schema"}))["version"] == SCHEMA_VERSION
    assert isinstance((await database["channels"].find_one({"_id": id}))["target"], dict)
    found = await services.storage.channels.get(id)
    assert found is not None
    assert found.target == "a@example.org"
    await services.stop()


async def test_a_key_file_that_can_not_be_used_does_not_prevent_the_start(
    database: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "key").write_text("damaged")
    channel = {"project": uuid4(), "created": START, "kind": "email", "target": "a@example.org"}
    await database["channels"].insert_one({"_id": uuid4(), **channel})
    settings = Settings(secrets=SecretsSettings(key_file=str(tmp_path / "key")))
    services = build_services(database, settings)
    await services.start()
    assert services.ready
    assert "the targets of channels can't be encrypted: the key file" in caplog.text
    await services.stop()
