"""Work that is repeated in the background for as long as the server runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from hcserver.errors import Unavailable

log = logging.getLogger(__name__)


class PeriodicTask:
    """Calls `step` again and again. It answers how many seconds to wait before the next call."""

    def __init__(self, name: str, step: Callable[[], Awaitable[float]], pause_after_failure: float) -> None:
        """After an error `step` is called again after `pause_after_failure` seconds; the error is logged,
        unless it is that the database is away.
        """
        self._name = name
        self._step = step
        self._pause = pause_after_failure
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """Interrupt the step that is under way, and wait until it has ended."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        while True:
            try:
                wait = await self._step()
            except Unavailable:
                wait = self._pause
            except Exception:
                log.exception("%s: unexpected error", self._name)
                wait = self._pause
            await asyncio.sleep(wait)
