"""The real server with few files and many clients, and clients that say that they send nothing more."""

from __future__ import annotations

import contextlib
import resource
import socket
from pathlib import Path

from tests.e2e.server import RealServer, descendants

FILES = 200


def start_with_few_files(folder: Path) -> RealServer:
    server = RealServer(folder).start()
    for pid in (server.pid, *descendants(server.pid)):
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (FILES, FILES))
    return server


def test_out_of_files_the_server_still_takes_pings_and_logs_one_line(tmp_path: Path) -> None:
    # The limit falls when the server has derived its own from a larger one, so that accept(2) does fail.
    server = start_with_few_files(tmp_path)
    clients: list[socket.socket] = []
    try:
        key = server.create_project("files")["api_key"]
        check = server.api("checks/", key, {"name": "job"})["uuid"]
        for _ in range(FILES + 50):
            clients.append(socket.create_connection(("127.0.0.1", server.http_port), timeout=5))
        for _ in range(5):
            assert server.request(f"/ping/{check}").status == 200
        assert server.output.read_text().count("no connection can be accepted") == 1
        assert len(server.output.read_bytes()) < 20_000
    finally:
        for client in clients:
            with contextlib.suppress(OSError):
                client.close()
        server.stop()


def test_a_client_that_sends_nothing_more_gets_the_answer_to_its_ping(tmp_path: Path) -> None:
    server = RealServer(tmp_path).start()
    try:
        key = server.create_project("half")["api_key"]
        check = server.api("checks/", key, {"name": "job"})["uuid"]
        with socket.create_connection(("127.0.0.1", server.http_port), timeout=10) as client:
            client.sendall(f"GET /ping/{check} HTTP/1.0\n\n".encode())
            client.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: client.recv(4096), b""))
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert answer.endswith(b"\r\n\r\nOK")
        assert server.api(f"checks/{check}", key)["n_pings"] == 1
    finally:
        server.stop()
