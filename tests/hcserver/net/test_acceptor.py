from __future__ import annotations

import asyncio
import errno
import logging
import socket
from typing import Any

import pytest

from hcserver.net import acceptor
from hcserver.net.acceptor import Acceptor


def listening() -> socket.socket:
    server = socket.create_server(("127.0.0.1", 0))
    server.setblocking(False)
    return server


class Exhausted:
    """A listening socket that fails as if the process had no file left, `failures` times."""

    def __init__(self, failures: int, number: int = errno.EMFILE) -> None:
        self.server = listening()
        self.failures = failures
        self.number = number
        self.calls = 0

    def accept(self) -> tuple[socket.socket, Any]:
        self.calls += 1
        if self.failures:
            self.failures -= 1
            raise OSError(self.number, "Too many open files")
        return self.server.accept()

    def fileno(self) -> int:
        return self.server.fileno()

    def setblocking(self, flag: bool) -> None:
        self.server.setblocking(flag)

    def close(self) -> None:
        self.server.close()


async def test_every_connection_is_handed_over_until_it_stops() -> None:
    server, accepted = listening(), asyncio.Queue[socket.socket]()
    port = server.getsockname()[1]
    acceptor = Acceptor([server], lambda connection, address: accepted.put_nowait(connection))
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
    for _ in clients:
        (await asyncio.wait_for(accepted.get(), 60)).close()
    acceptor.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    for client in clients:
        client.close()


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
async def test_without_files_it_pauses_and_then_accepts_what_has_waited(
    number: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(acceptor, "PAUSE", 0.02)
    server, accepted, exhausted = Exhausted(5, number), asyncio.Queue[socket.socket](), []
    running = Acceptor(
        [server],  # type: ignore[list-item]
        lambda connection, address: accepted.put_nowait(connection),
        lambda: exhausted.append(server.calls),
    )
    client = socket.create_connection(server.server.getsockname())
    (await asyncio.wait_for(accepted.get(), 60)).close()
    running.stop()
    client.close()
    # One attempt after each pause, and one line in the log for all of them.
    assert exhausted == [1, 2, 3, 4, 5]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "Too many open files" in caplog.text


async def test_while_it_pauses_it_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptor, "PAUSE", 0.02)
    server, paused = Exhausted(1000), asyncio.Event()
    running = Acceptor([server], lambda connection, address: None, paused.set)  # type: ignore[list-item]
    client = socket.create_connection(server.server.getsockname())
    await asyncio.wait_for(paused.wait(), 60)
    running.stop()
    calls = server.calls
    await asyncio.sleep(0.05)
    assert server.calls == calls
    client.close()


async def test_a_connection_that_can_not_be_served_does_not_end_accepting(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server, served = listening(), asyncio.Event()

    def serve(connection: socket.socket, address: Any) -> None:
        served.set()
        raise ValueError("odd")

    running = Acceptor([server], serve)
    for _ in range(2):
        served.clear()
        with socket.create_connection(server.getsockname()) as client:
            await asyncio.wait_for(served.wait(), 60)
            assert client.recv(1) == b""
    running.stop()
    assert "can't serve a connection" in caplog.text
