from __future__ import annotations

import asyncio
import socket

import pytest

from hcserver.net import lingering_close
from hcserver.net.lingering_close import close_lingering


async def connected() -> tuple[socket.socket, socket.socket]:
    """Our end of a connection, and the client's."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        ours, _ = server.accept()
    ours.setblocking(False)
    client.setblocking(False)
    return ours, client


async def read_all(client: socket.socket) -> bytes:
    loop = asyncio.get_running_loop()
    data = b""
    while piece := await asyncio.wait_for(loop.sock_recv(client, 4096), 60):
        data += piece
    return data


async def test_a_client_that_is_still_sending_gets_what_was_sent_to_it() -> None:
    ours, client = await connected()
    client.send(b"x" * 100_000)
    ours.send(b"the answer")
    close_lingering(ours)
    for _ in range(5):
        await asyncio.sleep(0.01)
        client.send(b"more")
    assert await read_all(client) == b"the answer"
    client.close()
    await asyncio.sleep(0.01)
    assert ours.fileno() == -1


async def test_a_client_that_keeps_the_connection_is_waited_for_no_longer_than_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lingering_close, "SECONDS", 0.02)
    ours, client = await connected()
    close_lingering(ours)
    assert ours.fileno() != -1
    await asyncio.sleep(0.05)
    assert ours.fileno() == -1
    client.close()


async def test_a_client_that_goes_on_sending_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lingering_close, "_MAX_BYTES", 100_000)
    ours, client = await connected()
    close_lingering(ours)
    loop = asyncio.get_running_loop()
    with pytest.raises(ConnectionError):
        for _ in range(1000):
            await loop.sock_sendall(client, b"x" * 10_000)
            await asyncio.sleep(0)
    assert ours.fileno() == -1
    client.close()


async def test_only_so_many_connections_linger_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lingering_close, "_MAX_SOCKETS", 1)
    pairs = [await connected() for _ in range(2)]
    for ours, _ in pairs:
        close_lingering(ours)
    assert [ours.fileno() == -1 for ours, _ in pairs] == [False, True]
    for _, client in pairs:
        client.close()
    await asyncio.sleep(0.01)
    assert pairs[0][0].fileno() == -1


async def test_a_connection_that_is_broken_is_closed_at_once() -> None:
    ours = socket.socket()
    close_lingering(ours)
    assert ours.fileno() == -1
