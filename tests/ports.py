"""Ports for the servers of tests."""

from __future__ import annotations

import itertools
import os
import random
import socket

# Below the ports that systems give to outgoing connections (Linux: from 32768 on): one of those could be
# taken between the look for it and its use. For the same reason each process that runs tests has its own.
_FIRST = 10_000
_EACH = 1000
_PROCESSES = 20

_process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _PROCESSES
# At random: tests of another copy of the project may run at the same time.
_numbers = itertools.count(random.randrange(_EACH))


def unused_port() -> int:
    """A port of this machine on which nobody listens, each time another one."""
    for _ in range(_EACH):
        port = _FIRST + _process * _EACH + next(_numbers) % _EACH
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("there is no unused port")
