from __future__ import annotations

import logging
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from hcserver.notify.send_context import SendContext
from tests import ports
from tests.certificates import make_certificate
from tests.hcserver.receivers import HttpReceiver, http_receiver, making_send_context


@pytest.fixture
def own_logging() -> Iterator[None]:
    """For tests that set up logging as the server does: afterwards it is as it was."""
    root = logging.getLogger()
    loggers = [root, *(one for one in root.manager.loggerDict.values() if isinstance(one, logging.Logger))]
    levels = [(one, one.level) for one in loggers]
    yield
    for handler in root.handlers[:]:
        if type(handler) is logging.StreamHandler:
            root.removeHandler(handler)
    for one, level in levels:
        one.setLevel(level)


@pytest.fixture
def unused_port() -> int:
    """Nobody listens there."""
    return ports.unused_port()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of name.test that nobody but itself has signed, and its key."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusting(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """What a server shows, and clients of this test trust it."""
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(*certificate)
    context = ssl.create_default_context(cafile=certificate[0])
    context.check_hostname = False  # the mail server is at an address here
    monkeypatch.setattr("hcserver.notify.mailer._tls", lambda: context)
    return serving


@pytest.fixture
async def context() -> AsyncIterator[SendContext]:
    """With this machine allowed."""
    async with making_send_context() as context:
        yield context


@pytest.fixture
async def receiver() -> AsyncIterator[HttpReceiver]:
    async with http_receiver() as receiver:
        yield receiver
