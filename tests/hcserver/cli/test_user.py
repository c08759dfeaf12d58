from __future__ import annotations

import pytest

from hcserver.errors import Unauthorized
from hcserver.services.container import Services
from tests.hcserver.cli.conftest import Cli

PASSWORD = "correct horse"


def signs_in(cli: Cli, name: str, password: str) -> bool:
    async def work(services: Services) -> bool:
        try:
            await services.accounts.sign_in(name, password, "::1", "")
        except Unauthorized:
            return False
        return True

    return cli.services(work)


def test_a_user_whose_password_was_typed_twice_can_sign_in(cli: Cli) -> None:
    result = cli("user", "create", "Ann", input=f"{PASSWORD}\n{PASSWORD}\n")
    assert (result.exit_code, result.stdout) == (0, "Created the user Ann.\n")
    assert PASSWORD not in result.output
    assert signs_in(cli, "ann", PASSWORD)


def test_a_password_is_read_from_standard_input(cli: Cli) -> None:
    made = cli.json("user", "create", "ann", "--admin", "--password-stdin", input=f"{PASSWORD}\r\nmore")
    assert (made["name"], made["admin"]) == ("ann", True)
    assert signs_in(cli, "ann", PASSWORD)
    assert cli.json("user", "list") == [made]
    header, line = cli.text("user", "list").splitlines()
    assert header.split() == ["name", "admin", "created", "id"]
    assert line.split()[:2] == ["ann", "True"]


def test_a_password_that_was_mistyped_is_asked_for_again(cli: Cli) -> None:
    result = cli("user", "create", "ann", input=f"one\ntwo\n{PASSWORD}\n{PASSWORD}\n")
    assert result.exit_code == 0
    assert "do not match" in result.stderr
    assert signs_in(cli, "ann", PASSWORD)


@pytest.mark.parametrize(
    ("name", "password", "fault"),
    [
        ("ann", "short", "password: A password has at least 10 characters."),
        ("ann", "x" * 5000, "password: A password has at most 1000 characters."),
        (" ", PASSWORD, "name: Give a name."),
        ("BOB", PASSWORD, "name: There is a user 'BOB' already."),
    ],
)
def test_what_can_not_be_used_is_an_error_that_names_the_field(
    cli: Cli, name: str, password: str, fault: str
) -> None:
    cli.json("user", "create", "bob", "--password-stdin", input=PASSWORD)
    assert cli.error("user", "create", name, "--password-stdin", input=password) == fault


def test_a_new_password_replaces_the_old_one(cli: Cli) -> None:
    cli.json("user", "create", "ann", "--password-stdin", input=PASSWORD)
    assert cli.text("user", "password", "ANN", "--password-stdin", input="battery staple") == (
        "Changed the password of ann, who has to sign in again everywhere.\n"
    )
    assert not signs_in(cli, "ann", PASSWORD)
    assert signs_in(cli, "ann", "battery staple")
    assert cli.json("user", "password", "ann", "--password-stdin", input=PASSWORD)["name"] == "ann"
    fault = "password: A password has at least 10 characters."
    assert cli.error("user", "password", "ann", "--password-stdin", input="") == fault


def test_a_user_is_deleted_when_that_was_confirmed(cli: Cli) -> None:
    cli.json("user", "create", "ann", "--password-stdin", input=PASSWORD)
    assert cli("user", "delete", "ann", input="n\n").exit_code == 1
    assert signs_in(cli, "ann", PASSWORD)
    assert cli.text("user", "delete", "ann", input="y\n") == "Deleted the user ann.\n"
    assert cli.json("user", "list") == []
    cli.json("user", "create", "ann", "--password-stdin", input=PASSWORD)
    assert cli.json("user", "delete", "ann", "--yes")["name"] == "ann"


@pytest.mark.parametrize("command", [["password", "--password-stdin"], ["delete", "--yes"]], ids=" ".join)
def test_an_unknown_user_is_an_error(cli: Cli, command: list[str]) -> None:
    assert cli.error("user", *command, "bob", input=PASSWORD) == "there is no user 'bob'"
