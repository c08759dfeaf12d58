from __future__ import annotations

from uuid import uuid4

import pytest

from hcserver.services.container import Services
from hcserver.validation.check import parse_spec
from tests.hcserver.cli.conftest import Cli

ONCE = ["--start", "2100-01-31T22:00:00Z", "--end", "2100-02-01T03:00:00+01:00"]
NIGHTLY = ["--schedule", "0 3 * * *", "--tz", "Europe/Riga", "--minutes", "90"]


@pytest.fixture
def lab(cli: Cli) -> Cli:
    cli.json("project", "create", "Lab")
    return cli


def test_windows_are_created_and_listed_in_their_order(lab: Cli) -> None:
    once = lab.json("window", "create", "Lab", *ONCE, "--name", "Move")
    assert once == {
        "id": once["id"],
        "name": "Move",
        "check": None,
        "tag": "",
        "start": "2100-01-31T22:00:00+00:00",
        "end": "2100-02-01T02:00:00+00:00",
        "schedule": "",
        "tz": "UTC",
        "minutes": 0,
    }
    nightly = lab.json("window", "create", "Lab", *NIGHTLY, "--tag", "db")
    assert (nightly["tag"], nightly["schedule"], nightly["start"]) == ("db", "0 3 * * *", None)
    assert lab.json("window", "list", "Lab") == [once, nightly]


def test_without_json_times_and_a_table_are_printed(lab: Cli) -> None:
    text = lab.text("window", "create", "Lab", *ONCE)
    lab.text("window", "create", "Lab", *NIGHTLY, "--tag", "db", "--name", "Backup")
    once, nightly = lab.json("window", "list", "Lab")
    when = "2100-01-31 22:00 to 2100-02-01 02:00 UTC"
    assert text == f"Created the maintenance window {once['id']}: {when}.\n"
    assert [" ".join(line.split()) for line in lab.text("window", "list", "Lab").splitlines()] == [
        "name for when id",
        f"all checks {when} {once['id']}",
        f"Backup tag db 0 3 * * * (Europe/Riga), 90 minutes {nightly['id']}",
    ]


def test_a_window_is_for_a_check_of_the_project(lab: Cli) -> None:
    async def add(services: Services) -> str:
        project = await services.projects.find("Lab")
        return str((await services.check_editor.create(project, parse_spec({}, 3)))[0].id)

    check = lab.services(add)
    assert lab.json("window", "create", "Lab", *ONCE, "--check", check)["check"] == check
    message = lab.error("window", "create", "Lab", *ONCE, "--check", str(uuid4()))
    assert message == "check is no check of the project"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], "start and end are missing, or schedule and minutes"),
        (["--minutes", "5"], "schedule is missing"),
        (["--start", "soon", "--end", "later"], "end is not a moment such as 2030-01-31T18:00:00Z"),
        ([*ONCE, "--tz", "UTC"], "start and tz don't go together"),
        ([*ONCE, "--check", "x"], "check is not a uuid"),
    ],
    ids=str,
)
def test_a_faulty_request_is_refused(lab: Cli, options: list[str], expected: str) -> None:
    assert lab.error("window", "create", "Lab", *options).startswith(expected)
    assert lab.json("window", "list", "Lab") == []


def test_a_window_is_deleted_by_its_id(lab: Cli) -> None:
    window = lab.json("window", "create", "Lab", *ONCE)
    for unknown in ("x", str(uuid4())):
        message = f"there is no maintenance window {unknown!r} in the project"
        assert lab.error("window", "delete", "Lab", unknown) == message
    text = lab.text("window", "delete", "Lab", window["id"])
    assert text == f"Deleted the maintenance window {window['id']}.\n"
    assert lab.json("window", "list", "Lab") == []


def test_an_unknown_project_is_an_error(cli: Cli) -> None:
    for command in (["create", "nope", *ONCE], ["list", "nope"], ["delete", "nope", "x"]):
        assert cli.error("window", *command) == "there is no project 'nope'"
