"""Clients that do as they like, and what an attack costs the server and others."""

from __future__ import annotations

import contextlib
import os
import smtplib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from tests.e2e.server import RealServer

PATIENCE = 20.0  # seconds within which every answer must come
DOMAIN = "hc.example.org"
_TICKS = os.sysconf("SC_CLK_TCK")


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def send_and_read(port: int, data: bytes) -> bytes:
    """Send the data on a new connection, and read until the server closes it."""
    with connect(port) as client:
        client.sendall(data)
        return read_all(client)


def read_all(client: socket.socket) -> bytes:
    """Everything up to the end of the connection, orderly or not."""
    answer = b""
    with contextlib.suppress(ConnectionError):
        while block := client.recv(65_536):
            answer += block
    return answer


def send_mail(port: int, recipient: str, raw: bytes) -> None:
    """Raises SMTPException if it is not accepted."""
    with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE) as client:
        client.sendmail("attacker@example.org", [recipient], raw)


def memory(pid: int) -> int:
    """The bytes of memory that a process has."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


def cpu(pid: int) -> float:
    """The seconds of CPU time that a process has used, its children excluded."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


class Delays:
    """The seconds that pings of a bystander took."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.statuses: set[int] = set()

    @property
    def worst(self) -> float:
        return max(self.seconds)

    @property
    def median(self) -> float:
        return median(self.seconds)


@contextmanager
def pinging(server: RealServer, check: str) -> Iterator[Delays]:
    """Ping a check ten times a second as long as the context lasts."""
    delays, ended = Delays(), threading.Event()

    def run() -> None:
        while not ended.wait(0.1):
            began = time.monotonic()
            delays.statuses.add(server.request(f"/ping/{check}").status)
            delays.seconds.append(time.monotonic() - began)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield delays
        time.sleep(0.3)  # for a ping that waits behind the last of the attack
    finally:
        ended.set()
        thread.join()


@contextmanager
def together(*threads: threading.Thread) -> Iterator[None]:
    """Run the threads at the same time as the context, and wait for them at its end."""
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join()
