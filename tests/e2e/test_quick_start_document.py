"""docs/quick-start.md, command by command."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from tests.e2e.readme import Shell, commands
from tests.e2e.server import RealServer

TEXT = (Path(__file__).parents[2] / "docs/quick-start.md").read_text("utf-8")


@pytest.fixture(scope="module")
def keys(server: RealServer) -> dict[str, str]:
    """The keys that the first start printed, by the words that the document has in their place."""
    for _ in range(500):
        found = dict(re.findall(r"^  (\S.*\S)   +(\S+)$", server.output.read_text(), re.MULTILINE))
        if "ping key" in found:
            return {"API_KEY": found["API key (read-write)"], "PING_KEY": found["ping key"]}
        time.sleep(0.02)
    raise AssertionError(server.output.read_text())


def test_every_command_works_as_printed(server: RealServer, keys: dict[str, str]) -> None:
    shell = Shell(server)
    serve, ping, channel, test, settings, fail, run = (
        command.replace("PING_KEY", keys["PING_KEY"])
        .replace("API_KEY", keys["API_KEY"])
        .replace("http://localhost:8000", server.url)
        for command in commands(TEXT)
    )
    assert serve == "make serve"  # the server that runs already
    assert shell(ping) == "Created"
    [check] = server.api("checks/", keys["API_KEY"])["checks"]
    assert (check["slug"], check["status"], check["timeout"], check["grace"]) == ("backup", "up", 86400, 3600)

    # Before the check has a channel, as no message is to leave this machine.
    assert shell(fail) == "OK"
    assert server.api(f"checks/{check['uuid']}", keys["API_KEY"])["status"] == "down"
    assert shell(run) == "all files are saved\n"
    pings = server.api(f"checks/{check['uuid']}/pings/", keys["API_KEY"])["pings"]
    assert [one["type"] for one in pings] == ["success", "start", "fail", "success"]

    assert shell(channel).startswith("Created the ")
    assert "channel test main phone" in test and "--name phone" in channel
    changed = json.loads(shell(settings))
    assert (changed["uuid"], changed["status"]) == (check["uuid"], "up")
    assert (changed["timeout"], changed["grace"]) == (3600, 300)
    [phone] = server.api("channels/", keys["API_KEY"])["channels"]
    assert changed["channels"] == phone["id"]


def test_the_schedule_is_accepted(server: RealServer, keys: dict[str, str]) -> None:
    [example] = [json.loads(found) for found in re.findall(r"`(\{[^`]*\})`", TEXT)]
    made = server.api("checks/", keys["API_KEY"], example)
    assert {name: made[name] for name in example} == example
