"""What systemd is told about the server (sd_notify(3)): that it is ready, is alive, and stops."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

log = logging.getLogger(__name__)

BEAT = 20.0  # seconds between two signs of life, or half of what systemd's watchdog asks for
_START_LASTS = 60  # seconds more that the start may take after each of them
_PATIENCE = 1.0  # seconds for systemd, which reads such messages at once, to make room for another one


class ServiceManager:
    """Talks to the service manager that the environment names; where there is none, nothing is said.

    The signs of life come from the event loop. They stop when it hangs, and systemd's watchdog then starts
    the server again.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):  # a name in Linux' abstract namespace
            self._address = "\0" + self._address[1:]
        self._watchdog = _watchdog(environ)
        self._starting = True
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def reporting(self) -> AsyncIterator[None]:
        """Give signs of life from the running event loop as long as the context lasts."""
        if self._address:
            self._beat()
        try:
            yield
        finally:
            if self._timer is not None:
                self._timer.cancel()

    def ready(self) -> None:
        """The server has started: whatever waits for it may begin."""
        self._starting = False
        self._tell("READY=1")

    def stopping(self) -> None:
        """The server stops by itself, or because it was asked to."""
        self._starting = False
        self._tell("STOPPING=1")

    def _beat(self) -> None:
        signs = []
        if self._watchdog:
            signs.append("WATCHDOG=1")
        if self._starting:
            # The database may be away for longer than systemd lets a start take.
            signs.append(f"EXTEND_TIMEOUT_USEC={_START_LASTS * 1_000_000}")
        if signs:
            self._tell(*signs)
        pause = min(BEAT, self._watchdog / 2) if self._watchdog else BEAT
        self._timer = asyncio.get_running_loop().call_later(pause, self._beat)

    def _tell(self, *assignments: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(_PATIENCE)
                sender.sendto("\n".join(assignments).encode(), self._address)
        except OSError as error:
            log.warning("systemd can't be told %s: %s", " ".join(assignments), error)


def _watchdog(environ: Mapping[str, str]) -> float:
    """Seconds without a sign of life after which systemd takes this process for stuck; 0: never."""
    microseconds = environ.get("WATCHDOG_USEC", "")
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()) or not microseconds.isdecimal():
        return 0.0
    return int(microseconds) / 1_000_000
