from __future__ import annotations

import io
import os
import signal
import subprocess
import threading
from collections.abc import Iterator

import pytest

from hcserver.runner.stream_copy import StreamCopy
from hcserver.runner.tail import Tail


class Pipes:
    """A copy from one pipe to another; `ended` is closed when the command has ended."""

    def __init__(self) -> None:
        source, self.command = os.pipe()
        self.reader, self.sink = os.pipe()
        self.waiting, self.ended = os.pipe()
        self.tail = Tail()
        self.copy = StreamCopy(io.FileIO(source), self.sink, self.tail, self.waiting)
        self.open = {self.command, self.reader, self.sink, self.waiting, self.ended}

    def close(self, *descriptors: int) -> None:
        for one in descriptors:
            os.close(one)
            self.open.remove(one)


@pytest.fixture
def pipes() -> Iterator[Pipes]:
    made = Pipes()
    yield made
    made.close(*made.open)


def test_output_is_passed_on_as_soon_as_it_comes_and_kept(pipes: Pipes) -> None:
    pipes.copy.start()
    for chunk in (b"\x00\xff", b"no line feed", b"\r\n"):
        os.write(pipes.command, chunk)
        assert os.read(pipes.reader, 1000) == chunk
    pipes.close(pipes.command)
    pipes.copy.join()
    assert pipes.tail.last(1000) == b"\x00\xffno line feed\r\n"


def test_what_is_in_the_pipe_when_the_command_ends_is_passed_on(pipes: Pipes) -> None:
    os.write(pipes.command, b"last words")
    pipes.close(pipes.ended)
    pipes.copy.start()
    pipes.copy.join()  # although the pipe is still open
    assert os.read(pipes.reader, 1000) == b"last words"


def test_a_helper_may_have_the_last_word(pipes: Pipes) -> None:
    pipes.close(pipes.ended)
    os.write(pipes.command, b"a")
    pipes.copy.start()
    assert os.read(pipes.reader, 1000) == b"a"
    os.write(pipes.command, b"b")
    pipes.copy.join()
    assert os.read(pipes.reader, 1000) == b"b"


def test_a_daemon_that_never_stops_writing_is_not_waited_for(pipes: Pipes) -> None:
    pipes.close(pipes.ended)
    with (
        subprocess.Popen(["yes"], stdout=pipes.command, stderr=subprocess.DEVNULL) as daemon,
        subprocess.Popen(["cat"], stdin=pipes.reader, stdout=subprocess.DEVNULL),
    ):
        pipes.copy.start()
        pipes.copy.join()
        pipes.close(pipes.sink)
    assert daemon.returncode == -signal.SIGPIPE


def test_when_nobody_reads_the_command_gets_a_broken_pipe(pipes: Pipes) -> None:
    pipes.close(pipes.reader)
    os.write(pipes.command, b"x")
    pipes.copy.start()
    pipes.copy.join()
    assert pipes.copy.fault is None
    with pytest.raises(BrokenPipeError):
        os.write(pipes.command, b"x")


def test_why_the_output_can_not_be_passed_on_is_kept(pipes: Pipes) -> None:
    with open("/dev/full", "wb") as full:
        os.dup2(full.fileno(), pipes.sink)
    os.write(pipes.command, b"x")
    pipes.copy.start()
    pipes.copy.join()
    assert pipes.copy.fault is not None and pipes.copy.fault.strerror == "No space left on device"


def test_an_output_that_does_not_block_is_waited_for(pipes: Pipes) -> None:
    os.set_blocking(pipes.sink, False)
    size = 300_000  # more than both pipes hold
    pipes.copy.start()

    def write() -> None:
        os.write(pipes.command, b"x" * size)
        pipes.close(pipes.command)

    thread = threading.Thread(target=write)
    thread.start()
    received = 0
    while received < size:
        received += len(os.read(pipes.reader, 10_000))
    thread.join()
    pipes.copy.join()
    assert received == size
