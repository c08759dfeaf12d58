"""`hcserver run` around jobs of all kinds, against the real server."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.e2e.server import COMMAND, RealServer

SIZE = 100_000_000  # bytes that the noisy job prints
MEMORY = 100_000  # kilobytes: an interpreter has some 30,000, and a megabyte of output is kept
# A program that runs the command after it, and prints the peak of its memory in kilobytes. A child of the
# process of the tests would begin with the peak of that process.
MEASURE = """
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(status)
"""


def command(url: str, *job: str) -> list[str]:
    return [*COMMAND, "run", "--url", url, "--", *job]


class Check:
    """A check that jobs report to; by its slug it is created with the first report."""

    def __init__(self, server: RealServer, project: Any, slug: str) -> None:
        self.server = server
        self.key = project["api_key"]
        self.slug = slug
        self.url = f"{server.url}/ping/{project['ping_key']}/{slug}?create=1"

    def run(self, *job: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(command(self.url, *job), **{"capture_output": True, "timeout": 60, **options})

    def exists(self) -> bool:
        return bool(self.server.api(f"checks/?slug={self.slug}", self.key)["checks"])

    def document(self) -> Any:
        (found,) = self.server.api(f"checks/?slug={self.slug}", self.key)["checks"]
        return found

    def pings(self) -> list[Any]:
        """The oldest first."""
        pings: list[Any] = self.server.api(f"checks/{self.document()['uuid']}/pings/", self.key)["pings"]
        return pings[::-1]

    def reported(self) -> list[tuple[str, int | None]]:
        return [(ping["type"], ping.get("exit_status")) for ping in self.pings()]

    def body(self, ping: Any) -> bytes:
        return self.server.request(ping["body_url"], key=self.key).body


@pytest.fixture
def check(server: RealServer, project: Any, request: pytest.FixtureRequest) -> Check:
    return Check(server, project, request.node.name.replace("_", "-")[:60])


def test_a_job_that_succeeds(check: Check) -> None:
    done = check.run("echo", "all done")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"all done\n", b"")
    assert check.reported() == [("start", None), ("success", 0)]
    start, end = check.pings()
    assert start["rid"] == end["rid"] is not None
    assert end["duration"] is not None
    assert check.body(end) == b"all done\n"
    assert check.document()["status"] == "up"


def test_a_job_that_fails(check: Check) -> None:
    done = check.run("sh", "-c", "echo no space >&2; exit 28")
    assert (done.returncode, done.stdout, done.stderr) == (28, b"", b"no space\n")
    assert check.reported() == [("start", None), ("fail", 28)]
    assert check.body(check.pings()[1]) == b"no space\n"
    assert check.document()["status"] == "down"


def test_a_job_that_does_not_exist(check: Check) -> None:
    assert check.run("no-such-job").returncode == 127
    assert check.reported() == [("fail", 127)]


def test_a_job_that_is_killed(check: Check) -> None:
    assert check.run("sh", "-c", "echo half; kill -9 $$").returncode == -signal.SIGKILL
    assert check.reported() == [("start", None), ("fail", 137)]
    assert check.body(check.pings()[1]) == b"half\nended by SIGKILL\n"


def test_sigterm_reaches_the_job_and_is_reported(check: Check) -> None:
    with subprocess.Popen(
        command(check.url, "sh", "-c", "echo ready; exec sleep 600"), stdout=subprocess.PIPE
    ) as run:
        assert run.stdout is not None and run.stdout.readline() == b"ready\n"
        run.terminate()
        assert run.wait(60) == -signal.SIGTERM
    assert check.reported() == [("start", None), ("fail", 143)]


def test_a_binary_output(check: Check) -> None:
    everything = bytes(range(256))
    done = check.run("cat", input=everything)
    assert done.stdout == everything
    assert check.body(check.pings()[1]) == everything


def test_a_noisy_job_takes_little_memory_and_its_last_words_are_kept(check: Check) -> None:
    job = f"head -c {SIZE} /dev/zero; echo the end"
    measured = [sys.executable, "-c", MEASURE, *command(check.url, "sh", "-c", job)]
    with (
        subprocess.Popen(["wc", "-c"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as counter,
        subprocess.Popen(measured, stdout=counter.stdin, stderr=subprocess.PIPE, text=True) as run,
    ):
        assert counter.stdin is not None
        counter.stdin.close()
        assert run.stderr is not None
        memory = int(run.stderr.read())
        assert counter.stdout is not None and int(counter.stdout.read()) == SIZE + len("the end\n")
    assert run.returncode == 0
    assert memory < MEMORY
    body = check.body(check.pings()[1])
    assert 9990 <= len(body) <= 10_000
    assert body.endswith(b"\0the end\n")


def test_reports_reach_a_server_that_was_away(make_server: Callable[..., RealServer]) -> None:
    server = make_server().start()
    project = server.create_project("away")
    short, long = Check(server, project, "short"), Check(server, project, "long")
    assert server.stop() == 0
    with (
        running(short.url, "sh", "-c", "echo over; exit 5") as over,
        running(long.url, "cat") as open_ended,
    ):
        assert over.stdout is not None and over.stdout.read() == b"over\n"  # it has ended
        server.start()
        deadline = time.monotonic() + 120
        while not long.exists() or long.reported() != [("start", None)]:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert open_ended.stdin is not None
        open_ended.stdin.close()
        assert (over.wait(120), open_ended.wait(120)) == (5, 0)
    assert short.reported() == [("fail", 5)]
    assert long.reported() == [("start", None), ("success", 0)]


@contextmanager
def running(url: str, *job: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command(url, *job), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        try:
            yield run
        finally:
            run.kill()
