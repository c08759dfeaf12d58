"""The tokens of reports that are stored, so that a report that is sent again makes no second ping.

A sender repeats a report when it did not get our answer: after a restart, by way of another process, or
because we gave up an append that the database carried out after all.
"""

from __future__ import annotations

from collections.abc import Iterable

from hcserver.services.intake.cached_check import CachedCheck
from hcserver.storage.pings import PingLog

MAX_TOKENS = 50_000  # that are remembered, in some 8 MB
LAST_PINGS = 20  # of a check, whose tokens are read from the log after the check was loaded


class RepetitionMemory:
    """The tokens of the reports that were stored last, by any process."""

    def __init__(self, log: PingLog) -> None:
        self._log = log
        self._tokens: dict[bytes, None] = {}  # the oldest first

    def __contains__(self, token: bytes) -> bool:
        return token in self._tokens

    def remember(self, tokens: Iterable[bytes]) -> None:
        for token in tokens:
            self._tokens[token] = None
        while len(self._tokens) > MAX_TOKENS:
            del self._tokens[next(iter(self._tokens))]

    async def read_last_tokens(self, cached_checks: Iterable[CachedCheck]) -> None:
        """Remember the tokens of the last pings of these checks, whoever appended them.

        Raises Unavailable.
        """
        cached_checks = list(cached_checks)
        places = [
            (cached.check.id, n)
            for cached in cached_checks
            for n in range(max(cached.check.n_pings - LAST_PINGS, 0) + 1, cached.check.n_pings + 1)
        ]
        self.remember((await self._log.tokens(places)).values())
        for cached in cached_checks:
            cached.tokens_known = True
