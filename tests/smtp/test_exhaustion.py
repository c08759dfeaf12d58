from __future__ import annotations

import asyncio
import errno
import socket
import time
from typing import Any

import pytest

from hcserver.net import acceptor
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
    monkeypatch.setattr(acceptor, "PAUSE", 0.05)
    with Listening(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind(("127.0.0.1", 0))
        listener = make_listener(settings(), FakeIntake())
        await listener.start([sock])
        async with Client.connect(sock.getsockname()[1], greet=False) as client:
            begun = time.monotonic()
            await asyncio.sleep(0.2)
            assert 1 < sock.attempts <= (time.monotonic() - begun) / acceptor.PAUSE + 2
            assert listener.healthy
            sock.exhausted = False
            assert (await client.reply()).startswith("220")
        await listener.stop(0)
    assert len([one for one in caplog.messages if "no connection can be accepted" in one]) == 1
