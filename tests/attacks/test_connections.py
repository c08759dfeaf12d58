"""More connections than the process may have files: HTTP and SMTP go on, for those who ask for something."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

import pytest

from tests.attacks.hostile import DOMAIN, connect, send_mail
from tests.e2e.server import RealServer

FILES = 200


@pytest.mark.parametrize("attacked", ["HTTP", "SMTP", "both"])
def test_idle_connections_leave_room_for_pings_and_emails(tmp_path: Path, attacked: str) -> None:
    server = RealServer(tmp_path).start(max_files=FILES)
    idle: list[socket.socket] = []
    try:
        key = server.create_project("victim")["api_key"]
        check = server.api("checks/", key, {"name": "job"})["uuid"]
        logged = len(server.output.read_bytes())
        ports = {"HTTP": [server.http_port], "SMTP": [server.smtp_port]}.get(attacked)
        for _ in range(FILES + 20):
            for port in ports or [server.http_port, server.smtp_port]:
                idle.append(connect(port))
        for _ in range(5):
            assert server.request(f"/ping/{check}").status == 200
        if attacked == "HTTP":
            send_mail(server.smtp_port, f"{check}@{DOMAIN}", b"Subject: x\r\n\r\nx\r\n")
        assert len(server.output.read_bytes()) - logged < 3000
    finally:
        for client in idle:
            with contextlib.suppress(OSError):
                client.close()
        server.stop()
