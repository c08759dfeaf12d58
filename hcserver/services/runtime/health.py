"""How the server is doing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from hcserver.errors import Unavailable
from hcserver.services.runtime.due_checks import DueChecks
from hcserver.storage import Storage

PROBE_TIME = 3.0  # seconds that the database may take to answer
PROBE_INTERVAL = 1.0  # seconds for which the result of a probe counts, as a probe is a write and needs no key
STARTING = "it is starting"
RECOVERING = "it takes pings, but is still looking through the logs of the checks"
MAX_LAG = 30.0  # seconds that overdue checks may wait


class Health:
    """Knows the problems of the server. `takes_pings`: the start has come so far that pings are recorded;
    `ready`: it has come to its end. `monotonic`: seconds that never go back.
    """

    def __init__(
        self, storage: Storage, due_checks: DueChecks, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.takes_pings = self.ready = False
        self._storage = storage
        self._due_checks = due_checks
        self._monotonic = monotonic
        self._probe: asyncio.Task[str | None] | None = None  # the latest one, which may be under way
        self._probed_at = 0.0
        self._listeners: dict[str, Callable[[], bool]] = {}

    def add_listener(self, name: str, is_open: Callable[[], bool]) -> None:
        """From now on it is a problem when `is_open` says no."""
        self._listeners[name] = is_open

    async def problems(self) -> dict[str, str]:
        """What is wrong right now, by part of the server; empty when all is well. What is said about the
        database may be PROBE_INTERVAL old.
        """
        problems = {}
        if not self.ready:
            problems["server"] = RECOVERING if self.takes_pings else STARTING
        if (problem := await self._database_problem()) is not None:
            problems["database"] = problem
        if self._due_checks.lag > MAX_LAG:
            problems["scheduler"] = f"overdue checks have been waiting for {self._due_checks.lag:.0f} s"
        for name, is_open in self._listeners.items():
            if not is_open():
                problems[name] = "not listening"
        return problems

    async def _database_problem(self) -> str | None:
        probe = self._probe
        if probe is None or (probe.done() and self._monotonic() - self._probed_at >= PROBE_INTERVAL):
            probe = self._probe = asyncio.create_task(self._probe_database())
        # A client that goes away does not end the probe that others wait for.
        return await asyncio.shield(probe)

    async def _probe_database(self) -> str | None:
        """What is wrong with the database, None if it can be written to."""
        try:
            async with asyncio.timeout(PROBE_TIME):
                await self._storage.probe()
        except Unavailable as error:
            return str(error)
        except TimeoutError:
            return "the database does not answer in time"
        finally:
            self._probed_at = self._monotonic()
        return None
