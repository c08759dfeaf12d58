"""The newest pings of this process, which the messages that they cause show."""

from __future__ import annotations

from uuid import UUID

from hcserver.domain.ping import Ping
from hcserver.services.events import PingRecorded

PINGS = 5000  # pings that are kept at most
BODY_BYTES = 4_000_000  # bytes of their bodies that are kept at most


class RecentPings:
    """Spares the database a query for the last ping of a check that has just failed or recovered."""

    def __init__(self) -> None:
        self._pings: dict[tuple[UUID, int], Ping] = {}  # by check and n, the oldest first
        self._body_bytes = 0

    def keep(self, event: PingRecorded) -> None:
        """Keep the ping until there are too many newer ones."""
        ping = event.ping
        if (ping.check, ping.n) in self._pings:
            return
        self._pings[ping.check, ping.n] = ping
        self._body_bytes += _body_bytes(ping)
        while len(self._pings) > PINGS or self._body_bytes > BODY_BYTES:
            self._body_bytes -= _body_bytes(self._pings.pop(next(iter(self._pings))))

    def forget(self, check: UUID) -> None:
        """The log of the check was cleared."""
        for place in [place for place in self._pings if place[0] == check]:
            self._body_bytes -= _body_bytes(self._pings.pop(place))

    def find(self, check: UUID, n: int) -> Ping | None:
        """Ping `n` of the check; None if it is not among those kept."""
        return self._pings.get((check, n))


def _body_bytes(ping: Ping) -> int:
    return 0 if ping.body is None else len(ping.body)
