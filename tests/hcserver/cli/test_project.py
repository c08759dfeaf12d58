from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from hcserver.errors import Unauthorized
from hcserver.services.container import Services
from hcserver.validation.check import parse_spec
from tests.hcserver.cli.conftest import Cli

KEYS = ["api_key", "api_key_readonly", "ping_key", "badge_key"]


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def add_checks(cli: Cli, project: str, *slugs: str) -> None:
    async def work(services: Services) -> None:
        found = await services.projects.find(project)
        for slug in slugs:
            await services.check_editor.create(found, parse_spec({"slug": slug}, 3))

    cli.services(work)


def opened_by(cli: Cli, key: str) -> str | None:
    """The project that an API key opens for reading, if any."""

    async def work(services: Services) -> str | None:
        try:
            return (await services.lookup.authenticate(key, "read"))[0].name
        except Unauthorized:
            return None

    return cli.services(work)


def test_creating_a_project_prints_its_keys(cli: Cli) -> None:
    made = cli.json("project", "create", "Home lab")
    assert list(made) == ["id", "name", *KEYS]
    assert made["name"] == "Home lab"
    assert made["api_key"].startswith("hcw_")
    assert made["api_key_readonly"].startswith("hcr_")
    assert len({made[key] for key in KEYS}) == 4
    assert opened_by(cli, made["api_key"]) == opened_by(cli, made["api_key_readonly"]) == "Home lab"


def test_creating_a_project_prints_each_key_on_a_line(cli: Cli) -> None:
    first, *lines = rows(cli.text("project", "create", "Lab"))
    assert " ".join(first) == "Created the project Lab. Note down its keys, they can't be shown again:"
    assert [name for name, _ in lines] == ["id", "name", *KEYS]
    assert opened_by(cli, dict(lines)["api_key"]) == "Lab"


def test_keys_are_shown_only_on_creation(cli: Cli) -> None:
    made = cli.json("project", "create", "Lab")
    shown = "".join(
        cli.text(*command, *form)
        for command in (["project", "list"], ["project", "show", "Lab"], ["project", "limit", "Lab"])
        for form in ([], ["--json"])
    )
    assert made["id"] in shown
    assert not [key for key in KEYS if made[key] in shown]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "name is empty"),
        ("   ", "name is empty"),
        ("x" * 101, "name is too long"),
        ("a\nb", "name contains characters that can't be printed"),
        ("a\x1b[31mb", "name contains characters that can't be printed"),
        ("a\udcffb", "name contains characters that can't be stored"),
    ],
)
def test_a_name_that_can_not_be_used_is_refused(cli: Cli, name: str, expected: str) -> None:
    assert cli.error("project", "create", name) == expected
    made = cli.json("project", "create", "Lab")
    assert cli.error("project", "rename", made["id"], name) == expected
    if name:
        assert cli.error("admin-key", "create", "--name", name) == expected


def test_a_taken_name_is_refused(cli: Cli) -> None:
    cli.json("project", "create", "Lab")
    assert cli.error("project", "create", "Lab") == "there is a project 'Lab' already"
    cli.json("project", "create", "Other")
    assert cli.error("project", "rename", "Other", "Lab") == "there is a project 'Lab' already"


def test_projects_are_listed_with_the_number_of_their_checks(cli: Cli) -> None:
    assert cli.json("project", "list") == []
    ids = [cli.json("project", "create", name)["id"] for name in ("one", "two")]
    add_checks(cli, "two", "a", "b")
    listed = cli.json("project", "list")
    assert [(one["id"], one["name"], one["checks"]) for one in listed] == [
        (ids[0], "one", 0),
        (ids[1], "two", 2),
    ]
    assert rows(cli.text("project", "list")) == [
        ["name", "checks", "created", "id"],
        ["one", "0", listed[0]["created"], ids[0]],
        ["two", "2", listed[1]["created"], ids[1]],
    ]


def test_a_project_is_shown_with_its_limits_and_channels(cli: Cli) -> None:
    made = cli.json("project", "create", "Lab")
    channel = cli.json("channel", "create", "Lab", "email", "ops@example.org", "--name", "Ops")
    add_checks(cli, "Lab", "a")
    shown = cli.json("project", "show", "Lab")
    assert shown == {
        "id": made["id"],
        "name": "Lab",
        "created": shown["created"],
        "checks": 1,
        "checks_limit": 10_000,
        "pings_limit": 100,
        "channels": [
            {
                "id": channel["id"],
                "name": "Ops",
                "kind": "email",
                "target": "o****@example.org",
                "error": None,
            }
        ],
    }
    lines = rows(cli.text("project", "show", "Lab"))
    assert ["checks_limit", "10000"] in lines
    assert lines[-2:] == [
        ["kind", "name", "target", "id"],
        ["email", "Ops", "o****@example.org", channel["id"]],
    ]


def test_a_project_can_be_named_by_its_id(cli: Cli) -> None:
    id = cli.json("project", "create", "Lab")["id"]
    assert cli.json("project", "show", id)["name"] == "Lab"


def test_an_id_wins_over_a_name_that_looks_like_it(cli: Cli) -> None:
    id = cli.json("project", "create", "Lab")["id"]
    cli.json("project", "create", id)
    assert cli.json("project", "show", id)["name"] == "Lab"


@pytest.mark.parametrize(
    "command",
    [
        ["project", "show", "nope"],
        ["project", "rename", "nope", "yes"],
        ["project", "limit", "nope", "--pings", "1"],
        ["project", "rotate-key", "nope", "api"],
        ["project", "delete", "nope"],
        ["project", "delete", "nope", "--yes"],
        ["channel", "create", "nope", "email", "a@example.org"],
        ["channel", "list", "nope"],
    ],
    ids=" ".join,
)
def test_an_unknown_project_is_an_error(cli: Cli, command: list[str]) -> None:
    assert cli.error(*command) == "there is no project 'nope'"
    assert cli.error(*command, "--json") == "there is no project 'nope'"


def test_a_name_that_two_projects_have_is_refused(cli: Cli) -> None:
    made = cli.json("project", "create", "Lab")

    async def twin(services: Services) -> None:
        found = await services.projects.find("Lab")
        await services.storage.projects.insert(
            replace(
                found,
                id=uuid4(),
                ping_key="other",
                badge_key="other",
                api_key_hash=None,
                api_key_readonly_hash=None,
            )
        )

    cli.services(twin)
    assert cli.error("project", "show", "Lab") == "several projects are named 'Lab': give the id"
    assert cli.json("project", "show", made["id"])["id"] == made["id"]


def test_a_project_gets_another_name(cli: Cli) -> None:
    id = cli.json("project", "create", "Lab")["id"]
    assert cli.json("project", "rename", "Lab", "Cellar") == {"id": id, "name": "Cellar"}
    assert cli.text("project", "rename", "Cellar", "Attic") == "Project Cellar is now named Attic.\n"
    assert [one["name"] for one in cli.json("project", "list")] == ["Attic"]


def test_each_limit_is_set_separately_and_0_removes_it(cli: Cli) -> None:
    id = cli.json("project", "create", "Lab")["id"]
    assert cli.json("project", "limit", "Lab", "--checks", "5") == {
        "id": id,
        "checks_limit": 5,
        "pings_limit": 100,
    }
    assert cli.text("project", "limit", "Lab", "--pings", "7") == "Lab: 5 checks, 7 pings of each.\n"
    cli.json("project", "limit", "Lab", "--checks", "0")
    shown = cli.json("project", "show", "Lab")
    assert (shown["checks_limit"], shown["pings_limit"]) == (10_000, 7)


def test_the_configured_limits_hold_where_a_project_has_none(cli: Cli) -> None:
    cli.json("project", "create", "Lab")
    result = cli("project", "limit", "Lab", HCSERVER_LIMITS_CHECKS_PER_PROJECT="3")
    assert result.stdout == "Lab: 3 checks, 100 pings of each.\n"


@pytest.mark.parametrize(
    "wrong",
    [
        ["project", "limit", "Lab", "--pings", "1001"],
        ["project", "limit", "Lab", "--checks", "-1"],
        ["project", "limit", "Lab", "--checks", "many"],
        ["project", "rotate-key", "Lab", "master"],
        ["project", "create"],
        ["project", "create", "a", "b"],
        ["project", "show", "Lab", "--color"],
        ["project", "nonsense"],
    ],
    ids=" ".join,
)
def test_what_does_not_fit_a_command_is_a_usage_error(cli: Cli, wrong: list[str]) -> None:
    result = cli(*wrong)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Error: " in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(("kind", "member"), [("api", "api_key"), ("api-readonly", "api_key_readonly")])
def test_a_new_api_key_stops_the_old_one(cli: Cli, kind: str, member: str) -> None:
    made = cli.json("project", "create", "Lab")
    rotated = cli.json("project", "rotate-key", "Lab", kind)
    assert (rotated["id"], rotated["kind"]) == (made["id"], kind)
    assert opened_by(cli, made[member]) is None
    assert opened_by(cli, rotated["key"]) == "Lab"
    others = [made[name] for name in ("api_key", "api_key_readonly") if name != member]
    assert [opened_by(cli, key) for key in others] == ["Lab"]


@pytest.mark.parametrize("kind", ["ping", "badge"])
def test_a_new_ping_or_badge_key_stops_the_old_one(cli: Cli, kind: str) -> None:
    made = cli.json("project", "create", "Lab")
    printed = cli.text("project", "rotate-key", "Lab", kind)
    text, _, new = printed.strip().rpartition(" ")
    assert text == f"The new {kind} key of project Lab:"

    async def known(services: Services) -> list[UUID | None]:
        return [
            None if project is None else project.id
            for key in (made[f"{kind}_key"], new)
            for project in [await services.storage.projects.by_key(f"{kind}_key", key)]  # type: ignore[arg-type]
        ]

    assert cli.services(known) == [None, UUID(made["id"])]


def deletable(cli: Cli) -> Any:
    made = cli.json("project", "create", "Lab")
    cli.json("channel", "create", "Lab", "email", "ops@example.org")
    add_checks(cli, "Lab", "a", "b")
    cli.json("project", "create", "Other")
    add_checks(cli, "Other", "a")
    return made


def test_a_delete_that_is_not_confirmed_deletes_nothing(cli: Cli) -> None:
    deletable(cli)
    result = cli("project", "delete", "Lab", input="n\n")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(
        "Delete the project Lab with its 2 checks and everything else in it? [y/N]: "
    )
    assert [one["name"] for one in cli.json("project", "list")] == ["Lab", "Other"]


def test_a_delete_without_an_answer_deletes_nothing(cli: Cli) -> None:
    made = deletable(cli)
    result = cli("project", "delete", made["id"], input="")
    assert result.exit_code == 1
    assert "Delete the project Lab with" in result.stderr
    assert len(cli.json("project", "list")) == 2


def test_a_confirmed_delete_removes_everything_in_the_project_and_nothing_else(cli: Cli) -> None:
    made = deletable(cli)
    result = cli("project", "delete", "Lab", input="y\n")
    assert (result.exit_code, result.stdout) == (0, "Deleted the project Lab and its 2 checks.\n")
    assert [(one["name"], one["checks"]) for one in cli.json("project", "list")] == [("Other", 1)]
    assert opened_by(cli, made["api_key"]) is None

    async def channels(services: Services) -> int:
        return len(await services.channels.of_project(UUID(made["id"])))

    assert cli.services(channels) == 0


def test_a_delete_for_scripts_does_not_ask(cli: Cli) -> None:
    made = deletable(cli)
    assert cli.json("project", "delete", "Lab", "--yes") == {"id": made["id"], "name": "Lab", "checks": 2}


def test_a_database_that_is_away_is_an_error_line_with_its_cause_before_it(cli: Cli) -> None:
    result = cli(
        "project", "list", HCSERVER_MONGODB_URI="mongodb://127.0.0.1:1/", HCSERVER_MONGODB_TIMEOUT="0.1"
    )
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines()[-1] == "error: the database is not available, try again"
    assert "Traceback" not in result.stderr


def test_a_wrong_setting_is_an_error_line_and_status_2(cli: Cli) -> None:
    result = cli("project", "list", HCSERVER_HTTP_PORT="x")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: http.port (HCSERVER_HTTP_PORT): 'x' does not fit")
