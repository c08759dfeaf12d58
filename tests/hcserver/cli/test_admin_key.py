from __future__ import annotations

import pytest

from hcserver.errors import Unauthorized
from hcserver.services.container import Services
from tests.hcserver.cli.conftest import Cli


def opens(cli: Cli, key: str) -> bool:
    async def work(services: Services) -> bool:
        try:
            await services.admin_keys.authenticate(key)
        except Unauthorized:
            return False
        return True

    return cli.services(work)


def test_a_new_key_is_printed_once_and_works_until_it_is_deleted(cli: Cli) -> None:
    made = cli.json("admin-key", "create", "--name", "terraform")
    assert (made["name"], made["key"][:4], len(made["key"])) == ("terraform", "hca_", 32)
    listed = [{name: value for name, value in made.items() if name != "key"}]
    assert cli.json("admin-key", "list") == listed
    assert made["key"] not in cli.text("admin-key", "list")
    assert opens(cli, made["key"])
    assert cli.text("admin-key", "delete", "terraform") == f"Deleted the admin key {made['id']}.\n"
    assert not opens(cli, made["key"])
    assert cli.json("admin-key", "list") == []


def test_without_json_a_line_with_the_key_and_a_table_are_printed(cli: Cli) -> None:
    text, _, key = cli.text("admin-key", "create").strip().rpartition(" ")
    assert text == "The new admin key; note it down, it can't be shown again:"
    assert opens(cli, key)
    header, line = cli.text("admin-key", "list").splitlines()
    assert header.split() == ["id", "name", "created"]
    assert cli.json("admin-key", "delete", line.split()[0])["id"] == line.split()[0]


def test_an_unknown_key_is_an_error(cli: Cli) -> None:
    assert cli.error("admin-key", "delete", "x") == "there is no admin key 'x'"


@pytest.mark.parametrize("wrong", [["create", "x"], ["delete"], ["list", "x"], ["show"]], ids=" ".join)
def test_missing_and_superfluous_arguments_are_usage_errors(cli: Cli, wrong: list[str]) -> None:
    result = cli("admin-key", *wrong)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Error: " in result.stderr
