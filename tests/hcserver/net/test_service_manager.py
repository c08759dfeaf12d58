"""What systemd hears, with a socket of the test's own in its place."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hcserver.net.service_manager import ServiceManager

EXTENDED = "EXTEND_TIMEOUT_USEC=60000000"
SOON = "20000"  # microseconds that the watchdog waits
PATIENCE = 60.0  # seconds


class Systemd:
    """Hears what it is told at `address`."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.setblocking(False)

    def heard(self) -> list[str]:
        """The messages since the last time."""
        messages = []
        while True:
            try:
                messages.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return messages

    async def message(self) -> str:
        async with asyncio.timeout(PATIENCE):
            return (await asyncio.get_running_loop().sock_recv(self._socket, 4096)).decode()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    systemd = Systemd(str(tmp_path / "notify"))
    yield systemd
    systemd.close()


async def test_a_start_may_take_as_long_as_there_are_signs_of_life_and_then_it_is_ready(
    systemd: Systemd,
) -> None:
    manager = ServiceManager({"NOTIFY_SOCKET": systemd.address})
    async with manager.reporting():
        assert systemd.heard() == [EXTENDED]
        manager.ready()
        assert systemd.heard() == ["READY=1"]
        manager.stopping()
        assert systemd.heard() == ["STOPPING=1"]


async def test_the_watchdog_is_fed_twice_as_often_as_it_asks_for(systemd: Systemd) -> None:
    environ = {"NOTIFY_SOCKET": systemd.address, "WATCHDOG_USEC": SOON, "WATCHDOG_PID": str(os.getpid())}
    manager = ServiceManager(environ)
    async with manager.reporting():
        assert [await systemd.message() for _ in range(3)] == [f"WATCHDOG=1\n{EXTENDED}"] * 3
        manager.ready()
        while await systemd.message() != "READY=1":
            pass
        assert [await systemd.message() for _ in range(3)] == ["WATCHDOG=1"] * 3
    systemd.heard()
    await asyncio.sleep(0.1)
    assert systemd.heard() == []


async def test_a_loop_that_hangs_gives_no_sign_of_life(systemd: Systemd) -> None:
    async with ServiceManager({"NOTIFY_SOCKET": systemd.address, "WATCHDOG_USEC": SOON}).reporting():
        await systemd.message()
        systemd.heard()
        time.sleep(0.1)  # noqa: ASYNC251
        assert systemd.heard() == []
        assert "WATCHDOG=1" in await systemd.message()


@pytest.mark.parametrize(
    "environ", [{"WATCHDOG_USEC": SOON, "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "soon"}, {}]
)
async def test_where_no_watchdog_waits_for_this_process_none_is_fed(
    systemd: Systemd, environ: dict[str, str]
) -> None:
    async with ServiceManager({"NOTIFY_SOCKET": systemd.address, **environ}).reporting():
        assert systemd.heard() == [EXTENDED]


async def test_the_socket_may_have_an_abstract_name() -> None:
    systemd = Systemd(f"@hcserver-test-{os.getpid()}")
    ServiceManager({"NOTIFY_SOCKET": systemd.address}).ready()
    assert systemd.heard() == ["READY=1"]
    systemd.close()


async def test_without_systemd_nothing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    manager = ServiceManager({})
    async with manager.reporting():
        manager.ready()
        manager.stopping()
    assert caplog.text == ""


async def test_a_systemd_that_can_not_be_told_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    manager = ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "nowhere")})
    with caplog.at_level(logging.WARNING):
        manager.ready()
    assert "systemd can't be told READY=1" in caplog.text
