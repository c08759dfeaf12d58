"""`hcserver apply` and `hcserver export` while the server runs, and while it does not."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from tests.e2e.server import RealServer

KEY = "abcdefghijklmnopqrstuv"
FILE = """
[[projects]]
name = "Lab"
ping_key = { env = "LAB_PING_KEY" }

[[projects.channels]]
name = "ops"
kind = "ntfy"
target = { env = "LAB_OPS" }
auto_assign = true

[[projects.checks]]
slug = "backup"
name = "Nightly backup"
schedule = "30 2 * * *"
tz = "Europe/Riga"

[[projects.checks]]
slug = "mirror"
timeout = 3600

[[projects.windows]]
name = "Updates"
check = "backup"
schedule = "Sun 03:00"
minutes = 90
"""


def test_a_running_server_has_what_a_file_declares(make_server: Callable[..., RealServer]) -> None:
    server = make_server(LAB_PING_KEY=KEY, LAB_OPS="backups-x7Qp2").start()

    def apply(text: str, *options: str) -> str:
        return server.cli("apply", "-", *options, stdin=text).stdout

    keys = json.loads(apply(FILE, "--json"))["projects"][0]
    assert server.request(f"/ping/{KEY}/backup").status == 200
    channel = server.api("channels/", keys["api_key"])["channels"][0]["id"]
    backup, mirror = documents(server, keys)
    assert (backup["slug"], backup["schedule"], backup["channels"]) == ("backup", "30 2 * * *", channel)
    assert (mirror["slug"], mirror["name"], mirror["timeout"]) == ("mirror", "mirror", 3600)
    (window,) = server.api("windows/", keys["api_key"])["windows"]
    assert (window["name"], window["check"]) == ("Updates", backup["uuid"])

    assert apply(FILE) == "Nothing to change.\n"

    changed = FILE.replace("timeout = 3600", "timeout = 7200")
    assert "      timeout: 3600 -> 7200\n" in apply(changed, "--dry-run")
    assert documents(server, keys)[1]["timeout"] == 3600
    assert apply(changed).splitlines()[-1] == "Changed 1."
    wait_until(lambda: documents(server, keys)[1]["timeout"] == 7200)
    assert documents(server, keys)[0]["n_pings"] == 1

    without = changed.replace('slug = "mirror"', 'slug = "copy"')
    assert "  = check mirror: not in the file\n" in apply(without)
    wait_until(lambda: slugs(server, keys) == ["backup", "mirror", "copy"])
    assert "  - check mirror\n" in apply(without, "--prune")
    wait_until(lambda: slugs(server, keys) == ["backup", "copy"])
    wait_until(lambda: server.request(f"/ping/{KEY}/mirror").status == 404)

    exported = server.cli("export", "Lab").stdout
    assert (KEY in exported, "x7Qp2" in exported) == (False, False)
    server.environment |= {"PING_KEY_LAB": KEY, "TARGET_LAB_OPS": server.environment["LAB_OPS"]}
    assert apply(exported, "--dry-run", "--prune") == "Nothing to change.\n"

    assert server.stop() == 0
    assert apply(exported, "--prune") == "Nothing to change.\n"
    assert apply(exported.replace("timeout = 7200", "timeout = 60")).splitlines()[-1] == "Changed 1."
    server.start()
    assert documents(server, keys)[1]["timeout"] == 60
    assert server.stop() == 0


def documents(server: RealServer, keys: Any) -> list[Any]:
    found: list[Any] = server.api("checks/", keys["api_key"])["checks"]
    return found


def slugs(server: RealServer, keys: Any) -> list[str]:
    return [check["slug"] for check in documents(server, keys)]


def wait_until(holds: Callable[[], bool]) -> None:
    """Servers hear of what other processes change within some seconds."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)
