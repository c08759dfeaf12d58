from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from signal import SIG_DFL, SIG_IGN, SIGHUP, SIGINT, SIGQUIT, getsignal, signal
from typing import Any
from uuid import uuid4

import pytest

from hcserver.config.schema import MongoSettings
from hcserver.storage.client import connect, database_of
from hcserver.storage.schema import INDEXES
from tests.hcserver.storage.mock import mock_database
from tests.ports import unused_port

AGES = 10**9  # seconds


@pytest.fixture(scope="session", autouse=True)
def working_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The relative path of the data folder, where servers make a key file, does not lead into the sources."""
    before = Path.cwd()
    folder = tmp_path_factory.mktemp("cwd")
    os.chdir(folder)
    yield folder
    os.chdir(before)


@pytest.fixture(scope="session", autouse=True)
def no_signal_is_ignored() -> Iterator[None]:
    """Commands inherit which signals are ignored. Here none is, even if the tests run under nohup or in the
    background of a script.
    """
    ignored = [one for one in (SIGHUP, SIGINT, SIGQUIT) if getsignal(one) is SIG_IGN]
    for number in ignored:
        signal(number, SIG_DFL)
    yield
    for number in ignored:
        signal(number, SIG_IGN)


@pytest.fixture(scope="session", autouse=True)
def nothing_expires() -> Iterator[None]:
    """The clocks of tests stand in the past, where the database would find most documents expired."""
    with pytest.MonkeyPatch.context() as patch:
        for indexes in INDEXES.values():
            for _, options in indexes:
                if "expireAfterSeconds" in options:
                    patch.setitem(options, "expireAfterSeconds", AGES)
        yield


@pytest.fixture(scope="session")
def mongo_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One database server for each test worker."""
    folder = tmp_path_factory.mktemp("mongo")
    port = unused_port()
    (folder / "settings.toml").touch()  # else it looks for some in places of the user's
    command = [sys.executable, "-m", "secantus", "--port", str(port), "--storage-path", str(folder / "db")]
    command += ["--config", str(folder / "settings.toml"), "--log-level", "ERROR"]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        _wait_for(port, process)
        yield f"mongodb://127.0.0.1:{port}/?directConnection=true&retryWrites=false"
    finally:
        process.kill()  # nothing of it is needed any more
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(3000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, "the database server ended at once"
        time.sleep(0.01)
    raise AssertionError("the database server does not listen")


@pytest.fixture
def database() -> Iterator[Any]:
    """An empty database in memory."""
    with mock_database() as database:
        yield database


@pytest.fixture
async def real_database(mongo_uri: str) -> AsyncIterator[Any]:
    """An empty database.

    On a busy machine an operation may take longer than a server would wait for it.
    """
    client = connect(mongo_uri, MongoSettings(timeout=60.0))
    database = database_of(client, f"test_{uuid4().hex}")
    try:
        yield database
        await client.drop_database(database.name)
    finally:
        client.close()
