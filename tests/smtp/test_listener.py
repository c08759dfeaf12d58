from __future__ import annotations

import asyncio
import socket

import pytest

from hcserver.errors import ConfigError
from smtp import listener as smtp_listener
from smtp import session
from tests.smtp.fakes import (
    MAIL,
    Client,
    FakeIntake,
    listening,
    make_listener,
    settings,
)


async def test_connections_are_limited_in_all_and_per_address() -> None:
    intake = FakeIntake()
    for limit in ({"max_connections": 2}, {"max_connections_per_address": 2}):
        async with (
            listening(intake, **limit) as (_, port),
            Client.connect(port),
            Client.connect(port) as second,
        ):
            async with Client.connect(port, greet=False) as third:
                assert await third.reply() == session.BUSY
                assert await third.reply() == ""
            await second.send("QUIT")
            assert await second.reply() == ""
            async with Client.connect(port):
                pass


@pytest.mark.parametrize(
    ("files", "limits"),
    [
        (1_048_576, (500, 50)),
        (1700, (500, 50)),  # 200 are kept back
        (800, (200, 50)),
        (500, (100, 25)),
        (4, (1, 1)),
        (-1, (500, 50)),
    ],
)
def test_connections_are_limited_by_what_the_limit_of_open_files_allows(
    monkeypatch: pytest.MonkeyPatch, files: int, limits: tuple[int, int]
) -> None:
    monkeypatch.setattr(smtp_listener, "raise_file_limit", lambda: files)
    assert smtp_listener.connection_limits(settings()) == limits
    assert smtp_listener.connection_limits(settings(max_connections=1)) == (1, 50)


async def test_stopping_waits_until_a_message_is_recorded_and_answered() -> None:
    intake = FakeIntake()
    intake.gate = asyncio.Event()
    check = intake.add()
    async with (
        listening(intake) as (listener, port),
        Client.connect(port) as idle,
        Client.connect(port) as busy,
    ):
        mail = asyncio.create_task(busy.mail(MAIL, check))
        await intake.recording.wait()
        stop = asyncio.create_task(listener.stop(5))
        assert await idle.reply() == session.CLOSING
        assert await idle.reply() == ""
        assert not listener.healthy
        intake.gate.set()
        assert (await mail).startswith("250")
        assert await busy.reply() == session.CLOSING
        await stop
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)


async def test_stopping_does_not_wait_for_ever() -> None:
    intake = FakeIntake()
    intake.gate = asyncio.Event()
    check = intake.add()
    async with listening(intake) as (listener, port), Client.connect(port) as client:
        mail = asyncio.create_task(client.mail(MAIL, check))
        await intake.recording.wait()
        await listener.stop(0.01)
        with pytest.raises(ConnectionError):
            assert await mail == ""
            raise ConnectionResetError
    assert intake.reports == []


async def test_it_listens_where_the_settings_say_and_reports_why_it_can_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        busy = make_listener(settings(host="127.0.0.1", port=port))
        with pytest.raises(ConfigError, match=f"smtp.port: can't listen on 127.0.0.1:{port}"):
            await busy.start()
    listener = make_listener(settings(host="127.0.0.1", port=port))
    await listener.start()
    assert listener.addresses == [f"127.0.0.1:{port}"]
    assert listener.healthy
    await listener.stop(0)


async def test_port_0_means_no_listener() -> None:
    listener = make_listener(settings())
    await listener.start()
    assert listener.addresses == []
    assert listener.healthy
    await listener.stop(0)


@pytest.mark.parametrize("tls", [{"tls_cert": "/nowhere.pem"}, {"require_tls": True}])
async def test_tls_settings_that_can_not_be_used_are_reported_at_the_start(tls: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"smtp\.tls_cert"):
        await make_listener(settings(**tls)).start()
