"""The command: started, its output passed on, and how it ended."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from hcserver.runner.environment import inherited_environment
from hcserver.runner.signals import Signals
from hcserver.runner.stream_copy import StreamCopy
from hcserver.runner.tail import Tail

# As shells have it (POSIX, Shell Command Language, 2.8.2).
_NOT_FOUND: Final = 127
_NOT_EXECUTABLE: Final = 126
_SIGNALLED: Final = 128  # plus the number of the signal
_LOOK_FOR_SIGNALS: Final = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the command ended: its exit status, or the signal that ended it. `note` is for people."""

    status: int
    signal: int | None = None
    note: str = ""


class Command:
    """The command as a child process in our process group, with our standard input and our open files.

    With a `tail` its output is passed on and kept there; without, it has our standard output and error.
    """

    def __init__(self, arguments: Sequence[str], tail: Tail | None) -> None:
        self._arguments = arguments
        self._tail = tail

    def start(self, signals: Signals) -> Outcome | None:
        """Start it. If that is impossible, the outcome."""
        pipe = None if self._tail is None else subprocess.PIPE
        try:
            self._process = subprocess.Popen(
                self._arguments,
                stdout=pipe,
                stderr=pipe,
                env=inherited_environment(),
                close_fds=False,
                bufsize=0,
            )
        except OSError as error:
            return self._not_started(error)
        signals.command_started(self._process)
        return None

    def wait(self) -> Outcome:
        """Wait until it has ended and its output has been passed on."""
        ended, at_the_end = os.pipe()
        copies = self._copies(ended)
        for copy in copies:
            copy.start()
        returned = self._returned()
        os.close(at_the_end)
        for copy in copies:
            copy.join()
            if copy.fault is not None:
                say(f"can't pass on the output of the command: {copy.fault.strerror or copy.fault}")
        os.close(ended)
        if returned >= 0:
            return Outcome(returned)
        return Outcome(_SIGNALLED - returned, -returned, f"ended by {_name(-returned)}")

    def _returned(self) -> int:
        """Wait for the process in a thread of its own; what it returns.

        The main thread handles signals, but one that comes just before a system call only after that call.
        Waiting for the process itself, it would pass that signal on when the command has ended.
        """
        waiting = threading.Thread(target=self._process.wait, daemon=True)
        waiting.start()
        while waiting.is_alive():
            waiting.join(_LOOK_FOR_SIGNALS)
        return self._process.wait()

    def _copies(self, ended: int) -> list[StreamCopy]:
        process, tail = self._process, self._tail
        if tail is None or process.stdout is None or process.stderr is None:
            return []
        return [StreamCopy(process.stdout, 1, tail, ended), StreamCopy(process.stderr, 2, tail, ended)]

    def _not_started(self, error: OSError) -> Outcome:
        name = self._arguments[0]
        if isinstance(error, FileNotFoundError):
            outcome = Outcome(_NOT_FOUND, note=f"{name}: command not found")
        elif error.errno == errno.ENOEXEC:
            outcome = Outcome(_NOT_EXECUTABLE, note=f"{name}: no program, and no script that begins with #!")
        else:
            outcome = Outcome(_NOT_EXECUTABLE, note=f"{name}: {error.strerror or error}")
        say(outcome.note)
        return outcome


def leave(outcome: Outcome) -> NoReturn:
    """End this process as the command has ended."""
    if outcome.signal is not None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the command has left its own core dump
        if outcome.signal not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(outcome.signal, signal.SIG_DFL)
        os.kill(os.getpid(), outcome.signal)
    sys.exit(outcome.status)  # process 1 of a container can't be ended by a signal


def say(text: str) -> None:
    """A line on standard error, if that can be written to."""
    line = "".join(character if character.isprintable() else " " for character in text)
    try:
        os.write(2, f"hcserver run: {line}\n".encode(errors="backslashreplace"))
    except OSError:
        return


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"
