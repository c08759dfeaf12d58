from __future__ import annotations

import csv
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from hcserver.services.container import Services
from tests.hcserver.cli.conftest import Cli
from tests.healthchecks_dump import DUMP, PING_KEY

KEY = "hcw_" + 28 * "x"


class Server:
    """Another monitor, which speaks version 3 of the API."""

    def __init__(self) -> None:
        self.url = ""
        self.checks: list[dict[str, Any]] = []
        self.channels: list[dict[str, str]] = []

    def add(self, **fields: Any) -> dict[str, Any]:
        id = str(uuid4())
        self.checks.append(
            {"name": "", "status": "new", "uuid": id, "ping_url": f"{self.url}/ping/{id}", "channels": ""}
        )
        self.checks[-1] |= fields
        return self.checks[-1]


@pytest.fixture
def server() -> Iterator[Server]:
    there = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            lists = {"/api/v3/checks/": "checks", "/api/v3/channels/": "channels"}
            name = lists.get(self.path)
            status = 401 if self.headers["X-Api-Key"] != KEY else 404 if name is None else 200
            body = json.dumps({name: getattr(there, name)} if name else {}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as listening:
        there.url = f"http://127.0.0.1:{listening.server_port}"
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield there
        listening.shutdown()
        thread.join()


class Import:
    """`hcserver import healthchecks Lab` from the server."""

    def __init__(self, cli: Cli, server: Server) -> None:
        self.cli = cli
        self.arguments = ("import", "healthchecks", "Lab", "--url", server.url, "--api-key", KEY)

    def json(self, *more: str) -> Any:
        return self.cli.json(*self.arguments, *more)

    def checks(self) -> list[tuple[str, str]]:
        """The ids and names of the checks in Lab."""

        async def read(services: Services) -> list[tuple[str, str]]:
            lab = await services.projects.find("Lab")
            return [(str(one.id), one.name) for one in await services.checks.of_project(lab.id)]

        return self.cli.services(read)


@pytest.fixture
def importing(cli: Cli, server: Server) -> Import:
    cli.json("project", "create", "Lab")
    return Import(cli, server)


def counts(report: Any) -> list[int]:
    return [report[name] for name in ("created", "changed", "unchanged", "refused")]


def test_checks_are_imported_once_and_then_kept_in_step(importing: Import, server: Server) -> None:
    server.channels = [{"id": "1", "name": "Ops", "kind": "email"}]
    first = server.add(name="Backup", timeout=600, channels="1")
    second = server.add(name="Restore", status="paused")
    importing.cli.json("channel", "create", "Lab", "email", "ops@example.org", "--name", "Ops")
    report = importing.json()
    assert counts(report) == [2, 0, 0, 0]
    assert (report["dry_run"], report["notes"]) == (False, [])
    assert report["checks"][0] == {
        "action": "create",
        "name": "Backup",
        "id": first["uuid"],
        "changes": [],
        "error": None,
    }
    assert importing.checks() == [(first["uuid"], "Backup"), (second["uuid"], "Restore")]
    assert counts(importing.json()) == [0, 0, 2, 0]
    again = importing.cli(*importing.arguments)
    assert (again.stdout, again.stderr) == ("0 created, 0 changed, 2 unchanged, 0 refused.\n", "")
    first["name"] = "Nightly"
    assert importing.json()["checks"][0]["changes"] == ["name"]
    assert importing.checks()[0] == (first["uuid"], "Nightly")


def test_a_dry_run_prints_the_plan_and_changes_nothing(
    importing: Import, server: Server, tmp_path: Path
) -> None:
    server.add(name="Old")
    importing.json()
    server.checks[0]["name"] = "[red]New[/]"
    server.add(name="Other", channels="7")
    server.add(name="Bad", timeout=1)
    before = importing.checks()
    file = tmp_path / "addresses.csv"
    arguments = (*importing.arguments, "--dry-run", "--mapping", str(file), "--ping-key", PING_KEY)
    result = importing.cli(*arguments)
    assert result.exit_code == 1
    assert [line.split()[:2] for line in result.stdout.splitlines()] == [
        ["action", "name"],
        ["change", "[red]New[/]"],
        ["create", "Other"],
        ["refuse", "Bad"],
        ["1", "to"],
    ]
    assert "timeout is too small" in result.stdout
    assert result.stdout.splitlines()[-1] == (
        "1 to create, 1 to change, 0 unchanged, 1 refused. Nothing was changed, as this is a dry run."
    )
    assert result.stderr.startswith("note: 1 check has a channel without a name at the source")
    assert importing.checks() == before
    assert not file.exists()


def test_one_refused_check_gives_status_1_and_the_others_are_imported(
    importing: Import, server: Server
) -> None:
    server.add(name="Bad", timeout=1)
    good = server.add(name="Good")
    result = importing.cli(*importing.arguments)
    assert result.exit_code == 1
    assert [line.split()[:2] for line in result.stdout.splitlines()[:-1]] == [
        ["action", "name"],
        ["refuse", "Bad"],
    ]
    assert result.stdout.splitlines()[-1] == "1 created, 0 changed, 0 unchanged, 1 refused."
    assert importing.checks() == [(good["uuid"], "Good")]
    again = importing.cli(*importing.arguments, "--json")
    assert (again.exit_code, counts(json.loads(again.stdout))) == (1, [0, 0, 1, 1])


def test_the_mapping_has_the_old_and_new_addresses(importing: Import, server: Server, tmp_path: Path) -> None:
    check = server.add(name="Backup")
    file = tmp_path / "addresses.csv"
    ids = []
    for _ in range(2):
        importing.json("--new-ids", "--mapping", str(file))
        ((id, _),) = importing.checks()
        ids.append(id)
        with file.open(newline="") as lines:
            assert list(csv.reader(lines)) == [
                ["name", "old", "new"],
                ["Backup", check["ping_url"], f"http://localhost:8000/ping/{id}"],
            ]
    assert ids[0] == ids[1] != check["uuid"]


def test_a_mapping_that_can_not_be_written_stops_the_import_before_it_begins(
    importing: Import, server: Server
) -> None:
    server.add(name="Backup")
    fault = importing.cli.error(*importing.arguments, "--mapping", "no/such/folder")
    assert fault == "no/such/folder: No such file or directory"
    assert importing.checks() == []


def test_the_old_ping_key_is_taken_over(importing: Import, server: Server) -> None:
    server.add(name="Backup", slug="backup")
    assert importing.json("--ping-key", PING_KEY)["notes"] == [
        "the ping key of Lab has been replaced: its former one does not work any more"
    ]
    assert importing.json("--ping-key", PING_KEY)["notes"] == []

    async def find(services: Services) -> str:
        return str(await services.lookup.check_by_ping_key(PING_KEY, "backup"))

    assert importing.cli.services(find) == server.checks[0]["uuid"]


def test_a_ping_key_with_capital_letters_is_no_part_of_email_addresses(
    importing: Import, server: Server
) -> None:
    assert importing.json("--ping-key", PING_KEY.upper())["notes"][1] == (
        "email addresses with this ping key do not work, as it has capital letters"
    )


def test_the_ping_key_of_another_project_is_refused_before_anything_is_done(
    importing: Import, server: Server
) -> None:
    server.add(name="Backup")
    other = importing.cli.json("project", "create", "Other")
    fault = importing.cli.error(*importing.arguments, "--ping-key", other["ping_key"])
    assert fault == "ping_key is that of the project 'Other'"
    assert importing.checks() == []


def test_the_keys_may_stand_in_the_environment(importing: Import, server: Server) -> None:
    server.add(name="Backup", slug="backup")
    arguments = importing.arguments[:5]
    keys = {"HC_IMPORT_API_KEY": KEY, "HC_IMPORT_PING_KEY": PING_KEY}
    assert importing.cli(*arguments, **keys).exit_code == 0
    assert len(importing.checks()) == 1
    assert importing.cli(*arguments).exit_code == 2


def test_a_key_that_the_server_does_not_accept_is_one_clear_line(importing: Import, server: Server) -> None:
    wrong = (*importing.arguments[:6], "hcw_" + 28 * "y")
    assert importing.cli.error(*wrong) == (
        f"{server.url}/api/v3/checks/: the server does not accept the API key (status 401)"
    )


def test_a_dump_brings_the_history_along(cli: Cli, tmp_path: Path) -> None:
    cli.json("project", "create", "Lab")
    (tmp_path / "dump.json").write_text(json.dumps(DUMP))
    arguments = ("import", "healthchecks", "Lab", "--dump", "dump.json")
    assert counts(cli.json(*arguments, "--dump-project", "Old")) == [1, 0, 0, 0]
    assert counts(cli.json(*arguments)) == [0, 0, 1, 0]

    async def read(services: Services) -> None:
        (check,) = await services.checks.of_project((await services.projects.find("Lab")).id)
        assert (check.name, check.status, check.n_pings) == ("Backup", "down", 3)
        (ping,) = await services.checks.pings(check, 10)
        assert (ping.n, ping.type) == (3, "fail")
        assert (await services.checks.ping(check, 3)).body == b"\0\xff"
        (flip,) = await services.storage.flips.read(check.id)
        assert (flip.new, flip.reason) == ("down", "fail")

    cli.services(read)
    wrong = cli.error(*arguments, "--dump-project", "New")
    assert wrong == "dump.json has no checks of a project 'New'; name one of these, or its number: Old (1)"


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--url", "http://localhost", "--api-key", KEY, "--dump", "file"),
        ("--url", "http://localhost", "--api-key", KEY, "--dump-project", "Lab"),
        ("--url", "http://localhost"),
    ],
)
def test_options_that_do_not_go_together_are_usage_errors(cli: Cli, options: tuple[str, ...]) -> None:
    assert cli("import", "healthchecks", "Lab", *options).exit_code == 2


def test_push_monitors_of_uptime_kuma_become_checks_with_new_addresses(cli: Cli, tmp_path: Path) -> None:
    cli.json("project", "create", "Lab")
    monitor = {"name": "Backup", "type": "push", "interval": 3600, "pushToken": "abcd1234", "active": False}
    (tmp_path / "backup.json").write_text(json.dumps({"monitorList": [monitor]}))
    arguments = ("import", "uptime-kuma", "Lab", "backup.json")
    made = cli.json(*arguments, "--mapping", "addresses.csv")
    assert counts(made) == [1, 0, 0, 0]
    assert counts(cli.json(*arguments)) == [0, 0, 1, 0]
    assert (tmp_path / "addresses.csv").read_text().splitlines() == [
        "name,old,new",
        f"Backup,/api/push/abcd1234,http://localhost:8000/ping/{made['checks'][0]['id']}",
    ]


def test_jobs_of_cronitor_become_checks(cli: Cli, tmp_path: Path) -> None:
    cli.json("project", "create", "Lab")
    file = tmp_path / "cronitor.yaml"
    file.write_text("jobs: {backup: {schedule: '5 4 * * *', grace_seconds: 300}}")
    arguments = ("import", "cronitor", "Lab", "cronitor.yaml")
    assert counts(cli.json(*arguments)) == [1, 0, 0, 0]
    file.write_text("jobs: {backup: {schedule: '5 5 * * *', grace_seconds: 300}}")
    assert cli.json(*arguments)["checks"][0]["changes"] == ["schedule"]


def test_a_project_that_does_not_exist_is_one_clear_line(importing: Import) -> None:
    arguments = ("import", "healthchecks", "Nowhere", *importing.arguments[3:])
    assert importing.cli.error(*arguments) == "there is no project 'Nowhere'"
