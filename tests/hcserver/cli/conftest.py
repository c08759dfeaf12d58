from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from pymongo import MongoClient

from hcserver.app import build_services
from hcserver.cli import main
from hcserver.config.schema import MongoSettings, Settings
from hcserver.services.container import Services
from hcserver.storage.client import connect, database_of
from hcserver.storage.schema import prepare

T = TypeVar("T")


class Cli:
    """hcserver commands on a database of their own."""

    def __init__(self, uri: str, database: str) -> None:
        self.settings = Settings(mongodb=MongoSettings(uri=uri, database=database, timeout=60))
        self.environment = {"HCSERVER_MONGODB_URI": uri, "HCSERVER_MONGODB_DATABASE": database}

    def __call__(self, *arguments: str, input: str | bytes | None = None, **environment: str) -> Result:
        return CliRunner().invoke(
            main,
            arguments,
            input=input,
            env={"HCSERVER_CONFIG": None, **self.environment, **environment},
            catch_exceptions=False,
        )

    def json(self, *arguments: str, input: str | bytes | None = None) -> Any:
        """What a command that must succeed prints as JSON."""
        result = self(*arguments, "--json", input=input)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def text(self, *arguments: str, input: str | bytes | None = None) -> str:
        """What a command that must succeed prints for people."""
        result = self(*arguments, input=input)
        assert result.exit_code == 0, result.output
        return result.stdout

    def error(self, *arguments: str, input: str | bytes | None = None, **environment: str) -> str:
        """The one line of a command that must fail with status 1."""
        result = self(*arguments, input=input, **environment)
        assert (result.exit_code, result.stdout) == (1, "")
        (line,) = result.stderr.splitlines()
        assert line.startswith("error: ")
        return line.removeprefix("error: ")

    def services(self, work: Callable[[Services], Awaitable[T]]) -> T:
        """Do something with the services of another process on the same database."""

        async def run() -> T:
            client = connect(self.settings.mongodb.uri, self.settings.mongodb)
            try:
                database = database_of(client, self.settings.mongodb.database)
                await prepare(database)
                return await work(build_services(database, self.settings))
            finally:
                client.close()

        return asyncio.run(run())


@pytest.fixture
def cli(mongo_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    monkeypatch.chdir(tmp_path)
    database = f"cli_{uuid4().hex}"
    yield Cli(mongo_uri, database)
    with MongoClient[dict[str, Any]](mongo_uri) as client:
        client.drop_database(database)
