from __future__ import annotations

import re
import socket
import subprocess
from urllib.parse import parse_qs, urlsplit

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
