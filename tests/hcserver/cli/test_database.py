from __future__ import annotations

from pathlib import Path

import pytest

from hcserver.cli.database import database
from hcserver.config.schema import EmbeddedSettings, MongoSettings, Settings
from hcserver.errors import ConfigError


async def test_the_configured_mongodb_is_used(mongo_uri: str) -> None:
    settings = Settings(mongodb=MongoSettings(uri=mongo_uri, database="cli_database"))
    async with database(settings) as found:
        assert found.name == "cli_database"
        assert (await found.command("ping"))["ok"] == 1


async def test_without_a_configured_mongodb_an_embedded_one_runs_meanwhile(tmp_path: Path) -> None:
    settings = Settings(embedded=EmbeddedSettings(path=str(tmp_path / "data")))
    async with database(settings) as found:
        await found["things"].insert_one({"_id": 1})
    assert not (tmp_path / "data" / "running.json").exists()
    async with database(settings) as found:
        assert await found["things"].find_one() == {"_id": 1}


async def test_a_uri_that_can_not_be_used_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match=r"mongodb\.uri can't be used"):
        async with database(Settings(mongodb=MongoSettings(uri="mongodb://h:99999"))):
            raise AssertionError
