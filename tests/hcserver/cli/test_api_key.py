from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from hcserver.errors import Unauthorized
from hcserver.services.container import Services
from hcserver.services.lookup import Access
from tests.hcserver.cli.conftest import Cli


@pytest.fixture
def lab(cli: Cli) -> Any:
    """The project Lab, as the command has printed it."""
    return cli.json("project", "create", "Lab")


def opens(cli: Cli, key: str, needed: Access = "read") -> bool:
    """Whether a server lets the key in; if so, it has noted the use when it stops."""

    async def work(services: Services) -> bool:
        try:
            await services.lookup.authenticate(key, needed)
        except Unauthorized:
            return False
        await services.lookup.key_uses.stop()
        return True

    return cli.services(work)


def test_a_new_key_is_printed_once_and_works_until_it_is_revoked(cli: Cli, lab: Any) -> None:
    made = cli.json("api-key", "create", "Lab", "backup")
    assert list(made) == ["id", "name", "access", "created", "last_used", "key"]
    assert (made["name"], made["access"], made["last_used"]) == ("backup", "read-write", None)
    assert (made["key"][:4], len(made["key"])) == ("hck_", 32)
    assert cli.json("api-key", "list", "Lab") == [
        {name: value for name, value in made.items() if name != "key"}
    ]
    assert opens(cli, made["key"], "write")
    [used] = cli.json("api-key", "list", lab["id"])
    assert datetime.fromisoformat(used["last_used"]) >= datetime.fromisoformat(made["created"])
    assert cli.text("api-key", "revoke", "Lab", "backup") == "Revoked the API key backup.\n"
    assert not opens(cli, made["key"])
    assert cli.json("api-key", "list", "Lab") == []
    assert opens(cli, lab["api_key"], "write")


def test_a_read_only_key_reads(cli: Cli, lab: Any) -> None:
    made = cli.json("api-key", "create", "Lab", "Grafana", "--read-only")
    assert made["access"] == "read-only"
    assert opens(cli, made["key"], "read")
    assert not opens(cli, made["key"], "write")


def test_without_json_a_line_with_the_key_and_a_table_are_printed(cli: Cli, lab: Any) -> None:
    text, _, key = cli.text("api-key", "create", "Lab", "backup").strip().rpartition(" ")
    assert text == "The new API key; note it down, it can't be shown again:"
    header, line = cli.text("api-key", "list", "Lab").splitlines()
    assert header.split() == ["name", "access", "created", "last_used", "id"]
    name, access, _, id = line.split()
    assert (name, access) == ("backup", "read-write")
    assert key not in line
    assert cli.json("api-key", "revoke", "Lab", id)["id"] == id


def test_what_does_not_exist_and_a_name_that_is_taken_are_errors(cli: Cli, lab: Any) -> None:
    cli.json("api-key", "create", "Lab", "backup")
    taken = "name: Another API key of the project has this name."
    assert cli.error("api-key", "create", "Lab", "backup") == taken
    assert cli.error("api-key", "create", "Lab", " ") == "name: This is needed."
    assert cli.error("api-key", "revoke", "Lab", "x") == "there is no API key 'x'"
    for command in (["create", "x", "a"], ["list", "x"], ["revoke", "x", "backup"]):
        assert cli.error("api-key", *command) == "there is no project 'x'"


def test_a_deleted_project_leaves_no_key(cli: Cli, lab: Any) -> None:
    made = cli.json("api-key", "create", "Lab", "backup")
    cli.json("project", "delete", "Lab", "--yes")
    assert not opens(cli, made["key"])


@pytest.mark.parametrize("wrong", [["create", "Lab"], ["revoke", "Lab"], ["list"], ["show"]], ids=" ".join)
def test_missing_and_superfluous_arguments_are_usage_errors(cli: Cli, wrong: list[str]) -> None:
    result = cli("api-key", *wrong)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Error: " in result.stderr
