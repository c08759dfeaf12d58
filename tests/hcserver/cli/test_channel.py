from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest

from hcserver.notify.registry import CHANNEL_KINDS
from hcserver.services.container import Services
from hcserver.validation.check import parse_spec
from tests.hcserver.cli.conftest import Cli


@pytest.fixture
def lab(cli: Cli) -> Cli:
    cli.json("project", "create", "Lab")
    return cli


def test_channels_are_created_and_listed_in_their_order(lab: Cli) -> None:
    email = lab.json("channel", "create", "Lab", "email", "ops@example.org", "--name", "Ops")
    assert (email["name"], email["kind"]) == ("Ops", "email")
    webhook = lab.json("channel", "create", "Lab", "webhook", "https://example.org/hook?x=1")
    assert lab.json("channel", "list", "Lab") == [
        {"id": email["id"], "name": "Ops", "kind": "email", "target": "o****@example.org", "error": None},
        {
            "id": webhook["id"],
            "name": "",
            "kind": "webhook",
            "target": "https://example.org/****",
            "error": None,
        },
    ]


def test_without_json_the_id_and_a_table_are_printed(lab: Cli) -> None:
    text = lab.text("channel", "create", "Lab", "email", "ops@example.org", "--name", "Ops")
    (listed,) = lab.json("channel", "list", "Lab")
    assert text == f"Created the email channel {listed['id']}.\n"
    assert [line.split() for line in lab.text("channel", "list", "Lab").splitlines()] == [
        ["kind", "name", "target", "id", "error"],
        ["email", "Ops", "o****@example.org", listed["id"]],
    ]


def test_the_list_shows_disabled_channels(lab: Cli) -> None:
    lab.json("channel", "create", "Lab", "email", "ops@example.org", "--name", "Ops")
    lab.json("channel", "update", "Lab", "Ops", "--disable")
    assert lab.json("channel", "list", "Lab")[0]["error"] in lab.text("channel", "list", "Lab")


def test_a_project_without_channels_has_an_empty_list(lab: Cli) -> None:
    assert lab.json("channel", "list", "Lab") == []


def test_what_looks_like_markup_is_shown_as_it_is(lab: Cli) -> None:
    lab.json("channel", "create", "Lab", "email", "ops@example.org", "--name", "[red]x[/] :bomb:")
    assert "[red]x[/] :bomb:" in lab.text("channel", "list", "Lab")


@pytest.mark.parametrize(
    ("kind", "target", "name"),
    [
        ("group", "x", ""),
        ("ntfy", "", ""),
        ("email", "ops", ""),
        ("email", "", ""),
        ("email", "@", ""),
        ("email", "ops @example.org", ""),
        ("email", "ops\udcff@example.org", ""),
        ("webhook", "example.org/hook", ""),
        ("webhook", "ftp://example.org/", ""),
        ("webhook", "https://example.org/\x1b[31m", ""),
        ("webhook", "https://example.org/" + "x" * 20_000, ""),
        ("email", "ops@example.org", "a\nb"),
        ("email", "ops@example.org", "x" * 101),
    ],
    ids=ascii,
)
def test_a_target_or_name_that_can_not_be_used_is_refused_and_nothing_made(
    lab: Cli, kind: str, target: str, name: str
) -> None:
    message = lab.error("channel", "create", "Lab", kind, target, "--name", name)
    assert message.isprintable()
    assert message.startswith(("target does not fit: ", "target contains", "name "))
    assert lab.json("channel", "list", "Lab") == []


def test_the_error_for_an_unknown_kind_lists_the_known_ones(lab: Cli) -> None:
    result = lab("channel", "create", "Lab", "pigeon", "roof")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "'pigeon'" in result.stderr
    assert "'email'" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        ["create", "Lab", "email"],
        ["create", "Lab"],
        ["create", "Lab", "email", "ops@example.org", "--events", "up,sideways"],
        ["create", "Lab", "email", "ops@example.org", "--delay", "-1"],
        ["list"],
        ["list", "Lab", "x"],
        ["show", "Lab"],
        ["test", "Lab"],
        ["update", "Lab", "x", "--delay", "86401"],
        ["update", "Lab", "x", "--kind", "webhook"],
        ["delete", "Lab"],
    ],
    ids=" ".join,
)
def test_missing_and_superfluous_arguments_are_usage_errors(cli: Cli, wrong: list[str]) -> None:
    result = cli("channel", *wrong)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Error: " in result.stderr


def test_the_help_describes_the_target_of_every_kind(cli: Cli) -> None:
    told = " ".join(cli.text("channel", "create", "--help").split())
    assert [name for name in CHANNEL_KINDS if f" {name}: " not in told] == []
    assert 'email: an email address such as "ops@example.org"' in told


def test_the_error_for_a_faulty_target_describes_a_valid_one(lab: Cli) -> None:
    needed = 'expected an email address such as "ops@example.org"'
    message = lab.error("channel", "create", "Lab", "email", "ops")
    assert message == f"target does not fit: 'ops' is no email address: {needed}"


def shown(cli: Cli, *arguments: str) -> dict[str, Any]:
    document: dict[str, Any] = cli.json("channel", "show", "Lab", *arguments)
    return document


def test_the_error_for_a_missing_target_describes_it(lab: Cli) -> None:
    outcome = lab("channel", "create", "Lab", "email")
    assert outcome.exit_code == 2
    assert "TARGET is missing: the kind email needs an email address" in outcome.stderr


def test_of_the_commands_in_the_settings_a_channel_chooses_one_by_name(lab: Cli) -> None:
    text = lab.error("channel", "create", "Lab", "shell", "pager")
    assert (
        text
        == "target does not fit: there is no command 'pager' in the server's settings, which define: none"
    )
    lab.environment["HCSERVER_SHELL_PAGER_COMMAND"] = "page SECRET"
    text = lab.error("channel", "create", "Lab", "shell", "pagr")
    assert text.endswith("define: pager")
    assert "no name of a command" in lab.error("channel", "create", "Lab", "shell", "page SECRET")
    lab.json("channel", "create", "Lab", "shell", "pager", "--name", "Local")
    assert shown(lab, "Local", "--secrets")["target"] == "pager"


def test_all_its_settings_can_be_given_and_are_shown(lab: Cli) -> None:
    made = lab.json("channel", "create", "Lab", "webhook", "https://example.org/secret", "--name", "Ops",
        "--events", "down, paused", "--delay", "60", "--tags", "prod db", "--auto-assign",
    )  # fmt: skip
    assert list(made) == ["id", "name", "kind"]
    assert shown(lab, "Ops") == {
        "id": made["id"],
        "name": "Ops",
        "kind": "webhook",
        "target": "https://example.org/****",
        "events": ["down", "paused"],
        "delay": 60,
        "tags": "prod db",
        "auto_assign": True,
        "disabled": False,
        "error": None,
    }
    lines = lab.text("channel", "show", "Lab", made["id"]).splitlines()
    assert [" ".join(line.split()) for line in lines][4:9] == [
        "events down, paused",
        "delay 60",
        "tags prod db",
        "auto_assign yes",
        "disabled no",
    ]


def test_the_kinds_and_their_fields_are_listed(cli: Cli) -> None:
    assert {one["kind"] for one in cli.json("channel", "kinds")} == set(CHANNEL_KINDS)
    table = cli.text("channel", "kinds")
    assert [name for name in CHANNEL_KINDS if f"\n{name} " not in f"\n{table}"] == []
    (ntfy,) = cli.json("channel", "kinds", "ntfy")
    assert [field["name"] for field in ntfy["fields"]] == ["topic", "server", "user", "secret", "target"]
    told = " ".join(cli.text("channel", "kinds", "opsgenie").split())
    assert "key yes API key The key of an API integration. Such as 0a1b2c3d" in told
    assert "region no Region One of us, eu." in told
    assert cli("channel", "kinds", "pigeon").exit_code == 2


def test_a_target_can_be_given_field_by_field(lab: Cli) -> None:
    made = lab.json("channel", "create", "Lab", "ntfy", "--field", "topic=backups", "--field", "secret=-",
        input="a=b\n",
    )  # fmt: skip
    target = "ntfys://a%3Db@ntfy.sh/backups?mode=private"
    assert shown(lab, made["id"], "--secrets")["target"] == target
    lab.json("channel", "update", "Lab", made["id"], "--field", "topic=other")
    assert shown(lab, made["id"], "--secrets")["target"] == target.replace("backups", "other")


def test_a_faulty_field_is_named(lab: Cli) -> None:
    create = ("channel", "create", "Lab", "ntfy")
    assert lab.error(*create, "--field", "server=https://x.org") == "fields.topic is missing"
    assert lab.error(*create, "--field", "tonic=x").startswith("fields.'tonic' is no field: expected topic, ")
    for wrong, problem in (
        (["--field", "topic"], "'topic' is not NAME=VALUE"),
        (["--field", "topic=a", "--field", "topic=b"], "'topic' is given twice"),
        (["--field", "topic=-", "--field", "secret=-"], "only one of topic, secret"),
        (["backups", "--field", "topic=a"], "--field does not go together with a target"),
    ):
        result = lab(*create, *wrong)
        assert (result.exit_code, result.stdout) == (2, "")
        assert problem in " ".join(result.stderr.split())
    assert lab.json("channel", "list", "Lab") == []


def test_secrets_are_shown_only_when_asked_for(lab: Cli) -> None:
    id = lab.json("channel", "create", "Lab", "webhook", "https://example.org/secret")["id"]
    for form in ([], ["--json"]):
        for command in (
            ["channel", "list", "Lab"],
            ["channel", "show", "Lab", id],
            ["project", "show", "Lab"],
        ):
            assert "secret" not in lab.text(*command, *form)
        assert "https://example.org/secret" in lab.text("channel", "show", "Lab", id, "--secrets", *form)


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_target_can_be_read_from_standard_input(lab: Cli, end: str) -> None:
    made = lab.json("channel", "create", "Lab", "webhook", "-", input=f"https://example.org/secret{end}")
    assert shown(lab, made["id"], "--secrets")["target"] == "https://example.org/secret"
    lab.json("channel", "update", "Lab", made["id"], "--target", "-", input=f"https://example.org/s2{end}")
    assert shown(lab, made["id"], "--secrets")["target"] == "https://example.org/s2"


@pytest.mark.parametrize("given", ["", "\n", "x" * 100_000, b"\xff"])
def test_a_target_from_standard_input_that_does_not_fit_is_refused(lab: Cli, given: str | bytes) -> None:
    result = lab("channel", "create", "Lab", "webhook", "-", input=given)
    assert result.exit_code in (1, 2)
    assert "rror: " in result.stderr
    assert lab.json("channel", "list", "Lab") == []


def test_a_channel_is_changed_and_settings_not_given_stay(lab: Cli) -> None:
    lab.json("channel", "create", "Lab", "email", "ops@example.org", "--name", "Ops", "--auto-assign")
    before = shown(lab, "Ops")
    for options, change in (
        (["--delay", "5"], {"delay": 5}),
        (["--events", "up"], {"events": ["up"]}),
        (["--no-auto-assign"], {"auto_assign": False}),
        (["--disable"], {"disabled": True, "error": "disabled by its owner"}),
        (["--enable"], {"disabled": False, "error": None}),
        (["--target", "else@example.org"], {"target": "e****@example.org"}),
        (["--tags", "x", "--name", "Night"], {"tags": "x", "name": "Night"}),
    ):
        before |= change
        assert lab.json("channel", "update", "Lab", before["id"], *options) == before
    assert "Night" in lab.text("channel", "update", "Lab", "Night")
    assert lab.error("channel", "update", "Lab", "Night", "--target", "x").startswith("target does not fit: ")
    assert shown(lab, "Night") == before


def test_an_unknown_channel_is_an_error(lab: Cli) -> None:
    for command in ("show", "test", "update", "delete"):
        assert lab.error("channel", command, "Lab", "x") == "there is no channel 'x' in the project"


def test_a_delete_that_is_not_confirmed_deletes_nothing(lab: Cli) -> None:
    lab.json("channel", "create", "Lab", "email", "ops@example.org", "--name", "Ops")
    result = lab("channel", "delete", "Lab", "Ops", input="n\n")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Delete the email channel Ops? [y/N]: ")
    id = shown(lab, "Ops")["id"]
    assert lab("channel", "delete", "Lab", "Ops", input="y\n").stdout == f"Deleted the email channel {id}.\n"
    assert lab.json("channel", "list", "Lab") == []


def test_a_deleted_channel_leaves_the_checks(lab: Cli) -> None:
    made = lab.json("channel", "create", "Lab", "email", "ops@example.org", "--name", "Ops")

    async def add(services: Services) -> None:
        project = await services.projects.find("Lab")
        await services.check_editor.create(project, parse_spec({"channels": "*"}, 3))

    async def assigned(services: Services) -> list[int]:
        project = await services.projects.find("Lab")
        return [len(check.channels) for check in await services.checks.of_project(project.id)]

    lab.services(add)
    assert lab.services(assigned) == [1]
    assert lab.json("channel", "delete", "Lab", "Ops", "--yes") == made
    assert lab.services(assigned) == [0]


class Hook(BaseHTTPRequestHandler):
    """Takes webhooks at /good, and no others."""

    received: ClassVar[list[bytes]] = []

    def do_POST(self) -> None:
        self.received.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204 if self.path == "/good" else 410)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[str]:
    Hook.received.clear()
    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_test_prints_its_result(lab: Cli, hook: str) -> None:
    lab.environment["HCSERVER_NOTIFICATIONS_ALLOWED_NETWORKS"] = "127.0.0.0/8"
    lab.json("channel", "create", "Lab", "webhook", f"{hook}/good", "--name", "Good")
    lab.json("channel", "create", "Lab", "webhook", f"{hook}/bad", "--name", "Bad")
    outcome = lab.json("channel", "test", "Lab", "Good")
    assert outcome == {"ok": True, "status": 204, "error": None, "duration": outcome["duration"]}
    assert lab.text("channel", "test", "Lab", "Good").startswith("It works (")
    assert len(Hook.received) == 2
    result = lab("channel", "test", "Lab", "Bad")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("It failed: ")
    assert "410" in result.stderr
    assert lab("channel", "test", "Lab", "Bad", "--json").exit_code == 1


def test_a_test_can_be_about_a_check(lab: Cli, hook: str) -> None:
    lab.environment["HCSERVER_NOTIFICATIONS_ALLOWED_NETWORKS"] = "127.0.0.0/8"
    lab.json("channel", "create", "Lab", "webhook", f"{hook}/good", "--name", "Good")

    async def add(services: Services) -> str:
        project = await services.projects.find("Lab")
        return str((await services.check_editor.create(project, parse_spec({"name": "Backup"}, 3)))[0].id)

    check = lab.services(add)
    assert lab.json("channel", "test", "Lab", "Good", "--check", check)["ok"]
    assert b"Backup" in Hook.received[0]
    assert lab.error("channel", "test", "Lab", "Good", "--check", "x") == "there is no check 'x'"


def test_a_name_with_a_comma_and_an_address_out_of_reach_are_refused(lab: Cli) -> None:
    text = lab.error("channel", "create", "Lab", "email", "ops@example.org", "--name", "a,b")
    assert "name contains a comma, which separates the names of channels" in text
    text = lab.error("channel", "create", "Lab", "webhook", "http://localhost:9000/")
    assert "target can't be reached" in text and "notifications.allowed_networks" in text
    lab.json("channel", "create", "Lab", "email", "ops@example.org", "--name", "Ops")
    assert lab("channel", "update", "Lab", "Ops", "--name", "a,b").exit_code != 0
    assert [one["name"] for one in lab.json("channel", "list", "Lab")] == ["Ops"]
