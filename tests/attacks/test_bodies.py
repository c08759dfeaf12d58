"""Bodies without end, and bodies of clients that have no key."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import time
from typing import Any

import pytest

from tests.attacks.hostile import PATIENCE, connect, cpu, memory, read_all, send_and_read
from tests.e2e.server import RealServer

UNKNOWN_KEY = "hcw_" + "x" * 28
MB = 1_000_000


def post(path: str, *headers: str) -> bytes:
    """The header of a request that has a body."""
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: x", *headers, "", ""]).encode()


@pytest.mark.parametrize("path", ["/ping/{check}", "/api/v3/checks/"])
@pytest.mark.parametrize("pause", [0.1, 0.6])
def test_a_body_that_drips_is_given_up(server: RealServer, bystander: str, path: str, pause: float) -> None:
    with connect(server.http_port) as client:
        client.sendall(post(path.format(check=bystander), "Content-Length: 5000"))
        began = time.monotonic()
        while not select.select([client], [], [], pause)[0]:
            assert time.monotonic() - began < PATIENCE, "it is still being read"
            client.sendall(b"x")
        assert b" 408 " in read_all(client)[:20]


@pytest.mark.parametrize("path", ["/ping/{check}", "/api/v3/checks/"])
def test_tiny_chunks_without_end_are_not_read_for_ever(
    server: RealServer, project: Any, bystander: str, path: str
) -> None:
    key = f"X-Api-Key: {project['api_key']}"
    head = post(path.format(check=bystander), "Transfer-Encoding: chunked", key)
    with connect(server.http_port) as client:
        client.sendall(head + b"%x\r\n%s\r\n" % (2 * MB, b"x" * 2 * MB))
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while not select.select([client], [], [], 0)[0]:
                assert time.monotonic() - began < PATIENCE, "it is still being read"
                client.sendall(b"1\r\na\r\n" * 1000)
        assert read_all(client)[:13] in (b"HTTP/1.1 200 ", b"HTTP/1.1 400 ")


def test_a_client_that_never_reads_its_answers_is_closed(server: RealServer) -> None:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(PATIENCE)
    client.connect(("127.0.0.1", server.http_port))
    request = b"GET /api/v3/checks/ HTTP/1.1\r\nHost: x\r\n\r\n"
    began = time.monotonic()
    with client, contextlib.suppress(ConnectionError):
        client.setblocking(False)
        while time.monotonic() - began < PATIENCE:
            with contextlib.suppress(BlockingIOError):
                client.send(request * 100)
            time.sleep(0.01)
        pytest.fail("the connection still stands")


def test_emails_to_classify_take_no_memory_without_a_key(server: RealServer, bystander: str) -> None:
    head = post(f"/api/v3/checks/{bystander}/classify", "Content-Length: 9900000")
    before = memory(server.pid)
    clients = [connect(server.http_port) for _ in range(20)]
    try:
        for client in clients:
            with contextlib.suppress(ConnectionError):
                client.sendall(head + b"x" * 9_800_000)
        assert memory(server.pid) - before < 10 * MB
        for client in clients:
            assert read_all(client)[:13] in (b"HTTP/1.1 401 ", b"")  # "": it was too late to hear it
    finally:
        for client in clients:
            client.close()


@pytest.mark.parametrize("keys", [[f"X-Api-Key: {UNKNOWN_KEY}"], []])
@pytest.mark.parametrize("chunked", [False, True])
def test_json_costs_nothing_without_a_right_key(server: RealServer, keys: list[str], chunked: bool) -> None:
    body = json.dumps({"name": [1] * 330_000, "api_key": UNKNOWN_KEY}).encode()
    if chunked:
        data = post("/api/v3/checks/", "Transfer-Encoding: chunked", "Connection: close", *keys)
        data += b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    else:
        data = post("/api/v3/checks/", f"Content-Length: {len(body)}", "Connection: close", *keys) + body
    before = cpu(server.pid)
    for _ in range(30):
        with contextlib.suppress(ConnectionError):
            assert send_and_read(server.http_port, data)[:11] in (b"HTTP/1.1 40", b"")
    assert cpu(server.pid) - before < 0.4  # 13 ms a request; they once took 32 and more
