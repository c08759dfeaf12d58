import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pymongo import MongoClient

from hcserver.cli import main


@pytest.fixture
def two_databases(mongo_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Two database names, the first with a document in it, and the settings leading to their server."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HCSERVER_MONGODB_URI", mongo_uri)
    names = [f"cli_{tmp_path.name}_{side}"[-60:] for side in ("from", "to")]
    with MongoClient[dict[str, Any]](mongo_uri) as client:
        client[names[0]].projects.insert_one({"_id": 1})
        yield names
        for name in names:
            client.drop_database(name)


def run(database: str, *arguments: str) -> Result:
    return CliRunner().invoke(
        main, arguments, env={"HCSERVER_MONGODB_DATABASE": database}, catch_exceptions=False
    )


def test_all_data_moves_from_one_database_to_another(two_databases: list[str]) -> None:
    source, target = two_databases
    dumped = run(source, "dump", "file", "--json")
    assert (dumped.exit_code, json.loads(dumped.stdout)) == (0, {"documents": {"projects": 1}})
    loaded = run(target, "load", "file")
    assert [line.split() for line in loaded.stdout.splitlines()] == [
        ["collection", "documents"],
        ["projects", "1"],
    ]
    assert json.loads(run(target, "dump", "again", "--json").stdout)["documents"]["projects"] == 1


def test_a_load_into_the_same_database_fails_with_a_clear_line(two_databases: list[str]) -> None:
    run(two_databases[0], "dump", "file")
    result = run(two_databases[0], "load", "file")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith(f"error: the database '{two_databases[0]}' is not empty")


def test_a_dump_with_targets_in_clear_says_that_it_is_to_be_kept_private(two_databases: list[str]) -> None:
    dumped = run(two_databases[0], "dump", "--secrets", "file")
    assert dumped.stderr == "file contains the passwords and tokens of all channels: keep it private.\n"
    assert run(two_databases[0], "dump", "file").stderr == ""


def test_a_dump_to_where_nothing_can_be_written_fails_with_a_clear_line(two_databases: list[str]) -> None:
    result = run(two_databases[0], "dump", "no/such/folder")
    assert (result.exit_code, result.stderr) == (1, "error: no/such/folder: No such file or directory\n")
