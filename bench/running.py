"""A server for the time of a benchmark."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from bench.fill import FilledProject, fill
from hcserver.config.schema import EmbeddedSettings
from hcserver.embedded.access import connect_running
from tests.e2e.server import RealServer

SETTINGS = {
    "HCSERVER_LIMITS_PINGS_PER_CHECK": "1000",  # so that acknowledged pings can be looked for in the log
    "HCSERVER_LIMITS_PING_BODY_BYTES": "100000",
    "HCSERVER_LIMITS_CHECKS_PER_PROJECT": "1000000",
    "HCSERVER_NOTIFICATIONS_ALLOWED_NETWORKS": "127.0.0.0/8",
    "HCSERVER_NOTIFICATIONS_ATTEMPTS": "20",
}
_PATIENCE = 60.0  # seconds until a project must have been read for the first time


@contextmanager
def running_server(
    *sizes: int, brief: int = 0, **settings: str
) -> Iterator[tuple[RealServer, list[FilledProject]]]:
    """A real server with an embedded database in a temporary directory, and projects as `fill` makes them."""
    with tempfile.TemporaryDirectory() as folder:
        settings = SETTINGS | settings
        # While the database is filled, its commands may take longer than a server would wait for them.
        projects = fill(
            RealServer(Path(folder), **settings, HCSERVER_MONGODB_TIMEOUT="60"), *sizes, brief=brief
        )
        server = RealServer(Path(folder), **settings).start()
        try:
            yield server, projects
        finally:
            server.stop()


def database_uri(server: RealServer) -> str:
    """Where its embedded database can be reached."""
    uri = asyncio.run(connect_running(EmbeddedSettings(path=server.environment["HCSERVER_EMBEDDED_PATH"])))
    if uri is None:
        raise SystemExit("the database of the server can't be reached")
    return uri


def badge_paths(server: RealServer, key: str) -> dict[str, str]:
    """The paths of the badges of all checks of a project, by format. The project has been read when it
    returns, which for a large one takes longer than one request may take on a busy machine.
    """
    end = monotonic() + _PATIENCE
    while (answer := server.request("/api/v3/badges/", key=key)).status == 503 and monotonic() < end:
        pass
    addresses: dict[str, str] = answer.json()["badges"]["*"]
    return {format: "/badge/" + address.partition("/badge/")[2] for format, address in addresses.items()}
