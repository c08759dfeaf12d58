"""From a failing job to the person told, through a real server and a real receiver."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.receiver import Receiver
from tests.e2e.server import RealServer

LOOPBACK = {"HCSERVER_NOTIFICATIONS_ALLOWED_NETWORKS": "127.0.0.0/8", "HCSERVER_NOTIFICATIONS_TIMEOUT": "1"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A running server that may reach the receiver."""
    server = RealServer(tmp_path_factory.mktemp("server"), **LOOPBACK).start()
    yield server
    assert server.stop() == 0, server.output.read_text()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


def _set_up(server: RealServer, url: str, checks: int) -> tuple[str, list[str]]:
    """A new project with a webhook and so many checks that use it: its key, and their ids."""
    project = server.create_project(f"project {uuid4()}")
    key = project["api_key"]
    target = json.dumps({"url": url, "full": True})
    server.cli("channel", "create", project["id"], "webhook", target, "--name", "hook", "--json")
    return key, [
        server.api("checks/", key, {"name": f"check {n}", "channels": "hook"})["uuid"] for n in range(checks)
    ]


def test_a_failure_and_the_recovery_arrive(server: RealServer, receiver: Receiver) -> None:
    _, [uuid] = _set_up(server, receiver.url, 1)
    sent = time.monotonic()
    assert server.request(f"/ping/{uuid}/fail", body=b"disk full").text == "OK"
    [down] = receiver.wait_for(1)
    assert receiver.received[0][0] - sent < 5
    assert (down["status"], down["check"]["uuid"]) == ("down", uuid)
    assert "disk full" in down["text"]
    server.request(f"/ping/{uuid}")
    _, up = receiver.wait_for(2)
    assert up["status"] == "up"


def test_a_receiver_that_was_away_hears_of_everything_in_order(
    server: RealServer, receiver: Receiver
) -> None:
    _, [uuid] = _set_up(server, receiver.url, 1)
    receiver.status = 503
    server.request(f"/ping/{uuid}/fail")
    server.request(f"/ping/{uuid}")
    time.sleep(1)
    receiver.status = 200
    assert [document["status"] for document in receiver.wait_for(2)] == ["down", "up"]


def test_a_private_address_is_not_reached_unless_it_is_allowed(
    make_server: Callable[..., RealServer], receiver: Receiver
) -> None:
    server = make_server().start()
    # Written as a number, the address is looked at only when something is sent.
    key, [uuid] = _set_up(server, receiver.url.replace("127.0.0.1", "2130706433"), 1)
    server.request(f"/ping/{uuid}/fail")
    deadline = time.monotonic() + 20
    notification: Any = {"status": "pending"}
    while notification["status"] == "pending" and time.monotonic() < deadline:
        found = server.api(f"checks/{uuid}/notifications/", key)["notifications"]
        notification = found[0] if found else notification
        time.sleep(0.05)
    assert notification["status"] == "failed"
    assert receiver.received == []


def test_what_a_kill_interrupts_is_told_after_the_start(server: RealServer, receiver: Receiver) -> None:
    _, checks = _set_up(server, receiver.url, 12)
    # Killed at another moment each time, between the log, the state, the notification and the receipt.
    for number, uuid in enumerate(checks):
        assert server.request(f"/ping/{uuid}/fail").text == "OK"
        if number % 4 == 3:
            time.sleep(0.004 * number)
            server.kill()
            server.start()
    told: Counter[str] = Counter()
    deadline = time.monotonic() + 90  # a lease of what was on its way must end first
    while len(told) < len(checks) and time.monotonic() < deadline:
        told = Counter(document["check"]["uuid"] for _, _, document in list(receiver.received))
        time.sleep(0.05)
    assert set(told) == set(checks)
    ids = Counter(headers["webhook-id"] for _, headers, _ in receiver.received)
    assert len(ids) == len(checks), "the same id on every attempt"


def test_while_a_host_is_down_its_jobs_are_not_reported(server: RealServer, receiver: Receiver) -> None:
    key, [host, *jobs] = _set_up(server, receiver.url, 3)
    for job in jobs:
        server.api(f"checks/{job}", key, {"depends_on": [host]})
    for uuid in (host, *jobs):
        server.request(f"/ping/{uuid}/fail")
    deadline = time.monotonic() + 30
    held: list[Any] = []
    while len(held) < 2 and time.monotonic() < deadline:
        found = [server.api(f"checks/{job}/notifications/", key)["notifications"] for job in jobs]
        held = [one["why"] for notifications in found for one in notifications]
        time.sleep(0.05)
    assert held == ["held back: it depends on check 0, which is down"] * 2
    server.request(f"/ping/{jobs[0]}")
    # Nothing holds the other one any more. A request has it looked at now, not within two minutes.
    server.request(f"/api/v3/checks/{host}/pause", "POST", key=key)
    server.api(f"checks/{jobs[1]}/snooze", key, {"seconds": 0})
    documents = receiver.wait_for(2)
    told = [(document["check"]["uuid"], document["status"]) for document in documents]
    assert told == [(host, "down"), (jobs[1], "down")]
    assert "2 checks; messages that they are down are held back" in documents[0]["text"]
