from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
from typing import Any, cast

import pytest

from hcserver.runner.signals import Signals
from tests.e2e.server import descendants
from tests.hcserver.runner.conftest import HCSERVER_RUN, PingServer, wait_for

# Counts what it gets, says when it is ready, and ends at SIGTERM or at the end of its input.
COUNT = """
import os, select, signal, sys
def count(number, frame):
    os.write(1, f"{signal.Signals(number).name}\\n".encode())
for name in sys.argv[1:]:
    signal.signal(getattr(signal, name), count)
os.write(1, b"ready\\n")
while not select.select([0], [], [], 0.1)[0]:  # a signal just before a call is noticed after it
    pass
sys.stdin.read()
"""


def started(url: str, *command: str, **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*HCSERVER_RUN, "--url", url, "--", *command],
        **{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )


def line(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline().rstrip()


@pytest.mark.parametrize("name", ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2"])
def test_a_signal_is_passed_on_once_and_the_command_decides(ping_server: PingServer, name: str) -> None:
    with started(ping_server.url, sys.executable, "-c", COUNT, name) as run:
        assert line(run) == b"ready"
        run.send_signal(getattr(signal, name))
        assert line(run) == name.encode()
        output, errors = run.communicate(timeout=60)
    assert (run.returncode, output, errors) == (0, b"", b"")
    assert ping_server.signals == ["start", "0"]


@pytest.mark.parametrize("name", ["SIGHUP", "SIGINT", "SIGTERM", "SIGUSR1"])
def test_a_signal_that_ends_the_command_is_reported_and_ends_the_run(
    ping_server: PingServer, name: str
) -> None:
    number = getattr(signal, name)
    with started(ping_server.url, "sh", "-c", "echo ready; exec sleep 600") as run:
        assert line(run) == b"ready"
        run.send_signal(number)
        output, errors = run.communicate(timeout=60)
    assert (run.returncode, output, errors) == (-number, b"", b"")
    assert ping_server.signals == ["start", str(128 + number)]
    assert ping_server.pings[1].body == f"ready\nended by {name}\n".encode()


def test_signals_that_are_ignored_stay_so_for_the_command(ping_server: PingServer) -> None:
    ignoring = "trap '' HUP INT; exec \"$@\""
    command = [*HCSERVER_RUN, "--url", ping_server.url, "--", "sh", "-c", "echo ready; read line; echo $line"]
    with subprocess.Popen(
        ["sh", "-c", ignoring, "sh", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as run:
        assert line(run) == b"ready"
        run.send_signal(signal.SIGHUP)
        run.send_signal(signal.SIGINT)
        output, _ = run.communicate(b"alive\n", timeout=60)
    assert (run.returncode, output) == (0, b"alive\n")


def test_a_key_of_the_terminal_reaches_the_command_once(ping_server: PingServer) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        command = [*HCSERVER_RUN, "--url", ping_server.url, "--", sys.executable, "-c", COUNT, "SIGINT"]
        os.execvp(command[0], command)
    try:
        read_until(terminal, b"ready")
        os.write(terminal, b"\x03")
        read_until(terminal, b"SIGINT")
        os.write(terminal, b"\x04")  # the end of its input
        assert read_until(terminal, b"").count(b"SIGINT") == 0
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)
    assert ping_server.signals == ["start", "0"]
    assert ping_server.pings[1].body == b"ready\nSIGINT\n"


def read_until(terminal: int, text: bytes) -> bytes:
    """What it prints up to `text`, or b"" for its end."""
    read = b""
    while not text or text not in read:
        assert select.select([terminal], [], [], 60)[0], read
        try:
            read += os.read(terminal, 1000)
        except OSError:  # Linux: the other side is closed
            return read
    return read


@pytest.mark.parametrize("held", ["start", "0"])
def test_a_signal_after_the_command_ends_the_waiting_for_the_server(
    ping_server: PingServer, held: str
) -> None:
    ping_server.hold.clear()
    ping_server.held = held
    with subprocess.Popen(
        [*HCSERVER_RUN, "--url", ping_server.url, "--timeout", "50", "--", "echo", "done"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as run:
        assert line(run) == b"done"
        wait_for(lambda: held in ping_server.signals and not descendants(run.pid))
        run.terminate()
        _, errors = run.communicate(timeout=60)
    assert run.returncode == 0
    assert errors.endswith(b": interrupted by a signal\n")


class Process:
    """A command that notes the signals that it gets."""

    def __init__(self) -> None:
        self.returncode: int | None = None
        self.got: list[int] = []

    def send_signal(self, number: int) -> None:
        self.got.append(number)


def test_what_a_signal_does_depends_on_whether_the_command_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hcserver.runner.signals._in_foreground", lambda: True)
    signals, process = Signals(), Process()
    signals._handle(signal.SIGUSR1, None)
    assert (process.got, signals.stop_requested) == ([], False)
    signals.command_started(cast(Any, process))
    signals._handle(signal.SIGTERM, None)
    signals._handle(signal.SIGINT, None)  # a key of the terminal, which the command has got itself
    assert (process.got, signals.stop_requested) == ([signal.SIGUSR1, signal.SIGTERM], True)
    process.returncode = 0
    signals._handle(signal.SIGUSR1, None)
    assert signals.news.empty()
    signals._handle(signal.SIGHUP, None)
    assert signals.news.get_nowait() is None
    assert process.got == [signal.SIGUSR1, signal.SIGTERM]
