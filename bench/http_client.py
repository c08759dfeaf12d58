"""A client that sends one request after the other on a keep-alive connection, and takes the time of each."""

from __future__ import annotations

import socket
from time import perf_counter
from typing import NamedTuple


class Answer(NamedTuple):
    """An answer, and the seconds from the request until it was complete."""

    status: int
    body: bytes
    seconds: float


class Client:
    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, path: str, key: str | None = None, body: bytes | None = None) -> Answer:
        """A GET, or a POST if there is a body."""
        method, length = ("GET", "") if body is None else ("POST", f"Content-Length: {len(body)}\r\n")
        header = "" if key is None else f"X-Api-Key: {key}\r\n"
        request = f"{method} {path} HTTP/1.1\r\nHost: bench\r\n{header}{length}\r\n".encode() + (body or b"")
        began = perf_counter()
        self._socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._socket.recv(65536)
        head, _, start = received.partition(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        answer = bytearray(start)
        while len(answer) < size:
            answer += self._socket.recv(1 << 20)
        return Answer(int(head[9:12]), bytes(answer), perf_counter() - began)

    def close(self) -> None:
        self._socket.close()
