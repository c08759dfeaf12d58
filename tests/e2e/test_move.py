"""All data from one database to another, and commands on a database that no server runs on."""

from __future__ import annotations

import json
import smtplib
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.readme import Shell, commands, section
from tests.e2e.server import RealServer

BASE = "https://hc.example.org"


@pytest.fixture
def old(tmp_path: Path) -> Any:
    (tmp_path / "old").mkdir()
    server = RealServer(tmp_path / "old", HCSERVER_HTTP_BASE_URL=BASE).start()
    yield server
    assert server.stop() == 0


def fill(server: RealServer) -> Any:
    """A project with a bit of everything; its keys."""
    keys = server.create_project("Homelab")
    server.cli("channel", "create", "Homelab", "email", "ops@example.org", "--name", "Ops")
    fields = {
        "slug": "nightly",
        "tags": "a b",
        "schedule": "5 4 * * *",
        "tz": "Europe/Riga",
        "channels": "Ops",
    }
    checks = [server.api("checks/", keys["api_key"], fields)]
    checks += [server.api("checks/", keys["api_key"], {"name": f"Check {n}", "tags": "a"}) for n in range(20)]
    for check in checks[:5]:
        for signal in ("/start", "", "/fail", "/log", "/3"):
            body = f"{check['name']}{signal}\0".encode()
            assert server.request(f"/ping/{check['uuid']}{signal}", body=body).status == 200
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=10) as smtp:
        address = f"{keys['ping_key']}+nightly@hc.example.org"
        smtp.sendmail("nas@example.org", [address], "Subject: =?utf-8?q?B=C3=A4ckup?=\r\n\r\nok\r\n")
    server.api(f"checks/{checks[6]['uuid']}/pause", keys["api_key"], {})
    return keys


def answers(server: RealServer, keys: Any) -> dict[str, Any]:
    """Everything that the API says about the project."""

    def get(path: str) -> Any:
        answer = server.request(path, key=keys["api_key"])
        assert answer.status == 200, (path, answer.body)
        return answer.body

    paths = [f"/api/v{version}/{name}/" for version in (1, 2, 3) for name in ("checks", "channels", "badges")]
    for check in json.loads(get("/api/v3/checks/"))["checks"]:
        log = f"/api/v3/checks/{check['uuid']}/pings/"
        paths += [log, f"/api/v3/checks/{check['uuid']}/flips/", check["badge_url"].removeprefix(BASE)]
        pings = json.loads(get(log))["pings"]
        paths += [ping["body_url"].removeprefix(BASE) for ping in pings if ping["body_url"]]
    return {path: get(path) for path in paths}


def test_a_dump_of_a_running_server_loaded_elsewhere_gives_the_same_answers(
    old: RealServer, tmp_path: Path
) -> None:
    dump, export, load, serve = commands(section("The database"))
    assert (export.split("=")[0], serve.split()[-1]) == ("export HCSERVER_MONGODB_URI", "serve")
    keys = fill(old)
    Shell(old)(dump)
    before = answers(old, keys)
    assert len(before) > 80

    (tmp_path / "new").mkdir()
    new = RealServer(tmp_path / "new", HCSERVER_HTTP_BASE_URL=BASE)
    (old.folder / "backup.hcdump").rename(new.folder / "backup.hcdump")
    Shell(new)(load)
    again = new.cli("load", "backup.hcdump", check=False)
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr.startswith("error: the database 'hcserver' is not empty")

    new.start()
    try:
        projects = json.loads(new.cli("project", "list", "--json").stdout)
        assert [(one["name"], one["checks"]) for one in projects] == [("main", 0), ("Homelab", 21)]
        assert answers(new, keys) == before
        assert "Welcome" not in new.output.read_text()  # there are projects: no keys are made or shown
        check = new.request("/api/v3/checks/?slug=nightly", key=keys["api_key"]).json()["checks"][0]
        assert new.request(f"/ping/{keys['ping_key']}/nightly").status == 200
        after = new.request(f"/api/v3/checks/{check['uuid']}", key=keys["api_key"]).json()
        assert after["n_pings"] == check["n_pings"] + 1
    finally:
        assert new.stop() == 0


def test_commands_work_before_the_first_start_and_the_server_then_has_what_they_made(
    tmp_path: Path,
) -> None:
    server = RealServer(tmp_path)
    keys = server.create_project("Early")
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    server.start()
    assert server.request(f"/ping/{keys['ping_key']}/job?create=1").status == 201
    assert server.stop() == 0
    assert "Welcome" not in server.output.read_text()
    (project,) = json.loads(server.cli("project", "list", "--json").stdout)
    assert (project["name"], project["checks"]) == ("Early", 1)
