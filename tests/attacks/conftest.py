from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.server import RealServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A running server for the attacks of one module. It waits for slow clients for a second only."""
    patience = {"HCSERVER_HTTP_BODY_TIMEOUT": "1", "HCSERVER_HTTP_WRITE_TIMEOUT": "1"}
    real = RealServer(tmp_path_factory.mktemp("server"), **patience).start()
    yield real
    assert real.stop() == 0, real.output.read_text()


@pytest.fixture(scope="module")
def project(server: RealServer) -> Any:
    """A project's keys, as `project create --json` prints them."""
    return server.create_project("victim")


@pytest.fixture(scope="module")
def bystander(server: RealServer, project: Any) -> str:
    """The uuid of a check that has nothing to do with an attack."""
    uuid: str = server.api("checks/", project["api_key"], {"name": "bystander"})["uuid"]
    return uuid
