"""What a new user does, as README.md and the server's first words say it."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.readme import Shell, commands, section
from tests.e2e.server import COMMAND, RealServer


@pytest.fixture(scope="module")
def greeting(server: RealServer) -> str:
    """What the first start printed."""
    for _ in range(200):
        if "api/v3" in (text := server.output.read_text()):
            return text
        time.sleep(0.02)
    raise AssertionError(text)


@pytest.fixture(scope="module")
def keys(greeting: str) -> dict[str, str]:
    """The keys in the greeting, by the words that README.md has in their place."""
    found = dict(re.findall(r"^  (\S.*\S)   +(\S+)$", greeting, re.MULTILINE))
    return {"API_KEY": found["API key (read-write)"], "PING_KEY": found["ping key"]}


@pytest.fixture(scope="module")
def shell(server: RealServer) -> Shell:
    return Shell(server)


@pytest.fixture(scope="module", autouse=True)
def second(server: RealServer) -> Iterator[subprocess.Popen[str]]:
    """Another server on the same folder; it waits for ten seconds before it gives up."""
    environment = {**server.environment, "HCSERVER_HTTP_PORT": "1", "HCSERVER_SMTP_PORT": "0"}
    process = subprocess.Popen(
        [*COMMAND, "serve"],
        env=environment,
        cwd=server.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        yield process
        process.kill()


def test_the_commands_of_the_greeting_work_as_printed(greeting: str, shell: Shell) -> None:
    ping, api = [line.strip() for line in greeting.splitlines() if line.strip().startswith("curl ")]
    assert shell(ping) in ("Created", "OK")
    (job,) = [check for check in json.loads(shell(api))["checks"] if check["slug"] == "my-first-job"]
    assert (job["status"], job["n_pings"] > 0) == ("up", True)
    assert shell(ping) == "OK"


def test_the_commands_of_the_quick_start_work_as_printed(
    server: RealServer, keys: dict[str, str], shell: Shell
) -> None:
    ping, listing, create = (
        command.replace("PING_KEY", keys["PING_KEY"])
        .replace("API_KEY", keys["API_KEY"])
        .replace("http://localhost:8000", server.url)
        for command in commands(section("Quick start"))
    )
    assert shell(ping) in ("Created", "OK")
    assert "my-first-job" in [check["slug"] for check in json.loads(shell(listing))["checks"]]
    first, again = json.loads(shell(create)), json.loads(shell(create))
    assert (first["name"], first["timeout"], first["grace"]) == ("Backup", 3600, 300)
    assert first["uuid"] == again["uuid"]


def test_the_schedules_of_the_quick_start_are_accepted(server: RealServer, keys: dict[str, str]) -> None:
    examples = [json.loads(found) for found in re.findall(r"`(\{[^`]*\})`", section("Quick start"))]
    assert len(examples) == 2
    for example in examples:
        check = server.api("checks/", keys["API_KEY"], example)
        assert {name: check[name] for name in example} == example


# What README.md says of an address -> what a ping there is logged as.
MEANINGS = {
    "the job succeeded": "success",
    "the job started": "start",
    "the job failed": "fail",
    "0 is a success": "fail",  # the example sends 3
    "a log entry": "log",
}


def test_every_address_of_the_quick_start_means_what_it_says(
    server: RealServer, keys: dict[str, str]
) -> None:
    table = re.findall(r"^\| `(/ping/[^`]*)` \| (.*) \|$", section("What a job can report"), re.MULTILINE)
    assert len(table) == len(MEANINGS)
    check = server.api("checks/", keys["API_KEY"], {"slug": "addresses"})
    expected = []
    for address, meaning in table:
        (type,) = [type for words, type in MEANINGS.items() if meaning.startswith(words)]
        for stem in (check["uuid"], f"{keys['PING_KEY']}/addresses"):
            path = address.replace("<uuid>", stem).replace("<exit status>", "3")
            for method in ("GET", "POST", "HEAD"):
                answer = server.request(path, method, body=b"text" if method == "POST" else None)
                assert (answer.status, answer.text) == (200, "" if method == "HEAD" else "OK")
                expected.append((type, method, method == "POST"))
    pings = server.api(f"checks/{check['uuid']}/pings/", keys["API_KEY"])["pings"][::-1]
    assert [(p["type"], p["method"], p["body_url"] is not None) for p in pings] == expected


def test_channels_are_made_and_assigned_as_printed(
    server: RealServer, keys: dict[str, str], shell: Shell
) -> None:
    printed = commands(section("Notifications"))
    # Neither a mail server nor ntfy.sh is to be had here.
    made = [command for command in printed if "channel create" in command]
    assert len([command for command in printed if "channel test" in command]) == len(made) == 2
    for command in made:
        assert shell(command).startswith("Created the ")
    (assign,) = [command for command in printed if command.startswith("curl ")]
    old = server.api("checks/", keys["API_KEY"], {"slug": "made-before", "channels": ""})["uuid"]
    shell(
        assign.replace("API_KEY", keys["API_KEY"])
        .replace("CHECK_UUID", old)
        .replace("http://localhost:8000", server.url)
    )
    new = server.api("checks/", keys["API_KEY"], {"slug": "made-after"})["channels"]
    assert server.api(f"checks/{old}", keys["API_KEY"])["channels"] == new
    assert len(new.split(",")) == 2


def test_the_commands_for_projects_channels_and_windows_work_as_printed(
    server: RealServer, shell: Shell
) -> None:
    printed = commands(section("Projects, channels and maintenance windows"))
    create, listing, rotate, named, channel, channels, window = printed
    words = shell(create).split()
    old = {"api": words[words.index("api_key") + 1], "ping": words[words.index("ping_key") + 1]}
    assert "Homelab" in shell(listing)
    assert server.api("checks/", old["api"]) == {"checks": []}
    new = shell(rotate).split()[-1]
    _stops(server, "/api/v3/checks/", old["api"], 401)
    assert server.api("checks/", new) == {"checks": []}
    assert server.request(f"/ping/{old['ping']}/job?create=1").status == 201

    reading = shell(named).split()[-1]
    assert len(server.api("checks/", reading)["checks"]) == 1
    assert server.request("/api/v3/checks/", "POST", b"{}", key=reading).status == 401
    _json(server, "api-key", "revoke", "Homelab", "Grafana")
    _stops(server, "/api/v3/checks/", reading, 401)

    id = shell(channel).split()[-1].rstrip(".")
    assert server.api("channels/", new)["channels"] == [{"id": id, "name": "Hook", "kind": "webhook"}]
    made = server.api(f"channels/{id}", new)
    assert (made["target"], made["events"], made["delay"]) == ("https://example.org/hook", ["down"], 300)
    assert "Hook" in shell(channels)
    assert [one["id"] for one in _json(server, "channel", "list", "Homelab")] == [id]

    shell(window)
    (updates,) = server.api("windows/", new)["windows"]
    recurrence = (updates["schedule"], updates["tz"], updates["minutes"])
    assert (updates["name"], *recurrence) == ("Updates", "Sun 03:00", "Europe/Riga", 90)


def test_a_deleted_project_is_gone_from_the_running_server(server: RealServer) -> None:
    made = server.create_project("Short-lived")
    check = server.api("checks/", made["api_key"], {"slug": "job"})
    assert server.request(f"/ping/{check['uuid']}").status == 200
    assert _json(server, "project", "delete", "Short-lived", "--yes")["checks"] == 1
    _stops(server, f"/ping/{check['uuid']}", None, 404)
    _stops(server, "/api/v3/checks/", made["api_key"], 401)
    _stops(server, f"/ping/{made['ping_key']}/job?create=1", None, 404)


def test_an_email_can_be_tried_from_the_shell(server: RealServer, keys: dict[str, str]) -> None:
    fields = {"slug": "by-mail", "filter_subject": True, "failure_kw": "broken"}
    check = server.api("checks/", keys["API_KEY"], fields)
    judged = subprocess.run(
        [*COMMAND, "classify", "by-mail"],
        input="Subject: broken\r\n\r\n",
        env=server.environment,
        cwd=server.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert judged.stdout.startswith("It counts as fail: 'broken' is in its subject.\n")
    sent = _json(server, "email", "test", "by-mail", "--subject", "It is broken")
    reason = {"signal": "fail", "keyword": "broken", "where": "subject"}
    assert sent == {"n": 1, "type": "fail", "reason": reason}
    (ping,) = server.api(f"checks/{check['uuid']}/pings/", keys["API_KEY"])["pings"]
    assert (ping["scheme"], ping["type"], ping["reason"]) == ("email", "fail", reason)


def test_a_second_server_on_the_same_folder_is_refused(
    server: RealServer, second: subprocess.Popen[str]
) -> None:
    output, _ = second.communicate(timeout=30)
    assert second.returncode == 1
    assert output == (
        f"error: another hcserver (process {server.pid}) is using the folder {server.folder / 'data'}: "
        "stop it first, or give this one another embedded.path\n"
    )


def _json(server: RealServer, *arguments: str) -> Any:
    return json.loads(server.cli(*arguments, "--json").stdout)


def _stops(server: RealServer, path: str, key: str | None, status: int) -> None:
    """The server hears of what another process has changed, for which it looks once a second."""
    deadline = time.monotonic() + 20  # this machine may be busy
    while (answer := server.request(path, key=key).status) != status:
        assert time.monotonic() < deadline, answer
        time.sleep(0.05)
