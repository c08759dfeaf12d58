"""How the server is doing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hcserver.errors import Unavailable
from hcserver.services.runtime.due_checks import DueChecks
from hcserver.storage import Storage

PROBE_TIME = 3.0  # seconds that the database may take to answer
MAX_LAG = 30.0  # seconds that overdue checks may wait


class Health:
    """Knows the problems of the server. `ready`: the start has come to its end."""

    def __init__(self, storage: Storage, due_checks: DueChecks) -> None:
        self.ready = False
        self._storage = storage
        self._due_checks = due_checks
        self._listeners: dict[str, Callable[[], bool]] = {}

    def add_listener(self, name: str, is_open: Callable[[], bool]) -> None:
        """From now on it is a problem when `is_open` says no."""
        self._listeners[name] = is_open

    async def problems(self) -> dict[str, str]:
        """What is wrong right now, by part of the server; empty when all is well."""
        problems = {} if self.ready else {"server": "it is starting"}
        try:
            async with asyncio.timeout(PROBE_TIME):
                await self._storage.probe()
        except Unavailable as error:
            problems["database"] = str(error)
        except TimeoutError:
            problems["database"] = "the database does not answer in time"
        if self._due_checks.lag > MAX_LAG:
            problems["scheduler"] = f"overdue checks have been waiting for {self._due_checks.lag:.0f} s"
        for name, is_open in self._listeners.items():
            if not is_open():
                problems[name] = "not listening"
        return problems
