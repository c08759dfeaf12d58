from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.server import RealServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A running server for the tests of one module."""
    real = RealServer(tmp_path_factory.mktemp("server")).start()
    yield real
    assert real.stop() == 0, real.output.read_text()


@pytest.fixture(scope="module")
def project(server: RealServer) -> Any:
    """A project's keys, as `project create --json` prints them."""
    return server.create_project("tests")


@pytest.fixture
def make_server(tmp_path: Path) -> Iterator[Callable[..., RealServer]]:
    """Makes servers that the test starts and stops as it likes."""
    made: list[RealServer] = []

    def make(**environment: str) -> RealServer:
        made.append(RealServer(tmp_path, **environment))
        return made[-1]

    yield make
    for real in made:
        if real._process is not None and real._process.poll() is None:
            real.kill()
