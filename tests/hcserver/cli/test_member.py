from __future__ import annotations

import pytest

from tests.hcserver.cli.conftest import Cli


@pytest.fixture
def people(cli: Cli) -> Cli:
    """With the project `main` and the users ann and bob."""
    cli.json("project", "create", "main")
    for name in ("ann", "bob"):
        cli.json("user", "create", name, "--password-stdin", input="correct horse")
    return cli


def roles(cli: Cli) -> dict[str, str]:
    return {one["name"]: one["role"] for one in cli.json("member", "list", "main")}


def test_members_are_added_with_a_role_that_can_be_changed(people: Cli) -> None:
    assert people.text("member", "add", "main", "ann") == "ann is now viewer of main.\n"
    assert people.json("member", "add", "main", "BOB", "--role", "admin")["role"] == "admin"
    assert roles(people) == {"ann": "viewer", "bob": "admin"}
    people.text("member", "add", "main", "ann", "--role", "editor")
    header, line, _ = people.text("member", "list", "main").splitlines()
    assert (header.split(), line.split()[:2]) == (["name", "role", "id"], ["ann", "editor"])


def test_a_member_is_removed(people: Cli) -> None:
    people.text("member", "add", "main", "ann")
    people.text("member", "add", "main", "bob")
    assert people.text("member", "remove", "main", "ann") == "ann is no member of main any more.\n"
    assert people.json("member", "remove", "main", "bob")["name"] == "bob"
    assert roles(people) == {}
    assert people.error("member", "remove", "main", "ann") == "ann is no member of the project"


def test_the_last_admin_stays(people: Cli) -> None:
    people.text("member", "add", "main", "ann", "--role", "admin")
    fault = "the project needs an admin: make another member one first"
    assert people.error("member", "remove", "main", "ann") == fault
    assert people.error("member", "add", "main", "ann", "--role", "viewer") == fault


@pytest.mark.parametrize("command", ["add", "remove"])
def test_unknown_projects_and_users_are_errors(people: Cli, command: str) -> None:
    assert people.error("member", command, "other", "ann") == "there is no project 'other'"
    assert people.error("member", command, "main", "cid") == "there is no user 'cid'"


def test_a_role_that_does_not_exist_is_a_usage_error(people: Cli) -> None:
    assert people("member", "add", "main", "ann", "--role", "owner").exit_code == 2
