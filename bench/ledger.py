"""Whether every acknowledged ping is in the log."""

from __future__ import annotations

from collections.abc import Iterable

from bench.ping_requests import AGENT
from tests.e2e.server import RealServer


def missing_pings(server: RealServer, key: str, uuids: Iterable[str], acknowledged: Iterable[int]) -> int:
    """How many of the acknowledged pings, given by their serial numbers, the logs of these checks lack. The
    server has to keep all of them (`limits.pings_per_check`).
    """
    logged: set[int] = set()
    for uuid in uuids:
        for ping in server.api(f"checks/{uuid}/pings/", key)["pings"]:
            if ping["ua"].startswith(AGENT):
                logged.add(int(ping["ua"].removeprefix(AGENT)))
    return len(set(acknowledged) - logged)
