"""The examples of docs/api.md: what they send is accepted, and what they show is what the server answers."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.readme import Shell, commands
from tests.e2e.receiver import Receiver
from tests.e2e.server import RealServer

TEXT = (Path(__file__).parents[2] / "docs/api.md").read_text("utf-8")
EXAMPLES = [
    json.loads(found) for found in re.findall(r"^```json\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
]
CHECK, CHANNEL, TEST, NOTIFICATIONS, ONCE, RECURRING, CLASSIFIED = EXAMPLES
PATIENCE = 60.0  # seconds


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    environment = {"HCSERVER_NOTIFICATIONS_ALLOWED_NETWORKS": "127.0.0.0/8"}
    real = RealServer(tmp_path_factory.mktemp("server"), **environment).start()
    yield real
    assert real.stop() == 0, real.output.read_text()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def key(project: Any) -> str:
    found: str = project["api_key"]
    return found


def shape(document: Any) -> Any:
    """The names of its members in their order, and of those in them; of a list, that of its first item."""
    if isinstance(document, dict):
        return {name: shape(value) for name, value in document.items()}
    return [shape(document[0])] if isinstance(document, list) and document else type(document).__name__


def test_a_check_has_the_fields_of_the_example(server: RealServer, key: str) -> None:
    given = {
        name: value
        for name, value in CHECK.items()
        if name in ("name", "slug", "tags", "desc", "timeout", "grace") or name.endswith(("_kw", "subject"))
    }
    uuid = server.api("checks/", key, given)["uuid"]
    for signal in ("/start", ""):
        server.request(f"/ping/{uuid}{signal}")
    shown = server.api(f"checks/{uuid}", key)
    assert set(shown) == set(CHECK)
    assert {name: shown[name] for name in given} == given
    assert {type(shown[name]) for name in CHECK} == {type(value) for value in CHECK.values()}


def test_the_example_of_a_channel_is_accepted(server: RealServer, key: str) -> None:
    made = server.api("channels/", key, CHANNEL)
    assert (made["kind"], made["name"]) == (CHANNEL["kind"], CHANNEL["name"])
    assert CHANNEL["fields"]["topic"] in made["target"]


def test_results_of_deliveries_have_the_shape_of_the_examples(
    server: RealServer, key: str, receiver: Receiver
) -> None:
    receiver.status = 410
    hook = server.api("channels/", key, {"kind": "webhook", "target": receiver.url, "name": "hook"})
    test = server.api(f"channels/{hook['id']}/test", key, {})
    assert shape(test) == shape(TEST)
    assert {**test, "duration": TEST["duration"]} == TEST

    receiver.status = 200
    check = server.api("checks/", key, {"name": "job", "channels": "hook"})
    server.request(f"/ping/{check['uuid']}/fail")
    end = time.monotonic() + PATIENCE
    while (one := _notifications(server, key, check["uuid"]))[0]["status"] != "sent":
        assert time.monotonic() < end
        time.sleep(0.05)
    (example,) = NOTIFICATIONS["notifications"]
    assert list(one[0]) == list(example)
    assert list(one[0]["attempts"][0]) == list(example["attempts"][0])


def _notifications(server: RealServer, key: str, uuid: str) -> Any:
    return server.api(f"checks/{uuid}/notifications/", key)["notifications"]


@pytest.mark.parametrize("window", [ONCE, RECURRING], ids=["once", "recurring"])
def test_the_examples_of_windows_are_accepted(server: RealServer, key: str, window: Any) -> None:
    made = server.api("windows/", key, window)
    for name in window.keys() - {"start", "end"}:
        assert made[name] == window[name]
    assert made["name"] in [one["name"] for one in server.api("windows/", key)["windows"]]


def test_a_classified_email_has_the_shape_of_the_example(server: RealServer, key: str) -> None:
    fields = {"slug": "nas", "filter_subject": True, "filter_body": True, "failure_kw": "ERROR"}
    uuid = server.api("checks/", key, fields)["uuid"]
    mail = f"Subject: {CLASSIFIED['subject']}\r\n\r\n{CLASSIFIED['text']}".encode()
    answer = server.request(f"/api/v3/checks/{uuid}/classify", body=mail, key=key)
    assert (answer.status, answer.json()) == (200, CLASSIFIED)


def test_keys_with_names_are_made_as_printed(server: RealServer, project: Any) -> None:
    create, listing, revoke = (
        one.replace("Homelab", project["name"]) for one in commands(TEXT) if one.startswith("hcserver ")
    )
    shell = Shell(server)
    path = f"{server.folder / '.venv/bin'}:/usr/bin:/bin"
    named = shell(create, PATH=path).split()[-1]
    server.api("checks/", named)
    assert "Grafana" in shell(listing, PATH=path)
    shell(revoke, PATH=path)
    assert "Grafana" not in shell(listing, PATH=path)


def test_the_command_for_live_events_prints_them(server: RealServer, key: str) -> None:
    (command,) = [one for one in commands(TEXT) if one.startswith("curl ")]
    uuid = server.api("checks/", key, {"name": "live"})["uuid"]
    here = command.replace("API_KEY", key).replace("http://localhost:8000", server.url)
    with subprocess.Popen(["sh", "-c", f"exec {here}"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("retry: ")  # it listens
        server.request(f"/ping/{uuid}")
        while not (line := process.stdout.readline()).startswith("data: "):
            assert line
        process.terminate()
    assert json.loads(line.removeprefix("data: "))["uuid"] == uuid
