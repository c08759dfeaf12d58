"""A server for the time of a benchmark."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.fill import FilledProject, fill
from tests.e2e.server import RealServer

SETTINGS = {
    "HCSERVER_LIMITS_PINGS_PER_CHECK": "1000",  # so that acknowledged pings can be looked for in the log
    "HCSERVER_LIMITS_PING_BODY_BYTES": "100000",
    "HCSERVER_LIMITS_CHECKS_PER_PROJECT": "1000000",
    "HCSERVER_NOTIFICATIONS_ALLOWED_NETWORKS": "127.0.0.0/8",
    "HCSERVER_NOTIFICATIONS_ATTEMPTS": "20",
}


@contextmanager
def running_server(
    *sizes: int, brief: int = 0, **settings: str
) -> Iterator[tuple[RealServer, list[FilledProject]]]:
    """A real server with an embedded database in a temporary directory, and projects as `fill` makes them."""
    with tempfile.TemporaryDirectory() as folder:
        server = RealServer(Path(folder), **{**SETTINGS, **settings})
        projects = fill(server, *sizes, brief=brief)
        server.start()
        try:
            yield server, projects
        finally:
            server.stop()
