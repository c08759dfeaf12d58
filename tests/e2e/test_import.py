"""Moving in: checks are copied from one real server to another one, while that runs."""

from __future__ import annotations

import csv
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.e2e.readme import Shell, commands
from tests.e2e.server import RealServer
from tests.healthchecks_dump import DUMP

DOCUMENT = Path(__file__).parents[2] / "docs/moving-in.md"

SETTINGS: list[dict[str, Any]] = [
    {"name": "Nightly", "slug": "nightly", "schedule": "5 4 * * *", "tz": "Europe/Riga", "channels": "Ops"},
    {"name": "Weekly", "schedule": "Sun 03:00", "tz": "UTC", "desc": "One\nTwo", "channels": "Ops,Pager"},
    {"name": "Mail", "success_kw": "OK", "failure_kw": "ERROR", "start_kw": "BEGIN", "filter_subject": True},
    {"filter_body": True, "filter_default_fail": True, "filter_http_body": True, "kw_ignore_case": True},
    {
        "name": "Ä \u2028 <b>",
        "tags": "a  b ü",
        "methods": "POST",
        "manual_resume": True,
        "kw_whole_word": True,
    },
    {
        "timeout": 60,
        "grace": 31536000,
        "failures_before_alert": 3,
        "repeat_after": 3600,
        "success_exit_statuses": [3],
        "ignored_exit_statuses": [75],
        "max_runtime": 60,
        "min_runtime": 30,
        "successes_before_up": 2,
        "early": 600,
    },
    {"snoozed_until": "2099-01-01T00:00:00Z"},
    {"name": "On it", "depends_on": ["nightly"]},
]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """Another running server for the tests of this module."""
    real = RealServer(tmp_path_factory.mktemp("target")).start()
    yield real
    assert real.stop() == 0, real.output.read_text()


def fill(server: RealServer, keys: Any) -> None:
    """Checks with every setting, one of them paused."""
    for name in ("Ops", "Pager"):
        server.cli("channel", "create", "tests", "email", f"{name.lower()}@example.org", "--name", name)
    checks = [server.api("checks/", keys["api_key"], fields) for fields in SETTINGS]
    server.api(f"checks/{checks[4]['uuid']}/pause", keys["api_key"], {})


def listed(server: RealServer, keys: Any) -> list[dict[str, Any]]:
    """The list of checks, without the address of the server, and with the names of channels for their ids."""
    answer = server.request("/api/v3/checks/", key=keys["api_key"])
    if answer.json() == {"checks": []}:
        return []
    channels = server.api("channels/", keys["api_key"])["channels"]
    checks: list[dict[str, Any]] = json.loads(answer.text.replace(_base(answer.json()), "BASE"))["checks"]
    names = {one["id"]: one["name"] for one in channels}
    return [
        {**one, "channels": sorted(names[id] for id in one["channels"].split(",") if id)} for one in checks
    ]


def _base(answer: Any) -> str:
    return str(answer["checks"][0]["ping_url"]).partition("/ping/")[0]


def import_(target: RealServer, source: RealServer, key: str, *more: str, project: str = "Lab") -> Any:
    command = ("import", "healthchecks", project, "--url", source.url, "--api-key", key, "--json")
    return json.loads(target.cli(*command, *more).stdout)


def counts(report: Any) -> list[int]:
    return [report[name] for name in ("created", "changed", "unchanged", "refused")]


def test_checks_move_to_another_server_with_their_addresses(
    server: RealServer, project: Any, target: RealServer
) -> None:
    fill(server, project)
    lab = target.create_project("Lab")
    for name in ("Pager", "Ops"):
        target.cli("channel", "create", "Lab", "email", f"{name.lower()}@example.com", "--name", name)

    planned = import_(target, server, project["api_key"], "--dry-run")
    assert counts(planned) == [len(SETTINGS), 0, 0, 0]
    assert target.api("checks/", lab["api_key"]) == {"checks": []}

    file = target.folder / "addresses.csv"
    report = import_(
        target, server, project["api_key"], "--ping-key", project["ping_key"], "--mapping", str(file)
    )
    assert counts(report) == [len(SETTINGS), 0, 0, 0]
    there = listed(server, project)
    assert len(there) == len(SETTINGS)
    _wait_until_listed(target, lab, there)

    again = import_(target, server, project["api_key"])
    assert counts(again) == [0, 0, len(SETTINGS), 0]
    assert listed(target, lab) == there

    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["old"].rpartition("/")[2] for row in rows] == [one["uuid"] for one in there]
    assert [row["new"].rpartition("/")[2] for row in rows] == [one["uuid"] for one in there]
    for path in (f"/ping/{there[2]['uuid']}", f"/ping/{project['ping_key']}/nightly"):
        assert target.request(path).status == 200

    first = there[0]["uuid"]
    server.api(f"checks/{first}", project["api_key"], {"name": "Every night", "channels": ""})
    report = import_(target, server, project["api_key"])
    assert counts(report) == [0, 1, len(SETTINGS) - 1, 0]
    assert report["checks"][0]["changes"] == ["name", "channels"]
    _wait_until_named(target, lab, first, "Every night")


def _wait_until_listed(server: RealServer, keys: Any, expected: list[dict[str, Any]]) -> None:
    """The running server hears of the checks from the command."""
    for _ in range(2000):
        if (found := listed(server, keys)) == expected:
            return
        time.sleep(0.02)
    assert found == expected


def _wait_until_named(server: RealServer, keys: Any, id: str, name: str) -> None:
    """The running server hears of the change from the command."""
    for _ in range(2000):
        check = server.api(f"checks/{id}", keys["api_key"])
        if check["name"] == name:
            assert (check["channels"], check["n_pings"]) == ("", 1)
            return
        time.sleep(0.02)
    raise AssertionError(check)


def test_copies_on_the_same_server_get_new_ids(server: RealServer, project: Any) -> None:
    original = server.api("checks/", project["api_key"], {"name": "Original", "slug": "original"})
    copies = server.create_project("Copies")
    command = ("import", "healthchecks", "Copies", "--url", server.url, "--api-key", project["api_key"])
    refused = server.cli(*command, "--json", check=False)
    assert (refused.returncode, json.loads(refused.stdout)["created"]) == (1, 0)
    assert "another project of this server has this id" in refused.stdout

    import_(server, server, project["api_key"], "--new-ids", project="Copies")
    (copy,) = server.api("checks/?slug=original", copies["api_key"])["checks"]
    assert UUID(copy["uuid"]) != UUID(original["uuid"])
    assert (copy["name"], copy["badge_url"] == original["badge_url"]) == ("Original", False)
    again = import_(server, server, project["api_key"], "--new-ids", project="Copies")
    assert (again["created"], again["changed"], again["refused"]) == (0, 0, 0)


def test_a_read_only_key_is_one_clear_line(server: RealServer, project: Any) -> None:
    server.api("checks/", project["api_key"], {"name": "One"})
    command = ("import", "healthchecks", "tests", "--url", server.url)
    result = server.cli(*command, "--api-key", project["api_key_readonly"], check=False)
    assert (result.returncode, result.stdout) == (1, "")
    assert "this is a read-only API key" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_the_commands_of_the_document_work(server: RealServer, target: RealServer) -> None:
    source = server.create_project("Source")
    server.api("checks/", source["api_key"], {"name": "One"})
    files = {
        "healthchecks.json": [{**DUMP[0], "fields": {**DUMP[0]["fields"], "name": "My project"}}, *DUMP[1:]],
        "Uptime_Kuma_Backup.json": {"monitorList": [{"name": "Two", "type": "push"}]},
        "cronitor.yaml": {"jobs": {"three": {"schedule": "every hour"}}},  # JSON is YAML
    }
    for name, content in files.items():
        (target.folder / name).write_text(json.dumps(content))
    shell = Shell(target)
    path = f"{target.folder / '.venv/bin'}:{os.environ['PATH']}"
    run = [one for one in commands(DOCUMENT.read_text("utf-8")) if one.startswith("hcserver ")]
    assert len(run) == 6
    for command in run:
        here = command.replace("https://healthchecks.io", server.url)
        printed = shell(here, PATH=path, HC_IMPORT_API_KEY=source["api_key"])
        assert "import" not in here or " 0 refused" in printed
    shown = json.loads(target.cli("project", "show", "Homelab", "--json").stdout)
    assert shown["checks"] == 4
