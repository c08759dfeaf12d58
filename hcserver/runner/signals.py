"""Signals that `hcserver run` gets: they are passed on to the command."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
from types import FrameType
from typing import Final

_PASSED_ON: Final = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
_OF_THE_KEYBOARD: Final = (signal.SIGINT, signal.SIGQUIT)
_ASKING_TO_STOP: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


class Signals:
    """Passes signals on while the command runs. Those that are ignored (nohup) stay so, for the command, too.

    `stop_requested`: one of them asked to stop. `news` gets a None for each that asks so after the command
    has ended, when there is nothing to stop but our own waiting.
    """

    def __init__(self) -> None:
        self.stop_requested = False
        # A SimpleQueue may be put to by a signal handler, whatever it interrupts.
        self.news: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []

    def watch(self) -> None:
        """Begin; signals that come before the command has started reach it then."""
        for number in _PASSED_ON:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._handle)

    def command_started(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        for number in self._early:
            process.send_signal(number)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if number in _ASKING_TO_STOP:
            self.stop_requested = True
        if self._process is None:
            self._early.append(number)
        elif self._process.returncode is None:
            if not (number in _OF_THE_KEYBOARD and _in_foreground()):
                self._process.send_signal(number)
        elif number in _ASKING_TO_STOP:
            self.news.put(None)


def _in_foreground() -> bool:
    """Whether the keys of the terminal signal our process group: then the command has got the signal, too."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
