from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hcserver.runner.command import Command, Outcome, leave, say
from hcserver.runner.signals import Signals
from hcserver.runner.tail import Tail
from tests.hcserver.runner.conftest import HCSERVER_RUN, PingServer, hcserver_run


@pytest.mark.parametrize("status", [0, 1, 3, 127, 255])
def test_the_exit_status_is_that_of_the_command(ping_server: PingServer, status: int) -> None:
    assert hcserver_run(ping_server.url, "--", "sh", "-c", f"exit {status}").returncode == status
    assert ping_server.signals == ["start", str(status)]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGPIPE, signal.SIGRTMIN])
def test_a_signal_that_ends_the_command_ends_the_run_as_well(
    ping_server: PingServer, number: signal.Signals, tmp_path: Path
) -> None:
    run = [*HCSERVER_RUN, "--url", ping_server.url, "--", "sh", "-c", f"kill -{number.value} $$"]
    assert subprocess.run(run, timeout=60, cwd=tmp_path).returncode == -number
    assert ping_server.signals == ["start", str(128 + number)]
    assert ping_server.pings[1].body == f"ended by {name(number)}\n".encode()


def name(number: int) -> str:
    return signal.Signals(number).name


@pytest.mark.parametrize(
    ("command", "status", "says"),
    [
        ("no-such-command", 127, "no-such-command: command not found"),
        ("./missing", 127, "./missing: command not found"),
        ("./plain", 126, "./plain: Permission denied"),
        (".", 126, ".: Permission denied"),
        ("./without-shebang", 126, "./without-shebang: no program, and no script that begins with #!"),
    ],
)
def test_a_command_that_can_not_be_started_is_reported_as_a_failure(
    ping_server: PingServer, tmp_path: Path, command: str, status: int, says: str
) -> None:
    (tmp_path / "plain").write_text("#!/bin/sh\n")
    (tmp_path / "without-shebang").write_text("echo\n")
    (tmp_path / "without-shebang").chmod(0o755)
    done = hcserver_run(ping_server.url, "--", command, "argument", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (status, b"")
    assert done.stderr == f"hcserver run: {says}\n".encode()
    assert [(ping.signal, ping.body) for ping in ping_server.pings] == [(str(status), f"{says}\n".encode())]


def test_the_outputs_stay_apart_and_as_they_are(ping_server: PingServer) -> None:
    script = r"printf '\000\377out'; printf '\200err\r' >&2"
    done = hcserver_run(ping_server.url, "--", "sh", "-c", script)
    assert (done.stdout, done.stderr) == (b"\x00\xffout", b"\x80err\r")
    assert sorted(ping_server.pings[1].body) == sorted(b"\x00\xffout\x80err\r")


def test_without_output_the_command_has_our_own_standard_output(
    ping_server: PingServer, tmp_path: Path
) -> None:
    inode = "import os; print(os.fstat(1).st_ino == int(os.environ['INODE']))"
    with (tmp_path / "output").open("wb") as output:
        number = str(os.fstat(output.fileno()).st_ino)
        for option in ("--no-output", "--timeout=9"):
            run = [*HCSERVER_RUN, "--url", ping_server.url, option, "--", sys.executable, "-c", inode]
            subprocess.run(run, stdout=output, env={**os.environ, "INODE": number}, check=True, timeout=60)
    assert (tmp_path / "output").read_text() == "True\nFalse\n"
    assert [ping.body for ping in ping_server.pings if ping.signal == "0"] == [b"", b"False\n"]


def test_the_command_has_our_input_and_our_open_files(ping_server: PingServer, tmp_path: Path) -> None:
    script = 'exec 5>"$0"; exec "$@"'
    inner = "cat; echo lock >&5"
    run = [*HCSERVER_RUN, "--url", ping_server.url, "--", "sh", "-c", inner]
    done = subprocess.run(
        ["sh", "-c", script, str(tmp_path / "file"), *run], input=b"input", capture_output=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, b"input")
    assert (tmp_path / "file").read_text() == "lock\n"


def test_a_daemon_that_keeps_the_output_open_is_not_waited_for(ping_server: PingServer) -> None:
    with subprocess.Popen(
        [*HCSERVER_RUN, "--url", ping_server.url, "--", "sh", "-c", "sleep 600 & echo $!"],
        stdout=subprocess.PIPE,
    ) as run:
        output, _ = run.communicate(timeout=60)
    os.kill(int(output), signal.SIGKILL)
    assert run.returncode == 0
    assert ping_server.signals == ["start", "0"]


def test_a_full_disk_is_said_and_the_command_gets_sigpipe(ping_server: PingServer) -> None:
    with open("/dev/full", "wb") as full:
        run = [*HCSERVER_RUN, "--url", ping_server.url, "--", "yes"]
        done = subprocess.run(run, stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == -signal.SIGPIPE
    assert done.stderr == b"hcserver run: can't pass on the output of the command: No space left on device\n"


def test_control_characters_in_what_we_say_are_not_printed(ping_server: PingServer) -> None:
    done = hcserver_run(ping_server.url, "--", "no\n\x1b[2Jsuch\udcff")
    assert done.stderr == b"hcserver run: no  [2Jsuch\\udcff: command not found\n".replace(b"\\udcff", b" ")


def outcome_of(*arguments: str, tail: Tail | None = None) -> Outcome:
    command = Command(arguments, tail)
    return command.start(Signals()) or command.wait()


def test_the_outcome_says_how_it_ended(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    tail = Tail()
    assert outcome_of("sh", "-c", "echo out; exit 3", tail=tail) == Outcome(3)
    assert tail.last(100) == b"out\n"
    assert outcome_of("sh", "-c", "kill -9 $$") == Outcome(137, 9, "ended by SIGKILL")
    assert outcome_of("sh", "-c", "kill -35 $$") == Outcome(163, 35, "ended by signal 35")
    assert outcome_of("no-such-command") == Outcome(127, None, "no-such-command: command not found")
    (tmp_path / "empty").touch(0o755)
    assert outcome_of(str(tmp_path)).status == outcome_of(str(tmp_path / "empty")).status == 126
    assert capfd.readouterr().out == "out\n"


def test_process_1_of_a_container_ends_with_the_status_instead_of_the_signal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr("os.kill", lambda pid, number: sent.append((pid, number)))
    monkeypatch.setattr("resource.setrlimit", lambda which, limits: None)
    with pytest.raises(SystemExit) as left:
        leave(Outcome(137, signal.SIGKILL))
    assert (left.value.code, sent) == (137, [(os.getpid(), signal.SIGKILL)])


def test_what_can_not_be_said_is_not_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, text: bytes) -> int:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr("os.write", full)
    say("nothing")


def test_the_thread_that_handles_signals_never_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[threading.Thread] = []

    class Process(subprocess.Popen[bytes]):
        def wait(self, timeout: float | None = None) -> int:
            if self.returncode is None:
                waited.append(threading.current_thread())
            return super().wait(timeout)

    monkeypatch.setattr(subprocess, "Popen", Process)
    command = Command(["sh", "-c", "exit 3"], None)
    assert command.start(Signals()) is None
    assert command.wait() == Outcome(3)
    assert waited and threading.main_thread() not in waited
