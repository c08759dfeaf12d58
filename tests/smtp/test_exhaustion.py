from __future__ import annotations

import asyncio
import errno
import logging
import socket
from typing import Any

import pytest

from smtp import exhaustion
from smtp.exhaustion import SeldomFilter
from tests.smtp.fakes import Client, FakeIntake, make_listener, settings


class Listening(socket.socket):
    """A listening socket for which the process may have no file descriptors left."""

    exhausted = True
    attempts = 0

    def accept(self) -> tuple[socket.socket, Any]:
        self.attempts += 1
        if self.exhausted:
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


async def test_without_file_descriptors_it_pauses_logs_once_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(asyncio.constants, "ACCEPT_RETRY_DELAY", 0.05)
    monkeypatch.setattr(logging.getLogger("asyncio"), "filters", [])
    with Listening(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind(("127.0.0.1", 0))
        listener = make_listener(settings(), FakeIntake())
        await listener.start([sock])
        async with Client.connect(sock.getsockname()[1], greet=False) as client:
            await asyncio.sleep(0.2)
            assert exhaustion.ATTEMPTS <= sock.attempts <= 10 * exhaustion.ATTEMPTS
            assert listener.healthy
            sock.exhausted = False
            assert (await client.reply()).startswith("220")
        await listener.stop(0)
    assert len([one for one in caplog.messages if "out of system resource" in one]) == 1


def test_one_line_a_minute_is_logged_and_every_other_line_passes() -> None:
    now = [0.0]
    seldom = SeldomFilter(lambda: now[0])

    def passes(message: str) -> bool:
        return seldom.filter(logging.LogRecord("asyncio", logging.ERROR, "", 0, message, (), None))

    line = "socket.accept() out of system resource\nsocket: <x>"
    assert [passes(line), passes(line), passes("something else")] == [True, False, True]
    now[0] = exhaustion.LOG_INTERVAL
    assert [passes(line), passes(line)] == [True, False]
