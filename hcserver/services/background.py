"""Work in the background: what is repeated for as long as the server runs, and single errands."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

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


class Errands:
    """Coroutines that nobody waits for. What they raise is logged."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    def begin(self, errand: Coroutine[Any, Any, None]) -> None:
        """Run it in a task of its own; nothing is begun any more once `stop` was called."""
        if self._stopping:
            errand.close()
            return
        task = asyncio.create_task(self._run(errand), name=self._name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Cancel those that have not ended, and wait until they have."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, errand: Coroutine[Any, Any, None]) -> None:
        try:
            await errand
        except Exception:
            log.exception("%s: unexpected error", self._name)
