"""The server as systemd starts it: with sockets that are open already, and a place to say how it is."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.certificates import make_certificate
from tests.e2e.server import RealServer

PATIENCE = 60.0  # seconds
# Becomes the command, with the open files of the given numbers as those from 3 on.
START = """
import fcntl, os, sys
numbers, names, command = sys.argv[1].split(","), sys.argv[2], sys.argv[3:]
for place, copy in enumerate([fcntl.fcntl(int(number), fcntl.F_DUPFD, 100) for number in numbers], 3):
    os.dup2(copy, place)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(numbers)), "LISTEN_FDNAMES": names}
os.execv(command[0], command)
"""


class Systemd:
    """Opens sockets, starts the server with them, and hears what it says."""

    def __init__(self, folder: Path, make_server: Callable[..., RealServer]) -> None:
        self.sockets = {kind: socket.create_server(("127.0.0.1", 0)) for kind in ("http", "smtp", "https")}
        self._notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notified.bind(str(folder / "notify"))
        self._notified.settimeout(PATIENCE)
        certificate, key = make_certificate(folder)
        self.server = make_server(
            NOTIFY_SOCKET=str(folder / "notify"),
            WATCHDOG_USEC="1000000",
            HCSERVER_HTTP_TLS_CERT=str(certificate),
            HCSERVER_HTTP_TLS_KEY=str(key),
        )
        self.trusting = ssl.create_default_context(cafile=certificate)
        self.server.http_port, self.server.smtp_port, self.https_port = (
            sock.getsockname()[1] for sock in self.sockets.values()
        )

    def start(self) -> None:
        numbers = [sock.fileno() for sock in self.sockets.values()]
        prefix = [sys.executable, "-c", START, ",".join(map(str, numbers)), ":".join(self.sockets)]
        self.server.launch(prefix=prefix, pass_fds=numbers)

    def wait_for(self, message: str) -> None:
        while message not in self._notified.recv(4096).decode().splitlines():
            pass

    def close(self) -> None:
        for sock in (*self.sockets.values(), self._notified):
            sock.close()


@pytest.fixture
def systemd(tmp_path: Path, make_server: Callable[..., RealServer]) -> Iterator[Systemd]:
    systemd = Systemd(tmp_path, make_server)
    yield systemd
    systemd.close()


def test_sockets_that_systemd_has_opened_are_served_and_it_hears_how_the_server_is(systemd: Systemd) -> None:
    server = systemd.server
    with socket.create_connection(("127.0.0.1", server.http_port), PATIENCE) as early:
        early.sendall(b"GET /api/v3/status/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        systemd.start()
        assert early.recv(9) == b"HTTP/1.1 ", "a client that came before the server is answered"
    systemd.wait_for("READY=1")
    assert server.request("/api/v3/status/").status == 200
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=PATIENCE) as smtp:
        assert smtp.noop()[0] == 250
    with (
        socket.create_connection(("127.0.0.1", systemd.https_port), PATIENCE) as plain,
        systemd.trusting.wrap_socket(plain, server_hostname="name.test") as https,
    ):
        https.sendall(b"GET /api/v3/status/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert https.recv(12) == b"HTTP/1.1 200"
    addresses = re.findall(r"listening for \w+ on ([\d.:]+)", server.output.read_text())
    assert sorted(addresses) == sorted(
        f"127.0.0.1:{port}" for port in (server.http_port, server.smtp_port, systemd.https_port)
    ), "the ports of the settings are not used"
    systemd.wait_for("WATCHDOG=1")
    assert server.stop() == 0
    systemd.wait_for("STOPPING=1")
