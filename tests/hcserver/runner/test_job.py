from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from hcserver.runner.address import PingAddress
from hcserver.runner.command import Outcome
from hcserver.runner.job import run_job
from hcserver.runner.reports import EndReport
from tests.hcserver.runner.conftest import HCSERVER_RUN, PingServer, hcserver_run


def test_start_and_end_have_the_same_run_id_and_the_query_of_the_address(ping_server: PingServer) -> None:
    for _ in range(2):
        hcserver_run(f"{ping_server.url}?create=1", "--", "true")
    queries = [parse_qs(urlsplit(ping.path).query) for ping in ping_server.pings]
    assert all(query["create"] == ["1"] for query in queries)
    ids = [query["rid"][0] for query in queries]
    assert ids[0] == ids[1] != ids[2] == ids[3]
    assert ping_server.signals == ["start", "0", "start", "0"]
    assert urlsplit(ping_server.pings[0].path).path == "/ping/key/job/start"


def test_the_end_of_a_long_output_is_reported_within_the_limit_of_the_server(ping_server: PingServer) -> None:
    done = hcserver_run(ping_server.url, "--", "sh", "-c", "seq 10000; exit 4")
    assert len(done.stdout) > 10_000
    body = ping_server.pings[1].body
    assert 990 <= len(body) <= 1000
    assert re.match(rb"\(\d+ bytes before this are left out\)\n", body)
    assert body.endswith(b"9999\n10000\n")


def test_a_note_is_not_cut_off_by_a_long_output(ping_server: PingServer) -> None:
    hcserver_run(ping_server.url, "--", "sh", "-c", "seq 10000; printf x; kill -9 $$")
    body = ping_server.pings[1].body
    assert len(body) <= 1000
    assert body.endswith(b"\n10000\nx\nended by SIGKILL\n")


def test_a_server_that_keeps_no_bodies_gets_none(ping_server: PingServer) -> None:
    ping_server.headers = {"Ping-Body-Limit": "0"}
    hcserver_run(ping_server.url, "--", "sh", "-c", "echo words; kill -9 $$")
    assert ping_server.pings[1].body == b""


def test_the_command_does_not_wait_for_a_server_that_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/ping/x"
        done = hcserver_run(url, "--timeout", "1", "--", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (done.returncode, done.stdout) == (7, b"out\n")
    err, line = done.stderr.decode().splitlines()
    assert err == "err"
    assert line.startswith(f"hcserver run: the exit status 7 was not reported to {urlsplit(url).netloc}: ")


def test_a_failed_report_is_one_line_without_the_secret_of_the_address(ping_server: PingServer) -> None:
    ping_server.answers = [404] * 10
    done = hcserver_run(ping_server.url, "--", "true")
    host = urlsplit(ping_server.url).netloc
    assert done.stderr.decode() == (
        f"hcserver run: the exit status 0 was not reported to {host}: the server answered 404 Not Found\n"
    )
    assert done.returncode == 0


def test_the_end_of_the_output_does_not_wait_for_the_report(ping_server: PingServer) -> None:
    ping_server.hold.clear()
    ping_server.held = "0"
    run = [*HCSERVER_RUN, "--url", ping_server.url, "--", "echo", "words"]
    with subprocess.Popen(run, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.read() == b"words\n"
        assert process.poll() is None
        ping_server.hold.set()
    assert process.returncode == 0


@pytest.fixture
def own_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A run in the process of the tests leaves its signals and its standard output as they were."""
    monkeypatch.setattr("hcserver.runner.job.close_standard_output", lambda: None)
    before = {number: signal.getsignal(number) for number in signal.valid_signals()}
    yield
    for number, handler in before.items():
        if signal.getsignal(number) is not handler:
            signal.signal(number, handler)


@pytest.mark.usefixtures("own_process")
def test_a_signal_that_comes_before_the_command_has_started_reaches_it(
    ping_server: PingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = subprocess.Popen

    def late(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        os.kill(os.getpid(), signal.SIGTERM)
        return started(*arguments, **options)

    monkeypatch.setattr("hcserver.runner.command.subprocess.Popen", late)
    address = PingAddress.parse(ping_server.url)
    outcome = run_job(["sleep", "600"], address, timeout=10, retry_for=0, with_output=False)
    assert outcome == Outcome(143, signal.SIGTERM, "ended by SIGTERM")
    assert ping_server.signals[-1] == "143"


@pytest.mark.usefixtures("own_process")
def test_a_run_that_was_asked_to_stop_does_not_wait_for_long(
    monkeypatch: pytest.MonkeyPatch, unused_port: int
) -> None:
    waits: list[tuple[float, float]] = []
    monkeypatch.setattr(EndReport, "send", lambda self, timeout, patience: waits.append((timeout, patience)))
    address = PingAddress.parse(f"http://127.0.0.1:{unused_port}/ping/x")
    for script in ("exit 0", f"kill -TERM {os.getpid()}; sleep 600"):
        run_job(["sh", "-c", script], address, timeout=10, retry_for=300, with_output=True)
    assert waits == [(10, 300), (3, 3)]
